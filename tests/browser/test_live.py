"""Live in a real browser: a zoom outlives new epochs, and the queue is put in another order and emptied by mouse."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import PATIENCE, served, settle, visit, wait_for_points
from tests.pages.texts import tell
from vitcore.runs import locks, queue
from vitcore.runs.folder import Results
from vitcore.runs.journal import Journal
from vitcore.spec import RunSpec

ACCURACY = ".vitcore-chart[data-key=curve-held_out_accuracy]"


def epoch(number: int) -> dict[str, object]:
    return {"event": "epoch", "epoch": number, "accuracy": 0.9, "error_percent": 10.0, "training_seconds": 5.0 * number}


def zoom(page: Page) -> list[float]:
    """Drag over the middle of the curve; what the axis shows then."""
    area = page.locator(f"{ACCURACY} .nsewdrag").last
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"], steps=8)
    page.mouse.up()
    page.wait_for_function(f"document.querySelector('{ACCURACY}').layout.xaxis.autorange === false")
    return shown(page)


def shown(page: Page) -> list[float]:
    found: list[float] = page.locator(ACCURACY).last.evaluate("chart => [...chart.layout.xaxis.range]")
    return found


def test_a_zoom_outlives_new_epochs_and_no_chart_is_made_anew(page: Page, tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    run = tell(results, RunSpec.of(epochs=100), status=None, epochs=20)
    events = Journal(run.events)
    with locks.lock(run.alive).acquire(), served(results.root) as server:
        visit(page, f"{server.url}/live", "Live")
        wait_for_points(page, "curve-held_out_accuracy", 19)
        first, last = zoom(page)
        assert last - first < 15
        page.locator(ACCURACY).last.evaluate("chart => { chart.ours = true }")
        for number in range(21, 24):
            events.append(epoch(number))
            expect(page.get_by_text(f"{number} of 100").last).to_be_visible(timeout=PATIENCE)
            wait_for_points(page, "curve-held_out_accuracy", number - 1)
        assert shown(page) == [first, last]
        assert page.locator(ACCURACY).last.evaluate("chart => chart.ours === true")
    events.close()


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[tuple[Results, list[str]]]:
    """Three runs that wait while a dispatcher seems to live."""
    results = Results(tmp_path / "results")
    with locks.lock(results.locks / "dispatcher-cpu.lock").acquire(timeout=5):
        yield results, [queue.enqueue(results, RunSpec.of(name=name)) for name in ("one", "two", "three")]


def test_the_queue_is_put_in_another_order_and_emptied(page: Page, waiting: tuple[Results, list[str]]) -> None:
    results, (first, second, three) = waiting
    with served(results.root) as server:
        visit(page, f"{server.url}/live", "Live")
        rows = page.locator('[class*="st-key-waits-"]')
        expect(rows).to_have_count(3, timeout=PATIENCE)
        assert queue.queued(results) == [first, second, three]
        expect(page.locator(f".st-key-earlier-{first} button").last).to_be_disabled()
        page.locator(f".st-key-earlier-{three} button:visible").last.click()
        expect(rows.nth(1)).to_contain_text("three", timeout=PATIENCE)
        settle(page)
        assert queue.queued(results) == [first, three, second]

        page.locator(f".st-key-out-{three} button:visible").last.click()
        expect(rows).to_have_count(2, timeout=PATIENCE)
        settle(page)
        assert queue.status(results, three) == "cancelled"
        page.locator(".st-key-empty-queue button:visible").last.click()
        page.locator(".st-key-cancel-all button:visible").last.click()
        expect(rows).to_have_count(0, timeout=PATIENCE)
    assert [queue.status(results, id) for id in (first, second)] == ["cancelled", "cancelled"]
