"""How long runs will take on this machine: by its stored runs, by a measurement of seconds, else guessed by size."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from vitcore import processes
from vitcore.cost import workload
from vitcore.cost.durations import duration
from vitcore.cost.estimate import CostEstimate
from vitcore.data.registry import DATASETS
from vitcore.published.counts import counts
from vitcore.spec import RunSpec
from vitcore.spec.presets import presets

EVALUATION = 1 / 3
"""Cost of a forward pass beside a training step's forward and backward."""

PATIENCE = 120  # seconds that a measurement may take

STEP = 4.0
"""Images for whose time a step takes longer, whatever its batch: the optimizer's update, the calls of each layer.

A guess, for networks whose runs tell of one batch size alone: 2.5 was measured of cct-2/3x2, 8.6 of cnn (two cores).
"""

PRESET_MACS = 3_036_032
"""MACs of an image in the presets' network (cct-mini/3x3 at 28 pixels), counted; tests/cost counts them again."""

Network = tuple[str, str, int, int, str]
"""What speed depends on: architecture, kernel, side of the image in pixels, images in a batch, changed dimensions."""

DIMENSIONS = ("depth", "embed_dim", "num_heads", "mlp_ratio", "patch", "tokenizer", "features")
"""Options of a network that make it quicker or slower; None: the architecture's own."""

Counted = Callable[[RunSpec], float | None]
"""MACs of an image that goes through a spec's network, counted on the network itself."""


class Measured(NamedTuple):
    """What a few steps told of a network on this machine."""

    seconds: float  # of training for one image
    memory_mb: float  # with the spec's own batch size


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
        text = f"{'perhaps' if self.guessed else 'about'} {duration(60 * self.minutes)}"
        return f"{text}, and {self.unknown} runs of unknown length" if self.unknown else text


def network(spec: RunSpec) -> Network:
    """What this spec's speed depends on."""
    image_size = spec.data.image_size or DATASETS[spec.data.dataset].image_size
    own = ", ".join(f"{name} {value}" for name in DIMENSIONS if (value := getattr(spec.model, name)) is not None)
    return spec.model.architecture, spec.model.kernel, image_size, spec.training.batch_size, own


def forecast_here(spec: RunSpec) -> dict[str, Any]:
    """vitcore.cost.forecast.Forecast of a spec as plain values, made in a process of its own: it takes seconds.

    Raises:
        UserError: as vitcore.cost.forecast.forecast, or it took too long.
    """
    text, _ = processes.answer("vitcore.cost.forecast", [spec.model_dump_json()], PATIENCE)
    found: dict[str, Any] = json.loads(text)
    return found


def measure(spec: RunSpec) -> Measured:
    """What this spec's network takes here, from a few steps made now; raises UserError."""
    found = forecast_here(spec)
    return Measured(1 / found["images_per_second"], found["memory_mb"])


def estimate(
    specs: Sequence[RunSpec],
    runs: pd.DataFrame,
    machine: str | None = None,
    measured: Mapping[Network, Measured] | None = None,
    counted: Counted | None = None,
) -> Estimate:
    """Minutes that the runs take one after another, judged by what stored runs of a machine took.

    Args:
        machine: the host whose runs count; None: all of them.
        measured: by network, as `measure` gives it; used where no stored run tells.
        counted: as Speed takes it.
    """
    speed = Speed(runs, machine, measured, counted)
    seconds = [speed.seconds(spec) for spec in specs]
    known = [second for second in seconds if second is not None]
    guessed = {network(spec): spec for spec in reversed(specs) if speed.guesses(spec)}
    minutes = sum(known) / 60 if known or not specs else math.nan
    return Estimate(minutes, len(specs) - len(known), list(guessed.values())[::-1])


TIMED_COLUMNS = [
    "training_seconds", "epochs_done", "train_samples", "machine", "architecture", "kernel", "dataset", "image_size",
    "macs", "batch_size", "memory_mb",
]  # fmt: skip


