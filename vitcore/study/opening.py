"""A bundle made into a study's material again, from the runs it has brought and the rows of those it has not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from vitcore.errors import UserError
from vitcore.reproduction.evidence import with_stored
from vitcore.store import queries
from vitcore.store.index import Index
from vitcore.study.bundle import Bundle, name_of
from vitcore.study.drawn import Drawn
from vitcore.study.material import Material

_LARGEST_MATRIX = 20_000  # classes


def material(bundle: Bundle, index: Index) -> Material:
    """What the study was made of, and nothing else that the results folder may hold.

    Raises:
        UserError: a run of the study is neither in the bundle nor among its rows.
    """
    missing = [id for id in bundle.study.runs if id not in bundle.files]
    if missing:
        raise UserError(f"the bundle holds no run {missing[0][:80]}, which its study names; take another copy")
    stored = queries.runs(index)
    own = stored[stored["id"].isin(bundle.files.keys())]
    both = with_stored(own, bundle.built_in)
    runs = both[both["id"].isin(bundle.ids)].set_index("id", drop=False)
    runs = runs.loc[[id for id in bundle.ids if id in runs.index]].reset_index(drop=True).copy()  # in one piece
    rest = bundle.epochs[bundle.epochs["run_id"].isin(set(runs["id"]) - set(own["id"]))]
    epochs = [each for each in (queries.epochs(index, list(own["id"])), rest) if len(each)]
    whole = pd.concat(epochs, ignore_index=True) if epochs else bundle.epochs
    return Material(bundle.study, runs, whole, tuple(_matrices(bundle.matrices)))


def compare(figures: Sequence[Drawn], digests: Mapping[str, str]) -> str:
    """One sentence: whether each figure is the one that was handed in."""
    now = {name_of(each): each.digest for each in figures}
    other = sorted(name for name in now.keys() | digests.keys() if now.get(name) != digests.get(name))
    if not other:
        return f"all {len(now)} figures are the same" if len(now) != 1 else "its figure is the same"
    return f"{len(other)} of {len(now.keys() | digests.keys())} figures differ: {', '.join(other)}"


def _matrices(cells: pd.DataFrame) -> Iterator[tuple[str, int, np.ndarray]]:
    try:
        for _, counts in cells.groupby(["run_id", "epoch", "classes"], sort=False):
            first = counts.iloc[0]
            classes = int(first["classes"])
            if not 0 < classes <= _LARGEST_MATRIX:
                raise ValueError
            matrix = np.zeros((classes, classes), dtype=np.int64)
            matrix[counts["true"].to_numpy(dtype=int), counts["predicted"].to_numpy(dtype=int)] = counts["count"]
            yield str(first["run_id"]), int(first["epoch"]), matrix
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        raise UserError("the bundle's confusion matrices are no counts of classes; take another copy") from None
