"""Compare over whatever a column may hold: every column sorted, filtered, gathered by and drawn; nothing raises."""

import math

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.compare import ranges, view_widgets
from pages.compare.step_losses import WITHIN, step_losses
from pages.compare.view import FILTERS, RANGES
from pages.server import store_cache
from tests.pages.opening import Open
from tests.pages.texts import tell
from vitcore import figures
from vitcore.figures import COSTS, X_AXES, Y_AXES
from vitcore.figures.medians import BANDS
from vitcore.runs import annotations
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec
from vitcore.store import queries
from vitcore.store.cells import as_text, in_order, sorted_by

CELLS = (math.nan, math.inf, -math.inf, None, 0, -1, 1e308, 2.5)
LISTS = (
    None,
    np.array([], dtype=object),
    np.array(["a", "b"], dtype=object),
    ["b"],
    np.array(["ä" * 120], dtype=object),
)
MIXED = (None, "text", 3, math.nan, "x" * 300, ["a"], True, "", "10", "9", "nan")


def hostile(table: pd.DataFrame, rows: int = 12) -> pd.DataFrame:
    """The table with as many rows, every column of numbers holding what a number may be, lists and words theirs."""
    known = table.iloc[np.arange(rows) % len(table)].reset_index(drop=True)
    found = known.assign(id=[f"run-{place:02}" for place in range(rows)])
    for at, name in enumerate(known.columns):
        cells = [[*CELLS, *CELLS][(at + place) % len(CELLS)] for place in range(rows)]
        if known[name].dtype.kind == "f":
            found[name] = np.array([math.nan if cell is None else cell for cell in cells])
        elif name == "tags":
            found[name] = pd.Series([LISTS[place % len(LISTS)] for place in range(rows)], dtype=object)
        elif name == "note":
            found[name] = pd.Series([MIXED[place % len(MIXED)] for place in range(rows)], dtype=object)
    return found


