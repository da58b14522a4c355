"""What a run's weights have seen before it: images that it is scored on, by way of the runs that it takes."""

from __future__ import annotations

from collections.abc import Iterator

from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec


def sentences(results: Results, spec: RunSpec) -> list[str]:
    """For each run that this one starts from or learns from, directly or by way of others, what flatters its scores."""
    return [text for id, origin in before(results, spec) for text in _known(id, origin, spec)]


def before(results: Results, spec: RunSpec) -> Iterator[tuple[str, RunSpec]]:
    """The runs that lie before it, nearest first, each once; those that are gone are passed over."""
    left, known = [*_taken(spec)], set[str]()
    while left:
        id = left.pop(0)
        if id in known:
            continue
        known.add(id)
        try:
            origin = results.run(id).spec()
        except UserError:
            continue
        yield id, origin
        left += _taken(origin)


def _taken(spec: RunSpec) -> list[str]:
    return [id for id in (spec.init.init_from, spec.training.teacher) if id]


def _known(id: str, origin: RunSpec, spec: RunSpec) -> Iterator[str]:
    own, other = spec.data, origin.data
    if (own.dataset, own.folder) != (other.dataset, other.folder):
        return
    if other.draw_from == "all":
        yield (
            f"run {id}, whose weights or answers this run takes, drew its rows from the test images too; its test "
            "error flatters it"
        )
    if own.validation is None:
        return
    own_split = bool(DATASETS[own.dataset].val_samples)
    equal = (own.validation, own.validation_seed) == (other.validation, other.validation_seed)
    if other.validation is None or not (own_split or equal):
        yield (
            f"run {id}, whose weights or answers this run takes, learned from images that this run holds out for "
            "validation; its validation error flatters it"
        )