class Speed:
    """What stored runs say of a machine's speed: by the same network, else by multiply-accumulates per second.

    With `counted` a network that no run and no published table has is guessed by its own MACs, and the first one on a
    machine without runs by what the presets took on theirs.
    """

    def __init__(
        self,
        runs: pd.DataFrame,
        machine: str | None = None,
        measured: Mapping[Network, Measured] | None = None,
        counted: Counted | None = None,
    ) -> None:
        self._measured, self._counted = measured or {}, counted
        if "origin" in runs:  # another program's times tell nothing of this one's
            runs = runs[runs["origin"].isna()]
        trained = (runs["training_seconds"] > 0) & (runs["epochs_done"] > 0) & (runs["train_samples"] > 0)
        whole = runs["status"] != "diverged"  # one that diverges ends within an epoch that counts as done
        timed = runs.loc[trained & whole, TIMED_COLUMNS + [name for name in DIMENSIONS if name in runs]]
        if machine is not None:
            timed = timed[timed["machine"] == machine]
        elsewhere = runs["kept"].eq(True).reindex(timed.index) if "kept" in runs else False
        images = timed["epochs_done"] * timed["train_samples"]
        own = timed["dataset"].map({name: data.image_size for name, data in DATASETS.items()})
        self._timed = timed.assign(
            per_image=timed["training_seconds"] / images,
            image_size=timed["image_size"].fillna(own),
            batch=timed[["batch_size", "train_samples"]].min(axis=1),
            elsewhere=elsewhere,
        )
        self._known: dict[Network, tuple[float | None, bool]] = {}

    def seconds(self, spec: RunSpec) -> float | None:
        """Training and evaluation of one run; None where no stored run tells."""
        per_image = self._per_image(spec)[0]
        if per_image is None:
            return None
        return per_image * (workload.trained(spec) + EVALUATION * workload.evaluated(spec))

    def expected(self, spec: RunSpec) -> CostEstimate | None:
        """What the training alone is expected to take, to be kept with the run; None where no stored run tells."""
        per_image, guessed = self._per_image(spec)
        if per_image is None:
            return None
        return CostEstimate(per_image * workload.trained(spec), guessed, self.memory_mb(spec))

    def memory_mb(self, spec: RunSpec) -> float | None:
        """Megabytes that it will hold: as runs of this network and batch size did, else as measured; else None."""
        equal = self._same(spec, elsewhere=False)
        memory = equal.loc[equal["batch_size"] == spec.training.batch_size, "memory_mb"].dropna()
        if len(memory):
            return float(memory.median())
        return self._measured[network(spec)].memory_mb if network(spec) in self._measured else None

    def guesses(self, spec: RunSpec) -> bool:
        """Whether neither a stored run nor a measurement of this network tells its speed."""
        return self._per_image(spec)[1]

    def _per_image(self, spec: RunSpec) -> tuple[float | None, bool]:
        """Seconds of training for one image, and whether that is a guess."""
        which = network(spec)
        if which not in self._known:
            own = self._like(spec)
            self._known[which] = (self._guess(spec), True) if own is None else own
        return self._known[which]

    def _guess(self, spec: RunSpec) -> float | None:
        """For a network that is new here: as elsewhere, else by its arithmetic."""
        there = self._same(spec, elsewhere=True)
        if len(there):
            return _at_batch(there, workload.batch(spec))
        macs = self._counted(spec) if self._counted else _macs(spec, workload.dataset(spec).channels, network(spec)[2])
        known = self._timed[self._timed["macs"] > 0]
        if macs is None:
            return None
        if known.empty:
            return _by_presets(macs, workload.batch(spec)) if self._counted else None
        return _by_arithmetic(known, macs) * (1 + STEP / workload.batch(spec))

    def _like(self, spec: RunSpec) -> tuple[float, bool] | None:
        """This machine's runs of this kernel and batch size; else as measured; else of another kernel's with it; else,
        and that is a guess, of other batch sizes; else None."""
        equal = self._same(spec, elsewhere=False)
        batch = workload.batch(spec)
        kernel, beside = equal[equal["kernel"] == spec.model.kernel], equal[equal["batch"] == batch]
        exact = kernel[kernel["batch"] == batch]
        if len(exact):
            return float(exact["per_image"].median()), False
        if network(spec) in self._measured:
            return self._measured[network(spec)].seconds, False
        if len(beside):
            return float(beside["per_image"].median()), False
        return (_at_batch(kernel if len(kernel) else equal, batch), True) if len(equal) else None

    def _same(self, spec: RunSpec, *, elsewhere: bool) -> pd.DataFrame:
        """Runs of this architecture, of these dimensions, on images of this size, with any kernel."""
        architecture, _, image_size, *_ = network(spec)
        timed = self._timed[self._timed["elsewhere"] == elsewhere]
        for name in (name for name in DIMENSIONS if name in timed):
            value = getattr(spec.model, name)
            timed = timed[timed[name].isna() if value is None else timed[name] == value]
        return timed[(timed["architecture"] == architecture) & (timed["image_size"] == image_size)]


def _at_batch(timed: pd.DataFrame, batch: int) -> float:
    """Seconds for one image at a batch size, by runs of others: what a step costs besides its images is shared out.

    A line through the runs (seconds an image over 1/batch) where they tell of several sizes and both parts come out
    above 0; else by those of the nearest size.
    """
    per_image, sizes = timed["per_image"].to_numpy(float), timed["batch"].to_numpy(float)
    if len(set(sizes)) > 1:
        (each, step), _ = nnls(np.column_stack([np.ones_like(sizes), 1 / sizes]), per_image)
        if each > 0 and step > 0:
            return float(each + step / batch)
    nearest = sizes[np.abs(np.log(sizes / batch)).argmin()]
    return float(np.median(per_image[sizes == nearest])) * (1 + STEP / batch) / (1 + STEP / float(nearest))


def _by_arithmetic(timed: pd.DataFrame, macs: float) -> float:
    """Seconds for one image in an endless batch of a network of so many MACs, by others'.

    The more of them an image takes, the more of them are done in a second (0.5 GMAC of a network of 0.6 MMAC, 13 of
    one of 519, on two cores of an AMD EPYC): each network's median, between two on a line of logarithms.
    """
    size = timed["macs"].astype(float)  # of a table of few runs a column of objects
    alone = timed["per_image"].astype(float) / size / (1 + STEP / timed["batch"].astype(float))
    by_size = alone.groupby(size).median().sort_index()
    return macs * float(np.exp(np.interp(np.log(macs), np.log(by_size.index), np.log(by_size))))


def _by_presets(macs: float, batch: int) -> float:
    """Seconds for one image by what the presets' five seeds took, on the machine that they name."""
    each = [RunSpec.of(**preset.fields) for preset in presets().values()]
    ratios = [
        fmean(preset.seconds) / workload.trained(spec) / PRESET_MACS / (1 + STEP / workload.batch(spec))
        for spec, preset in zip(each, presets().values(), strict=True)
    ]
    return float(np.median(ratios)) * macs * (1 + STEP / batch)


def _macs(spec: RunSpec, channels: int, image_size: int) -> float | None:
    """MACs of a spec's network from the counted ones, scaled by the image's area."""
    for network, size in counts().items():
        name, image, *_ = network.split()
        if name == spec.model.architecture:
            return size["macs"] * (image_size / int(image.split("x")[1])) ** 2
    return None
