"""What a model makes of the test or validation images: loss, accuracy, macro F1 and who was taken for whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

ROWS = {"cpu": 256, "cuda": 2048, "mps": 1024}  # a CPU's caches like small batches


@dataclass(frozen=True)
class Scores:
    """Loss (mean), accuracy and macro F1 from 0 to 1, counts [true class][class answered], each image's answer."""

    loss: float
    accuracy: float
    f1: float
    confusion: np.ndarray
    answers: np.ndarray

    @property
    def error_percent(self) -> float:
        """Test error in percent: images that were not recognized, of all."""
        return 100 * (1 - self.accuracy)


@torch.inference_mode()
def evaluate(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    normalize: Callable[[Tensor], Tensor],
    *,
    device: torch.device,
    precision: torch.dtype,
    softmax_before_loss: bool = False,
    stop_requested: Callable[[], bool] = lambda: False,
    rows: Tensor | None = None,
) -> Scores | None:
    """Scores on `images` (n c y x) uint8 and `labels` (n,); None if `interrupted` said so on the way.

    Where `rows` (m,) are given, only these images count, and `labels` (m,) are theirs.

    Where every logit is NaN the answer is class 0, as argmax has it: a collapsed model is scored, not hidden.
    """
    was_training = model.training
    model.eval()
    losses, answers = [], []
    # About as many numbers a batch as ROWS images of 32x32 have, so that a large image's batch is a small one.
    size = max(1, min(ROWS[device.type], ROWS[device.type] * 32 * 32 * 8 // images.shape[-1] ** 2))
    try:
        for start, truth in zip(range(0, len(labels), size), labels.split(size), strict=True):
            if stop_requested():
                return None
            part = slice(start, start + size)
            batch = images[part] if rows is None else images.index_select(0, rows[part])
            batch, truth = batch.to(device, non_blocking=True), truth.to(device, non_blocking=True)
            with torch.autocast(device.type, precision, enabled=precision != torch.float32):
                logits = model(normalize(batch)).float()
            given = logits.softmax(-1) if softmax_before_loss else logits
            losses.append(F.cross_entropy(given, truth, reduction="sum"))
            answers.append(logits.argmax(-1))
            if device.type != "cpu" and len(answers) % 8 == 0:
                answers[-1].cpu()  # lets a request to stop be answered soon: a device would else queue the whole split
    finally:
        model.train(was_training)
    return scores(
        torch.cat(answers).cpu(), labels.cpu(), float(torch.stack(losses).sum()) / len(labels), logits.shape[-1]
    )


def scores(answers: Tensor, truth: Tensor, loss: float, classes: int) -> Scores:
    """The summary of classes answered (n) against the true ones (n), both from 0; `loss` is the mean over them.

    F1 is the mean over classes of 2 TP / (2 TP + FP + FN), 0 for a class that neither occurs nor is answered: macro
    averaging as scikit-learn defines it, which would take longer to load than the test set to evaluate.
    """
    confusion = torch.bincount(truth.long() * classes + answers.long(), minlength=classes**2).reshape(classes, classes)
    hits, occurring, answered = confusion.diagonal(), confusion.sum(1), confusion.sum(0)
    return Scores(
        loss=loss,
        accuracy=float((answers == truth).double().mean()),
        f1=float((2 * hits.double() / (occurring + answered).clamp_min(1)).mean()),
        confusion=confusion.numpy(),
        answers=answers.numpy(),
    )
