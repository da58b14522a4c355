"""A stored run and a picture into probabilities, through the dataset's own evaluation transform."""

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
from vitcore.errors import Refusal, first_line
from vitcore.runs.files import open_own
from vitcore.runs.folder import RunFolder, reason

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor, nn

    from vitcore.spec import RunSpec


@dataclass(frozen=True)
class Loaded:
    """A run's model ready to predict; worth keeping while pictures come."""

    model: nn.Module
    spec: RunSpec
    classes: tuple[str, ...]  # no two of one name
    run: str = ""  # whose it is


@dataclass(frozen=True)
class Prediction:
    """What a model makes of one picture."""

    probabilities: list[float]  # one a class, summing to 1
    classes: tuple[str, ...]
    prepared: np.ndarray  # uint8, (y x) or (y x c): the picture as the model saw it
    milliseconds: float  # of the model alone

    @property
    def best(self) -> str:
        """The likeliest class."""
        return self.classes[int(np.argmax(self.probabilities))]


def load(run: RunFolder, weights: str = "last") -> Loaded:
    """The run's model from its checkpoint: its "last" weights or, where somebody asks for them, its "best".

    Raises:
        Refusal: there is none yet, or it is broken, foreign or not finite.
    """
    from vitcore.training.checkpoint import KEPT, load_model

    path = run.path / KEPT[weights] if weights in KEPT else run.checkpoint
    if os.path.lexists(path):
        try:
            open_own(path).close()  # no device, no pipe, and no link that leads elsewhere
        except OSError as error:
            raise Refusal(f"the weights of run {run.id} cannot be read: {reason(error)}") from None
    model, spec, classes = load_model(run.path, weights)
    return Loaded(model, spec, tuple(apart(list(classes))), run.id)


def attend(loaded: Loaded, picture: Image.Image) -> dict[str, np.ndarray]:
    """Where a model looks: maps of its token grid (y x) that sum to 1, by their names; none without attention.

    Raises:
        Refusal: nothing to be seen on the picture.
    """
    from vitcore.models.attention_maps import looks

    _, inputs = _prepared(loaded, picture)
    return {name: found.numpy() for name, found in looks(loaded.model, inputs).items()}


def predict(run: RunFolder | Loaded, picture: Image.Image) -> Prediction:
    """The probabilities that a run's model gives to its classes.

    Raises:
        Refusal: there is no checkpoint, nothing to be seen on the picture, or what the model answers is no number.
    """
    import torch

    loaded = load(run) if isinstance(run, RunFolder) else run
    pixels, inputs = _prepared(loaded, picture)
    began = time.perf_counter()
    with torch.inference_mode():
        probabilities = loaded.model(inputs).float().softmax(dim=-1)[0]
    milliseconds = 1000 * (time.perf_counter() - began)
    if not bool(probabilities.isfinite().all()):
        raise Refusal(
            f"the model of run {loaded.run or loaded.spec.title()} answers this picture with no numbers (NaN): its "
            "weights have grown too large; take another run"
        )
    seen = pixels.permute(1, 2, 0).numpy()
    return Prediction(
        probabilities.tolist(), loaded.classes, seen[..., 0] if seen.shape[-1] == 1 else seen, milliseconds
    )


def predict_file(run: RunFolder | Loaded, path: Path, weights: str = "last") -> Prediction:
    """`predict` of a picture file, by the run's "last" weights or its "best".

    Raises:
        Refusal: the file cannot be read as a picture, or as `predict` raises it.
    """
    from PIL import Image

    from vitcore.data.storage.decode import DAMAGED, LARGEST_BYTES, formats
    from vitcore.data.storage.regular import read_regular

    try:
        # Formats that are read by running another program (EPS, by Ghostscript) are not among these.
        with Image.open(io.BytesIO(read_regular(path, LARGEST_BYTES)), formats=formats(path)) as picture:
            picture.load()
            return predict(load(run, weights) if isinstance(run, RunFolder) else run, picture)
    except Refusal:
        raise
    except DAMAGED as error:
        raise Refusal(f"{path} cannot be read as a picture: {first_line(error)}") from None


def _prepared(loaded: Loaded, picture: Image.Image) -> tuple[Tensor, Tensor]:
    """The picture as the model's dataset has them, (c y x) uint8, and normalised for the model, (1 c y x)."""
    import torch

    from vitcore.data.augment import Normalise
    from vitcore.data.image import prepare

    data = loaded.spec.data
    scale = pixel_scale(data.dataset, data.normalize)
    pixels = prepare(picture, data.dataset, data.side)
    return pixels, Normalise(*scale, torch.device("cpu"))(pixels[None])
