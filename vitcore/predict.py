"""A stored run and a picture into probabilities, through the dataset's own evaluation transform."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vitcore.data.datasets import DATASETS
from vitcore.errors import Refusal, first_line
from vitcore.runs.folder import RunFolder

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor, nn

    from vitcore.spec import RunSpec


@dataclass(frozen=True)
class Loaded:
    """A run's model ready to predict; worth keeping while pictures come."""

    model: nn.Module
    spec: RunSpec
    classes: tuple[str, ...]


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


def load(run: RunFolder) -> Loaded:
    """The run's model from its checkpoint.

    Raises:
        Refusal: there is none yet, or it is broken or foreign.
    """
    from vitcore.training.checkpoint import load_model

    return Loaded(*load_model(run.path))


def attend(loaded: Loaded, picture: Image.Image) -> dict[str, np.ndarray]:
    """Where a model looks: maps of its token grid (y x) that sum to 1, by their names; none without attention.

    Raises:
        Refusal: nothing to be seen on the picture.
    """
    from vitcore.models.rollout import looks

    _, inputs = _prepared(loaded, picture)
    return {name: found.numpy() for name, found in looks(loaded.model, inputs).items()}


def predict(run: RunFolder | Loaded, picture: Image.Image) -> Prediction:
    """The probabilities that a run's model gives to its classes.

    Raises:
        Refusal: there is no checkpoint, or nothing to be seen on the picture.
    """
    import torch

    loaded = load(run) if isinstance(run, RunFolder) else run
    pixels, inputs = _prepared(loaded, picture)
    began = time.perf_counter()
    with torch.inference_mode():
        probabilities = loaded.model(inputs).float().softmax(dim=-1)[0]
    milliseconds = 1000 * (time.perf_counter() - began)
    seen = pixels.permute(1, 2, 0).numpy()
    return Prediction(
        probabilities.tolist(), loaded.classes, seen[..., 0] if seen.shape[-1] == 1 else seen, milliseconds
    )


def predict_file(run: RunFolder | Loaded, path: Path) -> Prediction:
    """`predict` of a picture file.

    Raises:
        Refusal: the file cannot be read as a picture, or as `predict` raises it.
    """
    from PIL import Image

    from vitcore.data.decode import DAMAGED, FORMATS, LARGEST_BYTES
    from vitcore.data.regular import read_regular

    try:
        # Formats that are read by running another program (EPS, by Ghostscript) are not among these.
        with Image.open(io.BytesIO(read_regular(path, LARGEST_BYTES)), formats=FORMATS) as picture:
            picture.load()
            return predict(run, picture)
    except Refusal:
        raise
    except DAMAGED as error:
        raise Refusal(f"{path} cannot be read as a picture: {first_line(error)}") from None


def _prepared(loaded: Loaded, picture: Image.Image) -> tuple[Tensor, Tensor]:
    """The picture as the model's dataset has them, (c y x) uint8, and normalised for the model, (1 c y x)."""
    import torch

    from vitcore.data.augment import Normalise
    from vitcore.data.picture import prepare

    data = loaded.spec.data
    dataset = DATASETS[data.dataset]
    pixels = prepare(picture, data.dataset, data.side)
    return pixels, Normalise(dataset.mean, dataset.std, torch.device("cpu"))(pixels[None])
