"""Where a model looks on an image: its attention maps, laid over what it sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from PIL import Image

from pages.shared import format
from pages.shared.inline_image import squares
from pages.shared.loaded_models import loaded
from vitcore.errors import UserError
from vitcore.figures import overlay
from vitcore.runs.predict import Prediction, attention_maps

if TYPE_CHECKING:
    from torch import Tensor

TEXT = {
    "Attention rollout": "How much of each part of the image stands behind the answer, followed back through all "
    "layers (Abnar and Zuidema 2020); of a linear kernel, the weights that it implies.",
    "Sequence pooling": "The weight that the model has learned to give each part when it gathers them at the end.",
}


def maps(run: str, architecture: str, answer: Prediction, image: Image.Image | Tensor) -> None:
    """The maps of one model, or why there are none.

    Args:
        run: its id.
        answer: what it made of the image.
        image: as `vitcore.runs.predict.predict` takes it.
    """
    try:
        found = attention_maps(loaded(run), image)
    except UserError as error:
        st.caption(format.plain(str(error)))
        return
    if not found:
        st.caption("This network has no attention that could be shown here.")
        return
    for name, weights in found.items():
        st.caption(name, help=TEXT.get(name))
        squares(overlay(answer.prepared, weights), f"{name} over the image, bright where it attends")
    if architecture == "hybrid":
        st.caption("What its recurrence mixes before the first layer is not followed.")


def scale() -> None:
    """What the colors mean, once for all maps."""
    st.caption("Yellow: where most of it comes from; dark blue: where nothing does. Each map has its own scale.")
