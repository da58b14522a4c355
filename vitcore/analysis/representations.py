"""What a stored run's network makes of test images on the way to its answers: <run>/representations.safetensors.

Of the first 2,000 test images in one order for every run: where their last features lie (by principal components, and
by UMAP where it is installed), what is answered, and of the first 512 each layer's kernel in blocks of 64 images, by
which layers of two runs are laid side by side; and how far each head looks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vitcore.analysis import neighbor_map, stored_arrays, weights
from vitcore.errors import UserError, first_line
from vitcore.runs.folder import RunFolder
from vitcore.statistics.intervals import Interval
from vitcore.statistics.similarity import alignment, gram

if TYPE_CHECKING:
    from torch import Tensor, nn

KIND = "representations"  # of the wish in a run's folder
MAPPED = 2000  # images of the map
BLOCKS, BLOCK = 8, 64  # of images whose kernels are kept
COMPONENTS = 2


@dataclass(frozen=True)
class Representations:
    """Of one run, of the same n test images as any other run on these data.

    Attributes:
        rows: the images' numbers in the test set (n,).
        labels, answers: true and answered classes (n,), of `classes`.
        places: the first two principal components of the last features (n 2).
        shares: of the features' variance that each component has (2,).
        layers: names of the layers, in order; "features" is what the head reads.
        kernels: (layers blocks b b), of the first blocks x b images.
        distances: mean attention distance in pixels (blocks heads); None without attention.
        neighbors: where UMAP lays the last features (n 2); None where it was not installed.
    """

    rows: np.ndarray
    labels: np.ndarray
    answers: np.ndarray
    classes: int
    places: np.ndarray
    shares: np.ndarray
    layers: tuple[str, ...]
    kernels: np.ndarray
    distances: np.ndarray | None
    neighbors: np.ndarray | None = None


def path(run: RunFolder) -> Path:
    """Where they lie."""
    return run.path / "representations.safetensors"


def read(run: RunFolder) -> Representations | None:
    """What is kept; None where nothing is, or it is of other weights or data than the run's own now.

    Raises:
        UserError: it cannot be read.
    """
    stored = stored_arrays.read(run, path(run), KIND)
    if stored is None:
        return None
    found, about = stored
    try:
        return _checked(found, json.loads(about["layers"]), int(about["classes"]))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise UserError(f"the {KIND} of run {run.id} cannot be read: {first_line(error)}") from None


def similarities(first: Representations, second: Representations) -> list[list[Interval]]:
    """Centered kernel alignment of each layer of `first` (rows) with each of `second` (columns).

    Raises:
        UserError: they are not of the same images.
    """
    if not np.array_equal(first.rows, second.rows) or not np.array_equal(first.labels, second.labels):
        raise UserError("these runs were tested on other images, so their layers cannot be laid side by side")
    try:
        return [[alignment(a, b) for b in second.kernels] for a in first.kernels]
    except ValueError as error:
        raise UserError(f"their layers cannot be laid side by side: {error}") from None


def evaluate(run: RunFolder, options: Mapping[str, Any], cancelled: Callable[[], bool]) -> None:
    """Pass the images through the run's network, unless `cancelled` says so, and keep what it makes of them.

    Raises:
        UserError: the weights or the data are not to be had, or what it makes of an image is no number.
    """
    import torch

    from vitcore.models.representations import attention_distances
    from vitcore.runs.predict import load

    loaded = load(run)
    test = weights.images_of(run, loaded.spec).test
    ways = weights.ways(run, loaded.spec)
    order = torch.randperm(len(test.labels), generator=torch.Generator().manual_seed(0))[:MAPPED]
    images = test.images.index_select(0, order)
    model = loaded.model.to(ways["device"]).eval()

    def prepared(part: slice) -> Tensor:
        inputs: Tensor = ways["normalize"](images[part].to(ways["device"]))
        return inputs

    made = _passed(model, prepared, len(order), cancelled)
    if made is None:
        return
    features, logits, kernels = made
    if not np.isfinite(features).all() or not all(np.isfinite(each).all() for each in kernels.values()):
        raise UserError(f"the network of run {run.id} makes no numbers (NaN) of some test images")
    places, shares = principal_components(features)
    stored = {
        "rows": order.numpy(), "labels": test.labels.index_select(0, order).numpy().astype(np.int64),
        "answers": logits.argmax(axis=1).astype(np.int64), "places": places, "shares": shares,
        "kernels": np.stack(list(kernels.values())).astype(np.float32),
    }  # fmt: skip
    far = attention_distances(model, prepared(slice(BLOCK)))
    if far is not None and bool(torch.isfinite(far).all()):
        stored["distances"] = far.cpu().numpy().astype(np.float32)
    if neighbor_map.possible(len(features)) and not cancelled():
        stored["neighbors"] = neighbor_map.neighbor_map(features)
    about = {"layers": json.dumps(list(kernels)), "classes": str(logits.shape[1])}
    stored_arrays.keep(run, path(run), KIND, stored, **about)


def _passed(
    model: nn.Module, prepared: Callable[[slice], Tensor], images: int, cancelled: Callable[[], bool]
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]] | None:
    """Last features (n d), logits (n classes) and kernels by layer (blocks b b); None where `cancelled` said so."""
    import torch

    from vitcore.models.representations import outputs

    size = min(BLOCK, images)
    compared = min(BLOCKS, images // size) * size
    features: list[np.ndarray] = []
    logits: list[np.ndarray] = []
    kernels: dict[str, list[np.ndarray]] = {}
    at = 0

    def take(layer: str, given: Tensor) -> None:
        if layer == "features":
            features.append(given.float().cpu().numpy())
        if at < compared:
            kernels.setdefault(layer, []).append(gram(given.float().cpu().numpy()))

    with torch.inference_mode(), outputs(model, take):
        for at in range(0, images, size):
            if cancelled():
                return None
            logits.append(model(prepared(slice(at, at + size))).float().cpu().numpy())
    return np.concatenate(features), np.concatenate(logits), {name: np.stack(each) for name, each in kernels.items()}


def principal_components(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features (n d) -> their first two principal components (n 2) float32, and their shares of the variance (2,).

    A component's sign is that of its largest entry, so that the same features lie in the same places.
    """
    centered = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    _, sizes, axes = np.linalg.svd(centered, full_matrices=False)
    axes = np.pad(axes, ((0, max(0, COMPONENTS - len(axes))), (0, 0)))[:COMPONENTS]
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    total = float((sizes**2).sum()) or 1.0
    shares = np.pad(sizes, (0, COMPONENTS))[:COMPONENTS] ** 2 / total
    return (centered @ (axes.T * np.where(signs == 0, 1, signs))).astype(np.float32), shares.astype(np.float32)


