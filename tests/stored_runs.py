"""Stored runs as store.queries.runs gives them, and the reports' texts where they are at hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from vitcore.data.registry import DATASETS
from vitcore.spec import RunSpec

ROOT = Path(__file__).resolve().parents[1]
NO_RUNS: dict[str, list[Any]] = {
    "id": [], "title": [], "status": [], "fingerprint": [], "seed": [], "machine": [], "error_percent": [],
    "accuracy": [], "training_seconds": [], "epochs_done": [], "train_samples": [], "macs": [], "architecture": [],
    "kernel": [], "dataset": [], "image_size": [], "memory_mb": [], "batch_size": [],
}  # fmt: skip


def stored(
    spec: RunSpec, error: float, *, status: str = "finished", machine: str = "here", **more: Any
) -> dict[str, Any]:
    """One line of the runs table."""
    rows = spec.data.samples or DATASETS[spec.data.dataset].train_samples
    return {
        **spec.flat(),
        "id": f"run-{spec.fingerprint()}-{spec.seed}",
        "title": spec.title(),
        "status": status,
        "fingerprint": spec.fingerprint(),
        "machine": machine,
        "error_percent": error,
        "accuracy": 1 - error / 100,
        "training_seconds": 30.0,
        "epochs_done": spec.training.epochs,
        "train_samples": rows,
        "macs": 1e7,
        "memory_mb": 400.0,
        **more,
    }


@pytest.fixture
def frame() -> Callable[..., pd.DataFrame]:
    def made(lines: Sequence[dict[str, Any]] = ()) -> pd.DataFrame:
        return pd.DataFrame(list(lines)) if lines else pd.DataFrame(NO_RUNS)

    return made


@pytest.fixture(scope="session")
def seeds() -> dict[str, str]:
    """The four reports' texts by the report's key."""
    folder = Path(os.environ.get("VITCORE_SEEDS") or ROOT.parent / "shared" / "seeds")
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt"))] if folder.is_dir() else []
    if not texts:
        pytest.skip(f"the reports' texts are not at hand in {folder}; name their folder in VITCORE_SEEDS")
    markers = {
        "performer": "Performized",
        "cifar10": "DS4440",
        "slides": "COMPACT TRANSFORMERS",
        "hybrid": "Hybrid Seq",
    }
    return {key: next(text for text in texts if marker in text) for key, marker in markers.items()}
