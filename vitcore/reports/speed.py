"""How long runs will take on this machine: by its stored runs, by a measurement of seconds, else guessed by size."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from vitcore.data.datasets import DATASETS
from vitcore.reports.tables import counts
from vitcore.runs import processes
from vitcore.spec import RunSpec

EVALUATION = 1 / 3
"""Cost of a forward pass beside a training step's forward and backward."""

PATIENCE = 120  # seconds that a measurement may take

Network = tuple[str, str, int]
"""What speed depends on: architecture, kernel, side of the picture in pixels."""


@dataclass(frozen=True)
class Estimate:
    """Minutes for a list of runs one after another; `unknown` of them could not be estimated and are left out.

    `guessed`: a spec of each network that no stored run and no measurement tells of; `measure` would.
    """

    minutes: float
    unknown: int
    guessed: Sequence[RunSpec] = ()

    def __str__(self) -> str:
        if math.isnan(self.minutes):
            return "unknown: no stored run tells this machine's speed yet"
        text = f"{'perhaps' if self.guessed else 'about'} {duration(self.minutes)}"
        return f"{text}, and {self.unknown} runs of unknown length" if self.unknown else text


def network(spec: RunSpec) -> Network:
    """What this spec's speed depends on."""
    return spec.model.architecture, spec.model.kernel, spec.data.side or DATASETS[spec.data.dataset].side


def forecast_here(spec: RunSpec) -> dict[str, float]:
    """vitcore.training.forecast.Forecast of a spec as plain values, made in a process of its own: it takes seconds.

    Raises:
        Refusal: as vitcore.training.forecast.forecast, or it took too long.
    """
    said, _ = processes.answer("vitcore.training.forecast", [spec.model_dump_json()], PATIENCE)
    found: dict[str, float] = json.loads(said)
    return found


def measure(spec: RunSpec) -> float:
    """Seconds of training for one picture of this spec's network, from a few steps made now; raises Refusal."""
    return 1 / forecast_here(spec)["images_per_second"]


def estimate(
    specs: Sequence[RunSpec],
    runs: pd.DataFrame,
    machine: str | None = None,
    measured: Mapping[Network, float] | None = None,
) -> Estimate:
    """Minutes that the runs take one after another, judged by what stored runs of a machine took.

    Args:
        machine: the host whose runs count; None: all of them.
        measured: seconds for one picture, by network, as `measure` gives them; used where no stored run tells.
    """
    speed = Speed(runs, machine, measured)
    seconds = [speed.seconds(spec) for spec in specs]
    known = [one for one in seconds if one is not None]
    guessed = {network(spec): spec for spec in reversed(specs) if speed.guesses(spec)}
    minutes = sum(known) / 60 if known or not specs else math.nan
    return Estimate(minutes, len(specs) - len(known), list(guessed.values())[::-1])


TOLD = [
    "training_seconds", "epochs_done", "train_rows", "machine", "architecture", "kernel", "dataset", "side", "macs",
]  # fmt: skip


class Speed:
    """What stored runs say of a machine's speed: by the same network, else by multiply-accumulates per second."""

    def __init__(
        self, runs: pd.DataFrame, machine: str | None = None, measured: Mapping[Network, float] | None = None
    ) -> None:
        self._measured = measured or {}
        told = runs.loc[(runs["training_seconds"] > 0) & (runs["epochs_done"] > 0) & (runs["train_rows"] > 0), TOLD]
        if machine is not None:
            told = told[told["machine"] == machine]
        elsewhere = runs["kept"].eq(True).reindex(told.index) if "kept" in runs else False
        images = told["epochs_done"] * told["train_rows"]
        own = told["dataset"].map({name: data.side for name, data in DATASETS.items()})
        self._told = told.assign(
            per_image=told["training_seconds"] / images, side=told["side"].fillna(own), elsewhere=elsewhere
        )

    def seconds(self, spec: RunSpec) -> float | None:
        """Training and evaluation of one run; None where no stored run tells."""
        per_image = self._per_image(spec)
        if per_image is None:
            return None
        data = DATASETS[spec.data.dataset]
        trained = (spec.data.samples or data.train_rows) * spec.training.epochs
        evaluations = math.ceil(spec.training.epochs / spec.training.evaluate_every)
        return per_image * (trained + EVALUATION * data.test_rows * evaluations)

    def guesses(self, spec: RunSpec) -> bool:
        """Whether neither a stored run nor a measurement of this network tells its speed."""
        return self._like(spec) is None

    def _per_image(self, spec: RunSpec) -> float | None:
        """Seconds of training for one picture; where this network is new here: as elsewhere, else by its arithmetic."""
        own = self._like(spec)
        if own is not None:
            return own
        there = self._same(spec, elsewhere=True)
        if len(there):
            return float(there["per_image"].median())
        data = DATASETS[spec.data.dataset]
        macs = _macs(spec, data.channels, network(spec)[-1])
        known = self._told[self._told["macs"] > 0]
        return None if macs is None or known.empty else float((known["per_image"] / known["macs"]).median()) * macs

    def _like(self, spec: RunSpec) -> float | None:
        """The median of this machine's runs of this kernel; else as measured; else of another kernel's; else None."""
        same = self._same(spec, elsewhere=False)
        exact = same[same["kernel"] == spec.model.kernel]
        if len(exact):
            return float(exact["per_image"].median())
        if network(spec) in self._measured:
            return self._measured[network(spec)]
        return float(same["per_image"].median()) if len(same) else None

    def _same(self, spec: RunSpec, *, elsewhere: bool) -> pd.DataFrame:
        """Runs of this architecture on pictures of this size, with any kernel."""
        architecture, _, side = network(spec)
        told = self._told[self._told["elsewhere"] == elsewhere]
        return told[(told["architecture"] == architecture) & (told["side"] == side)]


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
