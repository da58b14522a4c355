"""The queue: a run waits while its folder holds queued.json; removing that file is how it is claimed or cancelled."""

from __future__ import annotations

import os
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from filelock import Timeout

from vitcore import aliases, processes
from vitcore.cost import built
from vitcore.cost.estimate import CostEstimate
from vitcore.data.load import check_validation
from vitcore.errors import UserError
from vitcore.events import Ended, Note
from vitcore.runs import (
    cost_estimate,
    dependencies,
    devices,
    engine_settings,
    journal,
    locks,
    origins,
    placed,
    queue_entries,
    seal,
    teachers,
)
from vitcore.runs import status as states
from vitcore.runs.files import read_own, write_own
from vitcore.runs.folder import Results, RunFolder, read_json, reason, write_json
from vitcore.runs.journal import Journal
from vitcore.spec import MOST_PROCESSES, RunSpec

_DISPATCHER = "vitcore.engines.dispatcher"
_ORDER = "order.json"
_LOG_BYTES = 1 << 20
_PATIENCE = 10.0  # seconds that one who reorders waits for another
_LOST = 3  # attempts in a row that may go with their machine, nothing learned; after one more a person is asked
BEYOND = ("ray", "slurm")
NAMES = ("cpu", "mps", "cuda", *BEYOND)
"""Queues that have a dispatcher of their own: a kind of device of this machine each, or all for an engine beyond it."""


def enqueue(results: Results, spec: RunSpec, expected: CostEstimate | None = None, *, after: Sequence[str] = ()) -> str:
    """Stores a run, with what it is expected to cost, queues it and sees that its dispatcher lives; the new run's id.

    Args:
        after: runs that it waits for; those whose weights it takes must be among them, or have finished.

    Raises:
        UserError: the results folder cannot be written, a run that it names does not do, as its teacher, to start
            from or to wait for, timm cannot build its network for these images, or what is to be held out for
            validation would leave a class empty.
    """
    dependencies.check(results, spec, after)
    return put(results, spec, expected, after=after)


def put(results: Results, spec: RunSpec, expected: CostEstimate | None = None, *, after: Sequence[str] = ()) -> str:
    """As `enqueue`, of a chain whose earlier runs were queued a moment ago, however they fare meanwhile."""
    engine_settings.current(results)  # one that is none is refused before anything is queued
    spec = checked(results, spec)
    waits = dependencies.entry(results, after)
    markers = {"queued.json": _entry(spec.device, spec.to_dict(), resume=False, after=waits)}
    folder = results.create(
        spec, {**markers, "expected.json": cost_estimate.written(expected)} if expected else markers
    )
    ensure_dispatcher(results, [folder.id])
    return folder.id


def checked(results: Results, spec: RunSpec) -> RunSpec:
    """The spec of a run that is to be stored, with the fingerprints of those that it names. Raises UserError."""
    built.check(spec)
    teachers.check(results, spec)
    origins.check(results, spec)
    check_validation(spec.data.dataset, spec.data.folder, spec.data.validation)
    return dependencies.with_fingerprints(results, spec)


def queued(results: Results, device_queue: str | None = None) -> list[str]:
    """The waiting runs in the order in which they will be taken up, of one lane or of all."""
    return _in_order(results, lambda entry: device_queue in (None, _device_queue(entry)))


def own(results: Results, device_queue: str | None = None) -> list[str]:
    """Those of the waiting runs that this account has queued: they alone are taken up without being asked for."""
    return [id for id in queued(results, device_queue) if is_own(results.run(id))]


def own_of(results: Results, name: str) -> Iterator[str]:
    """The same of one dispatcher's queue, each looked at as it is asked for: of a thousand the first few may do."""
    engine = engine_settings.current(results).engine
    beyond = engine in BEYOND
    for id in _in_order(results, lambda entry: (engine if beyond else kind(_device_queue(entry))) == name):
        if is_own(RunFolder(results.runs / id)):
            yield id


def kind(device_queue: str) -> str:
    """The kind of device of a queue: all GPUs of a machine have one dispatcher."""
    return device_queue.split("-")[0]


def dispatcher_lock(results: Results, name: str) -> Path:
    """Held by the dispatcher of a queue for its life."""
    place = results.shared_locks if name in BEYOND else results.locks
    return place / f"dispatcher-{name}.lock"


