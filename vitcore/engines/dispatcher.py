"""The dispatcher of one queue: hands its runs to the engine, writes down how they ended, and then goes.

Started by whoever queues a run, `python -m vitcore.engines.dispatcher --device cpu`; it needs no server, and no torch.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from filelock import Timeout

from vitcore.engines import MADE
from vitcore.engines.engine import Engine, State
from vitcore.errors import UserError
from vitcore.events import Ended
from vitcore.runs import dependencies, engine_report, engine_settings, journal, locks, lost, placed, queue
from vitcore.runs import status as states
from vitcore.runs.engine_settings import EngineSettings
from vitcore.runs.folder import Results, RunFolder

_POLL_SECONDS = 0.1
_LOOK = 10  # times as long as a look at the queue took, until the next one
_LONGEST = 2.0
_RETRY = 5.0  # seconds until an engine is asked again that could not be reached
_WENT = "The machine that trained it has gone."

Entry = tuple[str, float]
"""A queued run, and since when: one that could not even be taken is not tried twice."""


def main() -> None:
    """Holds the queue's dispatcher lock while anything is queued; a second dispatcher leaves at once."""
    parser = argparse.ArgumentParser(description="Run the queue of one kind of device, or of an engine.")
    parser.add_argument("--device", default="cpu", help=", ".join(MADE))
    parser.add_argument("--results")
    arguments = parser.parse_args()
    results, name = Results(arguments.results), queue.kind(arguments.device)
    place = locks.lock(queue.dispatcher_lock(results, name))
    tried: set[Entry] = set()
    # Whoever queues a run looks at the lock only after the run lies there, and we look at the queue again after
    # letting go of the lock: so a run queued while we leave is seen by one of the two.
    while any(_open(results, name, tried)) or _placed(results, name):
        try:
            with place.acquire(timeout=1):
                _serve(results, name, tried)
        except Timeout:
            return


def _serve(results: Results, name: str, tried: set[Entry]) -> None:
    """Until nothing is left to do; an engine that cannot be reached is asked again, and the queue stays."""
    report = engine_report.Reporter(results, name)
    while any(_open(results, name, tried)) or _placed(results, name):
        try:
            engine = MADE[name](results, name)
        except UserError as error:
            report.write(f"{error}; the queue stays as it is", {})
            time.sleep(_RETRY)
            continue
        try:
            _Dispatch(results, name, engine, tried, report).serve()
        except UserError as error:
            report.write(f"{error}; the queue stays as it is", {})
            time.sleep(_RETRY)
            _begin_anew()
        engine.close()
        break
    report.close()
    chosen = engine_settings.current(results).engine
    if chosen != (name if name in queue.BEYOND else "local"):
        queue.ensure_dispatcher(results)  # the queue is another's now


def _begin_anew() -> None:
    """Becomes a fresh process: a library that has lost its cluster can neither leave it nor join another."""
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-P", "-m", "vitcore.engines.dispatcher", *sys.argv[1:]])


