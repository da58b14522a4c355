"""The run that another starts from: a stored one of the same network, whose weights fit; checked before queueing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitcore.data.registry import DATASETS, Dataset
from vitcore.errors import UserError
from vitcore.models import architecture_of
from vitcore.models.dimensions import resolved
from vitcore.runs import status as states
from vitcore.runs.folder import Results, RunFolder
from vitcore.spec import ModelSpec, RunSpec

if TYPE_CHECKING:
    from vitcore.training.initial import Initial

_FILES = {"last": ("model.safetensors", "backbone.safetensors"), "best": ("best.safetensors",)}


def check(results: Results, spec: RunSpec) -> None:
    """Hold that the run that the spec starts from, if any, is stored, of the same network and has weights; torch-free.

    Raises:
        UserError: in one sentence that names what both have.
    """
    id = spec.init.init_from
    if not id:
        return
    folder = results.run(id)
    hold(f"run {id}", folder.spec(), spec)
    which = spec.init.init_weights
    if states.now(folder) == "finished" and not has_weights(folder, which):
        other = "last" if which == "best" else "best"
        way = f"take its {other} ones (--init-weights {other}), or " if has_weights(folder, other) else ""
        raise UserError(f"run {id} has kept no {which} weights to start from; {way}name another run")


def has_weights(folder: RunFolder, which: str = "last") -> bool:
    """Whether a run has kept weights that another can start from; its head may be missing."""
    return any((folder.path / name).is_file() for name in _FILES[which])


def hold(named: str, origin: RunSpec, spec: RunSpec) -> None:
    """Hold that a run can start from one of `origin`. Raises UserError."""
    for what, other, measured in _compared(origin, spec):
        if other != measured:
            raise UserError(
                f"{named} has {what} {other} and this run {what} {measured}, so its weights do not fit; choose the "
                "same here, or another run to start from"
            )


def fits(origin: RunSpec, spec: RunSpec) -> bool:
    """Whether a run of the one spec could start from a run of the other."""
    return all(other == measured for _, other, measured in _compared(origin, spec))


def load(results: Results, spec: RunSpec) -> Initial | None:
    """The weights that the spec starts from, or None where it names none.

    Raises:
        UserError: as `check`, or there are no such weights.
    """
    if not spec.init.init_from:
        return None
    from vitcore.training.initial import load_initial

    check(results, spec)
    return load_initial(results.run(spec.init.init_from).path, spec.init.init_weights)


def _compared(origin: RunSpec, spec: RunSpec) -> list[tuple[str, object, object]]:
    """What two runs of one network share: its name, theirs and ours."""
    other, measured = origin.model, spec.model
    known = architecture_of(measured.architecture)
    pairs: list[tuple[str, object, object]] = [
        ("the architecture", other.architecture, measured.architecture),
        *_dimensions(other, measured),
        ("position embedding", other.pos_embed, measured.pos_embed),
        ("channels:", _dataset(origin).channels, _dataset(spec).channels),
    ]
    if known.flattens:
        pairs.append(("an image size of", _size(origin), _size(spec)))
    return pairs if known.attention else [pair for pair in pairs if pair[0] != "position embedding"]


def _dimensions(published: ModelSpec, measured: ModelSpec) -> list[tuple[str, object, object]]:
    """Every dimension of both networks, which are of one architecture."""
    known = architecture_of(measured.architecture)
    first, second = (resolved(known, each.dimensions(), each.patch) for each in (published, measured))
    return [(f"the {name}", first[name], second[name]) for name in first]


def _dataset(spec: RunSpec) -> Dataset:
    return DATASETS[spec.data.dataset]


def _size(spec: RunSpec) -> int:
    return spec.data.image_size or _dataset(spec).image_size