def is_own(folder: RunFolder) -> bool:
    """Whether a waiting run was queued by this account (vitcore.runs.seal)."""
    return seal.is_own(folder, read_json(folder.queue_entry) or {})


def since(results: Results, id: str) -> float:
    """When a waiting run was queued, in unix seconds; 0 where it does not wait."""
    return queued_at(RunFolder(results.runs / id))


def queued_at(folder: RunFolder) -> float:
    """The same of a run's folder."""
    return _time(read_json(folder.queue_entry) or {})


def reorder(results: Results, ids: Sequence[str]) -> None:
    """Puts these runs first, in this order; the others keep theirs: what was put first before, then oldest first.

    Raises:
        UserError: one of them is not queued.
    """
    busy = "another process is changing the order of the queue; try again"
    failed = f"the queue in {results.shared_locks} cannot be written"
    with locks.turn(results.shared_locks / "order.lock", busy, failed, _PATIENCE):  # two wishes at once are both kept
        waiting = queued(results)
        for id in ids:
            if id not in waiting:
                raise UserError(f"run {id!r} is not queued, so it has no place to change")
        still = set(_order(results)) - set(ids)
        before = [id for id in waiting if id in still]
        write_json(results.shared_locks / _ORDER, {"first": [*dict.fromkeys(ids), *before]})


def status(results: Results, id: str) -> str:
    """One of vitcore.runs.status.STATUSES, read afresh. Raises UserError where there is no such run."""
    return states.now(results.run(id))


def cancel(results: Results, id: str) -> None:
    """Takes a waiting run out of the queue.

    Raises:
        UserError: it is not waiting.
    """
    folder = results.run(id)
    going_on = _has_learned(folder)
    if not dequeue(folder):
        raise UserError(f"run {id} is {states.now(folder)}, not queued; only a queued run can be cancelled")
    _cancelled(folder, going_on)


def withdraw(results: Results, ids: Iterable[str]) -> None:
    """Takes those that still wait out of the queue; what was taken up meanwhile may end.

    Raises:
        UserError: one that waits cannot be changed.
    """
    for id in ids:
        if status(results, id) == "queued":
            try:
                cancel(results, id)
            except UserError:
                if status(results, id) == "queued":
                    raise


def dequeue(folder: RunFolder) -> bool:
    """Takes the run out of the queue; False where another has done so. Exactly one caller is told True.

    Raises:
        UserError: the run's folder cannot be written.
    """
    try:
        folder.queue_entry.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise UserError(f"run {folder.id} cannot be changed: {reason(error)}") from None
    return True


def stop(results: Results, id: str) -> None:
    """Asks a running run to end and keep what it has learned; a queued one is cancelled. Raises UserError otherwise."""
    _request(results, id, "stop")


def pause(results: Results, id: str) -> None:
    """Asks a running run to end with a checkpoint, to be resumed later; a queued one is cancelled. Raises UserError."""
    _request(results, id, "pause")


def resume(results: Results, id: str, processes: int | None = None) -> None:
    """Queues an ended run again under its own id; it goes on from its last checkpoint, its journals from their end.

    A run that waits since another account queued it is taken for one's own, as it waits.

    Args:
        processes: how many train it together from here on; None: as many as its spec says.

    Raises:
        UserError: it has not ended, there is nothing left to do, or so many processes cannot share its batches out.
    """
    folder = results.run(id)
    state = states.now(folder)
    foreign = state == "queued" and not is_own(folder)
    going_on = not foreign or resuming(folder)
    if state not in states.RESUMABLE and not foreign:
        raise UserError(f"run {id} is {state}; a run that is {', '.join(states.RESUMABLE)} can be resumed")
    if (found := folder.elsewhere()) is not None:
        raise UserError(
            f"run {id} was trained by another program ({found.origin}), so nothing here can go on with it; let that "
            "program log another"
        )
    spec = folder.spec()
    if processes is not None:
        RunSpec.of(spec, processes=processes)
    needed = () if going_on and folder.resume_point.exists() else dependencies.named(spec)
    for item in needed:
        results.run(item)  # there is nothing to wait for otherwise
    dependencies.refuse_circle(results, [id])
    after = dependencies.entry(results, (*needed, *dependencies.awaited(results, folder)))
    if foreign and not dequeue(folder):
        raise UserError(f"run {id} was taken up meanwhile")
    try:
        folder.request.unlink(missing_ok=True)
        entry = _entry(spec.device, folder.raw_spec(), resume=going_on, after=after)
        write_json(folder.queue_entry, entry | ({"processes": processes} if processes is not None else {}))
    except OSError as error:
        raise UserError(f"run {id} cannot be queued again: {reason(error)}") from None
    ensure_dispatcher(results, [id])


