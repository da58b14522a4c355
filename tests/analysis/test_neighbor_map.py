"""UMAP, where it is installed: the same features lie in the same places, and groups that are apart stay apart."""

from __future__ import annotations

import numpy as np
import pytest

from vitcore.analysis.neighbor_map import NEIGHBORS, neighbor_map, possible


def test_groups_that_are_apart_lie_apart_in_the_same_places_every_time() -> None:
    pytest.importorskip("umap", exc_type=ImportError)
    features = np.random.default_rng(0).normal(size=(120, 16)).astype(np.float32)
    features[:60] += 8
    places = neighbor_map(features)
    assert places.shape == (120, 2)
    assert np.array_equal(places, neighbor_map(features))
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert ((distances.argmin(1) < 60) == (np.arange(120) < 60)).all()


def test_a_few_points_have_no_neighbors() -> None:
    assert not possible(NEIGHBORS)
