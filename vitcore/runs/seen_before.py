"""What a run's weights have seen before it: images that it is scored on, by way of the runs that it takes."""

from __future__ import annotations

from collections.abc import Iterator

from vitcore.data.registry import DATASETS
from vitcore.errors import Refusal
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec


def sentences(results: Results, spec: RunSpec) -> list[str]:
    """For each run that this one starts from or learns from, directly or by way of others, what flatters its scores."""
    return [text for id, origin in _before(results, spec) for text in _seen(id, origin, spec)]


def _before(results: Results, spec: RunSpec) -> Iterator[tuple[str, RunSpec]]:
    """The runs that lie before it, nearest first, each once; those that are gone are passed over."""
    left, known = [*_taken(spec)], set[str]()
    while left:
        id = left.pop(0)
        if id in known:
            continue
        known.add(id)
        try:
            origin = results.run(id).spec()
        except Refusal:
            continue
        yield id, origin
        left += _taken(origin)


def _taken(spec: RunSpec) -> list[str]:
    return [id for id in (spec.init.init_from, spec.training.teacher) if id]


def _seen(id: str, origin: RunSpec, spec: RunSpec) -> Iterator[str]:
    mine, theirs = spec.data, origin.data
    if (mine.dataset, mine.folder) != (theirs.dataset, theirs.folder):
        return
    if theirs.draw_from == "all":
        yield (
            f"run {id}, whose weights or answers this run takes, drew its rows from the test images too; its test "
            "error flatters it"
        )
    if mine.validation is None:
        return
    own_split = bool(DATASETS[mine.dataset].val_rows)
    same = (mine.validation, mine.validation_seed) == (theirs.validation, theirs.validation_seed)
    if theirs.validation is None or not (own_split or same):
        yield (
            f"run {id}, whose weights or answers this run takes, learnt from images that this run holds out for "
            "validation; its validation error flatters it"
        )
