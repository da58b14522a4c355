"""What runs come to where nobody disturbs them, and whether disturbed ones tell the same, each epoch once."""

from __future__ import annotations

from dataclasses import dataclass

from vitcore.events import Epoch, Line
from vitcore.runs import attempts, journal, queue, threads
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec
from vitcore.store import queries
from vitcore.store.index import Index
from vitcore.training import train

COMMON = {"dataset": "digits", "samples": 64, "batch_size": 16, "device": "cpu"}
NETWORKS = ("cnn", "cct-mini/3x3")
Curve = dict[int, tuple[float, float]]
"""By epoch: the loss in training, and the test error in percent."""


@dataclass(frozen=True)
class Verdict:
    """How disturbed runs compare with undisturbed ones; counts of epochs but for `unfinished` and `runs`."""

    runs: int
    unfinished: int
    epochs: int
    lost: int
    doubled: int
    other: int
    again: int

    def __str__(self) -> str:
        return (
            f"{self.runs} runs, {self.unfinished} unfinished; {self.epochs} epochs, {self.lost} lost, "
            f"{self.doubled} told twice, {self.other} with another loss or test error than undisturbed "
            f"({self.again} were trained again from a checkpoint before them)"
        )

    @property
    def well(self) -> bool:
        return not (self.unfinished or self.lost or self.doubled or self.other)


def specs(settings: int, seeds: int, epochs: int) -> list[RunSpec]:
    """So many settings, networks of two families by learning rate, with so many seeds each."""
    return [
        RunSpec.of(
            architecture=NETWORKS[number % len(NETWORKS)],
            learning_rate=round(1e-3 * 1.5 ** (number // len(NETWORKS)), 6),
            seed=seed,
            epochs=epochs,
            **COMMON,
        )
        for number in range(settings)
        for seed in range(seeds)
    ]


def undisturbed(spec: RunSpec) -> Curve:
    """The run trained in this process on one thread, as on a node of one CPU, with no engine and no journal."""
    curve: Curve = {}

    def report(line: Line) -> None:
        if isinstance(line, Epoch):
            written = journal.plain(line.written())  # as a journal rounds it
            curve[line.epoch] = written["train_loss"], written["error_percent"]

    threads.use(1)
    train(spec, report)
    return curve


def compared(results: Results, ids: list[str], wanted: list[Curve]) -> Verdict:
    """What the tables say of these runs, against what each should have told."""
    index = Index(results)
    index.poll()
    rows = queries.epochs(index, ids)
    index.close()
    epochs = lost = doubled = other = again = 0
    for id, curve in zip(ids, wanted, strict=True):
        item = rows[rows["run_id"] == id]
        stored = dict(zip(item["epoch"], zip(item["train_loss"], item["error_percent"], strict=True), strict=True))
        epochs += len(item)
        lost += len(curve.keys() - stored.keys())
        doubled += len(item) - len(stored)
        other += sum(stored[number] != value for number, value in curve.items() if number in stored)
        lines = [line for line in journal.stream(results.run(id).events)[0] if line.get("event") == "epoch"]
        again += len(lines) - len(attempts.Attempts().take_all(lines).notes)
    unfinished = sum(queue.status(results, id) != "finished" for id in ids)
    return Verdict(len(ids), unfinished, epochs, lost, doubled, other, again)
