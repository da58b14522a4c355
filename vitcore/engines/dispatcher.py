"""The dispatcher of one queue: hands its runs to the engine, writes down how they ended, and then goes.

Started by whoever queues a run, `python -m vitcore.engines.dispatcher --device cpu`; it needs no server, and no torch.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass, field

from filelock import Timeout

from vitcore.engines.engine import Engine
from vitcore.engines.local import LocalEngine
from vitcore.errors import UserError
from vitcore.runs import dependencies, engine_report, engine_settings, locks, lost, queue
from vitcore.runs.folder import Results, RunFolder

_POLL_SECONDS = 0.1
_LOOK = 10  # times as long as a look at the queue took, until the next one
_LONGEST = 2.0

Entry = tuple[str, float]
"""A queued run, and since when: one that could not even be taken is not tried twice."""


def main() -> None:
    """Holds the queue's dispatcher lock while anything is queued; a second dispatcher leaves at once."""
    parser = argparse.ArgumentParser(description="Run the queue of one kind of device.")
    parser.add_argument("--device", default="cpu", help="cpu, mps or cuda")
    parser.add_argument("--results")
    arguments = parser.parse_args()
    results, name = Results(arguments.results), queue.kind(arguments.device)
    place = locks.lock(queue.dispatcher_lock(results, name))
    tried: set[Entry] = set()
    # Whoever queues a run looks at the lock only after the run lies there, and we look at the queue again after
    # letting go of the lock: so a run queued while we leave is seen by one of the two.
    while _open(results, name, tried):
        try:
            with place.acquire(timeout=1):
                _Dispatch(results, name, LocalEngine(results, name), tried).serve()
        except Timeout:
            return


@dataclass
class _Dispatch:
    """One engine at work on one queue.

    Attributes:
        submitted: the runs that the engine has.
    """

    results: Results
    name: str
    engine: Engine
    tried: set[Entry]
    submitted: set[str] = field(default_factory=set)
    _due: float = 0.0

    def serve(self) -> None:
        """Until nothing is left that has not been tried, or another engine was chosen and what this one has is over."""
        settings = engine_settings.current(self.results)
        report = engine_report.Reporter(self.results, self.name)
        waits: dict[str, str] = {}
        while True:
            self._settle()
            same = engine_settings.current(self.results) == settings
            if not self.submitted and not (same and _open(self.results, self.name, self.tried)):
                break
            if same and time.monotonic() >= self._due and self.engine.capacity().free:
                began = time.monotonic()
                waits = self._submit()
                self._due = time.monotonic() + min(_LONGEST, _LOOK * (time.monotonic() - began))
            report.write(self.engine.capacity().words, waits)
            time.sleep(_POLL_SECONDS)
        report.close()
        self.engine.close()
        if not same:
            queue.ensure_dispatcher(self.results)

    def _submit(self) -> dict[str, str]:
        """Hands over what there is room for, in order; why the others wait, by run."""
        waits = {}
        for entry in _open(self.results, self.name, self.tried):
            if entry[0] in self.submitted:
                continue
            try:
                wait = self.engine.submit(entry[0])
            except (UserError, OSError) as error:  # deleted or made read-only meanwhile: those behind it go on
                print(f"{entry[0]} was passed over: {error}", file=sys.stderr, flush=True)
                self.tried.add(entry)
                continue
            if wait is None:
                self.tried.add(entry)
                self.submitted.add(entry[0])
                continue
            waits[entry[0]] = wait.why
            if wait.others_too:
                break
        return waits

    def _settle(self) -> None:
        """Writes down how those runs ended that are over."""
        for id in sorted(self.submitted):
            state = self.engine.state(id)
            if state.now == "submitted":
                continue
            self.submitted.discard(id)
            self._due = 0.0
            lost.settle(RunFolder(self.results.runs / id), state.code)
            try:
                queue.ensure_dispatcher(self.results)  # what waited for it may wait for another device
            except UserError as error:
                print(error, file=sys.stderr, flush=True)


def _open(results: Results, name: str, tried: set[Entry]) -> list[Entry]:
    """The waiting runs that can be taken up, in order.

    None that was tried since it waits, and none that waits for a run which has not finished.
    """
    waiting = [(id, queue.since(results, id)) for id in queue.own_of(results, name)]
    left = [entry for entry in waiting if entry not in tried]
    return [entry for entry in left if not dependencies.awaited(results, RunFolder(results.runs / entry[0]))]


if __name__ == "__main__":
    try:
        main()
    except (OSError, UserError, subprocess.SubprocessError) as error:
        sys.exit(f"The dispatcher cannot go on: {error}")
