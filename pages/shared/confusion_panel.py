"""A run's confusion matrix by epoch; a click on a cell shows its images and when each was predicted correctly."""

from __future__ import annotations

from functools import lru_cache, partial
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages.server import store_cache
from pages.shared import format
from pages.shared.chart import chart, plain
from pages.shared.class_names import class_names
from pages.shared.image_elements import image_elements
from pages.shared.status import Run
from vitcore import figures
from vitcore.errors import UserError
from vitcore.runs.folder import Results, RunFolder
from vitcore.store import queries
from vitcore.store.history import ImageHistory, history

SPLITS: tuple[queries.Split, ...] = ("test", "validation")
SHOWN = 24  # images
IMAGE_SIZE = 112  # pixels of an image's height on its way to the page
BOXES = (("True class", "true"), ("Predicted", "predicted"))


def confusions(run: Run, called: str, *, key: str) -> None:
    """Which classes are taken for which after the last epoch or a chosen one, and the images behind a cell."""
    index = store_cache.index()
    there: list[queries.Split] = [split for split in SPLITS if queries.confusion_epochs(index, run["id"], split)]
    split: queries.Split = there[0] if there else "test"
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if len(there) > 1:
            split = st.segmented_control(
                "Images", there, default=split, required=True, key=f"{key}-split", label_visibility="collapsed"
            )
        shares = st.toggle("Percent of the true class", key=f"{key}-shares")
        last = st.toggle("Follow the last epoch", value=True, key=f"{key}-last")
    known = queries.confusion_epochs(index, run["id"], split)
    chosen = None if last or len(known) < 2 else _slider(known, key)
    try:
        epoch, matrix = queries.confusion(index, run["id"], chosen, split)
    except UserError as error:  # its line holds no matrix
        st.caption(f"{format.plain(str(error))}.")
        return
    names = class_names(run, len(matrix))
    st.caption(f"{format.plain(called)}, {split} images, after epoch {epoch}")
    chart(
        _drawn(matrix.tobytes(), matrix.dtype.str, names, shares),
        key=key,
        name="vitcore-confusion",
        on_pick=partial(_pick, key),
    )
    _behind(run, names, epoch, split, key)


@lru_cache(maxsize=32)
def _drawn(counts: bytes, kind: str, names: tuple[str, ...], shares: bool) -> dict[str, Any]:
    """The matrix's figure as plain data, built once however many look on."""
    matrix = np.frombuffer(counts, dtype=kind).reshape(len(names), len(names))
    return plain(figures.confusion(matrix, names, normalize=shares))


def _slider(known: list[int], key: str) -> int:
    """An epoch that has a matrix; a choice made for another run is forgotten."""
    if st.session_state.get(f"{key}-epoch") not in known:
        st.session_state[f"{key}-epoch"] = known[-1]
    return int(st.select_slider("Epoch", known, key=f"{key}-epoch"))


def _pick(key: str, cell: Any) -> None:
    """A click on a cell is a choice in the two boxes below, which are there for whoever has no pointer."""
    if isinstance(cell, list) and len(cell) == 2:
        st.session_state[f"{key}-true"], st.session_state[f"{key}-predicted"] = map(int, cell)


def _behind(run: Run, names: tuple[str, ...], epoch: int, split: queries.Split, key: str) -> None:
    """The images of one cell, each with the epochs at which it was predicted correctly."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key=f"{key}-cell"):
        true, predicted = (_box(label, names, f"{key}-{name}") for label, name in BOXES)
    if true is None or predicted is None:
        st.caption("Click a cell, or choose it here, to see the images behind it.")
        return
    folder = Results().run(run["id"])
    try:
        found = _cell(folder.path, _stamp(folder, split), true, predicted, epoch, split)
    except UserError as error:
        st.caption(f"The images behind it are not known: {format.plain(error)}.")
        return
    st.markdown(_sentence(len(found), names[true], names[predicted], epoch, split, right=true == predicted))
    if found:
        shown = found[:SHOWN]
        images = image_elements(run, folder, [item.row for item in shown], split)
        st.html(f'<div class="behind">{"".join(map(_figure, shown, images))}</div>')
    if len(found) > SHOWN:
        st.caption(f"The first {SHOWN} are shown; {len(found):,} in all.")


def _box(label: str, names: tuple[str, ...], key: str) -> int | None:
    chosen = st.session_state.get(key)
    if chosen is not None and not 0 <= chosen < len(names):
        st.session_state[key] = None  # chosen for a run with more classes
    return st.selectbox(
        label, range(len(names)), index=None, format_func=names.__getitem__, key=key, placeholder="any", width=170
    )


def _sentence(count: int, true: str, predicted: str, epoch: int, split: str, *, right: bool) -> str:
    """What the cell holds, in words; class names may hold anything, so they stand as code."""
    many = f"**{count:,}** {split} image{'s' * (count != 1)}" if count else f"No {split} image"
    were = "were" if count > 1 else "was"
    what = "predicted correctly" if right else f"predicted as {_code(predicted)}"
    return f"{many} of {_code(true)} {were} {what} after epoch {epoch}."


def _code(name: str) -> str:
    return "`" + name.replace("`", "'") + "`"


def _figure(item: ImageHistory, image: str) -> str:
    return f"<figure>{image}<figcaption>{escape(item.words)}</figcaption></figure>"


def _stamp(folder: RunFolder, split: queries.Split) -> tuple[int, int]:
    """What changes with the run's predictions."""
    try:
        known = (folder.predictions if split == "test" else folder.val_predictions).stat()
    except OSError:
        return 0, 0
    return known.st_size, known.st_mtime_ns


@st.cache_data(show_spinner=False, max_entries=64)
def _cell(
    path: Path, stamp: tuple[int, int], true: int, predicted: int, epoch: int, split: queries.Split
) -> list[ImageHistory]:
    """What is behind a cell, read anew when `stamp` changes."""
    return history(RunFolder(path), true, predicted, epoch, split)
