"""Live and Draw with runs that share a title, that are many, that had come to rest, and that do not exist."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Page, TimeoutError, expect

from tests.browser.driver import PATIENCE, served, settle, visit, wait_for_points
from tests.pages.texts import give_weights, tell
from vitcore.figures.style import PALETTE
from vitcore.runs import annotations as annotations_of
from vitcore.runs import locks, queue
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.journal import Journal
from vitcore.spec import RunSpec

ACCURACY = ".vitcore-chart[data-key=curve-held_out_accuracy]"
MATRIX = ".vitcore-chart[data-key=confusion]"


def pick(page: Page, key: str, words: str) -> None:
    """Choose in a select box by mouse."""
    option = page.get_by_role("option").filter(has_text=words).last
    for _ in range(10):  # what is drawn anew meanwhile closes the list: a person opens it again
        page.locator(f".st-key-{key} input").last.click()
        with suppress(TimeoutError):
            option.click(timeout=5_000)
            break
    settle(page)


def test_the_matrix_is_the_chosen_run_s_when_two_share_a_title(page: Page, tmp_path: Path) -> None:
    results, counts = Results(tmp_path / "results"), {}
    for count in (101, 202):
        run = tell(results, RunSpec.of(epochs=2))
        confusion = Journal(run.confusion)
        confusion.append({"epoch": 2, "matrix": (np.eye(10, dtype=int) * count).tolist()})
        confusion.close()
        counts[run.id] = count
    with served(results.root) as server:
        visit(page, f"{server.url}/live?runs={','.join(counts)}", "Live")
        wait_for_points(page, "confusion", 0)
        for id, count in [*counts.items(), *list(counts.items())[:1]]:
            pick(page, "confusion-run", id[-4:])
            page.wait_for_function(
                "([key, count]) => [...document.querySelectorAll(`${key} text`)].some(t => t.textContent === count)",
                arg=[MATRIX, str(count)],
                timeout=PATIENCE,
            )
            expect(page.get_by_text(re.compile(f" · {id[-4:]}, test images, after epoch 2$"))).to_be_visible()


@pytest.mark.parametrize("begun", [True, False])
def test_live_comes_back_to_life_after_resume_and_start_again(page: Page, tmp_path: Path, begun: bool) -> None:
    results = Results(tmp_path / "results")
    run = tell(results, RunSpec.of(epochs=4), status="paused" if begun else "cancelled", epochs=2 if begun else 0)
    dispatcher = locks.lock(results.locks / "dispatcher-cpu.lock")
    with dispatcher.acquire(timeout=5), served(results.root) as server:
        visit(page, f"{server.url}/live?runs={run.id}", "Live")
        page.wait_for_timeout(13_000)  # longer than Live lingers
        settle(page)
        page.locator(f".st-key-resume-{run.id} button:visible").last.click()
        expect(page.locator(f".st-key-head-{run.id}").last).to_contain_text("queued", timeout=PATIENCE)
        assert queue.status(results, run.id) == "queued"
        page.wait_for_timeout(1_000)
        _train(page, run)


def test_live_sees_what_another_browser_starts(page: Page, tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    run = tell(results, RunSpec.of(epochs=4), status="paused", epochs=2)
    with locks.lock(results.locks / "dispatcher-cpu.lock").acquire(timeout=5), served(results.root) as server:
        visit(page, f"{server.url}/live?runs={run.id}", "Live")
        page.wait_for_timeout(13_000)
        queue.resume(results, run.id)
        expect(page.locator(f".st-key-head-{run.id}").last).to_contain_text("queued", timeout=PATIENCE)
        _train(page, run)


def _train(page: Page, run: RunFolder) -> None:
    """Be its worker, and see that the page follows epoch by epoch."""
    run.queue_entry.unlink()
    with locks.lock(run.alive).acquire(timeout=5):
        events = Journal(run.events)
        events.append({"event": "started", "epochs": 4, "resumed_from": 0, "steps_per_epoch": 5, "at": time.time()})
        for number in (3, 4):
            line = {"epoch": number, "accuracy": 0.9, "error_percent": 10.0, "training_seconds": 5.0 * number}
            events.append({"event": "epoch", **line})
            expect(page.get_by_text(f"{number} of 4").last).to_be_visible(timeout=PATIENCE)
        events.close()


def test_a_sweep_is_whole_on_live_and_more_runs_than_fit_are_said_on_draw(page: Page, tmp_path: Path) -> None:
    results, locked = Results(tmp_path / "results"), []
    specs = [RunSpec.of(architecture="cct-mini/3x3", epochs=3, seed=seed) for seed in range(12)]
    runs = [tell(results, spec, status=None, epochs=1) for spec in specs]
    for run in runs:
        give_weights(run)
        lock = locks.lock(run.alive)
        lock.acquire(timeout=5)
        locked.append(lock)
    ids = ",".join(run.id for run in runs)
    with served(results.root) as server:
        visit(page, f"{server.url}/live", "Live")  # all twelve train
        lines = page.locator(".vitcore-runs tr[data-run]")
        expect(lines).to_have_count(12)
        wait_for_points(page, "curve-held_out_accuracy", 11)
        _front_hide_and_hover(page, runs[3].id)
        page.locator(f".vitcore-runs tr[data-run='{runs[5].id}'] [data-way=rename]").focus()
        page.keyboard.press("Enter")
        page.keyboard.type("mine")
        page.keyboard.press("Enter")
        expect(lines.filter(has_text="mine")).to_have_count(1)
        page.locator(f".vitcore-runs tr[data-run='{runs[4].id}']").hover()
        page.locator(f".vitcore-runs tr[data-run='{runs[4].id}'] [data-way=pause]").click()
        for _ in range(100):  # as long as a busy machine takes for a click
            if runs[4].request.exists():
                break
            page.wait_for_timeout(200)
        settle(page)
        assert runs[4].request.read_text() == "pause"
        visit(page, f"{server.url}/draw?runs={ids}")
        expect(page.get_by_text("names 12 runs; the first 8 of them are shown")).to_be_visible(timeout=PATIENCE)
        chosen = ",".join(run.id for run in runs[:8])
        expect(page).to_have_url(f"{server.url}/draw?runs={quote(chosen)}", timeout=PATIENCE)
        for name in ("live", "draw"):
            visit(page, f"{server.url}/{name}?runs=20990101-000000-gone-0000")
            expect(page.get_by_text("is not stored here")).to_be_visible(timeout=PATIENCE)
    for lock in locked:
        lock.release()


def _front_hide_and_hover(page: Page, run: str) -> None:
    """A press on a name brings its curve to the front, one on its color hides it; the box beside a point names all."""
    line = page.locator(f".vitcore-runs tr[data-run='{run}']")
    trace = f"""() => document.querySelector("{ACCURACY}").data.find(each => each.legendgroup.endsWith(":{run}"))"""
    line.locator(".name").click()
    page.wait_for_function(f"({trace})()?.zorder === 1")
    others = page.locator(ACCURACY).last.evaluate("chart => chart.data.filter(each => each.opacity < 1).length")
    assert others == 11
    line.locator(".chip").click()
    page.wait_for_function(f"({trace})()?.visible === false")
    line.locator(".chip").click()
    line.locator(".name").click()
    page.wait_for_function(f"({trace})()?.visible === true && ({trace})()?.zorder === 0")
    visible = f"""() => document.querySelector("{ACCURACY}").data.filter(each => each.visible !== false).length"""
    page.get_by_role("button", name="Hide all").press("Enter")
    page.wait_for_function(f"({visible})() === 0")
    line.locator(".chip").click()
    page.wait_for_function(f"({visible})() === 1")
    page.get_by_role("button", name="Hide all").press("Enter")
    page.get_by_role("button", name="Show all").press("Enter")
    page.wait_for_function(f"({trace})()?.visible === true && ({visible})() >= 12")
    area = page.locator(f"{ACCURACY} .nsewdrag").last
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.45 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"], steps=4)
    expect(page.locator(".vitcore-hover i")).to_have_count(12)


def test_a_color_is_chosen_in_a_row_by_keyboard_and_its_curves_have_it(page: Page, tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    ids = [tell(results, RunSpec.of(epochs=3, seed=seed), epochs=3).id for seed in range(2)]
    page.set_viewport_size({"width": 1440, "height": 900})
    with served(results.root) as server:
        visit(page, f"{server.url}/live?runs={','.join(ids)}", "Live")
        wait_for_points(page, "curve-held_out_accuracy", 0)
        line = page.locator(f'.vitcore-runs tr[data-run="{ids[1]}"]')
        line.get_by_role("button", name=re.compile("^Color ")).press("Enter")
        line.get_by_role("button", name="Violet for this run").press("Enter")
        expect(line.locator(".chip line")).to_have_attribute("stroke", PALETTE[6])
        page.wait_for_function(
            f"([id, color]) => document.querySelector('{ACCURACY}').data.some(t => t.legendgroup.endsWith(id)"
            " && t.line.color === color)",
            arg=[ids[1], PALETTE[6]],
            timeout=PATIENCE,
        )
    assert annotations_of.read(results.run(ids[1])).color == 6
