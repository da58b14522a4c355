"""A run's answers as they are kept, and what its calibration says; of other weights they count no more."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.pages.texts import give_weights, tell
from vitcore.analysis import outputs
from vitcore.analysis.calibration import calibration
from vitcore.data.load import load as images_of
from vitcore.data.registry import DATASETS
from vitcore.data.splits import parted
from vitcore.errors import UserError
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.predict import load
from vitcore.spec import RunSpec


def never() -> bool:
    return False


def made(results: Results, validation: float | None) -> RunFolder:
    run = tell(results, RunSpec.of(architecture="cct-mini/3x3", samples=200, epochs=1, validation=validation))
    give_weights(run)
    return run


def logits(run: RunFolder, pixels: torch.Tensor) -> np.ndarray:
    known = DATASETS["digits"]
    with torch.no_grad():
        return np.asarray(load(run).model((pixels / 255 - known.mean[0]) / known.std[0]))


def test_answers_are_the_network_s_own_to_either_split(results: Results) -> None:
    run = made(results, 0.1)
    assert outputs.read(run) is None
    with pytest.raises(UserError, match="has not been asked for its probabilities yet"):
        calibration(run)
    outputs.evaluate(run, {}, lambda: True)
    assert outputs.read(run) is None, "cancelled"
    outputs.evaluate(run, {}, never)
    found, images = outputs.read(run), images_of("digits", validation=True)
    assert found is not None
    assert found.validation is not None
    holding = parted(images, 0.1, run.spec().data.validation_seed, "digits")[1]
    assert holding is not None
    assert holding.rows is not None
    assert np.array_equal(found.test.labels, images.test.labels.numpy())
    assert np.array_equal(found.validation.labels, images.train.labels[holding.rows].numpy())
    assert found.test.logits == pytest.approx(logits(run, images.test.images), abs=1e-4)
    assert found.validation.logits == pytest.approx(logits(run, images.train.images[holding.rows]), abs=1e-4)


def test_what_it_says_and_what_a_temperature_mends(results: Results) -> None:
    run = made(results, 0.1)
    outputs.evaluate(run, {}, never)
    messages = calibration(run)
    assert messages.temperature is not None
    assert messages.mended is not None
    assert messages.mended.accuracy == messages.plain.accuracy, "a temperature changes no answer"
    assert f"divided by {messages.temperature:.3f} (fitted on its validation images)" in messages.sentence
    assert f"{100 * messages.plain.accuracy:.1f} % right" in messages.sentence
    without = made(results, None)
    outputs.evaluate(without, {}, never)
    assert calibration(without).temperature is None
    assert "nothing to fit a temperature on" in calibration(without).sentence
