"""The options of the runs on Live: those in which they differ, then those that are not the defaults, then the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from pages.live.live_updates import PageState
from pages.shared.status import Run
from vitcore.spec import SpecField, fields
from vitcore.spec.differing import value_in_words

ORDER = ("differs", "changed", "")


def options(ids: list[str]) -> None:
    """The options run by run, one click away; drawn with the whole page alone, for no run's options change."""
    state = PageState.at(ids)
    if not state.rows:
        return
    with st.expander("Options of this run" if len(state.rows) == 1 else "Options of these runs", key="live-options"):
        st.dataframe(
            option_table(state.rows, state.called.names),
            hide_index=True,
            column_config={"Option": st.column_config.TextColumn(pinned=True, width="medium")},
            height=420,
            key="live-options-table",
        )


def option_table(runs: Sequence[Run], called: Mapping[str, str]) -> pd.DataFrame:
    """A line an option, a column a run: first what differs among them, then what is not the default, then the rest.

    Returns:
        `Option`, `Default`, `What` (differs, changed or empty) and each run's values in words, by its name.
    """
    known = [each for each in fields() if each.name != "name"]
    lines = [_line(each, runs, called) for each in known]
    lines.sort(key=lambda line: ORDER.index(line["What"]))  # stable: within each, the form's order
    return pd.DataFrame(lines)


def _line(field: SpecField, runs: Sequence[Run], called: Mapping[str, str]) -> dict[str, str]:
    default = value_in_words(field.default)
    values = {called[str(run["id"])]: value_in_words(run[field.name]) for run in runs}
    differs = len(set(values.values())) > 1
    what = "differs" if differs else "changed" if set(values.values()) != {default} else ""
    return {"Option": field.label, "What": what, **values, "Default": default}
