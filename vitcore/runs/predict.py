"""A stored run and an image into probabilities, through the dataset's own evaluation transform."""

from __future__ import annotations

import io
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vitcore.apart import apart
from vitcore.data.registry import pixel_scale
from vitcore.errors import UserError, first_line
from vitcore.runs.files import open_own
from vitcore.runs.folder import RunFolder, reason

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor, nn

    from vitcore.spec import RunSpec


@dataclass(frozen=True)
class Loaded:
    """A run's model ready to predict; worth keeping while images come."""

    model: nn.Module
    spec: RunSpec
    classes: tuple[str, ...]  # no two of one name
    run: str = ""  # whose it is


@dataclass(frozen=True)
class Prediction:
    """What a model makes of one image."""

    probabilities: list[float]  # one a class, summing to 1
    classes: tuple[str, ...]
    prepared: np.ndarray  # uint8, (y x) or (y x c): the image as the model saw it
    milliseconds: float  # of the model alone

    @property
    def best(self) -> str:
        """The likeliest class."""
        return self.classes[int(np.argmax(self.probabilities))]


def load(run: RunFolder, weights: str = "last") -> Loaded:
    """The run's model from its checkpoint: its "last" weights or, where somebody asks for them, its "best".

    Raises:
        UserError: there is none yet, or it is broken, foreign or not finite.
    """
    from vitcore.training.checkpoint import WEIGHT_FILES, load_model

    if (elsewhere := run.elsewhere()) is not None:
        raise UserError(
            f"run {run.id} was trained by another program ({elsewhere.origin}), so its weights are not here; a "
            "checkpoint of them can be imported on Architectures"
        )
    path = run.path / WEIGHT_FILES[weights] if weights in WEIGHT_FILES else run.checkpoint
    if os.path.lexists(path):
        try:
            open_own(path).close()  # no device, no pipe, and no link that leads elsewhere
        except OSError as error:
            raise UserError(f"the weights of run {run.id} cannot be read: {reason(error)}") from None
    model, spec, classes = load_model(run.path, weights)
    return Loaded(model, spec, tuple(apart(list(classes))), run.id)


def attention_maps(loaded: Loaded, image: Image.Image | Tensor) -> dict[str, np.ndarray]:
    """Where a model looks: maps of its token grid (y x) that sum to 1, by their names; none without attention.

    Args:
        image: any image; or one of the run's own dataset, (c y x) uint8.

    Raises:
        UserError: nothing to be seen on the image.
    """
    from vitcore.models.attention_maps import attention_maps

    _, inputs = _prepared(loaded, image)
    return {name: found.numpy() for name, found in attention_maps(loaded.model, inputs).items()}


def predict(run: RunFolder | Loaded, image: Image.Image | Tensor) -> Prediction:
    """The probabilities that a run's model gives to its classes.

    Args:
        image: any image; or one of the run's own dataset, (c y x) uint8.

    Raises:
        UserError: there is no checkpoint, nothing to be seen on the image, or what the model answers is no number.
    """
    import torch

    loaded = load(run) if isinstance(run, RunFolder) else run
    pixels, inputs = _prepared(loaded, image)
    began = time.perf_counter()
    with torch.inference_mode():
        probabilities = loaded.model(inputs).float().softmax(dim=-1)[0]
    milliseconds = 1000 * (time.perf_counter() - began)
    if not bool(probabilities.isfinite().all()):
        raise UserError(
            f"the model of run {loaded.run or loaded.spec.title()} answers this image with no numbers (NaN): its "
            "weights have grown too large; take another run"
        )
    known = pixels.permute(1, 2, 0).numpy()
    return Prediction(
        probabilities.tolist(), loaded.classes, known[..., 0] if known.shape[-1] == 1 else known, milliseconds
    )


def predict_file(run: RunFolder | Loaded, path: Path, weights: str = "last") -> Prediction:
    """`predict` of an image file, by the run's "last" weights or its "best".

    Raises:
        UserError: the file cannot be read as an image, or as `predict` raises it.
    """
    from PIL import Image

    from vitcore.data.storage.decode import DAMAGED, LARGEST_BYTES, formats
    from vitcore.data.storage.regular import read_regular

    try:
        # Formats that are read by running another program (EPS, by Ghostscript) are not among these.
        with Image.open(io.BytesIO(read_regular(path, LARGEST_BYTES)), formats=formats(path)) as image:
            image.load()
            return predict(load(run, weights) if isinstance(run, RunFolder) else run, image)
    except UserError:
        raise
    except DAMAGED as error:
        raise UserError(f"{path} cannot be read as an image: {first_line(error)}") from None


def _prepared(loaded: Loaded, image: Image.Image | Tensor) -> tuple[Tensor, Tensor]:
    """The image as the model's dataset has them, (c y x) uint8, and normalized for the model, (1 c y x)."""
    import torch

    from vitcore.data.augment import Normalize
    from vitcore.data.image import prepare

    data = loaded.spec.data
    scale = pixel_scale(data.dataset, data.normalize)
    pixels = (
        image
        if isinstance(image, torch.Tensor)
        else prepare(image, data.dataset, data.image_size, data.resize, data.crop_from)
    )
    return pixels, Normalize(*scale, torch.device("cpu"))(pixels[None])
