"""Runs with names that could be read as something else, on every page that shows a run, whole: all stand as typed."""

import json
from pathlib import Path
from urllib.parse import quote, urlsplit

from playwright.sync_api import Page, expect

from pages.shared import format
from tests.browser.driver import PAGES, PATIENCE, address, served, settle, visit, wait_for_points
from tests.pages.texts import give_weights, tell
from vitcore.runs import annotations
from vitcore.runs.folder import Results, RunFolder
from vitcore.spec import RunSpec

NAMES = (
    "**qz** _qz_ `qz` [qz](http://elsewhere.invalid/) ![qz](http://elsewhere.invalid/p.png)",
    "<b>qz</b><img src=http://elsewhere.invalid/i.png onerror=alert(1)><a href=http://elsewhere.invalid/>qz</a>",
    "$qz^2$ $$qz$$ :red[qz] :material/home: %{x}",
    "=cmd(qz)",
    "qz" + "n" * 118,
    "שלום עולם qz",
)
SHOWN_IN = ("", "live", "draw", "compare")
CHARTS = ("curves", "cost", "parallel", "difference")

ODD = """() => [...document.querySelectorAll(
    'main :is(strong, em, b, i, a, h1, h2, h3, h4, li, sup, mark), .katex, main [style*=color] > span'
)].filter(one => /qz/.test(one.textContent) && !one.closest('.vitcore-chart, [data-testid=stPageLink], svg')
    && !/\\*\\*qz|<b>qz|\\$qz|=cmd\\(qz|qznnn|עולם qz/.test(one.textContent)).map(one => one.outerHTML)"""
"""Elements that some markdown, tag or formula of a name has become: they hold a part of it without its signs."""

WRITTEN = f"""names => {{
    const text = document.body.textContent.replaceAll('{format.WORD_JOINER}', '')
    return names.every(name => text.includes(name))
}}"""
"""Whether all of these stand somewhere, to the letter."""


def _with_names(run: RunFolder, name: str) -> None:
    """The name as the run's note, tag and reason too, and as its classes'."""
    annotations.write(run, tags=[name], note=name)
    lines = run.events.read_text(encoding="utf-8").splitlines()
    first = json.loads(lines[0])
    first["classes"] = [f"{place} {name}" for place, _ in enumerate(first["classes"])]
    run.events.write_text("\n".join([json.dumps(first), *lines[1:]]) + "\n", encoding="utf-8")


def _holding(page: Page, names: tuple[str, ...]) -> None:
    """Nothing of a name was read as anything, and nothing was asked for elsewhere."""
    expect(page.get_by_test_id("stException")).to_have_count(0)
    page.wait_for_function(WRITTEN, arg=["qz", *names], timeout=PATIENCE)
    assert page.evaluate(ODD) == []
    assert page.locator(".katex, main img[src^='http://elsewhere'], main a[href^='http://elsewhere']").count() == 0


def test_every_page_shows_them_to_the_letter(page: Page, tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    runs = [tell(results, RunSpec.of(name=name, epochs=3, seed=seed), error=5.0) for seed, name in enumerate(NAMES)]
    for run, name in zip(runs, NAMES, strict=True):
        give_weights(run)
        _with_names(run, name)
    ids = quote(",".join(run.id for run in runs))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).hostname or ""))
    page.on("dialog", lambda dialog: asked.append("a dialog"))
    with served(results.root) as server:
        for name in PAGES:
            chosen = f"?runs={ids}" if address(name) in ("live", "draw") else ""
            visit(page, f"{server.url}/{address(name)}{chosen}")
            if address(name) in SHOWN_IN:
                _holding(page, NAMES if address(name) in ("live", "draw", "") else ())
        for chart in CHARTS:
            visit(page, f"{server.url}/compare?runs={ids}&chart={chart}", "Compare")
            if chart in ("curves", "parallel"):
                wait_for_points(page, f"compare-{chart}", 0)
            settle(page)
            _holding(page, NAMES if chart == "curves" else ())
    assert "elsewhere.invalid" not in asked
    assert "a dialog" not in asked
