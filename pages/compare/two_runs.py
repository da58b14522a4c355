"""Two runs side by side: the options in which they differ, their command lines, their confusion matrices."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.compare import columns
from pages.compare.curve_difference import curve_difference
from pages.compare.disagreement import same_images
from pages.compare.view_widgets import KEYS
from pages.server import store_cache
from pages.shared import format, naming
from pages.shared.chart import chart
from pages.shared.class_names import class_names
from pages.shared.evidence import evidence
from vitcore import figures
from vitcore.analysis import differences
from vitcore.errors import UserError
from vitcore.figures.metrics import SHARES
from vitcore.runs.folder import Results
from vitcore.spec import command_line, fields
from vitcore.store import queries
from vitcore.store.provenance import of_answers, of_columns

ERRORS = ("val_error_best", "test_error_best", "error_percent")
OUTCOME = (*ERRORS, "best_epoch", "accuracy", "f1", "training_seconds", "parameters", "macs")


def difference(runs: pd.DataFrame, *, chosen: bool = True) -> None:
    """Two of these runs, chosen here, against each other.

    Args:
        chosen: whether a person has chosen these runs in the table; else they are all of it, which is said.
    """
    if not chosen and len(runs) > 1:
        st.caption("Nothing is chosen: A and B are the two newest runs of the table, or any others of it.")
        runs = runs.sort_values(["created", "id"], ascending=False, kind="stable")
    if len(runs) < 2:
        st.caption("Choose two runs in the table, by the boxes at its left edge, to see how they differ.")
        return
    first, second = (runs[runs["id"] == id].iloc[0] for id in _pair(runs))
    if first["id"] == second["id"]:
        st.caption("Both are the same run; choose another one as B.")
        return
    _options(first, second)
    curve_difference(first, second)
    same_images(first, second)
    _matrices(first, second)
    evidence(
        of_answers(str(first["id"]), str(second["id"])), "Evidence for the test images and the matrices",
        key="evidence-answers",
    )  # fmt: skip


def _pair(runs: pd.DataFrame) -> tuple[str, str]:
    """A and B; where none was chosen, the two newest."""
    titles = naming.of(runs).names
    ids = list(titles)
    with st.grid(2, min_column_width=260):
        for place, name in enumerate(("a", "b")):
            if st.session_state.get(KEYS[name]) not in titles:
                st.session_state[KEYS[name]] = next(id for id in ids[place:] if place == 0 or id != _chosen("a"))
            st.selectbox(
                name.upper(), ids, format_func=lambda id: titles.get(id, id), key=KEYS[name], persist_state="session"
            )
    return _chosen("a"), _chosen("b")


def _chosen(name: str) -> str:
    return str(st.session_state[KEYS[name]])


def _options(first: pd.Series, second: pd.Series) -> None:
    table = differences.options(first, second)
    if table.empty:
        st.caption("They were started with the same options.")
    else:
        names = {"option": "Option", "first": "A", "second": "B"}
        with st.container(key="difference-options"):
            st.dataframe(table.rename(columns=names), hide_index=True, width="stretch")
    results = [name for name in OUTCOME if name in first.index]
    rows = [(columns.label(name), _number(first, name), _number(second, name)) for name in results]
    outcome = pd.DataFrame(rows, columns=["Result", "A", "B"])
    st.dataframe(outcome, hide_index=True, width="stretch")
    differing = [field.name for field in fields() if field.label in set(table["option"])]
    found = of_columns([str(first["id"]), str(second["id"])], [*differing, *results])
    evidence(found, "Evidence for options and results", key="evidence-options")
    for name, run in (("A", first), ("B", second)):
        try:
            line = command_line(Results().run(str(run["id"])).spec())
        except UserError as error:  # a spec that is no longer valid can be looked at all the same
            st.caption(f"{name}: {format.plain(str(error))}")
            continue
        st.caption(f"{name} again:")
        st.code(line, language="bash", wrap_lines=True)


def _number(run: pd.Series, name: str) -> str:
    value = run[name]
    if format.missing(value):
        return format.NONE
    if name in ERRORS:
        return format.percent(value, 2)
    if name in SHARES:
        return format.percent(100 * value, 2)
    if name == "training_seconds":
        return format.duration(value)
    if name == "best_epoch":
        return format.whole(value)
    return format.count(value) if name in ("parameters", "macs") else f"{value:.4f}"


def _matrices(first: pd.Series, second: pd.Series) -> None:
    """Of the test images A, B, and A - B in percentage points of the true class, where both know the same classes."""
    st.subheader("Confusion matrices", anchor=False)
    try:
        found = [queries.confusion(store_cache.index(), str(run["id"])) for run in (first, second)]
        (after, left), (then, right) = found
        classes = class_names(first, len(left))
        differences.comparable(classes, class_names(second, len(right)))
    except UserError as error:
        sentence = format.plain(str(error))
        st.caption(sentence[0].upper() + sentence[1:] + "." * (not sentence.endswith(".")))
        return
    with st.grid(2, min_column_width=330, gap=("medium", "large")):
        for name, run, epoch, matrix in (("A", first, after, left), ("B", second, then, right)):
            with st.container(gap="xxsmall"):
                st.markdown(f"**{name}**, test images, after epoch {epoch}, percent of the true class")
                figure = figures.confusion(matrix, classes, normalize=True, revision=f"matrix-{run['id']}")
                chart(figure, key=f"difference-{name.lower()}", name=f"vitcore-confusion-{name.lower()}")
        with st.container(gap="xxsmall"):
            st.markdown("**A − B**, percentage points: blue where A has more, orange where B has")
            figure = figures.confusion_difference(left, right, classes, revision=f"{first['id']}:{second['id']}")
            chart(figure, key="difference-ab", name="vitcore-confusion-difference")
        with st.container(gap="xxsmall"):
            st.markdown("**Where they differ most**")
            _most(differences.cells(left, right, classes))


def _most(table: pd.DataFrame) -> None:
    if table.empty:
        st.caption("The two matrices are the same.")
        return
    names = {"true": "True", "predicted": "Predicted", "first": "A (%)", "second": "B (%)", "difference": "A − B"}
    shown = table.rename(columns=names).style.format({"A (%)": "{:.1f}", "B (%)": "{:.1f}", "A − B": "{:+.1f}"})
    st.dataframe(shown, hide_index=True, width="stretch")
