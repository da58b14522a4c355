"""The weights that a run starts from: another run's, read from its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from vitcore import events
from vitcore.errors import UserError
from vitcore.models.transfer import Taken, take_over
from vitcore.spec import RunSpec
from vitcore.training.checkpoint import BACKBONE, WEIGHT_FILES, load_weights


@dataclass(frozen=True)
class Initial:
    """A stored run's weights.

    Attributes:
        run: its id.
        which: "last" or "best".
        epoch: of that run, after which they were kept; 0 for imported ones.
        classes: those that its head tells apart; empty where it has no head.
    """

    run: str
    which: str
    epoch: int
    weights: Mapping[str, Tensor]
    classes: tuple[str, ...]


def load_initial(folder: Path, which: str) -> Initial:
    """What a run's folder holds; raises UserError as `load_model` does, where it is absent, damaged or not finite."""
    bare = which == "last" and not (folder / WEIGHT_FILES["last"]).exists() and (folder / BACKBONE).exists()
    weights, classes, epoch = load_weights(folder, "backbone" if bare else which)
    return Initial(folder.name, which, epoch, weights, () if bare else classes)


def start_from(model: nn.Module, initial: Initial, classes: tuple[str, ...]) -> Taken:
    """Put them into `model`, whose head is to tell `classes` apart. Raises UserError where they do not fit."""
    try:
        return take_over(model, initial.weights, same_classes=initial.classes == classes)
    except UserError as error:
        raise UserError(f"this run cannot start from run {initial.run}: {error}") from None


def required(spec: RunSpec, initial: Initial | None) -> None:
    """Hold that the weights are there that the spec names. Raises UserError."""
    wanted = spec.init.init_from or spec.init.init_fingerprint
    if wanted and initial is None:
        raise UserError(f"the run {wanted!r} to start from was not found among the stored runs; name a finished run")


def notes(taken: Taken, initial: Initial) -> list[events.Line]:
    """The lines that say what was taken over: name by name, and in a sentence."""
    stored = f"the {initial.which} weights of run {initial.run}"
    resized = [f"{name}: {before} to {after} tokens" for name, (before, after) in taken.resized.items()]
    return [
        events.Loaded(initial.run, initial.which, initial.epoch, taken.loaded, resized, taken.fresh),
        events.Note(taken.sentence(stored)),
    ]
