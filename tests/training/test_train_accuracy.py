"""Training accuracy and the gradient's norm: what an epoch's own batches told on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.runs import QUICK, after, quick
from vitcore.spec import RunSpec
from vitcore.training import loop, stop_signal
from vitcore.training.checkpoint import load_model
from vitcore.training.state import TrainingState
from vitcore.training.step import Steps
from vitcore.training.stop_signal import StopSignal

WHOLE: dict[str, Any] = {"batch_size": 40, "learning_rate": 5e-3, "validation": None, "schedule": "constant"}


def numbers(name: str, **options: Any) -> list[float]:
    """What the epochs told under this name."""
    return [line[name] for line in quick(**options)[1].events("epoch")]


def test_training_accuracy_is_of_the_images_as_they_were_learned_from(tmp_path: Path) -> None:
    """Where a step has the whole subset, it is that of the weights before the step: those of the epoch before."""
    quick(tmp_path, epochs=6, **WHOLE)
    model, *_ = load_model(tmp_path)
    parts = TrainingState(RunSpec.of(**QUICK | WHOLE), lambda line: None, StopSignal(lambda: None), None)
    images, labels = parts.batches.batch(parts.batches.order(0), 0)
    with torch.no_grad():
        right = (model.train()(parts.normalize(images)).argmax(-1) == labels).float().mean()
    assert numbers("train_accuracy", epochs=7, **WHOLE)[-1] == pytest.approx(float(right))
    assert 0.3 < right < 1


def test_of_mixed_images_nothing_is_right_or_wrong() -> None:
    _, messages = quick(cutmix=1.0, epochs=3, mixup_off_epoch=2)
    lines = [line.get("train_accuracy") for line in messages.events("epoch")]
    assert lines[:2] == [None, None]
    assert lines[2] is not None


def test_a_gradients_norm_is_that_before_clipping() -> None:
    plain = numbers("gradient_norm", epochs=1, **WHOLE)
    assert plain == numbers("gradient_norm", epochs=1, clip_norm=1e-3, **WHOLE)
    spec = RunSpec.of(**QUICK | WHOLE)
    parts = TrainingState(spec, lambda line: None, StopSignal(lambda: None), None)
    parts.model.train()
    Steps(spec, parts).take(0, *parts.batches.batch(parts.batches.order(0), 0))
    squares = [each.grad.double().square().sum() for each in parts.model.parameters() if each.grad is not None]
    assert plain[0] == pytest.approx(float(torch.stack(squares).sum().sqrt()), rel=1e-5)


def test_a_gradients_norm_is_told_of_every_eighth_step_of_an_epoch() -> None:
    """It takes up to a twentieth of the smallest steps."""
    spec = RunSpec.of(**QUICK | {"batch_size": 2})
    parts = TrainingState(spec, lambda line: None, StopSignal(lambda: None), None)
    steps, count = Steps(spec, parts), parts.batches.steps
    assert count > 9
    parts.model.train()
    batch = parts.batches.batch(parts.batches.order(0), 0)
    reported = [
        step for step in (0, 1, 7, 8, 9, count, count + 1, count + 8) if steps.take(step, *batch).norm is not None
    ]
    assert reported == [0, 8, count, count + 8]


@pytest.mark.parametrize("asks", [3, 7])
def test_a_pause_within_an_epoch_changes_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asks: int) -> None:
    monkeypatch.setattr(stop_signal, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", float("inf"))
    whole = quick(epochs=2, clip_norm=1.0)[1].measured()
    quick(tmp_path, epochs=2, clip_norm=1.0, control=after(asks, "pause"))
    _, rest = quick(tmp_path, epochs=2, clip_norm=1.0, resume=True)
    for epoch, line in rest.measured().items():
        assert line == whole[epoch]
        assert 0 <= line["train_accuracy"] <= 1
        assert line["gradient_norm"] > 0
