"""A person's own test set: saving an image with its true label, looking through what is kept, asking stored runs."""

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
from pages.shared.status import answered
from vitcore.analysis import drawings as own_drawings
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.runs import drawing_sets, drawings
from vitcore.runs.files import read_own
from vitcore.runs.folder import Results, RunFolder

SHOWN = 40  # of the kept ones, newest first


def saving(image: Image.Image | None, datasets: Sequence[str]) -> None:
    """The true label of the image in hand, the button that keeps it, and what is kept."""
    shelves = {drawings.label_set(name) for name in datasets}  # models of other classes have no label in common
    if len(shelves) != 1 or None in shelves:
        return
    label_set = str(shelves.pop())
    with st.container(gap="xsmall", key="own-drawings"):
        if image is not None:
            with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
                label = st.selectbox(
                    "What it is",
                    DATASETS[label_set].classes,
                    index=None,
                    placeholder="label",
                    key=f"label-{label_set}",
                    width=130,
                )
                st.button(
                    "Save with this label",
                    key="save-drawing",
                    disabled=label is None,
                    on_click=_save,
                    args=(label_set, image, label),
                )
        _stored(label_set)


def _save(label_set: str, image: Image.Image, label: str) -> None:
    if answered(partial(drawings.save, label_set=label_set, image=image, label=label)):
        st.session_state[f"label-{label_set}"] = None  # the next image is another
        st.toast(f"Kept as {format.plain(label)}.")


def _stored(label_set: str) -> None:
    """Thumbnails, each with the way out."""
    try:
        found = drawings.stored(Results(), label_set)
    except UserError as error:
        st.caption(format.plain(str(error)))
        return
    if not found:
        return
    with st.expander(f"My drawings ({len(found):,})", key=f"kept-{label_set}"):
        st.caption("Compare has a column that says how many of them each run reads.")
        with st.grid("auto", min_column_width=76, gap="small"):
            for item in found[::-1][:SHOWN]:
                with st.container(gap="xxsmall", key=f"kept-{item.id}"):
                    st.html(_thumbnail(item))
                    st.button(
                        "Delete",
                        key=f"drop-{item.id}",
                        type="tertiary",
                        help=f"Delete this {item.label} for good; runs that were fine-tuned on it keep their copy.",
                        on_click=_delete,
                        args=(label_set, item.id),
                    )
        if len(found) > SHOWN:
            st.caption(f"The newest {SHOWN} of {len(found):,}.")


def _delete(label_set: str, id: str) -> None:
    answered(partial(drawings.delete, label_set=label_set, id=id))


def _thumbnail(item: drawings.Drawing) -> str:
    try:
        data = base64.b64encode(read_own(item.path)).decode()
    except (OSError, UserError):  # deleted by another browser since it was listed, or no image of ours
        data = ""
    shown = f'<img src="data:image/png;base64,{data}" alt="">'
    return f'<figure class="kept">{shown}<figcaption>{escape(item.label)}</figcaption></figure>'


def with_column(table: pd.DataFrame) -> pd.DataFrame:
    """The table with how many of the drawings each run read, in words; as it was where nothing is drawn or asked."""
    versions = _versions(table)
    if not any(versions.values()) and not table["drawings_of"].notna().any():
        return table
    scored = zip(
        table["drawings_right"], table["drawings_of"], table["drawings_version"], table["dataset"], strict=True
    )
    text = [_text(right, of, known, versions.get(name)) for right, of, known, name in scored]
    return table.assign(my_drawings=pd.Series(text, index=table.index, dtype="str"))


def ask_button(table: pd.DataFrame) -> None:
    """Asks the runs of the table that have not been asked about the drawings as they are now."""
    ids = _open(table)
    if not ids:
        return
    if st.button(
        "Evaluate on my drawings",
        key="ask-drawings",
        help=f"{format.number(len(ids), 'run has', 'runs have')} not read all of them yet.",
    ):
        try:
            with st.spinner(f"Asking {format.number(min(len(ids), own_drawings.AT_ONCE), 'run')} …"):
                text = own_drawings.ask(Results(), ids)
        except UserError as error:
            st.toast(format.plain(str(error)))
            return
        for line in text.splitlines()[:3]:
            st.toast(line)
        store_cache.index(now=True)
        st.rerun()


def _open(table: pd.DataFrame) -> list[str]:
    """Runs with weights whose answer is of other drawings than those that are kept now."""
    if "my_drawings" not in table:
        return []
    now = table["dataset"].map(_versions(table))
    subset = table[now.notna() & (table["drawings_version"].fillna("") != now) & (table["epochs_done"] > 0)]
    results = Results()
    return [run for run in subset["id"] if os.path.isfile(RunFolder(results.runs / run).checkpoint)]


def _readable(label_set: str) -> list[drawings.Drawing]:
    """The drawings that are kept; none where they cannot be read, as Draw says: the table is shown."""
    try:
        return drawings.stored(Results(), label_set)
    except UserError:
        return []


def _versions(table: pd.DataFrame) -> dict[str, str | None]:
    """By dataset, the drawings that its models can be asked about now; None: there are none."""
    found = {}
    for dataset in table["dataset"].dropna().unique():
        # What a run has learned from is no test of it.
        label_set = None if dataset == drawing_sets.DATASET else drawings.label_set(dataset)
        own = _readable(label_set) if label_set else []
        found[dataset] = drawings.version(own) if own else None
    return found


def _text(right: float, of: float, known: object, now: str | None) -> str | None:
    if pd.isna(of):
        return None if now is None else "not asked"
    return f"{int(right)} of {int(of)}" + ("" if known == now else ", since changed")
