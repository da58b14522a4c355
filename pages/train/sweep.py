"""A sweep: which options vary, over which values, and whether every combination of them is run or some by lot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from pages.shared import format
from pages.train import standing
from pages.train.fields import STORED, carried, decimal, key_of, whole, widget
from pages.train.fold import fold
from pages.train.stored_runs import LINKS
from vitcore.errors import UserError
from vitcore.spec import SpecField, sweeps
from vitcore.spec.typed import written

OVER = "sweep-over"  # in the session: names of the options that vary
WAYS = ("Every combination", "Random draws")
KINDS = ("List", "Range")
ALONE = ("name", "folder")  # that differ from run to run by no plan
FIRST = ("learning_rate", "kernel", "architecture", "seed", "samples", "batch_size", "weight_decay", "depth")


@dataclass(frozen=True)
class Points:
    """What each run of a sweep changes: none, no sweep; and a sentence for each thing that cannot be."""

    points: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def swept() -> list[str]:
    """The options that vary, by name."""
    known = {leaf.name for leaf in standing.leaves()} - set(ALONE)
    return [name for name in st.session_state.get(OVER, []) if name in known]


def panel() -> Points:
    """Draw the fold and return the sweep that it asks for."""
    known = {leaf.name: leaf for leaf in standing.leaves() if leaf.name not in ALONE}
    order = [*(name for name in FIRST if name in known), *(name for name in known if name not in FIRST)]
    labels = " × ".join(known[name].label for name in swept())
    with fold(f"Sweep · {format.plain(labels)}" if labels else "Sweep", "fold-sweep"):
        chosen = st.multiselect("Options that vary", order, key=OVER, format_func=lambda name: known[name].label,
                                placeholder="Choose one or more",
            filter_mode="contains", on_change=_begin, persist_state=STORED)  # fmt: skip
        if not chosen:
            st.caption("Every combination of their values becomes a run; or as many as you say, drawn at random.")
            return Points()
        way = st.segmented_control("How", WAYS, default=WAYS[0], required=True, key="sweep-way",
                                   label_visibility="collapsed", persist_state=STORED)  # fmt: skip
        drawn = way == WAYS[1]
        values: dict[str, sweeps.Values] = {}
        refused: list[str] = []
        for name in chosen:
            try:
                values[name] = _values(known[name], drawn)
            except UserError as error:
                refused.append(str(error))
        count, seed = _lot() if drawn else (0, 0)
        if refused or count is None or seed is None:
            return Points([], refused or ["The number of draws or their seed cannot be read"])
        try:
            points = sweeps.draws(values, count, seed) if drawn else sweeps.grid(values)
        except UserError as error:
            return Points([], [str(error)])
        st.caption(_sum(values, drawn, count, len(points)))
        return Points(points)


def _begin() -> None:
    """An option that joins the sweep begins with what stands in its field."""
    state = st.session_state
    for leaf in standing.leaves():
        many = key_of(leaf, several=True)
        if leaf.name in state.get(OVER, []) and many not in state:
            item = state.get(key_of(leaf), carried(leaf, leaf.initial))
            state[many] = item if isinstance(item, str) and not is_listed(leaf) else [item]


def _values(leaf: SpecField, drawn: bool) -> sweeps.Values:
    """The values of one option, as a list or as a range. Raises UserError."""
    if is_listed(leaf) or leaf.kind not in (int, float):
        return list(widget(leaf, several=True))
    with st.container(horizontal=True, vertical_alignment="top", gap="small", key=f"sweep-{leaf.name}"):
        kind = st.segmented_control(leaf.label, KINDS, default=KINDS[0], required=True, key=f"sweep-{leaf.name}-as",
                                    label_visibility="collapsed", persist_state=STORED)  # fmt: skip
        return _span(leaf, drawn) if kind == KINDS[1] else list(widget(leaf, several=True))


def _span(leaf: SpecField, drawn: bool) -> sweeps.Span:
    """The ends of a range, how many values of it, and their spacing. Raises UserError."""
    low, high = (_end(leaf, end, word) for end, word in (("low", "from"), ("high", "to")))
    steps = None if drawn else whole("Values", f"sweep-{leaf.name}-steps", 2, 100, 5, width=90)
    log = st.checkbox("by logarithm", value=leaf.name == "learning_rate", key=f"sweep-{leaf.name}-log",
                      persist_state=STORED)  # fmt: skip
    if low is None or high is None or (steps is None and not drawn):
        raise UserError(f"{leaf.label}: the range cannot be read; give both of its ends")
    try:
        return sweeps.Span(low, high, steps or 2, log, leaf.kind is int)
    except UserError as error:
        raise UserError(f"{leaf.label}: {error}") from None


def _end(leaf: SpecField, end: str, word: str) -> float | None:
    """One end of a range, within the option's own bounds; begins with what stands in its field, and ten times that."""
    first = leaf.initial or 1
    begun = first if end == "low" else first * 10 if leaf.kind is float else first + 4
    key, label = f"sweep-{leaf.name}-{end}", f"{leaf.label} {word}"
    if leaf.kind is int:
        high = int(leaf.bounds.get("le", leaf.bounds.get("lt", 2**31) - 1))
        return whole(label, key, int(leaf.bounds.get("ge", 0)), high, min(int(begun), high), width=150)
    above, below = leaf.bounds.get("gt", leaf.bounds.get("ge", 0)), leaf.bounds.get("lt", leaf.bounds.get("le", 1e9))
    low_in, high_in = "ge" in leaf.bounds, "le" in leaf.bounds
    return decimal(label, key, above, below, min(float(begun), below), low_in=low_in, high_in=high_in, width=150)


def _lot() -> tuple[int | None, int | None]:
    """How many draws, and by which seed: the same one draws the same runs."""
    with st.container(horizontal=True, gap="small"):
        count = whole("Runs drawn", "sweep-count", 1, sweeps.MOST, 12, width=150)
        return count, whole("Seed of the draws", "sweep-seed", 0, 2**31 - 1, 0, width=150)


def is_listed(leaf: SpecField) -> bool:
    """Whether its values are chosen from a list, not typed."""
    return bool(leaf.choices) or leaf.kind is bool or leaf.name in LINKS


def _sum(values: dict[str, sweeps.Values], drawn: bool, count: int, found: int) -> str:
    """How the runs come about: '2 × 3 = 6 runs'."""
    if drawn:
        fewer = "; there are no more different ones" if found < count else ""
        return f"{format.number(found, 'run')} drawn{fewer}."
    sizes = [len(each.grid() if isinstance(each, sweeps.Span) else each) for each in values.values()]
    product = " × ".join(map(str, sizes))
    spans = [f"{', '.join(map(written, each.grid()))}" for each in values.values() if isinstance(each, sweeps.Span)]
    text = f"{product} = {format.number(found, 'run')}." if len(sizes) > 1 else f"{format.number(found, 'run')}."
    return f"{text} {'; '.join(spans)}" if spans else text