def _checked(found: Mapping[str, np.ndarray], layers: Any, classes: int) -> Representations:
    """Whole and of one size, whoever wrote them. Raises ValueError or KeyError where they are not."""
    images, kernels, distances = len(found["rows"]), found["kernels"], found.get("distances")
    neighbors = found.get("neighbors")
    if not isinstance(layers, list) or not all(isinstance(name, str) for name in layers):
        raise ValueError("its layers have no names")
    shapes = [found[name].shape for name in ("rows", "labels", "answers", "places", "shares")]
    square = kernels.ndim == 4 and kernels.shape[2] == kernels.shape[3] and kernels.shape[0] == len(layers)
    if shapes != [(images,), (images,), (images,), (images, COMPONENTS), (COMPONENTS,)] or not images or not square:
        raise ValueError(f"it is not whole: {shapes}, kernels of {kernels.shape} for {len(layers)} layers")
    if distances is not None and (distances.ndim != 2 or not np.isfinite(distances).all()):
        raise ValueError("its attention distances are none")
    if neighbors is not None and (neighbors.shape != (images, COMPONENTS) or not np.isfinite(neighbors).all()):
        raise ValueError("its map by neighbors is none")
    if not np.isfinite(kernels).all() or not np.isfinite(found["places"]).all():
        raise ValueError("it holds numbers that are none")
    if any(found[name].min() < 0 or found[name].max() >= classes for name in ("labels", "answers")):
        raise ValueError(f"it names classes beyond its {classes}")
    return Representations(
        found["rows"], found["labels"], found["answers"], classes, found["places"], found["shares"],
        tuple(layers), kernels, distances, neighbors,
    )  # fmt: skip
