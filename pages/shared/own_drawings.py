"""A person's own test set: saving a picture with its true label, looking through what is kept, asking stored runs."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from functools import partial
from html import escape

import pandas as pd
import streamlit as st
from PIL import Image

from pages.server import store_cache
from pages.shared import format
from pages.shared.status import asked_of
from vitcore.analysis import drawings as own_drawings
from vitcore.data.registry import DATASETS
from vitcore.errors import Refusal
from vitcore.runs import drawings
from vitcore.runs.files import read_own
from vitcore.runs.folder import Results, RunFolder

SHOWN = 40  # of the kept ones, newest first


def saving(picture: Image.Image | None, datasets: Sequence[str]) -> None:
    """The true label of the picture in hand, the button that keeps it, and what is kept."""
    shelves = {drawings.shelf(name) for name in datasets}  # models of other classes have no label in common
    if len(shelves) != 1 or None in shelves:
        return
    shelf = str(shelves.pop())
    with st.container(gap="xsmall", key="own-drawings"):
        if picture is not None:
            with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
                label = st.selectbox(
                    "What it is",
                    DATASETS[shelf].classes,
                    index=None,
                    placeholder="label",
                    key=f"label-{shelf}",
                    width=130,
                )
                st.button(
                    "Save with this label",
                    key="save-drawing",
                    disabled=label is None,
                    on_click=_save,
                    args=(shelf, picture, label),
                )
        _kept(shelf)


def _save(shelf: str, picture: Image.Image, label: str) -> None:
    if asked_of(partial(drawings.save, shelf=shelf, picture=picture, label=label)):
        st.session_state[f"label-{shelf}"] = None  # the next picture is another
        st.toast(f"Kept as {format.plain(label)}.")


def _kept(shelf: str) -> None:
    """Thumbnails, each with the way out."""
    try:
        found = drawings.kept(Results(), shelf)
    except Refusal as refusal:
        st.caption(format.plain(str(refusal)))
        return
    if not found:
        return
    with st.expander(f"My drawings ({len(found):,})", key=f"kept-{shelf}"):
        st.caption("Compare has a column that says how many of them each run reads.")
        with st.grid("auto", min_column_width=76, gap="small"):
            for one in found[::-1][:SHOWN]:
                with st.container(gap="xxsmall", key=f"kept-{one.id}"):
                    st.html(_thumbnail(one))
                    st.button(
                        "Delete",
                        key=f"drop-{one.id}",
                        type="tertiary",
                        help=f"Delete this {one.label} for good.",
                        on_click=_delete,
                        args=(shelf, one.id),
                    )
        if len(found) > SHOWN:
            st.caption(f"The newest {SHOWN} of {len(found):,}.")


def _delete(shelf: str, id: str) -> None:
    asked_of(partial(drawings.delete, shelf=shelf, id=id))


def _thumbnail(one: drawings.Drawing) -> str:
    try:
        data = base64.b64encode(read_own(one.path)).decode()
    except (OSError, Refusal):  # deleted by another browser since it was listed, or no picture of ours
        data = ""
    shown = f'<img src="data:image/png;base64,{data}" alt="">'
    return f'<figure class="kept">{shown}<figcaption>{escape(one.label)}</figcaption></figure>'


def with_column(table: pd.DataFrame) -> pd.DataFrame:
    """The table with how many of the drawings each run read, in words; as it was where nothing is drawn or asked."""
    editions = _editions(table)
    if not any(editions.values()) and not table["drawings_of"].notna().any():
        return table
    told = zip(table["drawings_right"], table["drawings_of"], table["drawings_edition"], table["dataset"], strict=True)
    said = [_said(right, of, seen, editions.get(name)) for right, of, seen, name in told]
    return table.assign(my_drawings=pd.Series(said, index=table.index, dtype="str"))


def ask_button(table: pd.DataFrame) -> None:
    """Asks the runs of the table that have not been asked about the drawings as they are now."""
    ids = _open(table)
    if not ids:
        return
    if st.button(
        "Ask my drawings",
        key="ask-drawings",
        help=f"{format.number(len(ids), 'run has', 'runs have')} not read all of them yet.",
    ):
        try:
            with st.spinner(f"Asking {format.number(min(len(ids), own_drawings.AT_ONCE), 'run')} …"):
                said = own_drawings.ask(Results(), ids)
        except Refusal as refusal:
            st.toast(format.plain(str(refusal)))
            return
        for line in said.splitlines()[:3]:
            st.toast(line)
        store_cache.index(now=True)
        st.rerun()


def _open(table: pd.DataFrame) -> list[str]:
    """Runs with weights whose answer is of other drawings than those that are kept now."""
    if "my_drawings" not in table:
        return []
    now = table["dataset"].map(_editions(table))
    some = table[now.notna() & (table["drawings_edition"].fillna("") != now) & (table["epochs_done"] > 0)]
    results = Results()
    return [run for run in some["id"] if os.path.isfile(RunFolder(results.runs / run).checkpoint)]


def _readable(shelf: str) -> list[drawings.Drawing]:
    """The drawings that are kept; none where they cannot be read, as Draw says: the table is shown."""
    try:
        return drawings.kept(Results(), shelf)
    except Refusal:
        return []


def _editions(table: pd.DataFrame) -> dict[str, str | None]:
    """By dataset, the drawings that its models can be asked about now; None: there are none."""
    found = {}
    for dataset in table["dataset"].dropna().unique():
        shelf = drawings.shelf(dataset)
        mine = _readable(shelf) if shelf else []
        found[dataset] = drawings.edition(mine) if mine else None
    return found


def _said(right: float, of: float, seen: object, now: str | None) -> str | None:
    if pd.isna(of):
        return None if now is None else "not asked"
    return f"{int(right)} of {int(of)}" + ("" if seen == now else ", since changed")
