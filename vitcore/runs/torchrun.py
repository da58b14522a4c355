"""`torchrun -m vitcore train …`: the processes that torchrun has started train one run together, here and now.

The first makes the run and trains it in the terminal; it takes the device's lock, and refuses where another run has it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from filelock import Timeout

from vitcore.errors import UserError, first_line
from vitcore.runs import dependencies, devices, journal, locks, queue, rank, slots, status, threads, worker
from vitcore.runs.fold import Fold
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.together import require_distributed
from vitcore.spec import MOST_PROCESSES, RunSpec
from vitcore.training.outcome import RankLost

if TYPE_CHECKING:
    from vitcore.training.ranks import Place, Ranks

_LOCK_SECONDS = 1.0


def started() -> bool:
    """Whether torchrun has started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ and "RANK" in os.environ


def follows() -> bool:
    """Whether it is one beside the first, which does what that one says."""
    return os.environ["RANK"] != "0"


def count() -> int:
    """How many processes torchrun has started, on all machines. Raises UserError where they are too many."""
    found = int(os.environ["WORLD_SIZE"])
    if found > MOST_PROCESSES:
        raise UserError(f"torchrun has started {found} processes, and at most {MOST_PROCESSES} train one run together")
    return found


def follow(results: Results) -> None:
    """Train along with the first process until it is over. Raises UserError, also where that one is lost."""
    place = _place()
    try:
        rank.follow_run(results, _meet(place))
    except RankLost as error:
        raise UserError(f"{place.named}: {error}") from None


def spec_here(spec: RunSpec) -> RunSpec:
    """The spec with as many processes as torchrun has started.

    Raises:
        UserError: it names another number, or so many cannot share its batches out.
    """
    if spec.processes not in (1, count()):
        raise UserError(
            f"torchrun has started {count()} processes and --processes says {spec.processes}; leave --processes out"
        )
    return RunSpec.of(spec, processes=count())


@dataclass(frozen=True)
class Claimed:
    """A run whose locks this process holds, and the processes that train it together; None: it is alone."""

    results: Results
    folder: RunFolder
    device_queue: str
    ranks: Ranks | None
    going_on: bool

    def train(self) -> None:
        """Train it; how it ends stands in its journal."""
        worker.train_here(self.results, self.folder, self.device_queue, self.ranks, going_on=self.going_on)
        queue.ensure_dispatcher(self.results)  # runs may wait behind this one


@contextmanager
def new_run(results: Results, spec: RunSpec) -> Iterator[Claimed]:
    """A new run, stored once its processes have met.

    Raises:
        UserError: it cannot be trained, another run has the device, or a process does not come.
    """
    if os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0":
        raise UserError(
            "torchrun has started its processes again, and `train` would begin anew; go on with what was begun: "
            "torchrun … -m vitcore resume RUN"
        )
    dependencies.check(results, spec)
    spec = queue.checked(results, spec)
    with _device(results, spec) as device_queue, _met() as ranks:
        folder = results.create(spec)
        with locks.lock(folder.alive).acquire(timeout=_LOCK_SECONDS):
            yield Claimed(results, folder, device_queue, ranks, going_on=False)


@contextmanager
def stored_run(results: Results, id: str) -> Iterator[Claimed]:
    """A stored run, to go on from its last checkpoint; raises UserError as `new_run` does, or where it cannot go on."""
    folder = results.run(id)
    spec = spec_here(folder.spec().model_copy(update={"processes": 1}))
    with _device(results, spec) as device_queue, _met() as ranks:
        try:
            with locks.lock(folder.alive).acquire(timeout=_LOCK_SECONDS):
                lines, _ = journal.stream(folder.events)
                state = status.of(status.Signs(folder.queue_entry.exists(), False), Fold().take_all(lines).row)
                if state not in status.RESUMABLE:
                    raise UserError(f"run {id} is {state}; one that is {', '.join(status.RESUMABLE)} can be resumed")
                folder.request.unlink(missing_ok=True)
                yield Claimed(results, folder, device_queue, ranks, going_on=True)
        except Timeout:
            raise UserError(f"run {id} is running; wait for its end, or pause it") from None


@contextmanager
def _device(results: Results, spec: RunSpec) -> Iterator[str]:
    """The name of the device's queue, while no other run of this results folder trains there. Raises UserError."""
    name = devices.device_queue(spec.device)
    try:
        with slots.whole(results, name, timeout=_LOCK_SECONDS):
            yield name
    except Timeout:
        raise UserError(
            f"another run trains on {name} here; wait for its end, or queue this one: python -m vitcore train "
            "--processes N …"
        ) from None


@contextmanager
def _met() -> Iterator[Ranks | None]:
    """The processes that train together, having met; they are let go of with the block."""
    threads.use()
    place = _place()
    ranks = _meet(place) if place.count > 1 else None
    try:
        yield ranks
    finally:
        if ranks is not None:
            ranks.leave()


def _place() -> Place:
    from vitcore.training.ranks import Place

    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    return Place(*(int(os.environ[name]) for name in names))


def _meet(place: Place) -> Ranks:
    """Meet the others at the address that torchrun names. Raises UserError."""
    require_distributed()
    from torch.distributed.rendezvous import rendezvous

    from vitcore.training.ranks import MEETING_SECONDS, Ranks

    try:
        store, _, _ = next(rendezvous("env://", timeout=timedelta(seconds=MEETING_SECONDS)))
    except (RuntimeError, ValueError) as error:
        raise UserError(f"{place.named} cannot reach torchrun's address: {first_line(error)}") from error
    return Ranks(store, place)
