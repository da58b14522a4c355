"""What is kept of a run's network is its own, whole, of its present weights; anything else is refused or absent."""

from __future__ import annotations

import numpy as np
import pytest

from tests.pages.texts import give_weights, tell
from vitcore.analysis import representations
from vitcore.analysis.representations import principal_components, similarities
from vitcore.errors import UserError
from vitcore.runs.folder import Results, RunFolder
from vitcore.spec import RunSpec


def made(results: Results, architecture: str = "cct-mini/3x3", seed: int = 0) -> RunFolder:
    run = tell(results, RunSpec.of(architecture=architecture, samples=200, epochs=1, seed=seed))
    give_weights(run)
    return run


def test_two_runs_are_looked_into_and_laid_side_by_side(results: Results) -> None:
    runs = [made(results), made(results, "cnn", seed=1)]
    assert representations.read(runs[0]) is None
    representations.evaluate(runs[0], {}, lambda: True)
    assert representations.read(runs[0]) is None, "cancelled"
    for run in runs:
        representations.evaluate(run, {}, lambda: False)
    first, second = (representations.read(run) for run in runs)
    assert first is not None
    assert second is not None
    assert len(first.rows) == len(set(first.rows.tolist())) == 360
    assert np.array_equal(first.rows, second.rows)
    assert first.kernels.shape[1:] == (5, 64, 64), "whole blocks alone"
    assert first.distances is not None
    assert second.distances is None
    alike = similarities(first, first)
    assert all(line[place].center == pytest.approx(1) for place, line in enumerate(alike))
    crossed = similarities(first, second)
    assert (len(crossed), len(crossed[0])) == (len(first.layers), len(second.layers))
    representations.evaluate(runs[0], {}, lambda: False)
    again = representations.read(runs[0])
    assert again is not None
    assert np.array_equal(again.places, first.places)


BROKEN = {
    "no layers": lambda whole: whole.replace(b'"layers"', b'"Layers"'),
    "no numbers": lambda whole: whole[:-40] + b"\xff" * 40,
}


@pytest.mark.parametrize("how", BROKEN)
def test_arrays_that_are_none_are_a_sentence(results: Results, how: str) -> None:
    run = made(results)
    representations.evaluate(run, {}, lambda: False)
    file = representations.path(run)
    file.write_bytes(BROKEN[how](file.read_bytes()))
    with pytest.raises(UserError, match=f"the representations of run {run.id} cannot be read"):
        representations.read(run)


def test_images_of_another_test_set_are_not_laid_side_by_side(results: Results) -> None:
    run = made(results)
    representations.evaluate(run, {}, lambda: False)
    found = representations.read(run)
    assert found is not None
    from dataclasses import replace

    with pytest.raises(UserError, match="tested on other images"):
        similarities(found, replace(found, rows=found.rows[::-1]))


def test_components_are_those_of_the_covariance_whatever_their_sign() -> None:
    features = np.random.default_rng(0).normal(size=(50, 4)) * [5, 2, 1, 0.1]
    places, shares = principal_components(features)
    values = np.linalg.eigvalsh(np.cov(features.T))[::-1]
    assert shares == pytest.approx(values[:2] / values.sum(), rel=1e-5)
    assert np.var(places, axis=0, ddof=1) == pytest.approx(values[:2], rel=1e-4)
    flipped, _ = principal_components(features[::-1])
    assert np.allclose(flipped[::-1], places, atol=1e-4)
    assert principal_components(np.ones((5, 1)))[0].shape == (5, 2)
