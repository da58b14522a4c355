"""A person's own drawings as a small training set: some to train on, some held out, and the run that learns from them.

A set lies in results/drawings/<label set>/sets/<version>/, train/ and test/ with a folder for each class, and stays as
it is whatever becomes of the drawings, so that its runs can be resumed and repeated.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.runs import drawings, seen_before
from vitcore.runs.drawings import Drawing
from vitcore.runs.files import read_own
from vitcore.runs.folder import Results, reason
from vitcore.spec import RunSpec

DATASET = "own-digits"  # of a run that learns from drawings
LABEL_SET = "digits"  # what is drawn
FEWEST = 2  # drawings of each digit: one to train on, one held out
ONE_IN = 3  # of each digit's drawings is held out
_RECIPE = {"epochs": 10, "batch_size": 10, "learning_rate": 3e-4, "schedule": "cosine", "validation": None}
"""Few steps at a third of the usual rate: a few drawings shall move the weights, and not make them forget the rest."""


class Division(NamedTuple):
    """Which drawings are trained on and which are held out."""

    train: list[Drawing]
    held_out: list[Drawing]


def parted(found: Sequence[Drawing], classes: Sequence[str]) -> Division:
    """One in three of each class's drawings is held out: the second, the fifth and so on as they were kept.

    So a drawing that comes later moves none of the others.

    Raises:
        UserError: a class has fewer than two, so that nothing would be left to train on or to measure.
    """
    by_class: dict[str, list[Drawing]] = defaultdict(list)
    for item in found:
        by_class[item.label].append(item)
    few = [name for name in classes if len(by_class[name]) < FEWEST]
    if few:
        named = few[0] if len(few) == 1 else f"{', '.join(few[:-1])} and {few[-1]}"
        raise UserError(
            f"fine-tuning needs {FEWEST} drawings of each digit, one to train on and one to measure the error on; "
            f"of {named} fewer are kept"
        )
    held_out = {item.id for of in by_class.values() for item in of[1::ONE_IN]}
    return Division(
        [item for item in found if item.id not in held_out], [item for item in found if item.id in held_out]
    )


def written(results: Results) -> Path:
    """The set of the drawings as they are now, written where it is not there yet: its folder.

    Raises:
        UserError: too few drawings (`parted`), or a folder that cannot be read or written.
    """
    found = drawings.stored(results, LABEL_SET)
    division = parted(found, DATASETS[LABEL_SET].classes)
    place = _sets(results) / drawings.version(found)
    if place.is_dir():
        return place
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".", dir=place.parent))
        try:
            _write(draft, division)
            os.rename(draft, place)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        if not place.is_dir():  # nobody else was quicker
            raise UserError(f"the drawings cannot be written to {place.parent}: {reason(error)}") from None
    return place


def spec(results: Results, run_id: str) -> RunSpec:
    """The run that fine-tunes a stored run's model on the drawings as they are now, whose set is written.

    Raises:
        UserError: too few drawings, a model that reads no digits, or one that has learned from drawings before.
    """
    origin = results.run(run_id).spec()
    if drawings.label_set(origin.data.dataset) != LABEL_SET:
        raise UserError(f"run {run_id} reads no digits, so drawings of digits teach it nothing; choose one that does")
    if taught(results, origin):
        raise UserError(
            f"run {run_id} has learned from drawings already, so none of them could tell its error before; start "
            "from the model that it began with"
        )
    model = {name: value for name, value in origin.flat().items() if name in type(origin.model).model_fields}
    reading = {name: getattr(origin.data, name) for name in ("image_size", "crop_from", "normalize")}
    called = f"{origin.title()} on my drawings"
    given = {**model, **reading, **_RECIPE, "dataset": DATASET, "folder": str(written(results)), "init_from": run_id}
    return RunSpec.of(**given, name=called[:60], seed=origin.seed, device=origin.device)


def taught(results: Results, spec: RunSpec) -> bool:
    """Whether a run, or one whose weights or answers it takes, learns from drawings."""
    own = [spec, *(origin for _, origin in seen_before.before(results, spec))]
    return any(is_set(results, item) for item in own)


def is_set(results: Results, spec: RunSpec) -> bool:
    """Whether a run's data are a set of these results' drawings."""
    folder = spec.data.folder
    return spec.data.dataset == DATASET and folder is not None and Path(folder).parent == _sets(results)


def files(spec: RunSpec, split: str) -> list[tuple[Path, str]]:
    """The drawings of a split, "train" or "test", of a run's set, and their true classes.

    Raises:
        UserError: they are gone.
    """
    place = Path(spec.data.folder or "") / split
    found = [(path, name) for name in DATASETS[DATASET].classes for path in sorted((place / name).glob("*.png"))]
    if not found:
        raise UserError(f"the drawings in {place} are no longer there; put them back, or fine-tune anew")
    return found


def _write(draft: Path, division: Division) -> None:
    for split, items in (("train", division.train), ("test", division.held_out)):
        for item in items:
            file = draft / split / item.label / f"{item.id}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(read_own(item.path))
    draft.chmod(0o755)  # as any folder of these results; what mkdtemp makes is its maker's alone


def _sets(results: Results) -> Path:
    return (results.root / "drawings" / LABEL_SET / "sets").absolute()
