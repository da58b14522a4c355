"""Checkpoints: weights as safetensors for whoever predicts, and a resume file for whoever goes on.

Each is written whole to a temporary file and then put in place, so a kill at any instant leaves the one before. The two
need not match: predicting reads the first alone, resuming the second alone. Nothing is ever unpickled. A folder that
was moved or deleted meanwhile is not made anew: what comes back must be the whole run. Weights that are not finite are
refused by whoever reads them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from vitcore import aliases
from vitcore.data.storage.regular import open_regular, own_place
from vitcore.errors import UserError, first_line
from vitcore.spec import RunSpec
from vitcore.training import disk, finite
from vitcore.training.network import build_model

WEIGHTS, RESUME = "model.safetensors", "resume.pt"
WEIGHT_FILES = {"last": WEIGHTS, "best": "best.safetensors"}  # the sets of weights that a run keeps, and their files
BACKBONE = "backbone.safetensors"  # imported weights without a head that fits: others start from them, none predicts
_FILES = {**WEIGHT_FILES, "backbone": BACKBONE}
LAYOUT = 1  # of files of weights and of resume.pt
LARGEST_BYTES = 64 << 30  # of a file of weights, or to go on from
LARGEST_IMAGE, MOST_CLASSES = 512, 20_000  # as a spec and a folder of images may have them


def save_model(
    folder: Path, model: nn.Module, spec: RunSpec, classes: tuple[str, ...], image_size: int, epoch: int
) -> None:
    """Write the weights that predict, with all that is needed to build the model around them.

    Raises:
        UserError: they cannot be written; the weights of before are as they were.
    """
    save_weights(folder / WEIGHTS, model.state_dict(), metadata(spec, classes, image_size, epoch))


def metadata(spec: RunSpec, classes: tuple[str, ...], image_size: int, epoch: int, **more: str) -> dict[str, str]:
    """What a file of weights says of itself: enough to build the model, and `more`."""
    image = json.dumps({"classes": list(classes), "image_size": image_size, "channels": _channels(spec)})
    text = {"format": f"vitcore {LAYOUT}", "spec": json.dumps(spec.to_dict()), "image": image}
    return text | {"epoch": str(epoch), **more}


def save_weights(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, str]) -> None:
    """Write tensors of any shapes (...) as safetensors under `path`, with `about` as the file's metadata.

    Raises:
        UserError: they cannot be written; the weights of before are as they were.
    """
    weights = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    _keep(path, lambda draft: save_file(weights, draft, metadata=dict(about)), _size(weights))


def load_model(folder: Path, which: str = "last") -> tuple[nn.Module, RunSpec, tuple[str, ...]]:
    """The model of a run, ready to predict, its spec, and its classes' names.

    Args:
        which: of its sets of weights, "last" or "best"; nothing but a person's wish asks for another than the last.

    Raises:
        UserError: there is no checkpoint yet, it may not be read, it is broken, another program's, or not finite.
    """
    path = folder / WEIGHT_FILES[which]
    about, weights = _read(path, which)
    _refuse_other_formats(path, about)
    try:
        spec = RunSpec.parse(json.loads(about["spec"]))
        channels, image_size, classes = _image(json.loads(aliases.value(about, "image")))
        model = build_model(spec, channels, image_size, len(classes))
        model.load_state_dict(weights)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"{path} does not hold the model it names: {first_line(error)}") from error
    _refuse_infinite(path, which, model.state_dict())
    return model.eval(), spec, classes


def load_weights(folder: Path, which: str = "last") -> tuple[dict[str, Tensor], tuple[str, ...], int]:
    """A run's weights (...) by name, its classes' names, and the epoch they are of, for another run to start from.

    Args:
        which: "last", "best", or "backbone", which lacks the head.

    Raises:
        UserError: as `load_model`.
    """
    path = folder / _FILES[which]
    about, weights = _read(path, which)
    _refuse_other_formats(path, about)
    try:
        _, _, classes = _image(json.loads(aliases.value(about, "image")))
        epoch = int(about["epoch"])
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} does not say what its weights are of: {first_line(error)}") from error
    _refuse_infinite(path, which, weights)
    return weights, classes, epoch


def _refuse_other_formats(path: Path, about: Mapping[str, str]) -> None:
    written = about.get("format", "unnamed")[:40]
    if written != f"vitcore {LAYOUT}":
        raise UserError(
            f"{path} was not written by this version of vitcore (its format is {written!r}, "
            f"not 'vitcore {LAYOUT}'); weights of other programs are loaded by vitcore.models.checkpoint_formats"
        )


def _refuse_infinite(path: Path, which: str, tensors: Mapping[str, Tensor]) -> None:
    bad = finite.bad(tensors)
    if bad:
        other = "" if which == "best" else ", or its best weights where it has kept them (--weights best)"
        raise UserError(
            f"the model in {path} is not finite: {finite.not_finite_message(bad, len(tensors))}; its training has "
            f"diverged, so it can answer nothing; take another run{other}"
        )


def _read(path: Path, which: str) -> tuple[Mapping[str, str], dict[str, Tensor]]:
    """The metadata and tensors of a file of weights; UserError where it is absent, not to be read, or damaged."""
    try:
        open_regular(own_place(path), LARGEST_BYTES).close()  # the system's own word on it, before a library's
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (FileNotFoundError, NotADirectoryError):
        absent = {
            "last": f"there are no weights in {path.parent} yet; they are there once the run's first epoch is over, "
            "and never where that one diverged",
            "best": f"there are no best weights in {path.parent}: a run keeps them from its first evaluation on, and "
            "runs of earlier versions and imported ones have none; take the last (--weights last)",
            "backbone": f"there are no weights in {path.parent} to start from",
        }
        if which != "backbone" and (path.parent / BACKBONE).exists():
            raise UserError(
                f"the weights in {path.parent} were imported without a head for these classes, so they can answer "
                "nothing; start a run from them (--init-from)"
            ) from None
        raise UserError(absent[which]) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {disk.unreadable(error)}") from error
    except SafetensorError as error:
        raise UserError(
            f"{path} is not a whole safetensors file ({error}); train the run again or restore it"
        ) from error


def _image(facts: Any) -> tuple[int, int, tuple[str, ...]]:
    """Channels, side and classes, as a checkpoint tells them; none so large that its model would fill the memory."""
    channels, image_size, names = facts["channels"], aliases.value(facts, "image_size"), facts["classes"]
    if channels not in (1, 3) or type(image_size) is not int or not 1 <= image_size <= LARGEST_IMAGE:
        raise ValueError(f"its images have {channels!r} channels and {image_size!r} pixels a side")
    if not isinstance(names, list) or not 1 <= len(names) <= MOST_CLASSES:
        raise ValueError("its classes are no list of names")
    return int(channels), image_size, tuple(str(name) for name in names)


def save_resume(folder: Path, state: Mapping[str, Any]) -> None:
    """Write everything that going on needs: plain numbers, text, lists, dicts and tensors. Raises UserError."""

    def write(draft: Path) -> None:
        file = disk.Remembering(draft)
        try:
            torch.save({"format": LAYOUT, **state}, cast("IO[bytes]", file))
        finally:
            file.close()

    _keep(folder / RESUME, write, _size(state))


def load_resume(folder: Path, spec: RunSpec) -> dict[str, Any] | None:
    """What `save_resume` wrote, or None where it never did.

    Raises:
        UserError: the file is broken, holds code, or is another run's.
    """
    path = folder / RESUME
    try:
        file = open_regular(own_place(path), LARGEST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {disk.unreadable(error)}") from error
    try:
        with file:
            state: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UserError(f"{path} cannot be read ({first_line(error)}); start the run anew") from error
    written = state.get("format") if isinstance(state, dict) else None
    if written != LAYOUT:
        named = f"its format is {written}, not {LAYOUT}" if isinstance(written, int) else "it names no format"
        raise UserError(f"{path} was not written by this version of vitcore ({named}); start the run anew")
    try:
        other = RunSpec.parse(state["spec"])
    except (KeyError, ValueError) as error:
        raise UserError(f"{path} does not say which run it is of ({first_line(error)}); start the run anew") from error
    if other.model_copy(update={"name": spec.name}) != spec:
        raise UserError(f"{path} belongs to a run with another spec; start the run anew")
    return state


def _channels(spec: RunSpec) -> int:
    from vitcore.data.registry import DATASETS

    return DATASETS[spec.data.dataset].channels


def _size(state: Any) -> int:
    """Bytes of all tensors within."""
    if isinstance(state, Tensor):
        return state.numel() * state.element_size()
    if isinstance(state, Mapping):
        return sum(_size(part) for part in state.values())
    return sum(_size(part) for part in state) if isinstance(state, list | tuple) else 0


def _keep(path: Path, write: Callable[[Path], object], size: int) -> None:
    """Write through a temporary file beside `path`, where there is room for its `size` bytes beside what is there."""
    room = disk.free(path.parent)
    if room is not None and size > room:
        raise UserError(f"the checkpoint cannot be kept in {path.parent}: {disk.full(path.parent, size, room)}")
    try:
        disk.put(path, write)
    except OSError as error:
        why = disk.disk_message(error, path.parent, size, room)
        raise UserError(f"the checkpoint cannot be kept in {path.parent}: {why}") from error
    except (SafetensorError, RuntimeError) as error:
        raise UserError(f"the checkpoint cannot be kept in {path.parent}: {first_line(error)}") from error
