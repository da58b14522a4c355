"""A published checkpoint as a stored run, measured on the test samples like any other."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from vitcore.data.registry import DATASETS
from vitcore.events import Ended, Matrix, Note, Started
from vitcore.runs import locks
from vitcore.runs.folder import Results
from vitcore.runs.journal import Journal
from vitcore.runs.predictions import Predictions
from vitcore.spec import RunSpec


def store(
    results: Results, spec: RunSpec, path: Path, *, evaluate: bool = True, weights: str = "trained", origin: str = ""
) -> tuple[str, list[str]]:
    """Loads the authors' weights into the spec's model and stores it; the run's id, and what was done in sentences.

    The spec tells the file's digest, so that nothing takes the run for one that was trained here. Where the head is
    fresh there is nothing to measure, and nothing that predicts: the weights are kept without it, for runs that start
    from them.

    Args:
        origin: where the file is from, in words that the run keeps; empty: its name says enough.

    Raises:
        UserError: the file is unreadable or another model's, or the test samples are not to be had.
    """
    import torch

    from vitcore.models import count, timm_catalog
    from vitcore.models.checkpoint_formats import load
    from vitcore.models.transfer import head_names
    from vitcore.training.checkpoint import BACKBONE, metadata, save_model, save_weights
    from vitcore.training.network import build_model

    dataset = DATASETS[spec.data.dataset]
    image_size = spec.data.image_size or dataset.image_size
    torch.manual_seed(spec.seed)
    model = build_model(spec, dataset.channels, image_size, len(dataset.classes)).eval()
    loaded = load(model, path, weights)
    text = loaded.notes
    spec = RunSpec.of(spec, checkpoint_digest=_digest(path))
    scores, truth = _measure(model, spec) if evaluate and not loaded.fresh_head else (None, [])

    folder = results.create(spec)
    with locks.lock(folder.alive).acquire():
        if loaded.fresh_head:
            heads = head_names(model)
            bare = {name: tensor for name, tensor in model.state_dict().items() if name not in heads}
            save_weights(folder.path / BACKBONE, bare, metadata(spec, dataset.classes, image_size, 0))
        else:
            save_model(folder.path, model, spec, dataset.classes, image_size, 0)
        events = Journal(folder.events)
        events.append(
            Started(
                device="cpu",
                precision="float32",
                classes=list(dataset.classes),
                test_samples=dataset.test_samples,
                parameters=count.parameters(model),
                macs=count.macs(model, dataset.channels, image_size),
                epochs=0,
                resumed_from=0,
                timm=timm_catalog.version_of(spec.model.architecture),
            )
        )
        for sentence in text:
            events.append(Note(sentence))
        without = ", without a head that fits: runs can start from it, and it can answer nothing itself"
        reason = f"Imported from {origin or path.name}{without if loaded.fresh_head else ''}."
        if scores is not None:
            matrices = Journal(folder.confusion)
            matrices.append(Matrix(0, scores.confusion.tolist()))
            matrices.close()
            answers = Predictions(folder.predictions, truth, len(dataset.classes))
            answers.put(0, scores.answers)
            answers.close()
        error = None if scores is None else scores.error_percent
        events.append(Ended("finished", reason, epochs=0, error_percent=error))
        events.close()
    return folder.id, text


def _digest(path: Path) -> str:
    """SHA-256 of the file, by which its spec names it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _measure(model: Any, spec: RunSpec) -> tuple[Any, list[int]]:
    """The scores on the test samples, and their true classes."""
    import torch

    from vitcore.data.augment import Normalize
    from vitcore.data.load import load
    from vitcore.data.registry import pixel_scale
    from vitcore.data.splits import tested
    from vitcore.training.evaluate import evaluate

    data = spec.data
    shown = tested(load(data.dataset, **data.reading()))
    cpu = torch.device("cpu")
    scores = evaluate(
        model,
        shown.images,
        shown.labels,
        Normalize(*pixel_scale(spec.data.dataset, spec.data.normalize), cpu),
        device=cpu,
        precision=torch.float32,
        softmax_before_loss=False,
        stop_requested=lambda: False,
    )
    return scores, shown.labels.tolist()
