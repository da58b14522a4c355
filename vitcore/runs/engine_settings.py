"""Where queued runs execute, in <results>/engine.json: which engine, with its options (`python -m vitcore engine`).

No part of a run's spec: another engine changes where a run is trained, not what. A file that another account or machine
wrote counts for nothing, since an engine may lead to other machines.
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vitcore.errors import UserError
from vitcore.runs import devices, locks, seal
from vitcore.runs.folder import FORMAT, Results, read_json, reason, write_json

ENGINES = ("local", "ray", "slurm")
ENVIRONMENT = "VITCORE_ENGINE"
_ADDRESS = re.compile(r"(ray://)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):\d{1,5}")
MOST_SLOTS = 64
FOREIGN = (
    "engine.json was written by another account or machine, so runs are trained here; choose an engine with "
    "`python -m vitcore engine` to have one of your own"
)


@dataclass(frozen=True)
class EngineSettings:
    """Which engine, and what it was told.

    Attributes:
        slots: runs at once on a device of a machine, by its queue (cpu, cuda-0, ...); one where nothing is said.
        address: of a Ray cluster.
        cpus: threads that a run has on another machine; None: as many as Ray's smallest node has, four of SLURM.
        gpus: GPUs that a run has there, or the part of one.
        other_versions: whether nodes with another vitcore or torch will do.
        stream: whether results come back through Ray from nodes that see the results folder too.
        partition: of SLURM; empty: its default, as of the account.
        minutes: a job's time limit, at which it is begun again.
        memory_gb: of a job; None: by what its run is expected to hold.
        gpu: whether runs on `auto` get one as well.
        cluster: "slurm", or "local": submitit's own stand-in on this machine.
    """

    engine: str = "local"
    slots: Mapping[str, int] = field(default_factory=dict)
    address: str = "auto"
    cpus: int | None = None
    gpus: float = 1.0
    other_versions: bool = False
    stream: bool = False
    partition: str = ""
    account: str = ""
    minutes: int = 60
    memory_gb: float | None = None
    gpu: bool = False
    cluster: str = "slurm"

    def slots_of(self, device_queue: str) -> int:
        """How many runs train at once on this device; `cuda` speaks for every GPU of which nothing else is said."""
        return self.slots.get(device_queue, self.slots.get(device_queue.split("-")[0], 1))


def current(results: Results) -> EngineSettings:
    """What counts now: the file's, unless the environment names another engine; the default where neither does.

    Raises:
        UserError: the environment names what is no engine.
    """
    chosen = stored(results)
    named = os.environ.get(ENVIRONMENT, "").strip()
    return of_environment(named, chosen) if named else chosen


def of_environment(named: str, chosen: EngineSettings) -> EngineSettings:
    """The engine that VITCORE_ENGINE names, with the options that are stored. Raises UserError where it is none."""
    if named in ENGINES:
        return dataclasses.replace(chosen, engine=named)
    if named.startswith("ray://"):
        return dataclasses.replace(chosen, engine="ray", address=address(named))
    raise UserError(
        f"{ENVIRONMENT} is {named[:80]!r}; it is one of {', '.join(ENGINES)}, or an address ray://host:port"
    )


def address(text: str) -> str:
    """An address of a Ray cluster as it is typed: `auto`, `local`, `ray://host:port`, `host:port`. Raises UserError."""
    if text in ("auto", "local") or _ADDRESS.fullmatch(text):
        return text
    raise UserError(f"{text[:80]!r} is no address of a Ray cluster; it is auto, local, ray://host:10001 or host:6379")


def foreign(results: Results) -> bool:
    """Whether there is a file that another account or machine wrote."""
    found = read_json(results.engine)
    return found is not None and not _is_own(found)


def store(results: Results, settings: EngineSettings) -> None:
    """Keeps the choice. Raises UserError where the folder cannot be written."""
    content = {name: value for name, value in dataclasses.asdict(settings).items() if value not in (None, "", {})}
    try:
        results.root.mkdir(parents=True, exist_ok=True)
        with locks.lock(results.shared_locks / "engine.lock").acquire(timeout=10):
            write_json(results.engine, {"v": FORMAT, "settings": content, seal.FIELD: seal.of(content)})
    except OSError as error:  # a Timeout is one
        raise UserError(f"the engine cannot be kept in {results.engine}: {reason(error)}") from None


def slots(texts: list[str]) -> dict[str, int]:
    """Slots as they are typed: `cpu=2`, `cuda-0=3`, `cuda:0=3`, `cuda=2` for every GPU.

    Raises:
        UserError: one is no device, or no number of runs that can be.
    """
    found = {}
    for text in texts:
        name, _, number = text.partition("=")
        device_queue = name.strip().replace(":", "-")
        if device_queue != "cuda" and not devices.DEVICE_QUEUE.fullmatch(device_queue):
            raise UserError(f"--slots {text!r} names no device; it is one of cpu, mps, cuda, cuda-0, … as in cpu=2")
        if not (number.strip().isascii() and number.strip().isdigit() and 1 <= int(number) <= MOST_SLOTS):
            raise UserError(f"--slots {text!r}: runs at once on a device are a number from 1 to {MOST_SLOTS}")
        found[device_queue] = int(number)
    return found


def stored(results: Results) -> EngineSettings:
    """What the file says; the default where there is none of this account."""
    found = read_json(results.engine)
    if found is None or not _is_own(found):
        return EngineSettings()
    known = {each.name: each for each in dataclasses.fields(EngineSettings)}
    settings: dict[str, Any] = {
        name: value for name, value in found["settings"].items() if name in known and _fits(name, value)
    }
    return EngineSettings(**settings)


def _is_own(found: Mapping[str, Any]) -> bool:
    settings = found.get("settings")
    return isinstance(settings, dict) and seal.fits(settings, found.get(seal.FIELD))


def _fits(name: str, value: object) -> bool:
    """Whether a stored value is of its field's kind; the file is one's own, and may be of another version."""
    if name == "engine":
        return value in ENGINES
    if name == "slots":
        return isinstance(value, dict) and all(isinstance(n, int) and 1 <= n <= MOST_SLOTS for n in value.values())
    return isinstance(value, str | bool) or (isinstance(value, int | float) and math.isfinite(value))
