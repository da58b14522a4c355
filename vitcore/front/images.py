"""What a run's model makes of an image that is at hand as a file, an array, a tensor or a PIL image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vitcore.errors import UserError
from vitcore.front.run import Run

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from vitcore.runs.predict import Prediction


def predict(run: Run | str, image: Image.Image | np.ndarray | Tensor | Path | str) -> Prediction:
    """The probabilities that a run's model gives to its classes; `.best` is the likeliest.

    Args:
        run: a run, or its id.
        image: the path of a file; a PIL image; an array (y x) or (y x c); or a tensor (y x) or (c y x). Arrays and
            tensors are uint8. The image is brought into the size and form of the dataset's own.

    Raises:
        UserError: there are no weights yet, or the image cannot be read or shows nothing.
    """
    from vitcore.runs.predict import predict as probabilities
    from vitcore.runs.predict import predict_file

    found = Run(run) if isinstance(run, str) else run
    folder = found.results.run(found.id)
    if isinstance(image, str | Path):
        return predict_file(folder, Path(image))
    return probabilities(folder, _image(image))


def _image(image: Image.Image | np.ndarray | Tensor) -> Image.Image:
    """As PIL has it."""
    from PIL import Image

    if isinstance(image, Image.Image):
        return image
    array = image if isinstance(image, np.ndarray) else _from_tensor(image)
    if array.dtype != np.uint8:
        raise UserError(f"an image of {array.dtype} has no known scale; give uint8, from 0 (black) to 255 (white)")
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if not array.size or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        shape = " x ".join(map(str, image.shape))
        raise UserError(
            f"an image of shape {shape} cannot be read; give (y x) or, with 1, 3 or 4 channels, (y x c) as an array or "
            "(c y x) as a tensor"
        )
    return Image.fromarray(np.ascontiguousarray(array))


def _from_tensor(image: object) -> np.ndarray:
    import torch

    if not isinstance(image, torch.Tensor):
        raise TypeError(f"an image is a path, a PIL image, an array or a tensor; given was a {type(image).__name__}")
    array: np.ndarray = image.detach().cpu().numpy()
    return array.transpose(1, 2, 0) if array.ndim == 3 else array
