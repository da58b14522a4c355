"""Runs as their journals tell them, written at once: for tests to which the training itself is not the point."""

from __future__ import annotations

import torch

from vitcore.data.load import described
from vitcore.models import build
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.journal import Journal
from vitcore.spec import RunSpec
from vitcore.training.checkpoint import save_model

HOST = {"machine": "m", "cpu": "p", "cores": 2, "torch": "2", "system": "s"}


def tell(
    results: Results, spec: RunSpec, *, status: str | None = "finished", error: float = 6.0, epochs: int | None = None
) -> RunFolder:
    """A run that started, reported `epochs` (all of them where not said), each with a matrix, and ended so.

    Without a status it has not ended: it is running while its lock is held, interrupted else.
    """
    folder = results.create(spec)
    classes = described(spec.data.dataset, spec.data.folder).classes
    done = spec.training.epochs if epochs is None else epochs
    events, steps, confusion = Journal(folder.events), Journal(folder.steps), Journal(folder.confusion)
    events.append(
        {
            "event": "started", "device": "cpu", "precision": "float32", "threads": 1, "host": HOST, "pid": 1,
            "train_samples": 1000, "test_samples": 100, "classes": list(classes), "parameters": 10, "macs": 1000,
            "steps_per_epoch": 5, "epochs": spec.training.epochs, "resumed_from": 0,
        }
    )  # fmt: skip
    for epoch in range(1, done + 1):
        steps.append({"step": 5 * epoch, "epoch": epoch, "loss": 1 / epoch, "learning_rate": 0.01})
        events.append(
            {
                "event": "epoch", "epoch": epoch, "train_loss": 1 / epoch, "test_loss": 1.0,
                "accuracy": 1 - error / 100, "error_percent": error, "f1": 0.5, "learning_rate": 0.01,
                "images_seen": 1000 * epoch, "training_seconds": 5.0 * epoch, "evaluation_seconds": 1.0,
                "cpu_seconds": 5.0 * epoch, "images_per_second": 200.0, "memory_mb": 100.0,
            }
        )  # fmt: skip
        matrix = [[10 * (row == column) + epoch % 2 for column in range(len(classes))] for row in range(len(classes))]
        confusion.append({"epoch": epoch, "matrix": matrix})
    if status:
        ended = {"event": "ended", "status": status, "reason": "told so", "error_percent": error, "epochs": done}
        events.append({**ended, "training_seconds": 5.0 * done, "images_per_second": 200.0})
    for journal in (events, steps, confusion):
        journal.close()
    return folder


def give_weights(folder: RunFolder) -> None:
    """An untrained model's weights, as a checkpoint of the run."""
    spec = folder.spec()
    known = described(spec.data.dataset, spec.data.folder)
    torch.manual_seed(spec.seed)
    model = build(
        spec.model.architecture, channels=known.channels, image_size=known.image_size, classes=len(known.classes),
        kernel=spec.model.kernel,
    )  # fmt: skip
    save_model(folder.path, model, spec, known.classes, known.image_size, spec.training.epochs)
