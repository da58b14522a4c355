"""What a run has counted so far, and how it tells: losses gathered on the device, told about twice a second."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from vitcore import events

Report = Callable[[events.Line], None]
JOURNALED_STEPS = 2000  # lines in a step journal; a longer run tells every k-th step, and what lay between
FLUSH_SECONDS, PROGRESS_SECONDS = 0.5, 1.0


@dataclass(frozen=True)
class StepResult:
    """A step that was taken: its learning rate, and what it came to, scalars () on the device.

    Attributes:
        loss: the mean over the batch.
        right: how many of the batch's images were right before the step; None where the batch was mixed.
        norm: of the gradient, before it was clipped; None where it is not looked at.
    """

    rate: float
    loss: Tensor
    right: Tensor | None
    norm: Tensor | None


@dataclass
class TrainingProgress:
    """Sums that a checkpoint carries, so that a resumed run ends with the same ones (times apart)."""

    epoch: int = 0  # epochs whose training is over
    position: int = 0  # steps done in the epoch under way
    evaluated: int = 0  # epochs told of, evaluation included
    epoch_loss: float = 0.0
    epoch_images: int = 0
    epoch_seconds: float = 0.0
    epoch_right: int = 0  # of epoch_answered images, those of batches that were not mixed
    epoch_answered: int = 0
    norm_sum: float = 0.0  # of the epoch's norm_count gradients
    norm_count: int = 0
    images_seen: int = 0
    training_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    cpu_seconds: float = 0.0
    error_percent: float | None = None
    val_error: float | None = None
    stride_count: int = 0  # steps since the last line of the step journal whose loss was a number
    stride_sum: float = 0.0
    stride_low: float = math.inf
    stride_high: float = -math.inf

    def state(self) -> dict[str, Any]:
        """The sums as a resume file holds them."""
        return asdict(self)

    def gather(self, loss: float) -> None:
        """A step's loss into what the next line of the step journal says of its stride."""
        if math.isfinite(loss):
            self.stride_count += 1
            self.stride_sum += loss
            self.stride_low, self.stride_high = min(self.stride_low, loss), max(self.stride_high, loss)

    def stride(self) -> dict[str, float | None]:
        """The smallest, the largest and the mean loss since the last line."""
        known = self.stride_count > 0
        return {
            "loss_min": self.stride_low if known else None,
            "loss_max": self.stride_high if known else None,
            "loss_mean": self.stride_sum / self.stride_count if known else None,
        }

    def next_stride(self) -> None:
        """Forget the losses of the stride that was told."""
        self.stride_count, self.stride_sum, self.stride_low, self.stride_high = 0, 0.0, math.inf, -math.inf

    def train_accuracy(self) -> float | None:
        """Of the epoch's training images; None where it is not known."""
        return self.epoch_right / self.epoch_answered if self.epoch_answered else None

    def gradient_norm(self) -> float | None:
        """The mean of the steps that were looked at; None where it is not known, or was no number."""
        return finite(self.norm_sum / self.norm_count) if self.norm_count else None

    def next_epoch(self) -> None:
        """Forget what belongs to the epoch that was told."""
        self.evaluated, self.position = self.epoch, 0
        self.epoch_loss, self.epoch_images, self.epoch_seconds = 0.0, 0, 0.0
        self.epoch_right, self.epoch_answered, self.norm_sum, self.norm_count = 0, 0, 0.0, 0

    def speed(self) -> float:
        """Training images a second, over the whole run."""
        return self.images_seen / self.training_seconds if self.training_seconds else 0.0


class StepLog:
    """Keeps each step's loss where it was made until the next flush, so that no step waits for the device."""

    def __init__(self, report: Report, progress_state: TrainingProgress, steps: int, rows: int) -> None:
        self._report, self._state, self._steps = report, progress_state, steps
        self._images_left = rows  # of the whole run
        self._stride = math.ceil(steps / JOURNALED_STEPS)
        self._waiting: list[tuple[int, int, int, StepResult]] = []
        self._last: tuple[int, int, float, float] | None = None
        self._flushed = self._reported = time.perf_counter()
        self.bad_step: int | None = None  # the first whose loss is no number

    def add(self, step: int, epoch: int, images: int, taken: StepResult) -> None:
        """Step (from 1) of epoch (from 1), before its numbers, scalars () on the device, are known."""
        self._waiting.append((step, epoch, images, taken))

    def due(self) -> bool:
        """Whether the last flush was so long ago that the next one is due."""
        return time.perf_counter() - self._flushed >= FLUSH_SECONDS

    def flush(self) -> None:
        """Learn the losses, tell the steps, and about once a second how far the run is."""
        self._flushed = time.perf_counter()
        if not self._waiting:
            return
        self._gather_answers()
        losses = _numbers(taken.loss for *_, taken in self._waiting)
        for (step, epoch, images, taken), loss in zip(self._waiting, losses, strict=True):
            rate = taken.rate
            self._state.epoch_loss += loss * images
            first_bad = self.bad_step is None and not math.isfinite(loss)
            if first_bad:
                self.close()  # what led up to it has a line of its own
                self._state.next_stride()
                self.bad_step = step
            self._state.gather(loss)
            if step % self._stride == 0 or step == self._steps or first_bad:
                self._tell_step(step, epoch, rate, loss)
                self._state.next_stride()
            self._last = step, epoch, rate, loss
        self._waiting.clear()
        if self._flushed - self._reported >= PROGRESS_SECONDS:
            self._reported = self._flushed
            self._tell_progress(step, epoch, loss)

    def _gather_answers(self) -> None:
        """How many images were right and how long gradients were, into the epoch's sums."""
        answered = [(images, taken.right) for _, _, images, taken in self._waiting if taken.right is not None]
        self._state.epoch_answered += sum(images for images, _ in answered)
        self._state.epoch_right += sum(_numbers(right for _, right in answered))
        norms = _numbers(taken.norm for *_, taken in self._waiting if taken.norm is not None)
        for norm in norms:  # one by one: the sum is the same whenever the steps are looked at
            self._state.norm_sum += norm
        self._state.norm_count += len(norms)

    def close(self) -> None:
        """Tell what the unfinished stride holds, where a run ends or pauses within it; one that goes on keeps it."""
        if self._last is not None and self._state.stride_count:
            self._tell_step(*self._last)

    def _tell_step(self, step: int, epoch: int, rate: float, loss: float) -> None:
        if self._stride == 1:
            self._report(events.Step(step, epoch, finite(loss), rate))
        else:
            self._report(events.Stride(step, epoch, finite(loss), rate, **self._state.stride()))

    def _tell_progress(self, step: int, epoch: int, loss: float) -> None:
        progress_state = self._state
        speed = (
            progress_state.epoch_images / progress_state.epoch_seconds
            if progress_state.epoch_seconds
            else progress_state.speed()
        )
        evaluating = (
            progress_state.evaluation_seconds / progress_state.training_seconds
            if progress_state.training_seconds
            else 0.0
        )
        left = max(0, self._images_left - progress_state.images_seen)
        eta = left / speed * (1 + evaluating) if speed else None
        self._report(events.Progress(epoch, step, self._steps, speed, eta, finite(loss)))


def _numbers(scalars: Iterable[Tensor]) -> list[Any]:
    """Scalars () of the device as numbers, fetched together."""
    waiting = [each.detach() for each in scalars]
    return torch.stack(waiting).tolist() if waiting else []


def finite(value: float) -> float | None:
    """The value where JSON can carry it."""
    return value if math.isfinite(value) else None
