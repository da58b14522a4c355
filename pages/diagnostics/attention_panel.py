"""Where chosen runs' networks look on the same test image, one image at a time: those first on which they differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import streamlit as st

from pages.server import store_cache
from pages.shared import attention_maps, format
from pages.shared.image_elements import scored_on
from pages.shared.loaded_models import loaded
from pages.shared.status import Run
from vitcore.data.splits import Evaluated
from vitcore.errors import UserError
from vitcore.runs import predictions
from vitcore.runs.folder import Results
from vitcore.runs.predict import predict

WAYS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "They differ": lambda answers, truth: (answers != answers[0]).any(0),
    "Any is wrong": lambda answers, truth: (answers != truth).any(0),
    "All images": lambda answers, truth: np.ones_like(truth, dtype=bool),
}
"""Of answers (runs x images) and true classes (images), which images are walked through."""


def panel(names: Mapping[str, str]) -> None:
    """The whole part for these runs (ids -> names)."""
    known = {str(run["id"]): run for run in store_cache.runs().to_dict("records") if run["id"] in names}
    runs = {id: known[id] for id in names if id in known}
    answers = {id: found for id in runs if (found := _answers(id)) is not None}
    alike = _on_the_same_images(answers)
    for id in [id for id in runs if id not in alike]:
        why = "was tested on other images than the first" if id in answers else "has kept no answers to its test images"
        st.caption(format.plain(f"{names[id]} {why}."))
    if not alike:
        return
    try:
        images = {id: scored_on(runs[id], Results().run(id)) for id in alike}  # each has its own size
    except UserError as error:
        st.caption(f"The images cannot be shown: {format.plain(error)}.")
        return
    row = _walk(np.stack(list(alike.values())), next(iter(images.values())).labels.numpy())
    if row is not None:
        _side_by_side({id: runs[id] for id in alike}, names, images, row)


def _answers(id: str) -> tuple[np.ndarray, np.ndarray] | None:
    """A run's last answers and the true classes, (images,) each; None where it has kept none."""
    try:
        found = predictions.read(Results().run(id))
        return found.of(found.epochs[-1]), found.truth
    except (OSError, UserError, IndexError):
        return None


def _on_the_same_images(answers: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, np.ndarray]:
    """Those runs' answers that are to the first one's test images."""
    truth = next((truth for _, truth in answers.values()), None)
    return {id: given for id, (given, own) in answers.items() if truth is not None and np.array_equal(own, truth)}


def _walk(answers: np.ndarray, truth: np.ndarray) -> int | None:
    """The number of the image that is looked at; None where the chosen way has none."""
    ways = list(WAYS) if len(answers) > 1 else list(WAYS)[1:]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        way = st.segmented_control("Test images", ways, required=True, default=ways[0], key=f"looked-at-{len(ways)}")
        rows = np.flatnonzero(WAYS[way or ways[0]](answers, truth))
        if not len(rows):
            st.caption("None: they answer every test image alike." if way == ways[0] != "Any is wrong" else "None.")
            return None
        place = st.number_input(f"Image, of {len(rows):,}", 1, len(rows), key=f"image-of-{way}-{len(rows)}", width=160)
    return int(rows[int(place) - 1])


def _side_by_side(runs: Mapping[str, Run], names: Mapping[str, str], images: Mapping[str, Evaluated], row: int) -> None:
    """What each network answers to the image, and where it looks."""
    with st.grid(min(max(len(runs), 2), 4), min_column_width=150, gap="small"):
        for id, run in runs.items():
            with st.container(border=True, gap="xxsmall", key=f"looks-at-{id}", height="stretch"):
                st.caption(format.plain(names[id]))
                pixels, true = images[id].image(row), int(images[id].labels[row])
                try:
                    answer = predict(loaded(id), pixels)
                except UserError as error:
                    st.markdown(format.plain(str(error)))
                    continue
                right = "right" if answer.best == answer.classes[true] else f"wrong: it is {answer.classes[true]}"
                st.markdown(f"**{format.plain(answer.best)}**, {format.plain(right)}")
                st.caption(f"probability {max(answer.probabilities):.2f}")
                attention_maps.maps(id, str(run["architecture"]), answer, pixels)
    attention_maps.scale()
    st.caption(
        f"Test image {row + 1:,}, answered by each run's last weights. A map says where the numbers came from, not why "
        "the answer was given: two networks that answer alike may look elsewhere, and another seed may too."
    )