def resume_once(results: Results, ids: Iterable[str], resumed: set[str]) -> None:
    """Queues interrupted runs again, and remembers that. Raises UserError where one was already."""
    for id in ids:
        if id in resumed:
            raise UserError(f"run {id} was interrupted again; see its log")
        resumed.add(id)
        resume(results, id)


def again(results: Results, id: str, why: str) -> bool:
    """Queues a run whose attempt was lost with its machine: it goes on from its last checkpoint, and a note says why.

    It keeps its place before those that were queued after it.

    False, and nothing has happened, where that was so several times in a row and not an epoch was told in between.

    Raises:
        UserError: it cannot be queued.
    """
    folder = results.run(id)
    lost = 0
    for line in journal.stream(folder.events)[0]:
        lost = 0 if line.get("event") == "epoch" else lost + (line.get("event") == "taken")
    if lost > _LOST:
        return False
    going_on = folder.resume_point.exists()
    with suppress(Timeout), locks.lock(folder.alive).acquire(timeout=1):  # else of a machine that is gone
        notes = Journal(folder.events)
        notes.append(Note(f"{why} Taken up again {'from its last checkpoint' if going_on else 'from the beginning'}."))
        notes.close()
    spec = folder.spec()
    try:
        folder.request.unlink(missing_ok=True)
        entry = _entry(spec.device, folder.raw_spec(), resume=going_on)
        if asked := (placed.read(folder) or {}).get("processes"):
            entry["processes"] = asked
        write_json(folder.queue_entry, entry | {"at": _time({"at": folder.card().get("created")}) or entry["at"]})
    except OSError as error:
        raise UserError(f"run {id} cannot be queued again: {reason(error)}") from None
    return True


def resuming(folder: RunFolder) -> bool:
    """Whether the waiting run is to go on from its checkpoint rather than begin."""
    return bool((read_json(folder.queue_entry) or {}).get("resume"))


def processes_asked(folder: RunFolder) -> int | None:
    """How many processes are to train the waiting run together; None: as many as its spec says."""
    count = (read_json(folder.queue_entry) or {}).get("processes")
    return count if type(count) is int and 1 <= count <= MOST_PROCESSES else None


def process_count(folder: RunFolder) -> int:
    """How many processes are to train the run together: as many as were asked for, or as its spec says.

    1 where that cannot be read.
    """
    try:
        count = processes_asked(folder) or folder.raw_spec().get("processes")
    except (OSError, UserError):
        return 1
    return count if type(count) is int else 1


def wish(folder: RunFolder) -> Literal["stop", "pause"] | None:
    """What a person has asked of a running run that has not followed yet."""
    try:
        text = read_own(folder.request).decode(errors="replace").strip()
    except (OSError, UserError):  # none; or what bears its name is no request
        return None
    return "stop" if text == "stop" else "pause" if text == "pause" else None


def _has_learned(folder: RunFolder) -> bool:
    """Whether a waiting run goes on from something: one that was cancelled before it began is resumed from nothing."""
    return resuming(folder) and folder.resume_point.exists()


def ensure_dispatcher(results: Results, ids: Sequence[str] | None = None, *, patient: bool = False) -> None:
    """Starts the dispatcher of every device that has runs of one's own to take up and none alive.

    Idempotent; cheap where all is well. What another account has queued waits for a person's word (`resume`); what
    waits for another run is for whoever ends that one, or looks at the queue after it.

    Args:
        ids: the runs that it is about, which were queued a moment ago; None: all. Of a thousand that are queued one by
            one, each would else look at all before it.
        patient: for who asks again and again: one that this process has started is left alone while it lives, though it
            holds no lock yet. Whoever asks once cannot know whether such a one is not just about to go.
    """
    waiting = _by_dispatcher(results, results.ids() if ids is None else ids)
    for name in sorted({*waiting, *(BEYOND if ids is None else ())}):
        begins = patient and processes.alive(_DISPATCHER, _arguments(results, name))
        if begins or locks.is_locked(dispatcher_lock(results, name)):
            continue
        lost = ids is None and name in BEYOND and any(placed.of(results, name))
        if lost or any(_is_ready(results, id) for id in waiting.get(name, ())):
            _start_dispatcher(results, name)


