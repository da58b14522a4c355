"""Who is scored on what: epochs on the validation images; once it is over, the last and best weights on the test.

A run without validation has the test images alone, and is scored on them epoch by epoch.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from torch import nn

from vitcore.data.splits import tested
from vitcore.spec import RunSpec
from vitcore.training.best import Best
from vitcore.training.evaluate import Scores, evaluate
from vitcore.training.outcome import Outcome, Status
from vitcore.training.progress import TrainingProgress
from vitcore.training.state import TrainingState

STOPPED_SECONDS = 20.0  # that a test may take where somebody asked for a stop

SplitName = Literal["test", "validation"]


def scored(
    parts: TrainingState,
    spec: RunSpec,
    model: nn.Module,
    split: SplitName,
    stop_requested: Callable[[], bool] = lambda: False,
) -> Scores | None:
    """What `model` scores on one split; None if `interrupted` said so on the way."""
    on = tested(parts.images) if split == "test" or parts.validation is None else parts.validation
    return evaluate(
        model,
        on.images,
        on.labels,
        parts.normalize,
        device=parts.device,
        precision=parts.precision,
        softmax_before_loss=spec.training.softmax_before_loss,
        stop_requested=stop_requested,
        rows=on.rows,
    )


def outcome(
    status: Status,
    reason: str,
    parts: TrainingState,
    spec: RunSpec,
    progress_state: TrainingProgress,
    best: Best,
    folder: Path | None,
) -> Outcome:
    """How a run ended; where its epochs were chosen by validation, the chosen weights are tested now, once.

    A paused one is not tested: it goes on; nor is one whose spec leaves the test images alone. One that was stopped is,
    as far as that takes no longer than a person waits.
    """
    last = progress_state.error_percent
    ended = status, reason
    if parts.validation is None:
        return Outcome(*ended, last, progress_state.evaluated, progress_state.training_seconds, progress_state.speed())
    limit = STOPPED_SECONDS if status == "stopped" else math.inf
    testing = spec.training.evaluate_test and status != "paused"
    if status == "stopped" and progress_state.images_seen and testing:
        last = _error(parts, spec, parts.eval_model, limit)
    best_tested = None
    if testing and (weights := best.weights(folder)) is not None:
        if status == "finished" and best.epoch == progress_state.evaluated:
            best_tested = last  # they are the same weights
        else:
            model = copy.deepcopy(parts.eval_model)
            model.load_state_dict(weights)
            best_tested = _error(parts, spec, model, limit)
    return Outcome(
        *ended,
        last,
        progress_state.evaluated,
        progress_state.training_seconds,
        progress_state.speed(),
        val_error=progress_state.val_error,
        best_epoch=best.epoch,
        val_error_best=best.value,
        test_error_best=best_tested,
    )


def _error(parts: TrainingState, spec: RunSpec, model: nn.Module, seconds: float) -> float | None:
    """Test error in percent; None where it takes longer than `seconds`."""
    began = time.monotonic()
    scores = scored(parts, spec, model, "test", lambda: time.monotonic() - began > seconds)
    return scores.error_percent if scores else None
