"""Checkpoints: our own, published ones and resume files, with code in them, of wrong shapes, or cut short."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import torch
from hypothesis import strategies as st
from safetensors.torch import save

from tests.fuzz.promise import CANARY, Kind
from tests.fuzz.values import ANYTHING, ODD_NUMBERS, damaged
from vitcore.models import build, load_published
from vitcore.spec import RunSpec
from vitcore.training.checkpoint import load_model, load_resume
from vitcore.training.network import build_model

SPEC = RunSpec.of(architecture="cnn")
IMAGE_SIZE = 16
CLASSES = [str(digit) for digit in range(10)]


class Planted:
    """An object whose unpickling would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


@cache
def weights() -> dict[str, torch.Tensor]:
    return build_model(SPEC, 1, IMAGE_SIZE, 10).state_dict()


@cache
def published() -> dict[str, torch.Tensor]:
    """The authors' names, as far as a loader that renames them is concerned."""
    from tests.models.test_checkpoint_formats import published as named

    return named(build("cct-2/3x2"))


@cache
def reader() -> torch.nn.Module:
    return build("cct-2/3x2").eval()


ABOUT = {
    "format": "vitcore 1",
    "spec": json.dumps(SPEC.to_dict()),
    "image": json.dumps({"classes": CLASSES, "image_size": IMAGE_SIZE, "channels": 1}),
    "epoch": "1",
}
SIZES = st.sampled_from([0, -1, 1, 7, 10**5, 10**9, 2**63, 1e400, "8", None, [8]])


@st.composite
def abouts(draw: st.DrawFn) -> dict[str, str]:
    about = dict(ABOUT)
    for name in draw(st.lists(st.sampled_from(sorted(ABOUT)), max_size=2)):
        about[name] = json.dumps(draw(ANYTHING)) if draw(st.booleans()) else draw(st.text(max_size=9))
    if draw(st.booleans()):
        facts = json.loads(ABOUT["image"])
        facts[draw(st.sampled_from(sorted(facts)))] = draw(SIZES | ANYTHING | ODD_NUMBERS)
        about["image"] = json.dumps(facts)
    return {name: value.encode("utf-8", "replace").decode() for name, value in about.items()}


@st.composite
def tensors(draw: st.DrawFn, whole: dict[str, torch.Tensor]) -> dict[str, Any]:
    found: dict[str, Any] = dict(whole)
    for name in draw(st.lists(st.sampled_from(sorted(whole)), max_size=2)):
        odd = [torch.zeros(3), torch.zeros(0), torch.tensor(1.0), torch.full_like(whole[name], float("nan"))]
        odd += [whole[name].to(torch.float64), whole[name].to(torch.int32), whole[name][None], whole[name].flatten()]
        odd = [item.clone() for item in odd]
        what = draw(st.sampled_from(["drop", "rename", "other"]))
        taken = found.pop(name, whole[name]).clone()
        if what == "rename":
            found[draw(st.text("abc.é", min_size=1, max_size=9))] = taken
        elif what == "other":
            found[name] = draw(st.sampled_from(odd))
    return found


@st.composite
def own(draw: st.DrawFn) -> bytes:
    whole = save({name: t.contiguous() for name, t in draw(tensors(weights())).items()}, metadata=draw(abouts()))
    kind = draw(st.sampled_from(["whole", "whole", "damaged", "header"]))
    if kind == "damaged":
        return draw(damaged(whole))
    if kind == "header":  # its length is the first thing that is read
        return struct.pack("<Q", draw(st.sampled_from([0, 1, 2**20, 2**40, 2**64 - 1]))) + whole[8:]
    return whole


def check_own(case: bytes, place: Path) -> None:
    (place / "model.safetensors").write_bytes(case)
    model, spec, classes = load_model(place)
    assert model(torch.zeros(1, 1, IMAGE_SIZE, IMAGE_SIZE)).shape == (1, len(classes))
    assert spec.title()


def _pickled(content: Any, *, legacy: bool) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


def _with(content: Any, planted: Planted) -> Any:
    return {**content, "planted": planted} if isinstance(content, dict) else planted


@st.composite
def foreign(draw: st.DrawFn) -> dict[str, Any]:
    """A file that a person says is a published checkpoint; `planted` marks where code is put in."""
    content: Any = draw(tensors(published()))
    wrap = draw(st.sampled_from(["", "", "state_dict", "model", "list", "odd"]))
    if wrap in ("state_dict", "model"):
        content = {wrap: content}
    elif wrap == "list":
        content = [content]
    elif wrap == "odd":
        content = draw(ANYTHING)
    return {
        "content": content,
        "planted": draw(st.booleans()) and draw(st.booleans()),
        "legacy": draw(st.booleans()),
        "suffix": draw(st.sampled_from([".pth", ".pt", ".safetensors", ".bin"])),
        "cut": draw(st.sampled_from([None, None, 0.0, 0.3, 0.9, 0.999])),
        "bytes": draw(st.none() | st.none() | st.binary(max_size=60)),
    }


def check_foreign(case: dict[str, Any], place: Path) -> None:
    path = place / f"given{case['suffix']}"
    content = case["content"]
    if case["planted"]:
        content = (
            {**content, "planted": Planted(place / CANARY)} if isinstance(content, dict) else Planted(place / CANARY)
        )
    packed = _pickled(content, legacy=case["legacy"]) if case["bytes"] is None else case["bytes"]
    if case["suffix"] == ".safetensors" and not case["planted"] and isinstance(content, dict):
        named = {name: value for name, value in content.items() if isinstance(value, torch.Tensor)}
        packed = save({name: value.contiguous() for name, value in named.items()})
    path.write_bytes(packed if case["cut"] is None else packed[: int(len(packed) * case["cut"])])
    before = {name: value.clone() for name, value in reader().state_dict().items()}
    try:
        assert load_published(reader(), path)
    except ValueError:
        assert all(torch.equal(value, before[name]) for name, value in reader().state_dict().items())
        raise
    finally:
        reader().load_state_dict(before)


STATE = {"format": 1, "spec": SPEC.to_dict(), "tally": {"epoch": 1}, "model": {}, "optimizers": [], "random": None}


@st.composite
def resumes(draw: st.DrawFn) -> dict[str, Any]:
    state: dict[str, Any] = dict(STATE)
    for name in draw(st.lists(st.sampled_from(sorted(STATE)), max_size=2)):
        if draw(st.booleans()):
            state.pop(name, None)
        else:
            state[name] = draw(ANYTHING)
    whole: Any = state if draw(st.integers(0, 5)) else draw(ANYTHING)
    return {"state": whole, "planted": draw(st.integers(0, 3)) == 0, "damage": draw(st.integers(0, 100) | st.none())}


def check_resume(case: dict[str, Any], place: Path) -> None:
    state = case["state"]
    if case["planted"]:
        state = _with(state, Planted(place / CANARY))
    whole = _pickled(state, legacy=False)
    if case["damage"] is not None:
        whole = whole[: len(whole) * case["damage"] // 100]
    (place / "resume.pt").write_bytes(whole)
    found = load_resume(place, SPEC)
    assert found is not None
    assert zipfile.is_zipfile(place / "resume.pt")


KINDS = [
    Kind("our checkpoints", 300, own(), check_own, named=True),
    Kind("published checkpoints", 150, foreign(), check_foreign, named=True),
    Kind("resume files", 300, resumes(), check_resume, named=True),
]
