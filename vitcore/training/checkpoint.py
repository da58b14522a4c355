"""Checkpoints: weights as safetensors for whoever predicts, and a resume file for whoever goes on.

Each is written whole to a temporary file and then put in place, so a kill at any instant leaves the one before. The two
need not match: predicting reads the first alone, resuming the second alone. Nothing is ever unpickled. A folder that
was moved or deleted meanwhile is not made anew: what comes back must be the whole run.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from vitcore.errors import Refusal, first_line
from vitcore.models import build
from vitcore.spec import RunSpec

WEIGHTS, RESUME = "model.safetensors", "resume.pt"
LAYOUT = 1
LARGEST_SIDE, MOST_CLASSES = 512, 20_000  # as a spec and a folder of pictures may have them


def save_model(folder: Path, model: nn.Module, spec: RunSpec, classes: tuple[str, ...], side: int, epoch: int) -> None:
    """Write the weights that predict, with all that is needed to build the model around them."""
    channels = json.dumps({"classes": list(classes), "side": side, "channels": _channels(spec)})
    about = {
        "format": f"vitcore {LAYOUT}",
        "spec": json.dumps(spec.to_dict()),
        "picture": channels,
        "epoch": str(epoch),
    }
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    _replace(folder / WEIGHTS, lambda draft: save_file(weights, draft, metadata=about))


def load_model(folder: Path) -> tuple[nn.Module, RunSpec, tuple[str, ...]]:
    """The model of a run, ready to predict, its spec, and its classes' names.

    Raises:
        Refusal: there is no checkpoint yet, or it is broken or another program's.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        raise Refusal(f"there are no weights in {folder} yet; they are there once the run's first epoch is over")
    try:
        with safe_open(path, framework="pt") as file:
            about: Mapping[str, str] = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError) as error:
        raise Refusal(f"{path} is not a whole safetensors file ({error}); train the run again or restore it") from error
    written = about.get("format", "unnamed")[:40]
    if written != f"vitcore {LAYOUT}":
        raise Refusal(
            f"{path} was not written by this version of vitcore (its format is {written!r}, "
            f"not 'vitcore {LAYOUT}'); weights of other programs are loaded by vitcore.models.published"
        )
    try:
        spec = RunSpec.parse(json.loads(about["spec"]))
        channels, side, classes = _picture(json.loads(about["picture"]))
        model = build_model(spec, channels, side, len(classes))
        model.load_state_dict(weights)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise Refusal(f"{path} does not hold the model it names: {first_line(error)}") from error
    return model.eval(), spec, classes


def _picture(facts: Any) -> tuple[int, int, tuple[str, ...]]:
    """Channels, side and classes, as a checkpoint tells them; none so large that its model would fill the memory."""
    channels, side, names = facts["channels"], facts["side"], facts["classes"]
    if channels not in (1, 3) or type(side) is not int or not 1 <= side <= LARGEST_SIDE:
        raise ValueError(f"its pictures have {channels!r} channels and {side!r} pixels a side")
    if not isinstance(names, list) or not 1 <= len(names) <= MOST_CLASSES:
        raise ValueError("its classes are no list of names")
    return int(channels), side, tuple(str(name) for name in names)


def build_model(spec: RunSpec, channels: int, side: int, classes: int) -> nn.Module:
    """The spec's network for pictures of `channels` x `side` x `side`."""
    return build(spec.model.architecture, channels=channels, side=side, classes=classes, **_options(spec))


def save_resume(folder: Path, state: Mapping[str, Any]) -> None:
    """Write everything that going on needs: plain numbers, text, lists, dicts and tensors."""
    _replace(folder / RESUME, lambda draft: torch.save({"format": LAYOUT, **state}, draft))


def load_resume(folder: Path, spec: RunSpec) -> dict[str, Any] | None:
    """What `save_resume` wrote, or None where it never did.

    Raises:
        Refusal: the file is broken, holds code, or is another run's.
    """
    path = folder / RESUME
    if not path.is_file():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise Refusal(f"{path} cannot be read ({first_line(error)}); start the run anew") from error
    written = state.get("format") if isinstance(state, dict) else None
    if written != LAYOUT:
        named = f"its format is {written}, not {LAYOUT}" if isinstance(written, int) else "it names no format"
        raise Refusal(f"{path} was not written by this version of vitcore ({named}); start the run anew")
    try:
        theirs = RunSpec.parse(state["spec"])
    except (KeyError, ValueError) as error:
        raise Refusal(f"{path} does not say which run it is of ({first_line(error)}); start the run anew") from error
    if theirs.model_copy(update={"name": spec.name}) != spec:
        raise Refusal(f"{path} belongs to a run with another spec; start the run anew")
    return state


def _options(spec: RunSpec) -> dict[str, Any]:
    return {name: value for name, value in spec.model if name != "architecture"}


def _channels(spec: RunSpec) -> int:
    from vitcore.data.datasets import DATASETS

    return DATASETS[spec.data.dataset].channels


def _replace(path: Path, write: Any) -> None:
    """Write through a temporary file beside `path`; durable before it takes the name."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}")
    try:
        write(draft)
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(draft, path)
    except (OSError, SafetensorError, RuntimeError) as error:  # the last is torch's, where the folder is gone
        full = "No space left" in str(error)  # safetensors has no errno
        why = "the disk is full; free some space and resume the run" if full else first_line(error)
        raise Refusal(f"the checkpoint cannot be kept in {path.parent}: {why}") from error
    finally:
        draft.unlink(missing_ok=True)
