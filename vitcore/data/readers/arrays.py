"""A dataset that a function gives as arrays: a plug-in's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vitcore.data.registry import Dataset
from vitcore.data.storage.decoded import Arrays, Writer, stamp
from vitcore.data.storage.download import Progress
from vitcore.errors import UserError, first_line

Given = Callable[[], Any]
"""Gives (train images, train labels, test images, test labels): uint8 (n y x) or (n y x c), and whole numbers (n,)."""


class FromFunction:
    """What vitcore.data.load asks of a reader, answered by a function's arrays."""

    DOWNLOADS = False

    def __init__(self, give: Given, files: Sequence[Path]) -> None:
        self.give, self.files = give, list(files)

    def wanted(self, dataset: Dataset, place: Path) -> str:
        """What a person would bring, for a sentence that says so."""
        return "its plug-in's file back"

    def find(self, dataset: Dataset, place: Path) -> list[Path]:
        """The plug-in's own files: what was decoded before they changed is decoded anew."""
        return [file for file in self.files if file.is_file()]

    def read(
        self, dataset: Dataset, found: list[Path], image_size: int, writer: Writer, progress: Progress | None
    ) -> Arrays:
        """Hand both splits to `writer`.

        Raises:
            UserError: the function fails, or gives something else than was registered.
        """
        from vitcore.data.resize import resized  # brings torch, for which forms need not wait

        try:
            given = self.give()
            train, train_labels, test, test_labels = (np.asarray(each) for each in given)
        except Exception as error:
            raise UserError(
                f"the plug-in's function for {dataset.label} gave no four arrays ({type(error).__name__}: "
                f"{first_line(error)}); it gives train images, train labels, test images and test labels"
            ) from error
        splits = {"train": (train, train_labels), "test": (test, test_labels)}
        for split, (images, labels) in splits.items():
            _check(dataset, split, images, labels)
        writer.begin({split: labels.astype(np.int64) for split, (_, labels) in splits.items()})
        for split, (images, _) in splits.items():
            whole = images[..., None] if images.ndim == 3 else images
            stamps = [stamp(image.tobytes()) for image in whole]
            writer.put(split, 0, resized(np.ascontiguousarray(whole.transpose(0, 3, 1, 2)), image_size), stamps)
        return writer.finish(dataset.classes)


def _check(dataset: Dataset, split: str, images: np.ndarray, labels: np.ndarray) -> None:
    rows = dataset.train_samples if split == "train" else dataset.test_samples
    shape = (rows, images.shape[1] if images.ndim > 1 else 0)
    wanted = [(*shape, shape[1], dataset.channels), *([(*shape, shape[1])] if dataset.channels == 1 else [])]
    if images.shape not in wanted or images.dtype != np.uint8:
        raise UserError(
            f"the {split} images of {dataset.label} are {images.dtype} of shape {images.shape}; they must be uint8 of "
            f"shape ({rows}, pixels, the same pixels, {dataset.channels}), as was registered"
        )
    if labels.shape != (rows,) or labels.dtype.kind not in "iu":
        raise UserError(
            f"the {split} labels of {dataset.label} are {labels.dtype} of shape {labels.shape}; they must be {rows} "
            "whole numbers"
        )
    if rows and not 0 <= int(labels.min()) <= int(labels.max()) < len(dataset.classes):
        raise UserError(
            f"the {split} labels of {dataset.label} run from {labels.min()} to {labels.max()}; they must be 0 to "
            f"{len(dataset.classes) - 1}, one for each class"
        )
