"""What is missing from a table: how many runs, seeds and minutes, then one click; and the runs that explain a row."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.shared import format
from pages.shared.launch import launch
from pages.shared.measured_speeds import measure_button, speeds
from pages.shared.status import badge
from pages.train.fields import whole
from vitcore.cost.speed import estimate
from vitcore.data.load import available
from vitcore.published.chains import worded
from vitcore.published.parts import Explanation, Recipe
from vitcore.published.tables import Table
from vitcore.reproduction.cell_runs import cell_specs, counting, matching
from vitcore.reproduction.missing import Gaps, missing

SEEDS = 3


def fill(table: Table, protocol: str, runs: pd.DataFrame) -> None:
    """How far the table is, and the button that queues the rest."""
    with st.container(border=True, key="fill"):
        st.markdown("**Run what is missing**")
        left, right = st.columns([1, 3])
        with left:
            seeds = whole("Seeds a cell", f"{table.key}-seeds", 1, 100, SEEDS)
        labels = table.names()
        rows = right.multiselect(
            "Rows", list(labels), format_func=labels.__getitem__, placeholder="All rows", key=f"{table.key}-rows"
        )
        if seeds is None:  # said beside the field; nothing can be run until it is mended
            return
        gaps = missing(table, runs, range(seeds), protocol, rows=rows or None)
        done, asked = _done(table, protocol, runs, seeds, rows)
        if asked:
            under = f", {gaps.under_way} under way" if gaps.under_way else ""
            st.progress(
                done / asked, f"{done} of {format.number(asked, 'run')} {'is' if done == 1 else 'are'} there{under}"
            )
        _reasons(gaps)
        if not gaps.specs:
            return
        datasets = {spec.data.dataset for spec in gaps.specs}
        for reason in sorted({why for name in datasets if (why := available(name))}):
            st.info(format.plain(reason))
        many_runs = format.number(len(gaps.specs), "run")
        own = len({spec.seed for spec in gaps.specs})
        needed = estimate(gaps.specs, runs, measured=speeds())
        st.caption(f"Missing: {many_runs} over {format.number(own, 'seed')}, one after another; {needed}.")
        _chains(gaps, runs)
        measure_button(needed.guessed)
        if st.button(f"Run what is missing ({many_runs})", type="primary", key="fill-in"):
            ordered = sorted(gaps.specs, key=lambda spec: spec.seed)  # every cell has one seed before any has two
            if launch(ordered):
                st.rerun()


def _chains(gaps: Gaps, runs: pd.DataFrame) -> None:
    """Rows whose run takes other runs' weights: what is trained before it, and what the whole of it costs."""
    for chain in gaps.chains:
        many = format.number(len(chain.left), "run")
        cost = estimate(chain.left, runs, measured=speeds())
        st.caption(format.plain(f"A chain: {worded(chain.links)}. Missing of it: {many}; {cost}."))


def _done(table: Table, protocol: str, runs: pd.DataFrame, seeds: int, rows: list[str]) -> tuple[int, int]:
    """Runs that are there, of those asked for."""
    specs = {spec for (row, _), (spec, _) in cell_specs(table, protocol).items() if spec and (not rows or row in rows)}
    found = 0
    for spec in specs:
        own = matching(spec, runs)
        found += int((counting(own) & own["seed"].isin(range(seeds))).sum()) if len(own) else 0
    return found, len(specs) * seeds


def _reasons(gaps: Gaps) -> None:
    """Why some cells cannot be run, each reason once."""
    reasons: dict[str, list[str]] = {}
    for row, _, why in gaps.cannot:
        reasons.setdefault(why, []).append(row)
    if reasons:
        with st.expander(f"{format.number(len(gaps.cannot), 'cell')} cannot be run yet"):
            for why, rows in reasons.items():
                st.text(f"{', '.join(dict.fromkeys(rows))}: {why}.")


def explanations(table: Table, protocol: str, runs: pd.DataFrame) -> None:
    """Pairs of runs that show why a published row says what it says."""
    for explanation in table.explanations:
        with st.container(border=True, key=f"explain-{explanation.key}"):
            st.markdown(f"**{explanation.title}**")
            st.markdown(explanation.text)
            for image_size, recipe in zip(
                st.columns(len(explanation.recipes), gap="medium"), explanation.recipes, strict=True
            ):
                with image_size:
                    _side(table, protocol, explanation, recipe, runs)


def _side(table: Table, protocol: str, item: Explanation, recipe: Recipe, runs: pd.DataFrame) -> None:
    """One recipe: what to expect, what its stored runs gave, and the button that runs it."""
    spec = table.explanation_spec(item, recipe, protocol)
    st.markdown(f"**{recipe.label}**")
    st.caption(f"Expected: {recipe.expect}")
    own = matching(spec, runs)
    for _, run in own.tail(3).iterrows():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            badge(run["status"])
            if pd.notna(run["error_percent"]):
                st.text(f"seed {run['seed']:.0f}: {run['error_percent']:.2f} % error")
            if pd.notna(run["created"]):
                st.page_link("live/page.py", label="Open", query_params={"runs": run["id"]})
        if run["reason"] and isinstance(run["reason"], str):
            st.caption(format.plain(run["reason"]))
    if own.empty:
        place = item.recipes.index(recipe)
        if st.button(
            f"Run it ({estimate([spec], runs, measured=speeds())})", key=f"explain-{item.key}-{place}"
        ) and launch([spec]):
            st.rerun()
