"""Two runs' answers to the same images: counted by hand, said in words, and refused where they are no pair."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.pages.texts import tell
from vitcore.analysis.disagreement import disagreement
from vitcore.errors import UserError
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.predictions import Predictions
from vitcore.spec import RunSpec
from vitcore.statistics.same_images import Errors

TRUTH = [0, 0, 1, 1, 2, 2, 0, 1]


def answered(results: Results, seed: int, *answers: Sequence[int], truth: Sequence[int] = TRUTH) -> RunFolder:
    """A run that answered so after each of its epochs."""
    run = tell(results, RunSpec.of(seed=seed, epochs=len(answers) or 1), epochs=len(answers) or 1)
    if answers:
        stored = Predictions(run.predictions, truth, 3)
        for epoch, messages in enumerate(answers, 1):
            stored.put(epoch, messages)
        stored.close()
    return run


def test_the_last_answers_are_counted_image_by_image(results: Results) -> None:
    first = answered(results, 0, [1] * 8, [0, 0, 1, 1, 2, 0, 1, 0])  # wrong at 5, 6, 7
    second = answered(results, 1, [0, 1, 1, 1, 2, 2, 1, 1])  # wrong at 1, 6
    found = disagreement(first, second)
    assert found.errors == Errors(8, both=1, first_alone=2, second_alone=1)
    assert found.first_alone.tolist() == [5, 7]
    assert found.second_alone.tolist() == [1]
    assert found.both_apart.tolist() == []
    assert [each[5] for each in (found.truth, found.first, found.second)] == [2, 0, 2]
    assert found.sentence.startswith(
        "Of 8 test images A gets 37.50 % wrong and B 25.00 %: 2 that B gets right, against 1 that A gets right."
    )
    assert "A's error is +12.50 points from B's, between −" in found.sentence
    assert "McNemar's p is 1.000" in found.sentence
    assert found.sentence.endswith("other seeds of theirs are another question.")


def test_the_same_answers_are_no_proof(results: Results) -> None:
    runs = [answered(results, seed, TRUTH) for seed in range(2)]
    found = disagreement(*runs)
    assert found.errors == Errors(8, 0, 0, 0)
    assert "between −" in found.sentence


def test_images_that_both_get_wrong_in_ways_of_their_own(results: Results) -> None:
    first = answered(results, 0, [1, 1, *TRUTH[2:]])
    found = disagreement(first, answered(results, 1, [1, 2, *TRUTH[2:]]))
    assert found.errors.both == 2
    assert found.both_apart.tolist() == [1]


def test_what_is_no_pair_is_refused(results: Results) -> None:
    item = answered(results, 0, TRUTH)
    with pytest.raises(UserError, match="has kept no predictions"):
        disagreement(item, answered(results, 1))
    with pytest.raises(UserError, match="tested on different images"):
        disagreement(item, answered(results, 2, TRUTH, truth=TRUTH[::-1]))
    with pytest.raises(UserError, match="tested on different images"):
        disagreement(item, answered(results, 3, TRUTH[:4], truth=TRUTH[:4]))
