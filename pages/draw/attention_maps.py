"""Where a model looks on the image: its attention maps, laid over what it sees."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from PIL import Image

from pages.draw import answers
from pages.shared import format
from vitcore.errors import UserError
from vitcore.figures import overlay
from vitcore.runs.predict import Prediction, attention_maps

TEXT = {
    "Attention rollout": "How much of each part of the image stands behind the answer, followed back through all "
    "layers (Abnar and Zuidema 2020); of a linear kernel, the weights that it implies.",
    "Sequence pooling": "The weight that the model has learned to give each part when it gathers them at the end.",
}


def looking(run: pd.Series, answer: Prediction, image: Image.Image, *, place: int) -> None:
    """A switch, and behind it the maps of one model."""
    if not st.toggle("Attention maps", key=f"looks-{place}"):
        return
    try:
        maps = attention_maps(answers.loaded(run["id"]), image)
    except UserError as error:
        st.caption(format.plain(str(error)))
        return
    if not maps:
        st.caption("This network has no attention that could be shown here.")
        return
    for name, weights in maps.items():
        st.caption(name, help=TEXT.get(name))
        answers.shown(overlay(answer.prepared, weights), f"{name} over the image, bright where it attends")
    if run["architecture"] == "hybrid":
        st.caption("What its recurrence mixes before the first layer is not followed.")


def scale() -> None:
    """What the colors mean, once for all maps."""
    st.caption("Yellow: where most of it comes from; dark blue: where nothing does. Each map has its own scale.")
