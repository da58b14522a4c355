"""Images that a run was scored on, as elements of a page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from pages.shared import format
from pages.shared.samples import inline, opened
from pages.shared.status import Run
from vitcore.data.identity import digest
from vitcore.data.load import available
from vitcore.data.splits import Evaluated, parted, tested
from vitcore.errors import UserError
from vitcore.runs import predictions
from vitcore.runs.folder import RunFolder
from vitcore.store import queries

IMAGE_SIZE = 112  # pixels of an image's height on its way to the page


def scored_on(run: Run, folder: RunFolder, split: queries.Split = "test") -> Evaluated:
    """The images that a run was scored on.

    Raises:
        UserError: this machine has them not, or others than those.
    """
    name, own, image_size = run["dataset"], run["folder"], run["image_size"]
    own = own if isinstance(own, str) and own else None
    missing = available(name, own)
    if missing is not None:
        raise UserError(missing)
    with st.spinner("Reading the images …"):
        skips = run["skip_broken"]
        skip_broken: bool = not pd.isna(skips) and bool(skips)
        asked = None if format.missing(run["validation"]) else float(run["validation"])
        resize = "crop" if format.missing(run.get("resize")) else str(run["resize"])
        pixels: int | None = None if pd.isna(image_size) else int(image_size)
        crop_from = None if format.missing(run.get("crop_from")) else int(run["crop_from"])
        images = opened(name, own, pixels, skip_broken, asked is not None, resize, crop_from)
    digest_of_run = run.get("data_digest")  # runs from before it was kept have none
    others = isinstance(digest_of_run, str) and digest_of_run != digest(images)
    shown = tested(images)
    if split == "validation" and asked is not None:
        shown = parted(images, asked, int(run["validation_seed"]), name)[1] or shown
    if others or not np.array_equal(shown.labels.numpy(), predictions.read(folder, split).truth):
        raise UserError(f"the {split} images on this machine are not those that the run was scored on")
    return shown


def image_elements(run: Run, folder: RunFolder, rows: Sequence[int], split: queries.Split = "test") -> list[str]:
    """Each row of the split as an img element; where there are no images, the rows' numbers, and why."""
    try:
        shown = scored_on(run, folder, split)
    except UserError as error:
        st.caption(f"The images cannot be shown: {format.plain(error)}.")
        return [f"<b>Image {row + 1:,}</b>" for row in rows]
    return [inline(shown.image(row).numpy(), f"{split.capitalize()} image {row + 1}", IMAGE_SIZE) for row in rows]
