"""The whole path in a real browser: train, watch, compare, take the table, draw; and what must survive on the way."""

import re
from io import StringIO
from pathlib import Path
from urllib.parse import urlencode

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from pages.compare.view import View, to_query
from tests.browser.driver import (
    PAGES,
    PATIENCE,
    TRAINED,
    Server,
    address,
    choose,
    points,
    served,
    settle,
    unfold,
    visit,
    wait_for_points,
)
from tests.browser.shapes import draw
from tests.pages.texts import give_weights, tell
from vitcore.runs import annotations, queue
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec


def fill(page: Page, key: str, value: str) -> None:
    """Type into a field of the Train form."""
    box = page.locator(f".st-key-field-{key} input").last
    box.fill(value)
    box.press("Enter")
    settle(page)


@pytest.mark.parametrize("name", PAGES)
def test_cold_deep_link(name: str, server: Server, page: Page) -> None:
    """The first request that a new server gets is for this page."""
    page.goto(f"{server.url}/{address(name)}")
    page.get_by_role("heading", level=1).wait_for(timeout=PATIENCE)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    links = page.get_by_test_id("stSidebarNavLink")
    assert links.count() == len(PAGES)
    current = page.locator('[data-testid="stSidebarNavLink"][aria-current="page"]')
    expect(current).to_have_count(1)
    assert str(current.get_attribute("href")).rstrip("/").endswith(f"/{address(name)}".rstrip("/"))


def test_the_whole_path(server: Server, page: Page, tmp_path: Path) -> None:
    visit(page, f"{server.url}/train", "Train")
    fill(page, "architecture", "cct-mini")
    for fold, key, value in (
        ("training", "epochs", "6"),
        ("training", "batch_size", "32"),
        ("optimizer", "learning_rate", "0.003"),
        ("seed", "name", "walked"),
    ):
        if page.locator(f".st-key-fold-{fold} details").last.get_attribute("open") is None:
            unfold(page, f"fold-{fold}")
        fill(page, key, value)
    page.locator(".st-key-launch button").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Live", timeout=PATIENCE)
    wait_for_points(page, "curve-loss", 0)
    wait_for_points(page, "curve-loss", points(page, "curve-loss"))
    expect(page.locator('[class*="st-key-head-"]').last).to_contain_text("finished", timeout=TRAINED)
    wait_for_points(page, "curve-held_out_accuracy", 5)
    expect(page.locator(".st-key-confusion .vitcore-chart").last).to_be_visible()

    page.get_by_test_id("stSidebarNavLink").get_by_text("Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare")
    settle(page)
    page.locator('[data-testid="stDataFrame"] td', has_text="walked").first.wait_for(state="attached")
    with page.expect_download() as download:
        page.locator(".st-key-download-csv button:visible").last.click()
    table = pd.read_csv(StringIO(Path(download.value.path()).read_text(encoding="utf-8")))
    assert list(table["title"]) == ["walked"]
    assert list(table["status"]) == ["finished"]
    assert table["error_percent"].between(0, 100).all()

    page.get_by_test_id("stSidebarNavLink").get_by_text("Draw").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Draw")
    settle(page)
    draw(page, "3")
    answer = page.locator(".st-key-answer-0").last
    expect(answer.get_by_role("heading")).to_have_text(re.compile(r"^\d$"))
    wait_for_points(page, "draw-probabilities", 9)

    # The drawing is still there after a visit to another page, and gone when it is cleared.
    page.get_by_test_id("stSidebarNavLink").get_by_text("Home").click()
    settle(page)
    page.get_by_test_id("stSidebarNavLink").get_by_text("Draw").click()
    expect(page.locator(".st-key-answer-0").last).to_be_visible()
    page.locator(".st-key-drawing button.clear").last.click()
    expect(page.locator(".st-key-answer-0")).to_have_count(0)


def test_first_model_takes_one_click(server: Server, page: Page) -> None:
    visit(page, server.url)
    page.locator(".st-key-train-first button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Live", timeout=PATIENCE)
    expect(page.locator('[class*="st-key-head-"]').last).to_contain_text("finished", timeout=TRAINED)


def test_stored_runs_are_noted_taken_along_deleted_and_restored(page: Page, tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    first, second = (tell(results, RunSpec.of(name=name, epochs=3), error=5.0) for name in ("first", "second"))
    give_weights(second)
    with served(results.root) as server:
        both = urlencode(to_query(View(runs=(first.id, second.id))))
        visit(page, f"{server.url}/compare?{both}", "Compare")
        wait_for_points(page, "compare-curves", 5)
        with page.expect_download() as download:
            page.locator(".st-key-download-checkpoint button:visible").last.click()
        assert Path(download.value.path()).read_bytes() == second.checkpoint.read_bytes()
        explained = page.locator('.st-key-download-checkpoint [data-testid="stTooltipIcon"]').last
        assert explained.evaluate("one => getComputedStyle(one).opacity") == "1", "it does not look disabled"
        with page.expect_download() as download:
            page.locator(".st-key-download-parquet button:visible").last.click()
        assert set(pd.read_parquet(download.value.path())["title"]) == {"first", "second"}

        settle(page)
        page.locator(f".st-key-tags-{second.id} input").last.click()
        page.keyboard.type("paper", delay=30)
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        page.locator(".st-key-compare-tags").wait_for()  # the first tag brings the filter
        assert annotations.read(second).tags == ("paper",)

        choose(page, "Accuracy against cost")
        wait_for_points(page, "compare-against", 0)
        page.locator(".st-key-delete button:visible").last.click()
        page.locator(".st-key-delete-chosen button:visible").last.click()
        expect(page.get_by_text("There is nothing to compare yet.")).to_be_visible()
        settle(page)  # the deletion redraws the page: a click on what is just being replaced would be lost
        unfold(page, "trash")
        page.locator(f".st-key-restore-{first.id} button:visible").last.click()
        page.locator('[data-testid="stDataFrame"] td', has_text="first").first.wait_for(state="attached")
    assert results.ids() == [first.id]
    assert results.trashed() == [second.id]


def test_a_killed_server_loses_nothing(page: Page, tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    with served(results.root) as first:
        run = queue.enqueue(results, RunSpec.of(architecture="cct-mini/3x3", samples=300, epochs=5_000, name="long"))
        queue.ensure_dispatcher(results)
        visit(page, f"{first.url}/live", "Live")
        wait_for_points(page, "curve-held_out_accuracy", 1)
        before = points(page, "curve-held_out_accuracy")
        first.kill()
    assert queue.status(results, run) == "running"
    with served(results.root) as second:
        visit(page, f"{second.url}/live", "Live")
        expect(page.locator('[class*="st-key-head-"]').last).to_contain_text("running")
        wait_for_points(page, "curve-held_out_accuracy", before)
        page.locator(f".st-key-pause-{run} button:visible").last.click()
        expect(page.locator('[class*="st-key-head-"]').last).to_contain_text("paused", timeout=PATIENCE)
        settle(page)  # it goes on without a timer from here
        paused = points(page, "curve-held_out_accuracy")
        page.locator(f".st-key-resume-{run} button:visible").last.click()
        wait_for_points(page, "curve-held_out_accuracy", paused)
        page.locator(f".st-key-stop-{run} button:visible").last.click()
        expect(page.locator('[class*="st-key-head-"]').last).to_contain_text("stopped", timeout=PATIENCE)
    assert queue.status(results, run) == "stopped"
