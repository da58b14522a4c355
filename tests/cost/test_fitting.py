"""A run that ends in time: the longest that fits, by the same forecast that stands before a launch."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.stored_runs import NO_RUNS, stored
from vitcore.cost import workload
from vitcore.cost.description import Choice, described
from vitcore.cost.fitting import FEW_EPOCHS, FEWEST_SAMPLES, MOST_EPOCHS, fitting
from vitcore.cost.speed import PRESET_MACS, Measured, Speed, estimate, network
from vitcore.spec import RunSpec
from vitcore.spec.presets import presets

NOTHING = pd.DataFrame(NO_RUNS)
MNIST = RunSpec.of(dataset="mnist", architecture="cnn", validation=0.1)


def at(images_per_second: float, spec: RunSpec = MNIST) -> Speed:
    return Speed(NOTHING, measured={network(spec): Measured(1 / images_per_second, 50.0)})


@pytest.mark.parametrize("speed", [200, 2_000, 20_000, 1_000_000])
@pytest.mark.parametrize("seconds", [60.0, 600.0])
def test_it_fits_and_one_epoch_more_does_not(speed: float, seconds: float) -> None:
    found = fitting(MNIST, seconds, at(speed))
    assert found is not None
    assert FEWEST_SAMPLES <= (found.samples or 54_000) <= 54_000
    longer = RunSpec.of(MNIST, epochs=found.epochs + 1, samples=found.samples)
    taken, more = (at(speed).seconds(RunSpec.of(each)) or 0 for each in (_of(found.epochs, found.samples), longer))
    if found.samples != FEWEST_SAMPLES:
        assert taken <= seconds
        assert found.epochs >= FEW_EPOCHS
    assert more > seconds or found.epochs == MOST_EPOCHS


def _of(epochs: int, samples: int | None) -> RunSpec:
    return RunSpec.of(MNIST, epochs=epochs, samples=samples)


def test_what_nobody_knows_is_none() -> None:
    assert fitting(MNIST, 60.0, Speed(NOTHING)) is None


def test_a_first_visit_is_guessed_by_what_the_presets_took() -> None:
    """On a machine without runs: each preset by itself comes out near what was measured of all."""
    for preset in presets().values():
        spec = RunSpec.of(**preset.fields)
        own = described(spec.model.architecture, Choice(channels=1, image_size=28, classes=10), 2)
        assert own.macs == PRESET_MACS
        speed = Speed(NOTHING, counted=lambda _: float(PRESET_MACS))
        guess = speed.expected(spec)
        assert guess is not None
        assert guess.guessed
        assert guess.training_seconds == pytest.approx(sum(preset.seconds) / len(preset.seconds), rel=0.5)
    assert estimate([MNIST], NOTHING, counted=lambda _: 1e6).guessed == [MNIST]


def test_another_depth_is_another_network() -> None:
    """A run of two blocks tells nothing for sure of fourteen."""
    shallow = RunSpec.of(architecture="cct-2/3x2", dataset="mnist")
    deep = RunSpec.of(shallow, depth=14)
    runs = pd.DataFrame([stored(shallow, 6.0, training_seconds=120.0)])
    assert not Speed(runs).guesses(shallow)
    assert Speed(runs).guesses(deep)
    assert network(shallow) != network(deep)
    assert workload.trained(shallow) == workload.trained(deep)
