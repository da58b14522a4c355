"""What a run tells at its start and at the end of each epoch, as lines of its journals."""

from __future__ import annotations

import os

import torch

from vitcore import events
from vitcore.data import identity
from vitcore.data.registry import DATASETS
from vitcore.models import count, timm_catalog
from vitcore.spec import RunSpec
from vitcore.training.device import described, host, memory_mb
from vitcore.training.evaluate import Scores
from vitcore.training.progress import TrainingProgress, finite
from vitcore.training.state import TrainingState
from vitcore.training.version import version

WIDEST_MATRIX = 256  # classes: a larger confusion matrix is not worth its bytes in a journal


def started(parts: TrainingState, spec: RunSpec, progress_state: TrainingProgress) -> events.Started:
    """What begins, on what, and from which epoch on."""
    within = progress_state.position if progress_state.epoch == progress_state.evaluated else 0
    return events.Started(
        device=described(parts.device),
        precision=str(parts.precision).removeprefix("torch."),
        bfloat16_gain=parts.bfloat16_gain,
        threads=torch.get_num_threads(),
        host=host(),
        vitcore=version(),
        pid=os.getpid(),
        train_samples=parts.rows,
        val_samples=len(parts.validation.labels) if parts.validation else 0,
        test_samples=len(parts.images.test.labels),
        classes=list(parts.images.classes),
        data_digest=identity.digest(parts.images),
        majority_error=identity.majority(parts.images)[1] if spec.data.folder else None,
        parameters=count.parameters(parts.model),
        macs=parts.macs,
        steps_per_epoch=parts.batches.steps,
        epochs=spec.training.epochs,
        resumed_from=progress_state.evaluated,
        timm=timm_catalog.version_of(spec.model.architecture),
        resumed_step=progress_state.epoch * parts.batches.steps + within,
    )


def epoch(
    progress_state: TrainingProgress,
    scores: Scores | None,
    rate: float,
    device: torch.device,
    val: Scores | None = None,
) -> events.Epoch:
    """An epoch that is over; `scores` on the test images and `val` on the validation images, if any."""
    return events.Epoch(
        epoch=progress_state.epoch,
        error_percent=scores.error_percent if scores else None,
        accuracy=scores.accuracy if scores else None,
        f1=scores.f1 if scores else None,
        val_error=val.error_percent if val else None,
        val_accuracy=val.accuracy if val else None,
        val_f1=val.f1 if val else None,
        train_loss=finite(progress_state.epoch_loss / max(1, progress_state.epoch_images)),
        test_loss=finite(scores.loss) if scores else None,
        val_loss=finite(val.loss) if val else None,
        learning_rate=rate,
        images_seen=progress_state.images_seen,
        training_seconds=progress_state.training_seconds,
        evaluation_seconds=progress_state.evaluation_seconds,
        cpu_seconds=progress_state.cpu_seconds,
        images_per_second=progress_state.epoch_images / progress_state.epoch_seconds
        if progress_state.epoch_seconds
        else 0.0,
        memory_mb=memory_mb(device),
        train_accuracy=progress_state.train_accuracy(),
        gradient_norm=progress_state.gradient_norm(),
    )


def matrix(
    progress_state: TrainingProgress, scores: Scores, kind: type[events.Matrix] = events.Matrix
) -> events.Matrix | None:
    """Who was taken for whom, of test or of validation images; none where there are too many classes."""
    return kind(progress_state.epoch, scores.confusion.tolist()) if len(scores.confusion) <= WIDEST_MATRIX else None


def truth(parts: TrainingState, labels: torch.Tensor, kind: type[events.Truth] = events.Truth) -> events.Truth:
    """Every image's true class, labels (b), in their order, of the test or of the validation images."""
    return kind(labels.tolist(), len(parts.images.classes))


def warnings(spec: RunSpec, parts: TrainingState) -> list[str]:
    """What a reader of the results must know."""
    images, dataset = parts.images, DATASETS[spec.data.dataset]
    rows = len(images.train.labels) + (len(images.val.labels) if images.val and dataset.val_samples else 0)
    texts = [*([dataset.note] if dataset.note else []), *images.notes, *_validated(spec, parts)]
    if dataset.train_samples and rows < dataset.train_samples:
        texts.append(f"this copy of {dataset.label} holds {rows:,} of its {dataset.train_samples:,} training images")
    if spec.data.draw_from == "all":
        texts.append("training samples were drawn from the test samples too, so the test error flatters the model")
    return texts


def shared_out(before: int | None, now: int) -> list[str]:
    """That the batches of a resumed run are shared out among another number than before (None: not known)."""
    if before in (None, now):
        return []
    return [
        f"each batch was shared out among {before} before and is among {now} from here on, so that sums are rounded in "
        "another order: this run equals an undisturbed one within rounding, not bit for bit"
    ]


def _validated(spec: RunSpec, parts: TrainingState) -> list[str]:
    """By what images the run's epochs are chosen."""
    images, asked = parts.images, spec.data.validation
    if parts.validation is None:
        if spec.training.target_error is None:
            return []
        return ["there is no validation split, so it is the test error that ends this run early, which flatters it"]
    rows = len(parts.validation.labels)
    if images.val is not None:
        own = f"validated on are the {rows:,} images of the dataset's own validation split"
        return [own if asked == 0.1 else f"{own}; the {asked:g} asked for is not held out of the training split"]
    seed, when = spec.data.validation_seed, "before training is over" if spec.training.evaluate_test else "at all"
    return [
        f"{rows:,} of the {len(images.train.labels):,} training images are held out for validation, class by class "
        f"(validation seed {seed}); the test images are not looked at {when}"
    ]


def diverged(step: int | None, epoch: int, spec: RunSpec, stored: int | None) -> str:
    """Why a run whose loss (at `step`) or weights (none) are no numbers ends, what is kept of it and what may help."""
    rate = spec.optimizer.learning_rate
    what = "the weights stopped being numbers" if step is None else f"the loss stopped being a number at step {step:,}"
    where = (
        f"(epoch {epoch}, learning rate {rate:g})" if step is not None else f"in epoch {epoch} (learning rate {rate:g})"
    )
    stays = "" if stored is None else f"; the weights after {stored} epoch{'s' * (stored != 1)} are kept"
    return (
        f"{what} {where}, so nothing more can be learned{stays}; a lower rate, gradient clipping or a larger epsilon "
        "in the kernel may help"
    )


def not_begun(status: str) -> str:
    """How a run ends that was stopped or paused before it had learned anything."""
    return f"{status} on request before the first step; resume it to train it"
