"""A published checkpoint as a stored run, measured on the test rows like any other."""

from __future__ import annotations

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
    results: Results, spec: RunSpec, path: Path, *, evaluate: bool = True, weights: str = "trained"
) -> tuple[str, list[str]]:
    """Loads the authors' weights into the spec's model and stores it; the run's id, and what was done in sentences.

    Raises:
        Refusal: the file is unreadable or another model's, or the test rows are not to be had.
    """
    import torch

    from vitcore.models import count
    from vitcore.models.checkpoint_formats import load_published
    from vitcore.training.checkpoint import save_model
    from vitcore.training.network import build_model

    dataset = DATASETS[spec.data.dataset]
    side = spec.data.side or dataset.side
    torch.manual_seed(spec.seed)
    model = build_model(spec, dataset.channels, side, len(dataset.classes)).eval()
    said = load_published(model, path, weights)
    scores, truth = _measure(model, spec) if evaluate else (None, [])

    folder = results.create(spec)
    with locks.lock(folder.alive).acquire():
        save_model(folder.path, model, spec, dataset.classes, side, 0)
        events = Journal(folder.events)
        events.append(
            Started(
                device="cpu",
                precision="float32",
                classes=list(dataset.classes),
                test_rows=dataset.test_rows,
                parameters=count.parameters(model),
                macs=count.macs(model, dataset.channels, side),
                epochs=0,
                resumed_from=0,
            )
        )
        for sentence in said:
            events.append(Note(sentence))
        if scores is not None:
            matrices = Journal(folder.confusion)
            matrices.append(Matrix(0, scores.confusion.tolist()))
            matrices.close()
            answers = Predictions(folder.predictions, truth, len(dataset.classes))
            answers.put(0, scores.answers)
            answers.close()
        error = None if scores is None else scores.error_percent
        events.append(Ended("finished", f"Imported from {path.name}.", epochs=0, error_percent=error))
        events.close()
    return folder.id, said


def _measure(model: Any, spec: RunSpec) -> tuple[Any, list[int]]:
    """The scores on the test rows, and their true classes."""
    import torch

    from vitcore.data.augment import Normalise
    from vitcore.data.load import load
    from vitcore.data.registry import pixel_scale
    from vitcore.training.evaluate import evaluate

    images = load(spec.data.dataset, spec.data.side, skip_broken=spec.data.skip_broken)
    cpu = torch.device("cpu")
    scores = evaluate(
        model,
        images.test.images,
        images.test.labels,
        Normalise(*pixel_scale(spec.data.dataset, spec.data.normalize), cpu),
        device=cpu,
        precision=torch.float32,
        softmax_before_loss=False,
        interrupted=lambda: False,
    )
    return scores, images.test.labels.tolist()
