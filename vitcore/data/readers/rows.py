"""Images that come as whole arrays: their names in a plan, their pixels checked, and handed on in the plan's order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np

from vitcore.data.storage.decode_all import Plan
from vitcore.data.storage.decoded import Writer, stamp
from vitcore.data.storage.depth import SIXTEEN
from vitcore.data.storage.download import Progress
from vitcore.errors import UserError

CHUNK = 1024  # images handed on at once: bounds the memory
LARGEST_SIDE = 4096  # pixels


def row_name(array: str, row: int) -> str:
    """The name of an array's image in a plan, in order of the rows."""
    return f"{array}[{row:09d}]"


def put_rows(
    plan: Plan,
    give: Callable[[str], np.ndarray],
    writer: Writer,
    *,
    image_size: int,
    channels: int,
    label: str,
    progress: Progress | None,
) -> None:
    """Hand every planned image to `writer`; `give` has the images (n y x c) of an array by its name, asked once.

    Args:
        label: of the dataset, for `progress`.

    Raises:
        UserError: pixels on a scale that is not known.
    """
    from vitcore.data.resize import fitted

    planned = sorted((name.rpartition("[")[0], place.split, place.position, name) for name, place in plan.items())
    for array, of_array in groupby(planned, key=lambda item: item[0]):
        if progress:
            progress(f"reading {array} of {label}", 0.0)
        images = give(array)
        for split, of_split in groupby(of_array, key=lambda item: item[1]):
            wanted = [(position, int(name[-10:-1])) for _, _, position, name in of_split]
            for start, rows in _runs(wanted):
                chunk = images[rows]
                stamps = [stamp(image.tobytes()) for image in chunk]
                pixels = eight_bits(chunk, array).transpose(0, 3, 1, 2)
                writer.look(chunk.shape[2], chunk.shape[1], "L" if chunk.shape[3] == 1 else "RGB", len(chunk))
                pixels = np.repeat(pixels, channels, axis=1) if pixels.shape[1] < channels else pixels
                writer.put(split, start, fitted(pixels, image_size, writer.resize), stamps)


def _runs(wanted: list[tuple[int, int]]) -> list[tuple[int, list[int]]]:
    """The rows in portions of neighboring positions, each with the position that it begins at."""
    found: list[tuple[int, list[int]]] = []
    for position, row in wanted:
        if found and len(found[-1][1]) < CHUNK and position == found[-1][0] + len(found[-1][1]):
            found[-1][1].append(row)
        else:
            found.append((position, [row]))
    return found


def channels_last(images: np.ndarray, name: str) -> np.ndarray:
    """Images (n y x), (n y x c) or (n c y x) as (n y x c) of one or three channels.

    Raises:
        UserError: another shape, or sides that are no image's.
    """
    check_shape(images.shape, name)
    if images.ndim == 3:
        return images[..., None]
    return images.transpose(0, 2, 3, 1) if _channels_first(images.shape) else images


def _channels_first(shape: Sequence[int]) -> bool:
    return len(shape) == 4 and shape[1] in (1, 3) and shape[3] not in (1, 3)


def check_shape(shape: Sequence[int], name: str) -> None:
    """Hold that it is the shape of images (n y x), (n y x c) or (n c y x).

    Raises:
        UserError: another shape, or sides that are no image's.
    """
    sides = shape[2:4] if _channels_first(shape) else shape[1:3]
    channels = 1 if len(shape) == 3 or _channels_first(shape) else shape[-1] if len(shape) == 4 else 0
    if channels not in (1, 3) or not all(0 < side <= LARGEST_SIDE for side in sides):
        raise UserError(
            f"{name} has the shape {tuple(shape)}; images are (number, height, width) or (number, height, width, 1 or "
            f"3), at most {LARGEST_SIDE:,} pixels high and wide"
        )


def check_pixels(kind: np.dtype, name: str) -> None:
    """Hold that numbers of this kind have a scale: 8 or 16 bits, or fractions from 0 to 1.

    Raises:
        UserError: nobody can say what is white.
    """
    if kind not in (np.dtype(np.uint8), np.dtype(np.uint16)) and kind.kind != "f":
        raise UserError(
            f"{name} holds numbers of the kind {kind}, of which nobody can say what is white; save it as uint8 (0 to "
            "255), uint16 or fractions from 0 to 1"
        )


def eight_bits(images: np.ndarray, name: str) -> np.ndarray:
    """Images of any shape as uint8, on the scale that their kind of number names: 255, 65,535 or 1 is white.

    Raises:
        UserError: fractions that leave 0 to 1.
    """
    if images.dtype == np.uint8:
        return images
    if images.dtype == np.uint16:
        return np.rint(images * (255 / SIXTEEN)).astype(np.uint8)
    low, high = float(images.min()), float(images.max())
    if not (low >= 0 and high <= 1):  # NaN is neither
        raise UserError(
            f"{name} holds fractions from {low:.4g} to {high:.4g}, and only those from 0 (black) to 1 (white) are "
            "read; divide them by what is white, or save them as uint8"
        )
    return np.rint(images.astype(np.float64) * 255).astype(np.uint8)


def class_names(labels: np.ndarray, name: str, images: int) -> list[str]:
    """The classes' names of labels (n,) or (n, 1), whole numbers or texts, one for each image.

    Raises:
        UserError: other shapes, fractions, negative numbers, or not one for each image.
    """
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise UserError(
            f"{name} has the shape {labels.shape}: several labels for each image, where one number is wanted; save the "
            "number of the class"
        )
    if len(labels) != images:
        raise UserError(f"{name} holds {len(labels):,} labels for {images:,} images; one for each is needed")
    if labels.dtype.kind == "U":
        return [str(label) for label in labels]
    if labels.dtype.kind not in "iuf" or (labels.dtype.kind == "f" and not bool((labels == np.floor(labels)).all())):
        raise UserError(f"{name} holds labels of the kind {labels.dtype}; give whole numbers from 0 on, or names")
    if len(labels) and (labels.min() < 0 or labels.max() > 2**31):
        raise UserError(f"{name} holds the label {labels.min()}; give whole numbers from 0 on, or names")
    return [str(int(label)) for label in labels]
