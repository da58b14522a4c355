"""Whether a stored run's probabilities can be trusted, and the temperature that would mend them."""

from __future__ import annotations

from dataclasses import dataclass

from vitcore.analysis import outputs
from vitcore.analysis.outputs import Answers
from vitcore.errors import UserError
from vitcore.runs.folder import RunFolder
from vitcore.statistics.calibration import (
    Bin,
    calibration_error,
    confidences,
    fit_temperature,
    log_loss,
    reliability,
)
from vitcore.statistics.intervals import Interval


@dataclass(frozen=True)
class Calibration:
    """Of the test images, at one temperature.

    Attributes:
        bins: accuracy against confidence.
        error: expected calibration error, from 0 to 1, with its 95 % interval over test images.
        confidence: the mean of all; `accuracy`: the share that is right.
        loss: mean negative log likelihood, in nats.
    """

    bins: list[Bin]
    error: Interval
    confidence: float
    accuracy: float
    loss: float


@dataclass(frozen=True)
class Calibrated:
    """A run as it is, and with the temperature that was fitted on its validation images; None: it has none."""

    plain: Calibration
    temperature: float | None
    mended: Calibration | None

    @property
    def sentence(self) -> str:
        """What that says of the run."""
        error, low, high = (100 * each for each in self.plain.error)
        sure, right = 100 * self.plain.confidence, 100 * self.plain.accuracy
        way = "too sure" if sure > right else "not sure enough"
        sentences = (
            f"It is {sure:.1f} % sure on average and {right:.1f} % right; its calibration error is {error:.2f} points "
            f"({low:.2f} to {high:.2f})"
        )
        sentences += (
            f": {way}." if low > 0 else ", no more than chance would give a network that is right as often as sure."
        )
        if self.temperature is None or self.mended is None:
            return f"{sentences} It was trained without validation images, so there is nothing to fit a temperature on."
        after, low, high = (100 * each for each in self.mended.error)
        return (
            f"{sentences} Its logits divided by {self.temperature:.3f} (fitted on its validation images) have "
            f"{after:.2f} points ({low:.2f} to {high:.2f})."
        )


def calibration(run: RunFolder) -> Calibrated:
    """What a run's kept answers say.

    Raises:
        UserError: none are kept of its weights as they are now.
    """
    found = outputs.read(run)
    if found is None:
        raise UserError(
            f"run {run.id} has not been asked for its probabilities yet; `vitcore calibration {run.id}` does"
        )
    if found.validation is None:
        return Calibrated(_at(found.test, 1.0), None, None)
    temperature = fit_temperature(found.validation.logits, found.validation.labels)
    return Calibrated(_at(found.test, 1.0), temperature, _at(found.test, temperature))


def temperature(run: RunFolder) -> float | None:
    """What a run's logits are to be divided by; None where no answers of these weights to validation images are kept.

    Raises:
        UserError: they cannot be read.
    """
    found = outputs.read(run)
    if found is None or found.validation is None:
        return None
    return fit_temperature(found.validation.logits, found.validation.labels)


def _at(answers: Answers, temperature: float) -> Calibration:
    confidence, right = confidences(answers.logits, answers.labels, temperature)
    return Calibration(
        reliability(confidence, right),
        calibration_error(confidence, right),
        float(confidence.mean()),
        float(right.mean()),
        log_loss(answers.logits, answers.labels, temperature),
    )
