"""What may stand in the place of a run's file: each way of damaging it, and each file there is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from vitcore.runs.files import LIMITS

FILES = (
    *("spec.json", "events.jsonl", "steps.jsonl", "confusion.jsonl", "predictions.bin", "annotations.json"),
    *("drawings.json", "expected.json", "waiting.json", "request", "worker.log", "alive.lock"),
    *("model.safetensors", "resume.pt"),
)
SECRET = "what only this machine may know"


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "within").touch()


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(5 << 30)


def _leaving(path: Path) -> None:
    """A link to a file beside the results folder."""
    secret = path.parents[3] / "secret"
    secret.write_text(SECRET)
    path.symlink_to(secret)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a folder": _folder,
    "a pipe": os.mkfifo,
    "a sparse file": _sparse,
    "a link to zeros": lambda path: path.symlink_to("/dev/zero"),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link in a circle": lambda path: path.symlink_to(path.name),
    "a link that leaves": _leaving,
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(5000)),
}


def damage(path: Path, how: str) -> None:
    path.unlink(missing_ok=True)
    DAMAGES[how](path)


def message(name: str, how: str) -> bool:
    """Whether the run's row must say so: a file that is merely empty, or of which only the end is read, is none."""
    if how in ("empty", "zeros") or (how == "a sparse file" and LIMITS.get(name, 0) > 5 << 30):
        return False
    return not (name == "alive.lock" and how in ("a sparse file", "a link to nothing", "a link that leaves"))
