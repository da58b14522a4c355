"""Compare: every run in one table to filter, tag and choose from; curves and costs; seeds gathered; CSV, Parquet."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.compare import (
    bring_runs,
    bulk,
    columns,
    filters,
    run_details,
    run_table,
    saved_views_panel,
    selecting,
    view_widgets,
)
from pages.compare.cost_chart import against
from pages.compare.curves import OVERLAID, overlay
from pages.compare.parallel import parallel
from pages.compare.two_runs import difference
from pages.compare.view import STEP_LOSS
from pages.server import store_cache
from pages.shared import format, frame, narrow, own_drawings
from pages.shared.evidence import evidence
from vitcore.store.provenance import of_curves, of_runs

CHARTS = {
    "curves": "Curves",
    "cost": "Accuracy against cost",
    "parallel": "Parallel coordinates",
    "difference": "Two runs",
}
RESULTS = ("val_error", "error_percent", "training_seconds")
ROWS = {False: "Runs", True: "Groups over seeds"}


def one_of(label: str, choices: Mapping[Any, str], key: str) -> Any:
    """A row of buttons of which one is always chosen."""
    return st.segmented_control(
        label,
        list(choices),
        format_func=choices.__getitem__,
        required=True,
        key=key,
        label_visibility="collapsed",
        persist_state="session",
    )


frame.heading(
    "Compare", "Every stored run. Filter, choose, lay curves over one another, gather seeds, take the table with you."
)
everything = own_drawings.with_column(store_cache.runs(now=view_widgets.asked_anew()))
if everything.empty:
    st.markdown("There is nothing to compare yet.")
    st.page_link("train/page.py", label="Train a model")
else:
    view_widgets.load_from_url(everything)
    view_widgets.doubts()
    shown = filters.filtered(everything)
    with st.container(horizontal=True, vertical_alignment="center", key="view-row"):
        groups = bool(one_of("View", ROWS, view_widgets.KEYS["grouped"]))
        names = [] if groups else columns.chosen(shown, key=view_widgets.KEYS["columns"])
        if not groups:
            shown = filters.ordered(shown, names)
        with st.popover("Filters", key="more-filters"):
            filters.more(everything)
        saved_views_panel.saved(everything)
    by: list[str] | None = None
    if groups:
        exported, chosen, by = run_table.grouped(shown)
        picked = [run for run in st.session_state[view_widgets.KEYS["runs"]] if run in set(shown["id"])]
    else:
        exported = shown[["id", *names]]
        picked = run_table.run_table(shown, names)
        chosen = everything[everything["id"].isin({*picked} & {*shown["id"]})]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        run_table.downloads(exported, groups=groups)
        selecting.clear(len(picked))
        if groups:
            selecting.show_runs(len(picked))
        else:
            bulk.actions(chosen, everything)
            own_drawings.ask_button(shown)
        st.caption(
            format.number(len(exported), "group")
            if groups
            else f"{len(exported):,} of {format.number(len(everything), 'run')}"
        )
    if shown.empty:
        st.markdown("No stored run fits the search and the filters.")
    elif not groups and len(picked) > len(chosen):
        hidden = len(picked) - len(chosen)
        st.caption(
            f"{hidden:,} chosen run{'s are' if hidden != 1 else ' is'} left out by the search and the filters, and not "
            "drawn."
        )
    select = selecting.in_table(shown)
    which = one_of("Chart", CHARTS, view_widgets.KEYS["chart"])
    if shown.empty:
        pass  # nothing of what was chosen before is drawn beside a table that is empty
    elif which == "curves":
        any_chosen = groups or len(chosen) > 0
        overlay(chosen if any_chosen else shown, by, chosen=any_chosen, on_select=select)
    elif which == "cost":
        against(shown, ask=not groups, chosen=picked, on_select=select)
    elif which == "parallel":
        parallel(chosen if len(chosen) else shown, chosen=len(chosen) > 0, on_select=select)
    else:
        difference(chosen if len(chosen) else shown, chosen=len(chosen) > 0)
    if not shown.empty and which in ("curves", "cost"):  # the others have their own, beside what it is of
        ids = list((chosen if groups or len(chosen) else shown)["id"])
        y = st.session_state[view_widgets.KEYS["y"]]
        by_epoch = which == "curves" and y != STEP_LOSS  # the loss of each step lies in no table
        found = of_curves(ids[:OVERLAID], y) if by_epoch else None
        evidence(found or of_runs(ids, RESULTS), "Evidence for these numbers", key="compare-evidence")
    if not shown.empty and not groups:
        narrow.watch()
    if not groups:
        run_details.details(everything, list((chosen if len(chosen) else shown)["id"]))
    view_widgets.save_to_url()
bring_runs.bring_runs(empty=everything.empty)
run_details.bin_of_runs()
