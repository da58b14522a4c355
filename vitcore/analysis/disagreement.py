"""On which test images two runs disagree, and whether other images like these would say the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitcore.errors import UserError
from vitcore.runs import predictions
from vitcore.runs.folder import RunFolder
from vitcore.statistics.same_images import Errors


@dataclass(frozen=True)
class Disagreement:
    """Two runs' answers to the same test images, each after its last evaluation.

    Attributes:
        errors: how many either gets wrong.
        first_alone, second_alone: rows of the test split (n) that only that one gets wrong.
        both_apart: rows that both get wrong, each in its own way.
        truth, first, second: of every test image (images) the true class and what either answered.
    """

    errors: Errors
    first_alone: np.ndarray
    second_alone: np.ndarray
    both_apart: np.ndarray
    truth: np.ndarray
    first: np.ndarray
    second: np.ndarray

    @property
    def sentence(self) -> str:
        """What that says of A and B, and what it does not."""
        errors = self.errors
        wrong = [100 * (errors.both + alone) / errors.images for alone in (errors.first_alone, errors.second_alone)]
        center, low, high = (100 * each for each in errors.difference())
        known = (
            f"Of {errors.images:,} test images A gets {wrong[0]:.2f} % wrong and B {wrong[1]:.2f} %: "
            f"{errors.first_alone:,} that B gets right, against {errors.second_alone:,} that A gets right."
        )
        p = "below 0.001" if errors.p < 0.001 else f"{errors.p:.3f}"
        sentence = (
            f"A's error is {signed(center)} points from B's, between {signed(low)} and {signed(high)} for all images "
            f"of this kind (95 %; McNemar's p is {p})."
        )
        return f"{known} {sentence} That is about these two networks; other seeds of theirs are another question."


def signed(points: float) -> str:
    """With a sign, as it stands in a text."""
    return f"{points:+.2f}".replace("-", "−")


def disagreement(first: RunFolder, second: RunFolder) -> Disagreement:
    """Lays two runs' answers side by side.

    Raises:
        UserError: one has kept no answers, or they are to other test images.
    """
    stored = [predictions.read(run) for run in (first, second)]
    truth = stored[0].truth
    if not np.array_equal(truth, stored[1].truth):
        raise UserError("the two runs were tested on different images, so their answers cannot be laid side by side")
    answers = [each.of(each.epochs[-1]) for each in stored]
    wrong = [each != truth for each in answers]
    both = wrong[0] & wrong[1]
    alone = [np.flatnonzero(wrong[0] & ~wrong[1]), np.flatnonzero(wrong[1] & ~wrong[0])]
    errors = Errors(len(truth), int(both.sum()), len(alone[0]), len(alone[1]))
    both_apart = np.flatnonzero(both & (answers[0] != answers[1]))
    return Disagreement(errors, alone[0], alone[1], both_apart, truth, answers[0], answers[1])