@pytest.fixture
def odd(stocked: Results, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    table = hostile(store_cache.runs())
    monkeypatch.setattr(store_cache, "runs", lambda **_: table.copy(deep=False))
    return table


def test_every_column_sorts_both_ways(odd: pd.DataFrame) -> None:
    for name in odd.columns:
        for down in (False, True):
            table = sorted_by(odd, name, descending=down)
            assert sorted(table["id"]) == list(odd["id"]), name
            known = [as_text(cell) != "–" for cell in table[name]]
            assert known == sorted(known, reverse=True), name  # what has no value is last, whichever way


def test_the_table_is_sorted_by_a_column_of_each_kind(odd: pd.DataFrame, open_page: Open) -> None:
    app = open_page("compare", {"columns": "tags,note", "runs": ",".join(odd["id"])})
    for name in {*{str(odd[name].dtype): name for name in odd.columns}.values(), "tags", "note", "title", "finished"}:
        for down in (False, True):
            app.query_params.update({"sort": name, "descending": str(int(down))})
            app.run()
            assert not app.exception, (name, [error.value for error in app.exception])
            assert len(app.dataframe[0].value) == len(odd), name


@pytest.mark.parametrize("cells", [CELLS, LISTS, MIXED], ids=["numbers", "lists", "mixed"])
def test_cells_of_any_kind_have_one_order(cells: tuple[object, ...]) -> None:
    table = pd.DataFrame({"cell": pd.Series([*cells, *reversed(cells)], dtype=object)})
    there, back = (sorted_by(table, "cell", descending=down)["cell"].tolist() for down in (False, True))
    keys = [in_order(cell) for cell in there]
    assert keys == sorted(keys)
    empty = sum(as_text(cell) == "–" for cell in there)
    assert all(as_text(cell) == "–" for cell in [*there[len(there) - empty :], *back[len(back) - empty :]])
    assert [in_order(cell) for cell in back[: len(back) - empty]] == keys[: len(keys) - empty][::-1]


def test_every_filter_offers_what_is_there_and_keeps_it(odd: pd.DataFrame, open_page: Open) -> None:
    app = open_page("compare")
    for name in FILTERS:
        value = as_text(odd[name].iloc[0])
        app.session_state["compare-filters"] = [name]
        app.session_state[view_widgets.filter_key(name)] = [value]
        app.run()
        assert not app.exception, (name, [error.value for error in app.exception])
        assert len(app.dataframe[0].value) == (odd[name].map(as_text) == value).sum(), name
        app.session_state[view_widgets.filter_key(name)] = []


def test_every_column_is_an_axis_and_the_color(odd: pd.DataFrame) -> None:
    for name in odd.columns:
        for axes in ([name, "seed"], ["seed", name]):
            figures.parallel(odd, axes, {})


def test_every_chart_is_drawn_of_anything(odd: pd.DataFrame, open_page: Open) -> None:
    app = open_page("compare", {"chart": "parallel", "axes": "test_loss,error_percent", "runs": ",".join(odd["id"])})
    assert any("One line a run" in caption.value for caption in app.caption)
    for cost in COSTS:
        for linear in ("0", "1"):
            open_page("compare", {"chart": "cost", "cost": cost, "linear": linear, "all_runs": "1"})
    app = open_page("compare", {"grouped": "1", "all_runs": "1"})
    for name in app.multiselect(key="compare-by").options:
        assert name
    for name in [*FILTERS, "name"]:
        if name != "seed":
            app.multiselect(key="compare-by").set_value([name]).run()
            assert not app.exception, (name, [error.value for error in app.exception])


@pytest.mark.parametrize("x", X_AXES)
def test_every_curve_is_drawn_of_any_number(x: str) -> None:
    numbers = [*CELLS, 1.0, 2.0]
    for y in Y_AXES:
        lines = pd.DataFrame({"run_id": ["a", "b"] * 10, "epoch": [at // 2 + 1 for at in range(20)], "images_seen": 5})
        for place, name in enumerate(dict.fromkeys([*X_AXES, *Y_AXES])):
            if name not in ("epoch", "macs"):
                cells = [numbers[(at * 3 + place) % len(numbers)] for at in range(20)]
                lines[name] = np.array([math.nan if cell is None else cell for cell in cells])
        runs = pd.DataFrame({"id": ["a", "b"], "title": ["A", "B"], "macs": [1.0, 2.0], "kernel": "k"})
        for group in (None, "kernel"):
            figures.curve_plot(lines, runs, x=x, y=y, group=group, smoothing=0.5)


def test_a_cut_run_is_in_no_mean_until_it_is_asked_for(empty: Results, open_page: Open) -> None:
    for seed, error in enumerate((3.0, 4.0, 5.0)):
        tell(empty, RunSpec.of(seed=seed, epochs=3), error=error)
    cut = tell(empty, RunSpec.of(seed=3, epochs=3), error=60.0, epochs=1, status="interrupted")
    app = open_page("compare", {"grouped": "1", "by": "architecture"})
    table = app.dataframe[0].value
    assert list(table["n"]) == [3]
    assert list(table["error_median"]) == [4.0]
    messages = [caption.value for caption in app.caption if "Not in the means" in caption.value]
    assert len(messages) == 1
    assert "1 interrupted" in messages[0]
    assert cut.id[-4:] in messages[0]
    assert any(caption.value == "1 group" for caption in app.caption)
    app.checkbox(key="compare-all-runs").set_value(True).run()
    assert list(app.dataframe[0].value["n"]) == [4]
    assert not any("Not in the means" in caption.value for caption in app.caption)
    assert app.query_params["all_runs"] in ("1", ["1"])
    app = open_page("compare", {"chart": "cost"})
    assert any("Not in the means: 1 interrupted" in caption.value for caption in app.caption)


def test_where_nothing_fits_nothing_of_the_choice_is_drawn(stocked: Results, open_page: Open) -> None:
    chosen = ",".join(stocked.ids())
    for chart in ("curves", "cost", "parallel", "difference"):
        app = open_page("compare", {"runs": chosen, "chart": chart, "search": "no such run"})
        assert any("No stored run fits" in text.value for text in app.markdown)
        assert not app.get("bidi_component"), chart
        assert not app.subheader, chart
    app = open_page("compare", {"runs": chosen, "search": "seed 1"})
    assert any("1 chosen run is left out" in caption.value for caption in app.caption)
    app.text_input(key="compare-search").set_value("").run()
    assert not any("left out" in caption.value for caption in app.caption), "the choice itself is kept"
    assert set(app.session_state[view_widgets.KEYS["runs"]]) == set(stocked.ids())


def test_tags_sort_and_a_search_reads_them(stocked: Results, open_page: Open) -> None:
    first, second = stocked.ids()
    annotations.write(stocked.run(second), tags=["paper"])
    app = open_page("compare", {"sort": "tags", "columns": "tags"})
    assert [list(tags) for tags in app.dataframe[0].value["tags"]] == [["paper"], []]
    app.text_input(key="compare-search").set_value("-paper").run()
    assert list(app.dataframe[0].value["title"]) == [stocked.run(first).spec().title()]


def test_the_evidence_is_of_what_is_drawn(stocked: Results, open_page: Open) -> None:
    app = open_page("compare")
    codes = [each.value for each in app.code]
    (sql,) = (code for code in codes if code.startswith("SELECT run_id, epoch,"))
    assert all(f"'{id}'" in sql for id in stocked.ids())
    app.get("button_group")[-1].set_value("cost").run()
    assert not app.exception
    assert any("FROM runs LEFT JOIN last" in each.value for each in app.code)
    app.get("button_group")[-1].set_value("parallel").run()
    (sql,) = (each.value for each in app.code if "FROM runs LEFT JOIN last" in each.value)
    assert 'AS "seed"' in sql, "an axis that is drawn"
    assert all(f"'{id}'" in sql for id in stocked.ids())
    app.get("button_group")[-1].set_value("difference").run()
    assert not app.exception
    codes = [each.value for each in app.code]
    (options,) = (code for code in codes if "FROM runs LEFT JOIN last" in code)
    assert all(f'AS "{name}"' in options for name in ("seed", "val_error_best", "training_seconds"))
    assert any("FROM epochs AS a JOIN epochs AS b" in code for code in codes)
    assert any("disagreement(*" in code for code in codes)


def test_the_loss_of_each_step_stands_where_its_run_was(stocked: Results, open_page: Open) -> None:
    runs = store_cache.runs(now=True)
    found = step_losses(queries.epochs(store_cache.index(), list(runs["id"])), runs)
    longest = found[found["run_id"] == runs.sort_values("epochs_done")["id"].iloc[-1]]
    assert list(longest["step"]) == [5, 10]
    assert list(longest["epoch"]) == [1, 2]
    assert list(longest["images_seen"]) == [1000, 2000]
    assert list(longest["training_seconds"]) == [5, 10]
    assert list(longest["loss"]) == [1, 0.5]
    unknown = step_losses(queries.epochs(store_cache.index(), list(runs["id"])), runs.assign(steps_per_epoch=None))
    assert unknown["epoch"].isna().all()
    for x in X_AXES:
        app = open_page("compare", {"y": "loss", "x": x})
        explained = any(caption.value == WITHIN for caption in app.caption)
        assert explained == (x not in ("epoch", "step")), x


@pytest.mark.parametrize("band", BANDS)
def test_a_groups_band_is_said_under_the_chart(band: str, stocked: Results, open_page: Open) -> None:
    app = open_page("compare", {"grouped": "1", "by": "architecture", "band": band})
    assert [caption.value for caption in app.caption if caption.value.startswith("Line:")] == [BANDS[band][1]]
    alone = open_page("compare", {"band": band})
    assert not [caption.value for caption in alone.caption if caption.value.startswith("Line:")]


def test_a_range_keeps_what_lies_within_and_nothing_that_is_not_known(odd: pd.DataFrame, open_page: Open) -> None:
    for name in RANGES[::8]:
        values = pd.to_numeric(odd[name], errors="coerce").astype(float)
        app = open_page("compare", {f"from-{name}": "-1", f"to-{name}": "2.5"})
        assert not app.warning, name
        assert len(app.dataframe[0].value if app.dataframe else []) == values.between(-1, 2.5).sum(), name
    app = open_page("compare", {"to-seed": "0"})
    assert app.number_input(key=ranges.key("to", "seed")).value == 0
    app.number_input(key=ranges.key("from", "seed")).set_value(1.0).run()
    assert any("nothing lies from 1 to 0" in caption.value for caption in app.caption)
    assert app.query_params["from-seed"] in ("1.0", ["1.0"])


def test_what_is_chosen_in_a_chart_is_chosen_in_the_table(stocked: Results) -> None:
    newest, oldest = sorted(stocked.ids(), reverse=True)
    script = f"""
from pages.compare import selecting, view_widgets
import pandas as pd, streamlit as st
for runs, toggle in {[([oldest], True), ([oldest, "gone"], False), (["gone"], False), ([oldest], True)]!r}:
    st.session_state.setdefault(view_widgets.KEYS["runs"], [{newest!r}])
    st.session_state.setdefault(view_widgets.VERSION, 0)
    selecting.in_table(pd.DataFrame({{"id": [{oldest!r}]}}))(runs, toggle)
    st.text(",".join(st.session_state[view_widgets.KEYS["runs"]]))
"""
    alone = AppTest.from_string(script).run()
    assert not alone.exception
    both = f"{newest},{oldest}"  # what the table hides stays chosen
    assert [text.value for text in alone.text] == [both, both, both, newest]
    assert [toast.value for toast in alone.toast] == ["No run of the table lies there."]
