"""A stored run's test images under every corruption and severity: counted in the background, kept with the run.

<run>/robustness.jsonl has a line for each corruption and severity, written as it comes, so that whoever is stopped goes
on where it was. Lines of other weights, data or definitions than today's count no more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vitcore import untrusted
from vitcore.analysis import weights
from vitcore.analysis.corruptions import CORRUPTIONS, SEVERITIES, corrupted
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.runs import journal
from vitcore.runs.folder import RunFolder
from vitcore.runs.journal import Journal
from vitcore.statistics.proportions import wilson

CLEAN = "none"  # the name of the test images as they are, at severity 0
KIND = "robustness"  # of the wish in a run's folder
COLUMNS = ("run", "corruption", "severity", "strength", "images", "wrong", "error", "low", "high")


@dataclass(frozen=True)
class Counted:
    """How many of the test images a run gets wrong."""

    wrong: int
    images: int


Counts = dict[tuple[str, int], Counted]
"""By corruption and severity."""


def plan(names: Sequence[str] = ()) -> list[tuple[str, int]]:
    """What is to be counted for these corruptions (none named: all), the clean images first.

    Raises:
        UserError: there is no such corruption.
    """
    for name in names:
        if name not in CORRUPTIONS:
            raise UserError(f"there is no corruption {name!r}; there are {', '.join(CORRUPTIONS)}")
    chosen = [name for name in CORRUPTIONS if not names or name in names]
    return [(CLEAN, 0), *((name, severity) for name in chosen for severity in range(1, SEVERITIES + 1))]


def read(run: RunFolder) -> Counts:
    """What has been counted of the run's weights, data and corruptions as they are now.

    Raises:
        UserError: the run's spec or its counts cannot be read.
    """
    sizes = image_sizes(run)
    of = {"epoch": weights.epoch(run), "data_digest": weights.data_digest(run)}
    try:
        lines, _ = journal.stream(_path(run))
        found = [counted for line in lines if (counted := _counted(line, of, sizes)) is not None]
    except OSError as error:
        raise UserError(f"what was counted of run {run.id} cannot be read: {error.strerror or error}") from None
    return dict(found)


def table(runs: Sequence[RunFolder]) -> pd.DataFrame:
    """A row for each run, corruption and severity: COLUMNS; errors in percent, with Wilson's 95 % interval.

    The interval is over test images drawn as these were, of these networks and this draw of the corruptions.
    A run whose counts cannot be read has no rows.
    """
    rows = []
    for run in runs:
        try:
            counts, (channels, size) = read(run), image_sizes(run)
        except UserError:
            continue
        for (name, severity), item in counts.items():
            strength = CORRUPTIONS[name].strength(severity, channels, size) if severity else 0.0
            error = [100 * each for each in wilson(item.wrong / item.images, item.images)]
            rows.append((run.id, name, severity, strength, item.images, item.wrong, *error))
    return pd.DataFrame(rows, columns=[*COLUMNS])


def curves(found: pd.DataFrame, corruption: str) -> pd.DataFrame:
    """The rows of one corruption, the clean images at severity 0 among them, by run and severity."""
    subset = found[(found["corruption"] == corruption) | (found["corruption"] == CLEAN)]
    return subset.sort_values(["run", "severity"], kind="stable")


def means(found: pd.DataFrame) -> pd.DataFrame:
    """The mean error over all corruptions at each severity, of runs that have them all: run, severity, error."""
    whole = found[found["severity"] > 0].groupby(["run", "severity"], sort=False).agg(
        error=("error", "mean"), corruptions=("corruption", "nunique")
    )  # fmt: skip
    clean = found.loc[found["severity"] == 0, ["run", "severity", "error"]]
    stored = whole[whole["corruptions"] == len(CORRUPTIONS)].reset_index()[["run", "severity", "error"]]
    both = pd.concat([clean[clean["run"].isin(stored["run"])], stored])
    return both.sort_values(["run", "severity"], kind="stable").reset_index(drop=True)


def evaluate(run: RunFolder, options: Mapping[str, Any], cancelled: Callable[[], bool]) -> None:
    """Count what is missing of the plan, line by line, until it is whole or `cancelled` says so.

    Args:
        options: "corruptions": which ones; all where they are not named.

    Raises:
        UserError: the weights or the data are not to be had.
    """
    import torch

    from vitcore.data.splits import tested
    from vitcore.runs.predict import load
    from vitcore.training.evaluate import evaluate as scores_of

    names = options.get("corruptions")
    there = read(run)
    wanted = [step for step in plan(names if isinstance(names, list) else ()) if step not in there]
    if not wanted:
        return
    loaded, sizes = load(run), image_sizes(run)
    images = weights.images_of(run, loaded.spec)
    ways = weights.ways(run, loaded.spec)
    loaded.model.to(ways["device"])
    of = {"epoch": weights.epoch(run), "data_digest": weights.data_digest(run)}
    pixels = tested(images).images.numpy()
    counts = Journal(_path(run))
    try:
        for name, severity in wanted:
            spoiled = pixels if name == CLEAN else _whole(name, severity, pixels, cancelled)
            if spoiled is None:
                return
            found = scores_of(
                loaded.model, torch.from_numpy(spoiled), images.test.labels, stop_requested=cancelled, **ways
            )
            if found is None:
                return
            wrong = int((found.answers != images.test.labels.numpy()).sum())
            counts.append(
                {
                    **{"corruption": name, "severity": severity, "wrong": wrong, "images": len(pixels)},
                    **{**of, "definition": _definition(name, sizes)},
                }
            )
    finally:
        counts.close()


def _whole(name: str, severity: int, pixels: np.ndarray, cancelled: Callable[[], bool]) -> np.ndarray | None:
    """All images corrupted (n c y x); None where `cancelled` said so on the way."""
    found, at = np.empty_like(pixels), 0
    for batch in corrupted(name, severity, pixels):
        if cancelled():
            return None
        found[at : at + len(batch)] = batch
        at += len(batch)
    return found


def _counted(
    line: Mapping[str, Any], of: Mapping[str, Any], sizes: tuple[int, int]
) -> tuple[tuple[str, int], Counted] | None:
    """A line that counts; None where it is none, or is of other weights, data or definitions: nothing is trusted."""
    name, severity = untrusted.text(line.get("corruption")), untrusted.whole(line.get("severity"))
    wrong, images = untrusted.whole(line.get("wrong")), untrusted.whole(line.get("images"))
    if (name, severity) not in _PLAN or wrong is None or images is None or not 0 <= wrong <= images or not images:
        return None
    if any(line.get(key) != value for key, value in of.items()) or line.get("definition") != _definition(name, sizes):
        return None
    return (str(name), int(severity or 0)), Counted(wrong, images)


_PLAN = frozenset(plan())


def _definition(name: Any, sizes: tuple[int, int]) -> str:
    return "" if name == CLEAN else CORRUPTIONS[str(name)].definition(*sizes)


def image_sizes(run: RunFolder) -> tuple[int, int]:
    """Channels and pixels a side of the run's images. Raises UserError where its spec cannot be read."""
    data = run.spec().data
    known = DATASETS[data.dataset]
    return known.channels, data.image_size or known.image_size


def _path(run: RunFolder) -> Path:
    return run.path / "robustness.jsonl"
