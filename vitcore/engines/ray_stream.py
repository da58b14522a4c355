"""A run whose node does not see the results folder: its files go there, and what it learns comes back as it does.

A thread a run. It takes the run out of the queue in the worker's stead once its actor lives, holds the run's lock, and
is the one writer of its folder; wishes (stop, pause) go the other way. What is here when the node dies is what the run
goes on from.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from filelock import Timeout

from vitcore.engines.chunks import chunks
from vitcore.engines.engine import State
from vitcore.engines.mirror import JOURNALS, NEXT, PREDICTIONS, WHOLE
from vitcore.engines.ray_remote import Answer
from vitcore.engines.receiver import Receiver
from vitcore.errors import UserError, first_line
from vitcore.runs import dependencies, locks, notify, queue, seen_before
from vitcore.runs.files import open_own
from vitcore.runs.folder import Results, RunFolder, reason

WEIGHTS = ("model.safetensors", "best.safetensors", "backbone.safetensors")  # any of which a run may start from
UNREACHED = 60.0  # seconds that an actor may not be reached before it is given up
POLL_SECONDS = 0.2


class Stream:
    """One run on its actor, until it has ended or the actor is lost.

    Args:
        ray: the module, joined to the cluster.
        actor: a handle of `ray_remote.Remote`.
        arguments, environment: of the worker.
        went: says in words why an actor was lost.
    """

    def __init__(
        self,
        ray: Any,
        results: Results,
        folder: RunFolder,
        actor: Any,
        arguments: list[str],
        environment: Mapping[str, str],
        went: Callable[[Exception], str],
    ) -> None:
        self.results, self.folder = results, folder
        self._ray, self._actor, self._went = ray, actor, went
        self._arguments, self._environment = arguments, environment
        self._state = State("submitted")
        self._cancelled = threading.Event()
        self.sent = self.received = 0
        threading.Thread(target=self._live, name=folder.id, daemon=True).start()

    def state(self) -> State:
        """How the run stands."""
        return self._state

    def cancel(self) -> None:
        """Gives up one that has not begun; one that trains pauses."""
        self._cancelled.set()

    def _live(self) -> None:
        """The thread's life: whatever happens, the run's lock is free before its state is known."""
        state = State("ended", 1, "Its engine gave it up without a word.")
        try:
            state = self._trained()
        except self._ray.exceptions.RayTaskError as error:  # raised on the node
            state = State("ended", 1, f"Its task failed on its node: {first_line(error.cause)}.")
        except self._ray.exceptions.RayError as error:
            state = State("lost", why=self._went(error))
        except UserError as error:
            state = State("ended", 1, f"{error}.")
        except OSError as error:
            state = State("ended", 1, f"What it learned could not be kept in {self.folder.path}: {reason(error)}.")
        finally:
            self._end_actor()
            print(f"{self.folder.id}: {self.sent:,} bytes were sent to its node and {self.received:,} came back",
                  file=sys.stderr, flush=True)  # fmt: skip
            self._state = state

    def _trained(self) -> State:
        """The run's life on its node. Raises what Ray, the disk or the run's files have against it."""
        if not self._is_there():
            return State("ended")
        try:
            with locks.lock(self.folder.alive).acquire(timeout=5):
                going_on, count = queue.resuming(self.folder), queue.processes_asked(self.folder)
                if dependencies.awaited(self.results, self.folder) or not queue.dequeue(self.folder):
                    return State("ended")  # cancelled, or resumed to wait for another
                self._send(going_on=going_on, processes=count)
                return self._received()
        except Timeout:
            return State("ended")  # another worker has it

    def _is_there(self) -> bool:
        """Waits until the actor lives; False where the run was given up meanwhile."""
        opened = self._actor.open.remote()
        while not self._ray.wait([opened], timeout=POLL_SECONDS)[0]:
            if self._cancelled.is_set():
                return False
        self._ray.get(opened)
        return not self._cancelled.is_set()

    def _send(self, *, going_on: bool, processes: int | None) -> None:
        """All that a worker there will look for: this run's files, and of those whose weights it takes."""
        spec = self.folder.spec()
        names = ["spec.json", *JOURNALS, *PREDICTIONS, *((*WHOLE, NEXT) if going_on else ())]
        for name in names:
            self._send_file(self.folder, name)
        wanted = {spec.training.teacher, None if going_on else spec.init.init_from}
        for id, _ in seen_before.before(self.results, spec):
            for name in ("spec.json", "events.jsonl", *(WEIGHTS if id in wanted else ())):
                self._send_file(self.results.run(id), name)
        entry = json.dumps({"resume": going_on, "processes": processes}).encode()
        self._call(self._actor.put.remote(self.folder.id, "queued.json", 0, entry))
        self._call(self._actor.begin.remote(self._arguments, self._environment))

    def _send_file(self, folder: RunFolder, name: str) -> None:
        """What is not there is not sent."""
        try:
            file = open_own(folder.path / name)
        except FileNotFoundError:
            return
        with file:
            for offset, data, _ in chunks(file):
                self._call(self._actor.put.remote(folder.id, name, offset, data))
                self.sent += len(data)

    def _received(self) -> State:
        """Takes what comes until the worker has ended; the run's own request is then done with."""
        receiver, number = Receiver(self.folder), 0
        while True:
            number += 1
            wish = queue.wish(self.folder) or ("pause" if self._cancelled.is_set() else "")
            answer: Answer = self._asked(number, wish)
            receiver.put(answer.pieces)
            self.received = receiver.bytes
            if answer.code is not None:
                break
        if receiver.ending:
            self.folder.request.unlink(missing_ok=True)
            notify.after(self.results, self.folder, receiver.ending)
        return State("ended", answer.code)

    def _asked(self, number: int, wish: str) -> Any:
        """An answer, asked for again while the actor is out of reach; raises Ray's word where it is lost."""
        deadline = time.monotonic() + UNREACHED
        while True:
            try:
                return self._call(self._actor.take.remote(number, wish))
            except self._ray.exceptions.ActorUnavailableError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL_SECONDS)

    def _call(self, reference: Any) -> Any:
        return self._ray.get(reference)

    def _end_actor(self) -> None:
        """Its folder goes, then itself; of one that is gone there is nothing to end."""
        try:
            self._ray.wait([self._actor.close.remote()], timeout=UNREACHED)
            self._ray.kill(self._actor)
        except Exception:  # noqa: BLE001  whatever Ray says of an actor that is none any more
            return
