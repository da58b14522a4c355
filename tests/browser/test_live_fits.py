"""Live's table of many runs beside the sidebar: no wider than the page, whatever its columns; the ways over its end."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import served, visit
from tests.pages.texts import tell
from vitcore.runs import locks
from vitcore.runs.folder import Results
from vitcore.runs.journal import Journal
from vitcore.spec import RunSpec

OVER = "table => table.scrollWidth - table.clientWidth"


@pytest.mark.parametrize("width", [1280, 1440, 2560])
def test_the_table_of_runs_with_both_errors_and_hosts_does_not_scroll(page: Page, tmp_path: Path, width: int) -> None:
    results = Results(tmp_path / "results")
    with ExitStack() as locked:
        for number in range(12):
            kernel, rate = ("softmax", "relu", "favor+")[number % 3], (5e-4, 1e-3)[number % 2]
            spec = RunSpec.of(dataset="cifar-10", kernel=kernel, learning_rate=rate, epochs=300, seed=number)
            run = tell(results, spec, status=None, epochs=20)
            events = Journal(run.events)
            events.append({"event": "taken", "pid": 1, "node": f"gpu-node-{number}.cluster", "device_queue": "cuda-0"})
            events.append({"event": "epoch", "epoch": 21, "val_error": 12.34, "error_percent": 13.21})
            events.append({"event": "progress", "epoch": 22, "step": 9, "steps": 90, "eta_seconds": 34_567.0})
            events.close()
            locked.enter_context(locks.lock(run.alive).acquire())
        page.set_viewport_size({"width": width, "height": 1000})
        with served(results.root) as server:
            visit(page, f"{server.url}/live", "Live")
            table = page.locator(".vitcore-runs").first
            expect(table.locator("tbody tr")).to_have_count(12)
            assert {"Validation error", "Test error"} <= {text.split("\n")[0] for text in heads(page)}
            expect(table.locator("td[data-name=device] small").first).to_contain_text("gpu-node-")
            assert table.evaluate(OVER) == 0
            line = table.locator("tbody tr").nth(3)
            line.hover()
            line.locator("[data-way=color]").click()  # the ways can be pressed where they lie
            expect(line.locator(".swatch")).to_have_count(8)
            assert table.evaluate(OVER) == 0


def test_a_card_is_no_wider_than_a_phone_whatever_a_run_is_called(page: Page, tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    for seed, name in enumerate(("", "a name as long as names of runs may be " * 3)):
        tell(results, RunSpec.of(epochs=2, seed=seed, name=name[:110]))
    page.set_viewport_size({"width": 390, "height": 844})
    with served(results.root) as server:
        visit(page, f"{server.url}/live?runs={','.join(results.ids())}", "Live")
        table = page.locator(".vitcore-runs").first
        expect(table.locator("tbody tr")).to_have_count(2)
        assert table.evaluate(OVER) == 0
        edge = table.bounding_box()
        for status in table.locator(".status").all():
            box = status.bounding_box()
            assert edge is not None
            assert box is not None
            assert box["x"] + box["width"] <= edge["x"] + edge["width"], "a status stands within the screen"


def heads(page: Page) -> list[str]:
    return [text.strip() for text in page.locator(".vitcore-runs").first.locator("th").all_inner_texts()]
