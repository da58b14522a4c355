"""Two runs on the same test images: who errs more beyond the luck of these images, and which tell them apart."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
import streamlit as st

from pages.shared import format
from pages.shared.class_names import class_names
from pages.shared.image_elements import image_elements
from pages.shared.status import Run
from vitcore.analysis.disagreement import Disagreement, disagreement
from vitcore.errors import UserError
from vitcore.runs.folder import Results, RunFolder

SHOWN = 12  # images of either kind


def same_images(first: pd.Series, second: pd.Series) -> None:
    """The sentence about two runs' answers, and the first images that only one of them gets wrong."""
    st.subheader("The same test images", anchor=False)
    digests = {each for each in (first.get("data_digest"), second.get("data_digest")) if isinstance(each, str)}
    folders = [Results().run(str(run["id"])) for run in (first, second)]
    try:
        if len(digests) > 1:
            raise UserError("the two runs saw different data, so their answers cannot be laid side by side")
        found = disagreement(*folders)
    except UserError as error:
        sentence = format.plain(str(error))
        st.caption(sentence[0].upper() + sentence[1:] + "." * (not sentence.endswith(".")))
        return
    st.markdown(format.plain(found.sentence))
    with st.grid(2, min_column_width=330, gap=("medium", "large")):
        _panel("Only A gets these wrong", first.to_dict(), folders[0], found.first_alone, found)
        _panel("Only B gets these wrong", second.to_dict(), folders[1], found.second_alone, found)
    if len(found.both_apart):
        _panel("Both get these wrong, each in its own way", first.to_dict(), folders[0], found.both_apart, found)


def _panel(title: str, run: Run, folder: RunFolder, rows: np.ndarray, found: Disagreement) -> None:
    """The first images of a kind, each with its class and both answers."""
    with st.container(gap="xxsmall"):
        st.markdown(f"**{title}** ({len(rows):,})")
        if not len(rows):
            return
        shown = [int(row) for row in rows[:SHOWN]]
        images = image_elements(run, folder, shown)
        names = class_names(run, 1 + int(max(each.max() for each in (found.truth, found.first, found.second))))
        figures = "".join(
            f"<figure>{image}<figcaption>{escape(_answers(row, found, names))}</figcaption></figure>"
            for image, row in zip(images, shown, strict=True)
        )
        st.html(f'<div class="behind">{figures}</div>')
        if len(rows) > SHOWN:
            st.caption(f"The first {SHOWN} are shown.")


def _answers(row: int, found: Disagreement, names: Sequence[str]) -> str:
    true, first, second = (names[int(each[row])] for each in (found.truth, found.first, found.second))
    return f"{true}: A says {first}, B says {second}"