@dataclass
class _Dispatch:
    """One engine at work on one queue.

    Attributes:
        submitted: the runs that the engine has, and since when each had waited; 0 of an earlier dispatcher's.
        begun: of these, those that wait in the queue no more.
        gone: of these why an attempt was lost, until the run is queued again.
        passed: why runs were passed over that still wait.
    """

    results: Results
    name: str
    engine: Engine
    tried: set[Entry]
    report: engine_report.Reporter
    submitted: dict[str, float] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    gone: dict[str, str] = field(default_factory=dict)
    passed: dict[str, str] = field(default_factory=dict)

    def serve(self) -> None:
        """Until nothing is left that has not been tried, or another engine was chosen and what this one has is over.

        Raises:
            UserError: the engine cannot be reached any more.
        """
        settings, waits = self._settings(), dict[str, str]()
        self.submitted = dict.fromkeys(_placed(self.results, self.name), 0.0) | self.submitted
        while True:
            began = time.monotonic()
            self._settle()
            same = self._settings() == settings
            if not self.submitted and not (same and any(_open(self.results, self.name, self.tried))):
                break
            capacity = self.engine.capacity()
            if same and capacity.free:
                waits = self._submit()
            self.report.write(capacity.words, {**waits, **self.passed})
            time.sleep(min(_LONGEST, max(_POLL_SECONDS, _LOOK * (time.monotonic() - began))))

    def _settings(self) -> EngineSettings | str:
        """What an engine was made by; this machine's reads its slots as it goes."""
        settings = engine_settings.current(self.results)
        return settings if self.name in queue.BEYOND else settings.engine

    def _submit(self) -> dict[str, str]:
        """Hands over what there is room for, in order; why the others wait, by run."""
        waits = {}
        for entry in _open(self.results, self.name, self.tried):
            id = entry[0]
            if id in self.submitted:  # resumed while its last worker is about to go, or begun anew by its own job
                continue
            try:
                wait = self.engine.submit(id)
                if wait is None:
                    self.tried.add(entry)
                    self.submitted[id] = entry[1]
                    self.begun.discard(id)
                    self.passed.pop(id, None)
                    continue
            except (UserError, OSError) as error:  # deleted or made read-only meanwhile: those behind it go on
                print(f"{id} was passed over: {error}", file=sys.stderr, flush=True)
                self.passed[id] = f"someone to look at it: {error}"
                self.tried.add(entry)
                continue
            waits[id] = wait.why
            if wait.others_too:
                break
        self.engine.flush()
        return waits

    def _settle(self) -> None:
        """Writes down how those runs ended that are over, and queues those again whose machine has gone."""
        for id in sorted(self.submitted):
            folder, state = RunFolder(self.results.runs / id), self.engine.state(id)
            if state.now == "submitted":
                self._give_up(folder)
                continue
            if state.now == "ended" and state.why:
                lost.close(folder, state.code, Ended("failed", state.why), self.submitted[id])
            elif state.now == "ended":
                lost.settle(folder, state.code, self.submitted[id])
            elif not self._recovered(folder, state):
                continue
            placed.clear(folder)
            del self.submitted[id]
            self.gone.pop(id, None)
            try:
                queue.ensure_dispatcher(self.results)  # what waited for it may wait for another device
            except UserError as error:
                print(error, file=sys.stderr, flush=True)

    def _give_up(self, folder: RunFolder) -> None:
        """Tells the engine, once, of a run that was cancelled before it began."""
        if folder.id not in self.begun and not folder.queue_entry.exists():
            self.begun.add(folder.id)
            if _ending(folder) == "cancelled":
                self.engine.cancel(folder.id)

    def _recovered(self, folder: RunFolder, state: State) -> bool:
        """Queues a run again whose attempt was lost; False while its worker may yet live.

        Of one that the engine knows nothing of, by an earlier dispatcher, its heartbeats tell; of one that it says is
        lost, its worker's lock alone, where that can be seen from here.
        """
        if state.now == "lost":
            self.gone[folder.id] = state.why
        if not folder.path.is_dir():
            return True
        if folder.queue_entry.exists():
            self._untried(folder.id)
            return True
        if _ending(folder) is not None:
            return True
        known = folder.id in self.gone
        if locks.is_locked(folder.alive) if known else states.now(folder) == "running":
            return False
        why = self.gone.get(folder.id, _WENT)
        try:
            if wish := queue.wish(folder):
                status = "stopped" if wish == "stop" else "paused"
                lost.close(folder, 0, Ended(status, f"{why} It was to be {status}, as it now is; it can be resumed."))
                folder.request.unlink(missing_ok=True)
            elif not queue.again(self.results, folder.id, why):
                text = f"{why} That was so several times in a row with nothing learned; resume it to try once more."
                lost.close(folder, 0, Ended("interrupted", text))
        except (UserError, OSError) as error:
            lost.close(folder, 0, Ended("interrupted", f"{why} {str(error)[:200]}."))
        self._untried(folder.id)
        return True

    def _untried(self, id: str) -> None:
        """The run may be handed over once more."""
        self.tried.difference_update([entry for entry in self.tried if entry[0] == id])


def _ending(folder: RunFolder) -> str | None:
    try:
        return states.ending(journal.stream(folder.events)[0])
    except (OSError, UserError):
        return None


def _placed(results: Results, name: str) -> list[str]:
    """The runs that an engine beyond this machine has, by an earlier dispatcher too."""
    return list(placed.of(results, name)) if name in queue.BEYOND else []


def _open(results: Results, name: str, tried: set[Entry]) -> Iterator[Entry]:
    """The waiting runs that can be taken up, in order, each looked at as it is asked for.

    None that was tried since it waits, and none that waits for a run which has not finished.
    """
    for id in queue.own_of(results, name):
        entry = id, queue.since(results, id)
        if entry not in tried and not dependencies.awaited(results, RunFolder(results.runs / id)):
            yield entry


if __name__ == "__main__":
    try:
        main()
    except (OSError, UserError, subprocess.SubprocessError) as error:
        sys.exit(f"The dispatcher cannot go on: {error}")
