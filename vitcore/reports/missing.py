"""Which runs would fill a table's gaps, and how long they would take on this machine."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pandas as pd

from vitcore.data.datasets import DATASETS
from vitcore.reports.published import METRICS, Table
from vitcore.reports.tables import COUNTED, cell_specs, counts, fingerprint
from vitcore.spec import RunSpec

UNDER_WAY = ("queued", "running", "paused")

EVALUATION = 1 / 3
"""Cost of a forward pass beside a training step's forward and backward."""


@dataclass(frozen=True)
class Gaps:
    """What is missing: the runs, those already under way, and the cells that cannot be run with the reason."""

    specs: Sequence[RunSpec]
    under_way: int
    cannot: Sequence[tuple[str, str, str]]  # row label, column title, why


@dataclass(frozen=True)
class Estimate:
    """Minutes for a list of runs one after another; `unknown` of them could not be estimated and are left out."""

    minutes: float
    unknown: int

    def __str__(self) -> str:
        if math.isnan(self.minutes):
            return "unknown: no stored run tells this machine's speed yet"
        text = f"about {duration(self.minutes)}"
        return f"{text}, and {self.unknown} runs of unknown length" if self.unknown else text


def missing(
    table: Table,
    runs: pd.DataFrame,
    seeds: Sequence[int],
    protocol: str,
    *,
    rows: Collection[str] | None = None,
    columns: Collection[str] | None = None,
) -> Gaps:
    """The runs that the chosen cells (all: None) still need to have every seed; failed and stopped runs are run again.

    Cells that are filled by one run (error and time of it) ask for it once.
    """
    specs: dict[tuple[str, int], RunSpec] = {}
    waiting: set[tuple[str, int]] = set()
    cannot: list[tuple[str, str, str]] = []
    done = _seeds(runs, COUNTED)
    busy = _seeds(runs, UNDER_WAY)
    for (row, column), (spec, why) in cell_specs(table, protocol).items():
        kind = METRICS[table.column(column).metric].kind
        if (rows is not None and row not in rows) or (columns is not None and column not in columns) or kind == "count":
            continue
        if spec is None:
            cannot.append((table.row(row).label, table.column(column).title, why))
            continue
        for seed in seeds:
            key = (fingerprint(spec), seed)
            if key in busy:
                waiting.add(key)
            elif key not in done and key not in specs:
                specs[key] = RunSpec.of(spec, seed=seed)
    return Gaps(list(specs.values()), len(waiting), cannot)


def _seeds(runs: pd.DataFrame, statuses: Collection[str]) -> set[tuple[str, int]]:
    some = runs[runs["status"].isin(statuses)] if len(runs) else runs
    return {
        (str(mark), int(seed)) for mark, seed in zip(some["fingerprint"], some["seed"], strict=True) if mark == mark
    }


def estimate(specs: Sequence[RunSpec], runs: pd.DataFrame, machine: str | None = None) -> Estimate:
    """Minutes that the runs take one after another, judged by what stored runs of a machine took."""
    speed = Speed(runs, machine)
    seconds = [speed.seconds(spec) for spec in specs]
    known = [one for one in seconds if one is not None]
    return Estimate(sum(known) / 60 if known or not specs else math.nan, len(specs) - len(known))


TOLD = [
    "training_seconds", "epochs_done", "train_rows", "machine", "architecture", "kernel", "dataset", "side", "macs",
]  # fmt: skip


class Speed:
    """What stored runs say of a machine's speed: by the same network, else by multiply-accumulates per second."""

    def __init__(self, runs: pd.DataFrame, machine: str | None = None) -> None:
        told = runs.loc[(runs["training_seconds"] > 0) & (runs["epochs_done"] > 0) & (runs["train_rows"] > 0), TOLD]
        if machine is not None:
            told = told[told["machine"] == machine]
        images = told["epochs_done"] * told["train_rows"]
        own = told["dataset"].map({name: data.side for name, data in DATASETS.items()})
        self._told = told.assign(per_image=told["training_seconds"] / images, side=told["side"].fillna(own))

    def seconds(self, spec: RunSpec) -> float | None:
        """Training and evaluation of one run; None where no stored run tells."""
        per_image = self._per_image(spec)
        if per_image is None:
            return None
        data = DATASETS[spec.data.dataset]
        trained = (spec.data.samples or data.train_rows) * spec.training.epochs
        evaluations = math.ceil(spec.training.epochs / spec.training.evaluate_every)
        return per_image * (trained + EVALUATION * data.test_rows * evaluations)

    def _per_image(self, spec: RunSpec) -> float | None:
        """Seconds of training for one picture (median of the runs that resemble the spec most)."""
        told, data = self._told, DATASETS[spec.data.dataset]
        side = spec.data.side or data.side
        same = told[(told["architecture"] == spec.model.architecture) & (told["side"] == side)]
        for alike in (same[same["kernel"] == spec.model.kernel], same):
            if len(alike):
                return float(alike["per_image"].median())
        macs = _macs(spec, data.channels, side)
        known = told[told["macs"] > 0]
        return None if macs is None or known.empty else float((known["per_image"] / known["macs"]).median()) * macs


def _macs(spec: RunSpec, channels: int, side: int) -> float | None:
    """MACs of a spec's network from the counted ones, scaled by the picture's area."""
    for network, size in counts().items():
        name, picture, *_ = network.split()
        if name == spec.model.architecture:
            return size["macs"] * (side / int(picture.split("x")[1])) ** 2
    return None


def duration(minutes: float) -> str:
    """Minutes as people say them."""
    if minutes < 1:
        return f"{max(1, round(minutes * 60))} s"
    if minutes < 90:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} days"
