"""What is in a dataset: strips of samples by class, and the rows that a subset draws."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from pages.shared import format
from vitcore import figures
from vitcore.data.load import load, lying

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from vitcore.data.load import Images

STRIP = 8  # samples of a class
LARGEST = 96  # pixels of a sample's side on its way to the page


@dataclass(frozen=True)
class DrawnSubset:
    """A subset: rows of each class, how many rows are different, how many draws repeat one, the most often drawn."""

    by_class: tuple[int, ...]
    different: int
    repeats: int
    most: int


def opened(
    name: str,
    folder: str | None,
    image_size: int | None = None,
    skip_broken: bool = False,
    validation: bool = False,
    resize: str = "crop",
    crop_from: int | None = None,
) -> Images:
    """The dataset at `image_size` pixels (empty: its own), memory-mapped where decoded before; raises UserError.

    With `validation` its own validation split comes apart. Kept for as long as its files stay as they are.
    """
    return _opened(name, folder, image_size, skip_broken, validation, resize, crop_from, lying_lately(name, folder))


@st.cache_resource(show_spinner=False, max_entries=3, ttl=3600)
def _opened(
    name: str,
    folder: str | None,
    image_size: int | None,
    skip_broken: bool,
    validation: bool,
    resize: str,
    crop_from: int | None,
    lying: str,
) -> Images:
    return load(name, image_size, None, folder, skip_broken, validation, resize, crop_from)


@st.cache_data(show_spinner=False, max_entries=8, ttl=10)
def lying_lately(name: str, folder: str | None) -> str:
    """What changes whenever one of its files does.

    Looked over every ten seconds at most: there may be a hundred thousand files.
    """
    return lying(name, folder)


def samples(images: Images, classes: Iterable[int]) -> None:
    """The first training images of these classes, a strip a class."""
    labels = images.train.labels.numpy()
    strips = []
    for number in classes:
        rows = np.flatnonzero(labels == number)[:STRIP]
        name = escape(images.classes[number])
        shown = _strip(images.train.images[rows.tolist()].numpy()) if len(rows) else ""
        strips.append(f'<figure><figcaption title="{name}">{name}</figcaption>{shown}</figure>')
    st.html(f'<div class="samples">{"".join(strips)}</div>')


def drawn(
    labels: Sequence[int], classes: int, rows: int, replacement: bool, seed: int, stratified: bool
) -> DrawnSubset:
    """What `vitcore.data.subsets` draws for a run of this seed.

    Raises:
        UserError: more rows without replacement than there are.
    """
    import torch

    from vitcore.data.subsets import subset

    all_labels = torch.tensor(labels)
    chosen = subset(len(labels), rows, replacement, seed, all_labels if stratified else None)
    times = torch.bincount(chosen, minlength=len(labels))
    by_class = torch.bincount(all_labels[chosen], minlength=classes)
    different = int((times > 0).sum())
    return DrawnSubset(tuple(by_class.tolist()), different, rows - different, int(times.max()))


def subset_bars(found: Mapping[str, DrawnSubset], classes: Sequence[str]) -> go.Figure:
    """The class balance of each subset."""
    series = [figures.Series(title, [float(count) for count in item.by_class]) for title, item in found.items()]
    return figures.bars(list(classes), series, y="Rows", height=320, revision="subset")


def _strip(images: np.ndarray) -> str:
    """(n c y x) side by side as one small PNG in an img element."""
    wide = np.concatenate(list(images), axis=2)
    return inline(wide, format.number(len(images), "sample"), LARGEST)


def inline(pixels: np.ndarray, alt: str, largest: int) -> str:
    """(c y x) uint8 as an img element, at most `largest` pixels high on its way to the page; small ones in squares."""
    known = pixels.transpose(1, 2, 0)
    image = Image.fromarray(np.ascontiguousarray(known[..., 0] if known.shape[-1] == 1 else known))
    height = pixels.shape[1]
    if height > largest:
        image = image.resize((largest * pixels.shape[2] // height, largest))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    view = "pixelated" if height <= 32 else "auto"
    return f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}" style="image-rendering: {view}">'
