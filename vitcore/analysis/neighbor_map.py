"""Points laid out by their neighbors: UMAP (McInnes, Healy and Melville 2018), where umap-learn is installed."""

from __future__ import annotations

import importlib.util
import warnings

import numpy as np

from vitcore.errors import UserError

EXTRA = "pip install 'vitcore[umap]'"
NEIGHBORS = 15  # umap-learn's own, as is all else
SEED = 0


def installed() -> bool:
    """Whether umap-learn is here; it is not imported, which takes seconds."""
    return importlib.util.find_spec("umap") is not None


def possible(points: int) -> bool:
    """Whether so many points have neighbors enough, and umap-learn is here."""
    return points > NEIGHBORS and installed()


def neighbor_map(features: np.ndarray) -> np.ndarray:
    """Features (n d) -> places (n 2) float32, the same for the same features and version of umap-learn.

    Raises:
        UserError: it finds no place for some of them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TensorFlow, which it can do without, and of its own threads
        import umap

        made = umap.UMAP(n_neighbors=NEIGHBORS, n_components=2, random_state=SEED, n_jobs=1).fit_transform(features)
    places: np.ndarray = np.asarray(made, np.float32)
    if not np.isfinite(places).all():
        raise UserError("UMAP finds no place for some of the test images")
    return places
