"""The teacher of a distilled run: another stored run, of the same images and classes, with weights to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitcore.data.load import described
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.runs import journal
from vitcore.runs.folder import Results
from vitcore.spec import DataSpec, RunSpec

if TYPE_CHECKING:
    from torch import nn


def check(results: Results, spec: RunSpec) -> None:
    """Hold that the spec's teacher, if it names one, is stored and has learned the same images; torch-free.

    Raises:
        UserError: in one sentence that names what both have.
    """
    if not spec.training.teacher:
        return
    named = f"the teacher {spec.training.teacher}"
    hold(named, results.run(spec.training.teacher).spec(), spec)
    taught, own = _taught(results, spec.training.teacher), _classes(spec)
    if taught and own and taught != own:
        raise UserError(
            f"{named} tells {_few(taught)} apart and this run is to tell {_few(own)}; choose a teacher of the same "
            "classes"
        )


def hold(named: str, known: RunSpec, spec: RunSpec) -> None:
    """Hold that a run of `known` has learned what a run of `spec` is to learn. Raises UserError."""
    own, other = spec.data, known.data
    if _images(own) != _images(other):
        raise UserError(
            f"{named} learned {_text(other)} and this run is to learn {_text(own)}; "
            "choose a teacher of the same dataset"
        )
    if _side(own) != _side(other):
        raise UserError(
            f"{named} learned images of {_side(other)} pixels and this run is to learn such of {_side(own)}; "
            f"set the image side to {_side(other)}, or choose another teacher"
        )


def load(results: Results, spec: RunSpec) -> nn.Module | None:
    """The teacher's model in evaluation mode, or None where the spec names none.

    Raises:
        UserError: as `check`, or it has no weights, or tells other classes apart.
    """
    if not spec.training.teacher:
        return None
    from vitcore.training.checkpoint import load_model

    check(results, spec)
    model, _, classes = load_model(results.run(spec.training.teacher).path)
    own = DATASETS[spec.data.dataset].classes
    if own and len(classes) != len(own):
        raise UserError(
            f"the teacher {spec.training.teacher} tells {len(classes):,} classes apart and {spec.data.dataset} has "
            f"{len(own):,}; choose a teacher of the same classes"
        )
    return model


def _taught(results: Results, id: str) -> tuple[str, ...]:
    """The classes that a stored run has learned, as its journal says; none where it has not begun."""
    lines, _ = journal.read(results.run(id).events)
    found = [line.get("classes") for line in lines if line.get("event") == "started"]
    return tuple(map(str, found[-1])) if found and isinstance(found[-1], list) else ()


def _classes(spec: RunSpec) -> tuple[str, ...]:
    """The classes that a run is to learn; none where its data are not there to be looked at."""
    try:
        return described(spec.data.dataset, spec.data.folder).classes
    except UserError:
        return ()


def _few(classes: tuple[str, ...]) -> str:
    return f"{len(classes):,} classes ({', '.join(classes[:3])}{', …' if len(classes) > 3 else ''})"


def _images(data: DataSpec) -> tuple[str, str | None]:
    return data.dataset, data.folder


def _text(data: DataSpec) -> str:
    return f"{data.dataset} {data.folder}" if data.folder else data.dataset


def _side(data: DataSpec) -> int:
    return data.image_size or DATASETS[data.dataset].image_size
