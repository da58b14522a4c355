"""What an address asks for and a page does not have, or has no room for, is said and never answered with another."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import pytest
from streamlit.testing.v1 import AppTest

from pages.live.run_table import AT_ONCE
from pages.server import store_cache
from pages.shared.run_picker import MOST
from tests.pages.opening import PAGES, ROOT, Open
from tests.pages.texts import give_weights, tell
from vitcore.runs import locks, trash
from vitcore.runs.folder import Results
from vitcore.settle.question import MOST_SETTINGS
from vitcore.spec import RunSpec

GONE = "20990101-000000-gone-0000"


def warned(app: AppTest) -> str:
    return " ".join(str(item.value).replace("\\", "") for item in app.warning)


@pytest.mark.parametrize(("page", "key"), [("live", "live-runs"), ("draw", "draw-runs")])
def test_a_run_that_is_not_stored_is_said(stocked: Results, open_page: Open, page: str, key: str) -> None:
    [first, second] = stocked.ids()
    app = open_page(page, {"runs": GONE})
    assert f"names '{GONE}', which is not stored here" in warned(app)
    assert len(app.multiselect(key=key).value) == 1
    app.run()
    assert GONE in warned(app), "it stays until another choice is made"
    app.multiselect(key=key).set_value([first, second]).run()
    assert not app.warning
    app = open_page(page, {"runs": f"{first},{GONE},<b>"})
    assert app.multiselect(key=key).value == [first]
    assert "the rest is shown" in warned(app)
    assert not open_page(page, {"runs": f"{first},{second}"}).warning


def test_a_deleted_run_and_one_that_cannot_be_asked_are_told_why(stocked: Results, open_page: Open) -> None:
    first, second = stocked.ids()
    trash.delete(stocked, first)
    assert "has been deleted" in warned(open_page("live", {"runs": first}))
    bare = tell(stocked, RunSpec.of(epochs=1))
    assert "has no weights to ask yet" in warned(open_page("draw", {"runs": f"{second},{bare.id}"}))


@pytest.mark.parametrize(("page", "key"), [("live", "live-runs"), ("draw", "draw-runs")])
@pytest.mark.parametrize("more", [0, 1])
def test_more_runs_than_fit(empty: Results, open_page: Open, page: str, key: str, more: int) -> None:
    most = AT_ONCE if page == "live" else MOST
    count = most + more
    runs = [tell(empty, RunSpec.of(architecture="cct-mini/3x3", seed=n), epochs=1, status=None) for n in range(count)]
    for run in runs:
        give_weights(run)
    app = open_page(page, {"runs": ",".join(run.id for run in runs)})
    assert app.multiselect(key=key).value == [run.id for run in runs[:most]]
    assert bool(app.warning) == bool(more)
    acquired = [locks.lock(run.alive).acquire(timeout=5) for run in runs]
    app = open_page(page)  # all of them train: what is chosen at first
    assert len(app.multiselect(key=key).value) <= most
    for lock in acquired:
        lock.__exit__(None, None, None)


def limited() -> dict[str, int]:
    """Every call of a widget with `max_selections`, by its file."""
    found: dict[str, int] = {}
    for path in sorted((ROOT / "pages").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and any(word.arg == "max_selections" for word in node.keywords):
                found[path.stem] = found.get(path.stem, 0) + 1
    return found


def test_every_limited_choice_is_tried_here() -> None:
    assert limited() == {"run_picker": 1, "choice": 1, "asking": 1}, (
        "try a new one with more than it takes, from every source"
    )


def test_more_architectures_than_fit(empty: Results, open_page: Open) -> None:
    from vitcore.models import ARCHITECTURES

    app = _architectures([*ARCHITECTURES][:8])
    assert len(app.multiselect(key="models").value) <= 6
    assert "names 8 of 'models'; the first 6" in warned(app)
    app = _architectures(["cct-7/3x1", "cct-9/9x9"])
    assert "asks for 'cct-9/9x9' as 'models'" in warned(app)


def test_more_settings_than_fit_a_question(empty: Results, open_page: Open) -> None:
    runs = [tell(empty, RunSpec.of(architecture="cct-mini/3x3", batch_size=2 + n), epochs=1) for n in range(9)]
    app = open_page("settle", {"runs": ",".join([*(run.id for run in runs), GONE])})
    assert len(app.multiselect(key="settle-settings").value) == MOST_SETTINGS
    assert f"names runs of 9 settings; {MOST_SETTINGS} of them" in warned(app)
    assert f"names '{GONE}', which is not stored here" in warned(app)
    app = open_page("settle", {"runs": runs[3].id})
    assert len(app.multiselect(key="settle-settings").value) == 1
    assert not app.warning


def _architectures(names: list[str]) -> AppTest:
    return opened("architectures", {"models": names})


def opened(page: str, query: Mapping[str, str | list[str]]) -> AppTest:
    """A page by an address of its own, as a link opens it."""
    app = AppTest.from_file(str(ROOT / "pages" / "navigation.py"), default_timeout=60)
    app.run()
    app.switch_page(PAGES[page])
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, [error.value for error in app.exception]
    return app


REPORTS = [name for name in PAGES if name.startswith("report_")]


@pytest.mark.parametrize("page", REPORTS)
def test_a_report_says_what_of_an_address_it_does_not_have(empty: Results, page: str) -> None:
    key = page.removeprefix("report_")
    assert "'Never heard of'" in warned(opened(page, {f"{key}-protocol": "Never heard of"}))
    assert not opened(page, {}).warning


@pytest.mark.parametrize("page", ["live", "draw", "settle", "architectures", *REPORTS])
def test_a_parameter_that_a_page_does_not_have_is_said(stocked: Results, page: str) -> None:
    assert "'run', which this page does not know" in warned(opened(page, {"run": GONE}))


@pytest.mark.parametrize("page", ["live", "draw", "compare"])
def test_an_address_finds_a_run_that_was_stored_a_moment_ago(
    stocked: Results, open_page: Open, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is looked at every so often, and an address may come from whoever has stored the run in between."""
    monkeypatch.setattr(store_cache, "PAUSE", 600.0)
    monkeypatch.setattr(store_cache, "LONGEST", 600.0)
    open_page(page)
    run = tell(stocked, RunSpec.of(architecture="cct-mini/3x3", seed=7), epochs=1)
    give_weights(run)
    app = open_page(page, {"runs": run.id})
    assert not warned(app)
    if page != "compare":
        assert app.multiselect(key=f"{page}-runs").value == [run.id]
