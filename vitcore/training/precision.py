"""The numbers that a run's matrix products are made in: float32, or bfloat16 where this machine is quicker in it.

`auto` is answered by measurement: a few steps of the network itself in each, once for a network on a machine, and
remembered there, so that the same spec gives the same numbers each time. bfloat16 with float32's weights, sums and
optimizer is what torch.autocast makes of it; that its errors are equal is measured by
`python -m benchmarks.model.precision_error`.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from torch import Tensor, nn

from vitcore.data.storage.places import user_cache
from vitcore.training.device import quick_in_bfloat16

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}

LEAST_GAIN = 1.15
"""How many times as quick bfloat16 must be to be chosen: less is within what a measurement errs by."""

SECONDS = 0.05  # of measuring in each precision, three steps at least
ROUNDS = 3
IMAGES = 32  # in a step; of large networks fewer, but two: one alone has no statistics to normalize a batch by
LEAST = 2
MOST_MACS = 1e9  # multiply-accumulates of a step's forward pass
PATIENCE = 60.0  # seconds to wait while another process measures


@dataclass(frozen=True)
class Choice:
    """A precision, and how many times as quick bfloat16 was measured to be; None where nothing was to be measured."""

    precision: torch.dtype
    gain: float | None = None


@dataclass(frozen=True)
class Measured:
    """Seconds of a training step on `images` images in each precision."""

    images: int
    float32: float
    bfloat16: float

    @property
    def gain(self) -> float:
        """How many times as quick bfloat16 is."""
        return self.float32 / self.bfloat16


def choose(precision: str, model: nn.Module, image: tuple[int, int, int], macs: float) -> Choice:
    """The precision that `model` is trained in on the device where it lies.

    Its weights, statistics, gradients (none) and random streams are afterwards as they were.

    Args:
        precision: "float32", "bfloat16" or "auto".
        image: channels, height and width, in pixels.
        macs: multiply-accumulates for one image.
    """
    if precision != "auto":
        return Choice(DTYPES[precision])
    device = next(model.parameters()).device
    if device.type != "cpu":
        return Choice(by_units(device))
    if not has_instructions():
        return Choice(torch.float32)
    gain = _remembered(model, image, macs).gain
    return Choice(torch.bfloat16 if gain >= LEAST_GAIN else torch.float32, round(gain, 2))


def by_units(device: torch.device) -> torch.dtype:
    """What `auto` came to before it was measured on CPUs, and still does elsewhere."""
    return torch.bfloat16 if quick_in_bfloat16(device) else torch.float32


def has_instructions() -> bool:
    """Whether this processor multiplies bfloat16 by itself; one that emulates it is several times slower in it.

    AMX and AVX512-BF16 on x86, Arm's BF16; asked of torch, which names them.
    """
    known = torch.cpu.get_capabilities()
    return any(bool(known.get(name)) for name in ("amx_bf16", "avx512_bf16", "avx10_2", "bf16", "sve_bf16"))


def measure(model: nn.Module, image: tuple[int, int, int], macs: float) -> Measured:
    """Steps of `model` forward and backward in each precision, taking turns; the quickest of each counts.

    On one thread, and by its own time, as if it had the core to itself: so does each portion of a batch (see
    thread_parallel), and what else runs on the machine does not choose.
    """
    images = max(LEAST, min(IMAGES, int(MOST_MACS / max(macs, 1.0))))
    device = next(model.parameters()).device
    inputs = torch.rand(images, *image, generator=torch.Generator().manual_seed(0)).to(device)
    took: dict[str, list[float]] = {name: [] for name in DTYPES}
    with _untouched(model), _one_thread():
        model.train()
        for dtype in DTYPES.values():  # warms up
            _step(model, inputs, dtype)
        while len(took["bfloat16"]) < ROUNDS or sum(map(sum, took.values())) < SECONDS * len(DTYPES):
            for name, dtype in DTYPES.items():
                began = time.thread_time()
                _step(model, inputs, dtype)
                took[name].append(time.thread_time() - began)
    return Measured(images, min(took["float32"]), min(took["bfloat16"]))


def _step(model: nn.Module, inputs: Tensor, dtype: torch.dtype) -> None:
    with torch.autocast(inputs.device.type, dtype, enabled=dtype != torch.float32):
        given = model(inputs)
    logits = given if isinstance(given, Tensor) else given[0]
    if logits.requires_grad:
        logits.float().square().mean().backward()


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _untouched(model: nn.Module) -> Iterator[None]:
    """Puts the buffers, the mode, the absent gradients and torch's generators back."""
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    modes = {name: part.training for name, part in model.named_modules()}
    try:
        with torch.random.fork_rng([]):
            yield
    finally:
        for name, part in model.named_modules():
            part.training = modes[name]
        for name, buffer in model.named_buffers():
            buffer.copy_(buffers[name])
        model.zero_grad(set_to_none=True)


def _remembered(model: nn.Module, image: tuple[int, int, int], macs: float) -> Measured:
    """What was once measured of such a network on this machine; measured now, one process at a time, where nothing was.

    Where nothing can be written it is measured each time.
    """
    folder = user_cache() / "precision"
    path = folder / f"{_key(model, image)}.json"
    found = _read(path)
    if found is not None:
        return found
    lock = FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=PATIENCE)
    except (OSError, Timeout):
        return measure(model, image, macs)
    try:
        found = _read(path) or measure(model, image, macs)
        with suppress(OSError):
            _write(path, found)
        return found
    finally:
        lock.release()


def _key(model: nn.Module, image: tuple[int, int, int]) -> str:
    """Of this processor, torch, and the network with all its sizes; one thread measures, however many there are."""
    machine = (sorted(torch.cpu.get_capabilities().items()), torch.__version__)
    trained = [(name, tuple(value.shape), value.requires_grad) for name, value in model.named_parameters()]
    return hashlib.sha256(repr((machine, image, str(model), trained)).encode()).hexdigest()[:24]


def _read(path: Path) -> Measured | None:
    """What lies there; None where nothing does, or what is no measurement."""
    try:
        raw = json.loads(path.read_bytes()[:4096])
        found = Measured(int(raw["images"]), float(raw["float32"]), float(raw["bfloat16"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if found.images > 0 and 0 < found.float32 < 1e6 and 0 < found.bfloat16 < 1e6 else None


def _write(path: Path, found: Measured) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(asdict(found)))
    draft.replace(path)
