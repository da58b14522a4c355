"""What was made of an image before a model saw it: the last step of a drawing, each of a photo's."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from pages.draw import answers as asking
from pages.draw.models import READERS
from pages.shared.inline_image import squares
from vitcore.data.image import digit_steps
from vitcore.runs.predict import Prediction

WIDTH = 92  # pixels of a step: three in a row beside the answers


def as_prepared(read: Mapping[str, Prediction]) -> None:
    """The first model's answer to the drawing, as an image of what it was given."""
    for answer in list(read.values())[:1]:
        st.caption("As the model sees it")
        asking.prepared_image(answer)


def steps(runs: pd.DataFrame, read: Mapping[str, Prediction], image: Image.Image) -> None:
    """A photo on its way to what the first model that reads digits was given; of other models the last of it."""
    able = [run for run in read if runs.loc[run, "dataset"] in READERS]
    if not able:
        as_prepared(read)
        return
    st.caption("As the model sees it, step by step")
    with st.container(horizontal=True, gap="small", key="steps"):
        for step in digit_steps(image):
            with st.container(width=WIDTH, gap="xxsmall"):
                squares(step.pixels, step.label)
                st.caption(step.label)
        with st.container(width=WIDTH, gap="xxsmall"):
            squares(np.stack([read[able[0]].prepared] * 3, axis=-1), "What the model is given")
            st.caption("Given")
