"""A long run's step journal has a line every k steps, and loses no spike: each says what its stride held."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from vitcore.events import Step
from vitcore.training import progress as module
from vitcore.training.progress import StepLog, StepResult, TrainingProgress

STEPS = 93_800


def journaled(
    losses: list[float],
    *,
    every: int = 1000,
    progress_state: TrainingProgress | None = None,
    first: int = 1,
    steps: int = STEPS,
) -> list[dict[str, Any]]:
    """The lines that these losses make, flushed every so many steps, closed at the end."""
    lines: list[dict[str, Any]] = []
    log = StepLog(
        lambda line: lines.append(line.written()) if isinstance(line, Step) else None,
        progress_state or TrainingProgress(),
        steps,
        10,
    )
    for place, loss in enumerate(losses):
        log.add(first + place, 1, 1, StepResult(0.1, torch.tensor(loss, dtype=torch.float64), None, None))
        if place % every == every - 1:
            log.flush()
    log.flush()
    log.close()
    return lines


def test_a_spike_survives_in_93_800_steps() -> None:
    losses = [1.0] * STEPS
    losses[40_000], losses[70_001] = 55.0, 0.01
    lines = journaled(losses)
    assert len(lines) <= module.JOURNALED_STEPS + 1
    assert max(line["loss_max"] for line in lines) == 55.0
    assert min(line["loss_min"] for line in lines) == 0.01
    strides = [
        line["step"] - before for line, before in zip(lines, [0, *(line["step"] for line in lines)], strict=False)
    ]
    mean = sum(line["loss_mean"] * stride for line, stride in zip(lines, strides, strict=True)) / STEPS
    assert mean == pytest.approx(sum(losses) / STEPS)


def test_a_short_run_has_a_line_a_step_and_nothing_beside() -> None:
    assert journaled([3.0, 2.0], steps=2) == [
        {"step": 1, "epoch": 1, "loss": 3.0, "learning_rate": 0.1},
        {"step": 2, "epoch": 1, "loss": 2.0, "learning_rate": 0.1},
    ]


@pytest.mark.parametrize("every", [1, 7, 1000])
def test_divergence_has_a_line_of_its_own_and_so_has_what_led_up_to_it(every: int) -> None:
    before, bad = journaled([1.0] * 60 + [99.0, float("nan")], every=every)[-2:]
    assert (before["step"], before["loss_max"]) == (61, 99.0)
    assert (bad["step"], bad["loss"], bad["loss_mean"]) == (62, None, None)


def test_a_run_that_pauses_within_a_stride_tells_and_keeps_what_it_held() -> None:
    progress_state = TrainingProgress()
    [line] = journaled([7.0] + [1.0] * 9, progress_state=progress_state)
    assert (line["step"], line["loss_max"]) == (10, 7.0)
    again = TrainingProgress(**progress_state.state())
    [whole] = journaled([1.0] * 37, progress_state=again, first=11)
    assert (whole["step"], whole["loss_max"], whole["loss_min"]) == (47, 7.0, 1.0)
    assert whole["loss_mean"] == pytest.approx((7 + 46) / 47)
