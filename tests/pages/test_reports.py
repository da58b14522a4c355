"""The reports' pages: every table under every protocol, filling in, explanations, one cell, exports."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.opening import Open
from tests.pages.texts import tell
from vitcore.published.tables import table, tables
from vitcore.reproduction import evidence
from vitcore.reproduction.requests import requested
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

PAGES = {
    "performer": "report_performer",
    "cifar10": "report_cifar10",
    "slides": "report_slides",
    "hybrid": "report_hybrid",
}


@pytest.fixture(autouse=True)
def nothing_stored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As on a clone without the runs that are kept with the project, which grow by themselves."""
    monkeypatch.setattr(evidence, "FOLDER", tmp_path)


def _opened(open_page: Open, key: str, protocol: str) -> AppTest:
    return _chosen(open_page(PAGES[table(key).report]), key, protocol)


def _chosen(app: AppTest, key: str, protocol: str) -> AppTest:
    report = table(key).report
    if f"{report}-table" in app.session_state:
        app.session_state[f"{report}-table"] = key
    app.session_state[f"{report}-protocol"] = protocol
    return app.run()


@pytest.mark.parametrize("report", PAGES)
def test_every_table_is_shown_twice_under_every_protocol(report: str, empty: Results, open_page: Open) -> None:
    app = None
    for item in (value for value in tables().values() if value.report == report):
        for protocol in item.protocols:
            app = _chosen(app or open_page(PAGES[report]), item.key, protocol)
            assert not app.exception
            assert not app.error
            assert item.title in app.subheader[0].value
            published, measured = app.dataframe[0].value, app.dataframe[1].value
            assert list(published.columns) == list(measured.columns)
            assert list(published[" "]) == [row.label for row in item.rows]
            for cell in item.cells:
                place = [row.key for row in item.rows].index(cell.row)
                assert cell.printed in published[item.column(cell.column).title][place]


@pytest.mark.parametrize("report", PAGES)
def test_every_table_with_runs_of_every_kind(report: str, empty: Results, open_page: Open) -> None:
    """One seed, several, failed, diverged, and a run whose spec no longer validates."""
    known = [value for value in tables().values() if value.report == report]
    for item in known:
        specs, _ = requested(
            [item.key], pd.DataFrame({"status": [], "fingerprint": [], "seed": []}), range(2), "scaled"
        )
        for place, spec in enumerate(specs[:5]):
            status = ("finished", "finished", "diverged", "failed")[place % 4]
            tell(empty, spec, status=status, error=90.2 if status == "diverged" else 6.0 + place / 10)
    (empty.runs / empty.ids()[0] / "spec.json").write_text('{"v": 1, "created": 1, "spec": {"model": 3}}')
    app = None
    for item in known:
        app = _chosen(app or open_page(PAGES[report]), item.key, "scaled")
        assert not app.exception, [error.value for error in app.exception]
        assert any("scaled runs" in block.value for block in app.markdown)
        for column in (item.columns[0], item.columns[-1]):  # a result; a time or a count
            app.selectbox(key=f"{item.key}-column").set_value(column.key).run()
            assert not app.exception, [error.value for error in app.exception]


def test_filling_in_says_the_number_first_and_queues_just_that(empty: Results, open_page: Open) -> None:
    app = _opened(open_page, "performer-table-1", "scaled")
    app.text_input(key="performer-table-1-seeds").set_value("2,5").run()
    assert not [button for button in app.button if button.key == "fill-in"], "nothing can be run until it is mended"
    app.text_input(key="performer-table-1-seeds").set_value("2").run()
    assert any("12 runs over 2 seeds" in caption.value for caption in app.caption)
    assert not empty.ids(), "nothing is queued before the click"
    app.multiselect[0].set_value(["relu"]).run()
    app.button(key="fill-in").click().run()
    specs = [empty.run(id).spec() for id in empty.ids()]
    asked = sorted((spec.model.kernel, spec.model.epsilon, spec.seed) for spec in specs)
    assert asked == [("relu", 0.0, 0), ("relu", 0.0, 1)]
    assert not app.exception


def test_both_sides_of_the_relu_row_are_one_click_away(empty: Results, open_page: Open) -> None:
    app = _opened(open_page, "performer-table-1", "scaled")
    app.button(key="explain-relu-1").click().run()
    (id,) = empty.ids()
    assert empty.run(id).spec().model.epsilon is None
    assert empty.run(id).spec().model.kernel == "relu"


def test_a_cell_shows_its_command_its_source_and_why_it_cannot_be_run(empty: Results, open_page: Open) -> None:
    app = _opened(open_page, "performer-table-2", "scaled")
    app.selectbox(key="performer-table-2-row").set_value("x4").run()
    app.selectbox(key="performer-table-2-column").set_value("20000-error").run()
    assert any('--kernel "x^4"' in block.value and "--samples 20000" in block.value for block in app.code)
    assert any("row “X⁴”" in caption.value for caption in app.caption)
    app = _opened(open_page, "slides-table-4", "scaled")
    app.selectbox(key="slides-table-4-row").set_value("vit-h").run()
    assert any("JFT-300M" in info.value for info in app.info)


def test_a_cell_says_where_its_recipe_was_read_and_what_is_not_stated(empty: Results, open_page: Open) -> None:
    app = _opened(open_page, "slides-table-1", "report")
    app.selectbox(key="slides-table-1-row").set_value("cct-7/3x1*").run()
    app.selectbox(key="slides-table-1-column").set_value("cifar-100").run()
    assert any("cct_7-3x1_cifar100_1500epochs.yml, lines 1-41" in recipe for recipe in _recipes(app))
    app.selectbox(key="slides-table-1-row").set_value("resnet18").run()
    assert any(recipe.startswith("Recipe: not stated; ours: as the transformers") for recipe in _recipes(app))
    app.selectbox(key="slides-table-1-column").set_value("macs").run()
    assert not _recipes(app)
    app = _opened(open_page, "slides-table-4", "report")
    app.selectbox(key="slides-table-4-row").set_value("cct-384").run()
    (text,) = _recipes(app)
    for file in ("cct_14-7x2_imagenet.yml", "cct_14-7x2_imagenet384.yml", "cct_14-7x2_flowers102.yml"):
        assert file in text
    app.selectbox(key="slides-table-4-row").set_value("vit-l").run()
    assert not _recipes(app)


def _recipes(app: AppTest) -> list[str]:
    return [plain(caption.value) for caption in app.caption if caption.value.startswith("Recipe: ")]


def plain(markdown: str) -> str:
    """What a person reads of escaped text."""
    return re.sub(r"\\(.)", r"\1", markdown)


def test_a_cell_shows_the_evidence_for_its_number(empty: Results, open_page: Open) -> None:
    known = table("performer-table-1")
    run = tell(empty, RunSpec.of(known.spec("softmax", "error", "scaled"), seed=2), error=5.0)
    app = _opened(open_page, known.key, "scaled")
    codes = [each.value for each in app.code]
    assert any(f"WHERE id IN ('{run.id}')" in code for code in codes)
    assert run.id in codes
    assert any("cell.values, cell.measured, cell.verdict" in code for code in codes)
