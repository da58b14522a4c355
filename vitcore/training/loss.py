"""The training loss: cross-entropy on plain, smoothed or mixed targets, and distillation from a teacher."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vitcore.data.augment import MixedTargets
from vitcore.spec import TrainingSpec

Loss = Callable[[Tensor | tuple[Tensor, Tensor], MixedTargets, Tensor], Tensor]


def binary_cross_entropy(logits: Tensor, targets: MixedTargets, smoothing: float, threshold: float) -> Tensor:
    """Each class a question of its own (Wightman et al. 2021, Section 3.1), the mean over all classes and images.

    Logits are (b classes).

    Args:
        threshold: shares of a mixed target above it count as 1 and all others as 0; 0: the shares themselves.
    """
    wanted = torch.zeros_like(logits).scatter_(1, targets.labels[:, None], targets.share)
    if targets.targets_b is not None:
        wanted.scatter_add_(1, targets.targets_b[:, None], torch.full_like(logits[:, :1], 1 - targets.share))
    wanted = wanted * (1 - smoothing) + smoothing / logits.shape[1]
    if threshold:
        wanted = (wanted > threshold).to(logits.dtype)
    return F.binary_cross_entropy_with_logits(logits, wanted)


def make_loss(spec: TrainingSpec, teacher: nn.Module | None = None) -> Loss:
    """A function of what the model gave, the targets, and the normalized images (for the teacher) -> a scalar."""

    def against_targets(logits: Tensor, targets: MixedTargets) -> Tensor:
        if spec.loss_function == "bce":
            return binary_cross_entropy(logits, targets, spec.label_smoothing, spec.bce_threshold)
        given = logits.softmax(-1) if spec.softmax_before_loss else logits
        loss = F.cross_entropy(given, targets.labels, label_smoothing=spec.label_smoothing)
        if targets.targets_b is None:
            return loss
        other = F.cross_entropy(given, targets.targets_b, label_smoothing=spec.label_smoothing)
        return targets.share * loss + (1 - targets.share) * other

    def against_teacher(logits: Tensor, images: Tensor) -> Tensor:
        assert teacher is not None
        with torch.no_grad():
            answers = teacher(images)
        if spec.distillation == "hard":  # Touvron et al. 2021, Equation 3
            return F.cross_entropy(logits, answers.argmax(-1))
        softness = spec.temperature  # Hinton et al. 2015: the square keeps the gradients' size
        return softness**2 * F.kl_div(
            (logits / softness).log_softmax(-1),
            (answers / softness).log_softmax(-1),
            reduction="batchmean",
            log_target=True,
        )

    def loss(given: Tensor | tuple[Tensor, Tensor], targets: MixedTargets, images: Tensor) -> Tensor:
        # A distilled model has two heads: one for the labels, one for the teacher; without a teacher both learn labels.
        labeled, distilled = given if isinstance(given, tuple) else (given, given)
        if teacher is not None:
            return (against_targets(labeled.float(), targets) + against_teacher(distilled.float(), images)) / 2
        if labeled is distilled:
            return against_targets(labeled.float(), targets)
        return (against_targets(labeled.float(), targets) + against_targets(distilled.float(), targets)) / 2

    return loss
