"""Reliability, calibration error and temperature against plain loops, closed forms and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import softmax

from vitcore.statistics.calibration import (
    calibration_error,
    confidences,
    fit_temperature,
    log_loss,
    reliability,
)


def subset(n: int = 500, classes: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    logits = draw.normal(size=(n, classes)) * 2
    labels = np.array([draw.choice(classes, p=row) for row in softmax(logits, axis=1)])
    return logits, labels


def test_bins_and_error_equal_a_plain_loop_s() -> None:
    logits, labels = subset()
    confidence, right = confidences(logits, labels)
    messages = reliability(confidence, right)
    total = 0.0
    for place, item in enumerate(messages):
        inside = [i for i, c in enumerate(confidence) if place / 15 < c <= (place + 1) / 15]
        assert item.images == len(inside)
        if inside:
            mean = sum(confidence[i] for i in inside) / len(inside)
            share = sum(bool(right[i]) for i in inside) / len(inside)
            assert (item.confidence, item.accuracy.center) == pytest.approx((mean, share))
            assert item.accuracy.low <= share <= item.accuracy.high
            total += len(inside) / len(confidence) * abs(share - mean)
    assert sum(entry.images for entry in messages) == len(confidence)
    assert calibration_error(confidence, right, draws=20).center == pytest.approx(total)
    probabilities = softmax(logits, axis=1)
    assert confidence == pytest.approx(probabilities.max(axis=1))
    assert right.tolist() == (probabilities.argmax(axis=1) == labels).tolist()


def test_the_temperature_finds_what_the_logits_were_multiplied_by() -> None:
    logits, labels = subset(20_000)
    for factor in (0.25, 1.0, 3.0):
        assert fit_temperature(factor * logits, labels) == pytest.approx(factor, rel=0.03)
    found = fit_temperature(3 * logits, labels)
    tried = [log_loss(3 * logits, labels, found * step) for step in (0.9, 0.99, 1.0, 1.01, 1.1)]
    assert min(tried) == tried[2]
    by_hand = -sum(math.log(softmax(row)[label]) for row, label in zip(logits, labels, strict=True)) / len(labels)
    assert log_loss(logits, labels) == pytest.approx(by_hand)


def test_the_interval_holds_the_true_error_and_knows_chance() -> None:
    """A network that says c and is right with probability c - gap has a calibration error of the gap."""
    draw = np.random.default_rng(1)
    for gap, least in ((0.0, 0.85), (0.05, 0.85)):
        holding = 0
        for _ in range(60):
            confidence = 1 - 0.9 * draw.beta(0.5, 3, 400)
            right = draw.random(400) < np.clip(confidence - gap, 0, 1)
            messages = calibration_error(confidence, right, draws=100)
            assert 0 <= messages.low <= messages.center <= messages.high
            holding += messages.low <= gap <= messages.high
        assert holding / 60 >= least, gap


def test_edges() -> None:
    assert math.isnan(calibration_error(np.array([]), np.array([], dtype=bool)).center)
    sure = calibration_error(np.ones(50), np.ones(50, dtype=bool), draws=20)
    assert tuple(sure) == (0, 0, 0)
    assert reliability(np.array([1.0]), np.array([True]))[-1].images == 1
    assert calibration_error(np.ones(50), np.zeros(50, dtype=bool), draws=20).low > 0.9
