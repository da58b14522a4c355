"""What a stored run's last weights answer to its test and validation images, as logits: <run>/outputs.safetensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vitcore.analysis import stored_arrays, weights
from vitcore.errors import UserError, first_line
from vitcore.runs.folder import RunFolder

if TYPE_CHECKING:
    from torch import nn

    from vitcore.data.splits import Evaluated

KIND = "outputs"  # of the wish in a run's folder
WHAT = "answers"
BATCH = 250


@dataclass(frozen=True)
class Answers:
    """Logits (n classes) float32 and the true classes (n,)."""

    logits: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Outputs:
    """Of the test images and, where any were held out of training, of the validation images."""

    test: Answers
    validation: Answers | None


def path(run: RunFolder) -> Path:
    """Where they lie."""
    return run.path / "outputs.safetensors"


def read(run: RunFolder) -> Outputs | None:
    """What is kept; None where nothing is, or it is of other weights or data than the run's own now.

    Raises:
        UserError: it cannot be read.
    """
    stored = stored_arrays.read(run, path(run), WHAT)
    if stored is None:
        return None
    try:
        test, validation = (_answers(stored[0], split) for split in ("test", "validation"))
    except (KeyError, ValueError) as error:
        raise UserError(f"the {WHAT} of run {run.id} are not whole: {first_line(error)}") from None
    return None if test is None else Outputs(test, validation)


def evaluate(run: RunFolder, options: Mapping[str, Any], cancelled: Callable[[], bool]) -> None:
    """Ask the run's network about every image of both splits, unless `cancelled` says so, and keep what it answers.

    Raises:
        UserError: the weights or the data are not to be had, or an answer is no number.
    """
    from vitcore.data.splits import parted, tested
    from vitcore.runs.predict import load

    loaded = load(run)
    images, data = weights.images_of(run, loaded.spec), loaded.spec.data
    held_out = parted(images, data.validation, data.validation_seed, data.folder or data.dataset)[1]
    splits = {"test": tested(images)} | ({"validation": held_out} if held_out is not None else {})
    stored: dict[str, np.ndarray] = {}
    for name, split in splits.items():
        logits = _logits(loaded.model, split, weights.ways(run, loaded.spec), cancelled)
        if logits is None:
            return
        if not np.isfinite(logits).all():
            raise UserError(f"the network of run {run.id} answers some {name} images with no numbers (NaN)")
        stored |= {name: logits, f"{name}-labels": split.labels.numpy().astype(np.int64)}
    stored_arrays.keep(run, path(run), WHAT, stored)


def _logits(
    model: nn.Module, split: Evaluated, ways: Mapping[str, Any], cancelled: Callable[[], bool]
) -> np.ndarray | None:
    """Logits (n classes) of a split's images in order; None where `cancelled` said so on the way."""
    import torch

    device, precision = ways["device"], ways["precision"]
    model.to(device).eval()
    found = []
    with torch.inference_mode(), torch.autocast(device.type, precision, enabled=precision != torch.float32):
        for start in range(0, len(split.labels), BATCH):
            if cancelled():
                return None
            part = slice(start, start + BATCH)
            images = split.images[part] if split.rows is None else split.images.index_select(0, split.rows[part])
            found.append(model(ways["normalize"](images.to(device))).float().cpu())
    answers: np.ndarray = torch.cat(found).numpy()
    return answers


def _answers(found: Mapping[str, np.ndarray], split: str) -> Answers | None:
    if split not in found:
        return None
    logits, labels = found[split], found[f"{split}-labels"]
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not len(labels):
        raise ValueError(f"{split} has {logits.shape} answers to {labels.shape} images")
    if not np.isfinite(logits).all() or labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError(f"{split} has answers that are none")
    return Answers(logits, labels)
