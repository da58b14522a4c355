"""The summary of answers is scikit-learn's, with which papers' authors compute theirs."""

import pytest
import torch
from sklearn.metrics import confusion_matrix, f1_score

from vitcore.training.evaluate import scores


@pytest.mark.parametrize("classes", [2, 10, 37])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
@pytest.mark.parametrize("seed", range(5))
def test_f1_and_matrix_are_scikit_learns(classes: int, dtype: torch.dtype, seed: int) -> None:
    """Some classes never occur, some are never answered, some are neither."""
    generator = torch.Generator().manual_seed(seed)
    truth = torch.randint(0, max(2, classes - 3), (60,), generator=generator).to(dtype)
    answers = torch.where(
        torch.rand(60, generator=generator) < 0.6, truth.long(), torch.randint(0, classes, (60,), generator=generator)
    )
    found = scores(answers, truth, 1.0, classes)
    every = range(classes)
    assert found.f1 == pytest.approx(
        f1_score(truth.numpy(), answers.numpy(), labels=every, average="macro", zero_division=0), abs=1e-12
    )
    assert (found.confusion == confusion_matrix(truth.numpy(), answers.numpy(), labels=every)).all()
    assert found.accuracy == pytest.approx(float((truth == answers).float().mean()), abs=1e-7)
    assert found.confusion.dtype == confusion_matrix([0, 1], [0, 1]).dtype
