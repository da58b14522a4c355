"""The engine of this machine: a process a run, as many at once on each device as it has slots."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from filelock import Timeout

from vitcore import processes
from vitcore.engines.engine import Capacity, State, Wait
from vitcore.errors import UserError
from vitcore.runs import devices, engine_settings, hosts, locks, queue, slots
from vitcore.runs.files import write_own
from vitcore.runs.folder import Results, RunFolder

_PATIENCE = 0.2  # seconds that a slot is asked for which a run of an earlier dispatcher may have


@dataclass(frozen=True)
class Place:
    """A slot of a device, and of how many there."""

    device_queue: str
    slot: int
    of: int


class LocalEngine:
    """Every device of one kind of this machine: its CPU, its MPS, or all of its GPUs."""

    def __init__(self, results: Results, kind: str) -> None:
        self.results, self.kind = results, kind
        self._workers: dict[str, tuple[subprocess.Popen[bytes], Place]] = {}

    def submit(self, run_id: str) -> Wait | None:
        """Starts the run's worker in the first free slot of a device that does."""
        folder = self.results.run(run_id)
        # Of several processes torch's first GPU is the first of the machine: nobody waits for one that waits for it.
        device = "cuda:0" if self.kind == "cuda" and queue.process_count(folder) > 1 else _device(folder)
        found = next((place for place in self._places(device) if self._is_free(place)), None)
        if found is None:
            return Wait(f"a free slot of {_called(device, self.kind)}", others_too=device in ("auto", self.kind))
        arguments = [folder.id, "--device", found.device_queue, "--slot", str(found.slot)]
        if found.of > 1:
            arguments += ["--threads", str(slots.threads(found.of))]
        with log(folder) as file:
            worker = processes.start(
                "vitcore.runs.worker",
                [*arguments, "--results", str(self.results.root)],
                file,
                detached=True,
                environment=_environment(folder, found.device_queue),
            )
        self._workers[run_id] = worker, found
        return None

    def flush(self) -> None:
        """Nothing to do: each run has its process by then."""

    def cancel(self, run_id: str) -> None:
        """Nothing to do: a worker that finds its run taken out of the queue leaves by itself."""

    def state(self, run_id: str) -> State:
        """Whether the run's worker lives; what it ended with is told once."""
        if run_id not in self._workers:
            return State("absent")
        code = self._workers[run_id][0].poll()
        if code is None:
            return State("submitted")
        del self._workers[run_id]
        return State("ended", code)

    def capacity(self) -> Capacity:
        """Slots that no run of this engine has."""
        places = self._places(self.kind)
        busy = len(self._workers)
        words = f"{busy} of {len(places)} slots on {hosts.name()} are taken" if len(places) > 1 else ""
        return Capacity(max(0, len(places) - busy), len(places), words)

    def close(self) -> None:
        """Workers go on by themselves."""

    def _places(self, device: str) -> list[Place]:
        """The slots that a run of this device may have: of `auto` and `cuda` every GPU's."""
        if self.kind != "cuda":
            named = [self.kind]
        elif device in ("auto", "cuda"):
            named = [f"cuda-{number}" for number in range(max(1, gpus()))]
        else:
            named = [devices.device_queue(device)]
        settings = engine_settings.current(self.results)  # read each time: slots may be added while runs train
        counts = {name: settings.slots_of(name) for name in named}
        most = max(counts.values())
        return [Place(name, slot, counts[name]) for slot in range(most) for name in named if slot < counts[name]]

    def _is_free(self, place: Place) -> bool:
        if any(taken == place for _, taken in self._workers.values()):
            return False
        try:  # a killed dispatcher's worker may still be at it
            path = slots.lock_path(self.results, place.device_queue, place.slot)
            with locks.lock(path).acquire(timeout=_PATIENCE):
                return True
        except Timeout:
            return False


def log(folder: RunFolder) -> BinaryIO:
    """The run's log; where there can be none, as of one that is a folder, it trains without, and its row says so."""
    try:
        return os.fdopen(write_own(folder.log, os.O_WRONLY | os.O_APPEND), "ab")
    except OSError:
        return open(os.devnull, "ab")


def gpus(environment: Mapping[str, str] = os.environ) -> int:
    """How many NVIDIA GPUs a process here sees, told without torch; asked of the system once a minute."""
    return len(_visible(environment))


def _visible(environment: Mapping[str, str]) -> list[str]:
    """The GPUs by the names that CUDA_VISIBLE_DEVICES has for them."""
    chosen = environment.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        named = [name.strip() for name in chosen.split(",")]
        return named[: next((place for place, name in enumerate(named) if name in ("", "-1")), len(named))]
    return [str(number) for number in range(_count())]


_counted: tuple[float, int] | None = None


def _count() -> int:
    global _counted
    if _counted is None or time.monotonic() - _counted[0] > 60:
        _counted = time.monotonic(), _asked()
    return _counted[1]


def _asked() -> int:
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    try:
        done = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return len(re.findall(r"^GPU \d+:", done.stdout, re.MULTILINE))


def _shown(device_queue: str) -> dict[str, str]:
    """What a worker that may take any GPU is shown: the one it was given. Nothing is hidden where there is but one."""
    visible = _visible(os.environ)
    number = device_queue.partition("-")[2]
    if not number or len(visible) < 2:
        return {}
    return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": visible[int(number)]}


def _environment(folder: RunFolder, device_queue: str) -> dict[str, str]:
    """What a worker finds in its environment: the one GPU that it was given, where it may take any for one process."""
    return _shown(device_queue) if _device(folder) in ("auto", "cuda") and queue.process_count(folder) == 1 else {}


def _device(folder: RunFolder) -> str:
    """The device of a run's spec as it is stored; `auto` where it cannot be read: its worker says why."""
    try:
        raw: dict[str, Any] = folder.raw_spec()
    except UserError:
        return "auto"
    found = raw.get("device", "auto")
    return found if isinstance(found, str) and found else "auto"


def _called(device: str, kind: str) -> str:
    if kind == "cuda":
        return "any GPU" if device in ("auto", "cuda") else device
    return {"cpu": "the CPU", "mps": "the GPU"}[kind]
