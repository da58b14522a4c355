"""Whether a network is right as often as it is sure: reliability by bins, expected calibration error, temperature.

Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks" (ICML 2017): the likeliest class's
probability is the confidence; images are gathered in bins of equal width by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from vitcore.statistics.intervals import NOTHING, Interval
from vitcore.statistics.proportions import wilson

BINS = 15  # as in the paper
DRAWS = 1000  # of the bootstrap
COLDEST, HOTTEST = 0.01, 100.0  # temperatures that are tried


@dataclass(frozen=True)
class Bin:
    """The images whose confidence lies between `low` (not in) and `high` (in).

    Attributes:
        images: how many there are.
        confidence: their mean confidence; NaN where there is none, as of `accuracy`.
        accuracy: the share that is right, with Wilson's interval.
    """

    low: float
    high: float
    images: int
    confidence: float
    accuracy: Interval


def confidences(logits: np.ndarray, labels: np.ndarray, temperature: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """The likeliest class's probability (n,) and whether it is the true one (n,), of logits (n classes)."""
    probabilities = np.exp(log_softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=1))
    return probabilities.max(axis=1), probabilities.argmax(axis=1) == np.asarray(labels)


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> list[Bin]:
    """Every bin from 0 to 1, those without an image among them; `confidence` (n,) from 0 to 1, `right` (n,) bool."""
    of, edges = _places(confidence, bins), np.linspace(0, 1, bins + 1)
    found = []
    for place in range(bins):
        inside = of == place
        images = int(inside.sum())
        mean = float(confidence[inside].mean()) if images else float("nan")
        accuracy = wilson(float(right[inside].mean()), images) if images else NOTHING
        found.append(Bin(float(edges[place]), float(edges[place + 1]), images, mean, accuracy))
    return found


def calibration_error(
    confidence: np.ndarray, right: np.ndarray, bins: int = BINS, *, draws: int = DRAWS, level: float = 0.95
) -> Interval:
    """The expected calibration error, from 0 to 1: the bins' distances of accuracy from confidence, by their images.

    Of few images it comes out too large, since chance moves each bin off the diagonal (Kumar, Liang and Ma, "Verified
    uncertainty calibration", 2019), and so it does once more in each bootstrap sample. The interval's lower end is
    therefore the basic bootstrap's (Davison and Hinkley 1997, Section 5.2), twice the value less the upper quantile,
    and 0 where a network that is right as often as it says would come out as badly in more than 2.5 % of such test sets
    (Broecker and Smith's consistency resampling, 2007); its upper end is the upper quantile less the bootstrap's bias.
    How often it holds the true one: benchmarks/measured/calibration.txt. Of no image: all NaN.
    """
    if not len(confidence):
        return NOTHING
    of, away = _places(confidence, bins), right.astype(np.float64) - confidence
    value = _error(of, away, bins)
    draw = np.random.Generator(np.random.PCG64(0))  # the same interval whenever it is asked for
    again, perfect = np.empty(draws), np.empty(draws)
    for place in range(draws):
        images = draw.integers(0, len(of), len(of))
        again[place] = _error(of[images], away[images], bins)
        sure = confidence[images]
        perfect[place] = _error(of[images], (draw.random(len(of)) < sure) - sure, bins)
    upper = float(np.quantile(again, (1 + level) / 2))
    p = float(np.quantile(perfect, (1 + level) / 2))
    low = max(0.0, 2 * value - upper) if value > p else 0.0
    return Interval(value, min(low, value), max(value, upper - (float(again.mean()) - value)))


def log_loss(logits: np.ndarray, labels: np.ndarray, temperature: float = 1.0) -> float:
    """Mean negative log likelihood, in nats, of the true classes (n,) under logits (n classes) over a temperature."""
    logs = log_softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=1)
    return float(-logs[np.arange(len(labels)), labels].mean())


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The one number that logits (n classes) are divided by so that the true classes (n,) are likeliest.

    Above 1 the network was too sure. The loss is convex in its inverse, so there is one best; to be fitted on images
    that the network has not learned from and that it is not judged by.
    """
    found = minimize_scalar(
        lambda log: log_loss(logits, labels, float(np.exp(log))),
        bounds=(np.log(COLDEST), np.log(HOTTEST)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))


def at_temperature(probabilities: Sequence[float], temperature: float) -> list[float]:
    """What a network's probabilities of one image would be, were its logits divided by `temperature`."""
    with np.errstate(divide="ignore"):  # a class may have none at all
        logs = np.log(np.asarray(probabilities, dtype=np.float64)) / temperature
    scaled = np.exp(logs - logs.max())
    found: list[float] = (scaled / scaled.sum()).tolist()
    return found


def _places(confidence: np.ndarray, bins: int) -> np.ndarray:
    """The bin of each confidence, from 0; one on an edge belongs to the bin below."""
    edges = np.linspace(0, 1, bins + 1)[1:-1]
    return np.searchsorted(edges, confidence, side="left")


def _error(of: np.ndarray, away: np.ndarray, bins: int) -> float:
    return float(np.abs(np.bincount(of, weights=away, minlength=bins)).sum() / len(of))
