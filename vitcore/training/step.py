"""One step of the optimizer, the same in every process that trains the run."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from vitcore.data.augment import MixedTargets
from vitcore.data.seeds import make_generator
from vitcore.layers.attention import redraw_features
from vitcore.models.transfer import train_mode
from vitcore.spec import RunSpec
from vitcore.training.compiled import Forward, compiling_took
from vitcore.training.progress import StepResult
from vitcore.training.schedule import lr_factor
from vitcore.training.state import TrainingState

NORM_EVERY = 8  # steps of an epoch, of one of which the gradient's norm is told


class Steps:
    """The steps of a run: what each one shows the network and how it moves the weights."""

    def __init__(self, spec: RunSpec, parts: TrainingState) -> None:
        self.spec, self.parts = spec, parts
        self.count = parts.batches.steps * spec.training.epochs
        self._right: list[Tensor] = []  # of the batch's portions, which threads may compute

    def take(self, step: int, images: Tensor, labels: Tensor) -> StepResult:
        """Step `step` (from 0) on images (b c y x) uint8, and what it came to.

        Nothing in it waits for the device.
        """
        spec, parts = self.spec, self.parts
        if spec.model.redraw_every and step and step % spec.model.redraw_every == 0:
            redraw_features(parts.model, make_generator(spec.seed, "features", step))
        epoch = step // parts.batches.steps
        generator = make_generator(spec.seed, "augment", step)
        changed = parts.normalize(parts.augment.images(images, generator))
        inputs, targets = parts.augment.batch(changed, labels, generator, epoch)
        rate = parts.optimizers.set_rate(lr_factor(spec.schedule, step, self.count, parts.batches.steps))
        parts.optimizers.clear()
        self._right.clear()
        loss = parts.parallel.backward(partial(self._loss, parts.forward), inputs, targets, step, self._right)
        norm = self._norm(step % parts.batches.steps)
        parts.optimizers.step()
        if parts.ema is not None:
            parts.ema.update(step + 1)
        return StepResult(rate, loss, torch.stack(self._right).sum() if self._right else None, norm)

    def _norm(self, position: int) -> Tensor | None:
        """Clip the gradient where the spec says so; its norm before that, of every eighth step of an epoch.

        Of the smallest steps a norm is 5 % of the time of a CPU, so that of every eighth it is under 1 % (`python -m
        benchmarks.model.gradient_norm`); on other devices that was not measured, and without clipping it is left out.
        """
        clip, model, wanted = self.spec.optimizer.clip_norm, self.parts.model, position % NORM_EVERY == 0
        if clip is not None:
            norm = nn.utils.clip_grad_norm_(model.parameters(), clip)
            return norm if wanted else None
        if not wanted or self.parts.device.type != "cpu":
            return None
        return nn.utils.get_total_norm([each.grad for each in model.parameters() if each.grad is not None])

    def compile(self, epoch: int) -> float:
        """Compile the network on what this process computes of the epoch's first batch; seconds that took."""
        parts = self.parts
        train_mode(parts.model, frozen=self.spec.init.freeze)
        images, labels = parts.batches.batch(parts.batches.order(epoch), 0)
        generator = make_generator(self.spec.seed, "augment", 0)
        inputs, targets = parts.augment.batch(parts.normalize(images), labels, generator, epoch)
        part = parts.parallel.own(len(inputs))
        inputs, targets = inputs[part], targets.rows(part)
        return compiling_took(parts.model, parts.forward, lambda forward: self._loss(forward, inputs, targets))

    def _loss(self, forward: Forward, inputs: Tensor, targets: MixedTargets) -> Tensor:
        """What a batch's answers are off by, the network's own products in the run's precision."""
        parts = self.parts
        with torch.autocast(parts.device.type, parts.precision, enabled=parts.precision != torch.float32):
            given = forward(inputs)
        if targets.targets_b is None:
            labeled = given[0] if isinstance(given, tuple) else given
            self._right.append((labeled.detach().argmax(-1) == targets.labels).sum())
        return parts.loss(given, targets, inputs)
