"""Runs as workers write them, without training."""

from typing import Any

from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.journal import Journal
from vitcore.spec import RunSpec


def write_run(results: Results, epochs: int = 3, ending: str | None = "finished", **chosen: Any) -> RunFolder:
    """A run whose error falls from 50 % by half an epoch, with steps and matrices."""
    folder = results.create(RunSpec.of(**{"epochs": max(1, epochs), **chosen}))
    host = {"machine": "x86_64", "cpu": "a CPU", "cores": 2, "torch": "2", "system": "Linux"}
    add(folder, {"event": "taken", "pid": 1})
    add(folder, {"event": "started", "device": "cpu", "precision": "float32", "host": host, "parameters": 1234})
    for epoch in range(1, epochs + 1):
        add(folder, epoch_line(epoch))
        matrix = Journal(folder.confusion)
        matrix.append({"epoch": epoch, "matrix": [[epoch, 0], [1, 2]]})
        matrix.close()
    if ending:
        add(folder, {"event": "ended", "status": ending, "reason": f"it has {ending}"})
    return folder


def add(folder: RunFolder, line: dict[str, Any]) -> None:
    journal = Journal(folder.events)
    journal.append(line)
    journal.close()


def epoch_line(epoch: int, **other: Any) -> dict[str, Any]:
    error = 100 / 2**epoch
    line = {"event": "epoch", "epoch": epoch, "train_loss": error / 50, "test_loss": error / 40, "f1": 1 - error / 100}
    return {**line, "accuracy": 1 - error / 100, "error_percent": error, "training_seconds": 1.5 * epoch, **other}