def _by_dispatcher(results: Results, ids: Sequence[str]) -> dict[str, Sequence[str]]:
    """Those of the runs that wait, anybody's, by who is to take them up; all of them for an engine beyond this machine.

    With a thousand runs each file that need not be read counts.
    """
    engine = engine_settings.current(results).engine
    if engine in BEYOND:
        return {engine: ids}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for id in ids:
        if entry := queue_entries.read(results, id):
            found[kind(_device_queue(entry))].append(id)
    return {**found}


def _is_ready(results: Results, id: str) -> bool:
    """Whether a run waits, queued by this account, and for no other run."""
    folder = RunFolder(results.runs / id)
    return folder.queue_entry.is_file() and is_own(folder) and not dependencies.awaited(results, folder)


def _arguments(results: Results, name: str) -> list[str]:
    return ["--device", name, "--results", str(results.root)]


def _start_dispatcher(results: Results, name: str) -> None:
    log = dispatcher_lock(results, name).with_suffix(".log")
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        fresh = log.exists() and log.stat().st_size > _LOG_BYTES
        with os.fdopen(write_own(log, os.O_WRONLY | (os.O_TRUNC if fresh else os.O_APPEND)), "ab") as file:
            arguments = _arguments(results, name)
            processes.forget(processes.start(_DISPATCHER, arguments, file, detached=True))
    except OSError as error:
        raise UserError(f"the run is queued, but its worker cannot be started: {reason(error)}") from None


def _request(results: Results, id: str, wish: Literal["stop", "pause"]) -> None:
    folder = results.run(id)
    going_on = _has_learned(folder)
    if states.now(folder) == "queued" and dequeue(folder):
        _cancelled(folder, going_on)
        return
    state = states.now(folder)
    if state != "running":
        raise UserError(f"run {id} is {state}; only a running or a queued run can be asked to {wish}")
    if wish == "pause" and folder.elsewhere() is not None:
        raise UserError(f"run {id} is trained by another program, which alone could pause it; it can be asked to stop")
    try:
        draft = folder.path / f".request.{secrets.token_hex(4)}"
        draft.write_text(wish, encoding="utf-8")
        os.replace(draft, folder.request)  # never through a link of that name
    except OSError as error:
        raise UserError(f"run {id} cannot be asked to {wish}: {reason(error)}") from None


def _cancelled(folder: RunFolder, going_on: bool) -> None:
    why = "Cancelled before it went on; what it had learned is kept." if going_on else "Cancelled before it began."
    try:
        events = Journal(folder.events)
        events.append(Ended("cancelled", why))
        events.close()
    except OSError as error:
        raise UserError(
            f"run {folder.id} is out of the queue, but its journal cannot say so: {reason(error)}"
        ) from None


def _entry(device: str, spec: Mapping[str, Any], *, resume: bool, after: Sequence[str] = ()) -> dict[str, Any]:
    entry = {
        "at": time.time(),
        "device_queue": devices.device_queue(device),
        "resume": resume,
        seal.FIELD: seal.of(spec),
    }
    return entry | {"after": list(after)} if after else entry


def _in_order(results: Results, wanted: Callable[[dict[str, Any]], bool]) -> list[str]:
    """The waiting runs of whose entries that holds, in the order in which they will be taken up."""
    entries = {}
    for id in results.ids():
        entry = queue_entries.read(results, id)
        if entry is not None and (entry or RunFolder(results.runs / id).queue_entry.is_file()) and wanted(entry):
            entries[id] = entry
    first = {id: place for place, id in enumerate(_order(results))}
    return sorted(entries, key=lambda id: (first.get(id, len(first)), _time(entries[id]), id))


def _device_queue(entry: dict[str, Any]) -> str:
    device_queue = aliases.value(entry, "device_queue")
    return device_queue if isinstance(device_queue, str) and devices.DEVICE_QUEUE.fullmatch(device_queue) else "cpu"


def _time(entry: dict[str, Any]) -> float:
    at = entry.get("at")
    try:
        return float(at) if isinstance(at, int | float) and at == at else 0.0
    except OverflowError:
        return 0.0


def _order(results: Results) -> list[str]:
    first = (read_json(results.shared_locks / _ORDER) or {}).get("first")
    return [id for id in first if isinstance(id, str)] if isinstance(first, list) else []
