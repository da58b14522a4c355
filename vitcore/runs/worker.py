"""The worker of one run: a process of its own that trains, journals what it learns and says in words how it ended.

Started by the dispatcher, `python -m vitcore.runs.worker ID`; what it prints goes to worker.log in the run's folder.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import Timeout

from vitcore import events, plugins, processes
from vitcore.errors import UserError
from vitcore.runs import (
    dependencies,
    devices,
    heartbeat,
    hosts,
    locks,
    notify,
    origins,
    queue,
    seen_before,
    slots,
    teachers,
    threads,
)
from vitcore.runs import together as processes_together
from vitcore.runs.files import Unwritten
from vitcore.runs.folder import Results, RunFolder, reason
from vitcore.runs.journal import Journal
from vitcore.runs.predictions import Predictions
from vitcore.training.outcome import RankLost

if TYPE_CHECKING:
    from vitcore.spec import RunSpec
    from vitcore.training import Outcome
    from vitcore.training.ranks import Ranks

_ROOM_BYTES = 16_384
_ALONE_SECONDS = 1.0  # that processes which already wait for each other wait for a device
_MEMORY = "The machine ran out of memory; a smaller batch size, a smaller model or bfloat16 needs less."


def main() -> None:
    """Waits for the device, claims the run and trains it; leaves at once where the run is no longer queued."""
    parser = argparse.ArgumentParser(description="Train one queued run.")
    parser.add_argument("id")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--slot", type=int, default=0, help="of the device; each is behind a lock of its own")
    parser.add_argument("--threads", type=int, help="CPU threads; else all of this machine's")
    parser.add_argument("--engine", default="local", help="any other has made room for the run, and takes it up again")
    parser.add_argument("--offset", type=float, default=0.0, help="seconds from this machine's clock to the engine's")
    parser.add_argument("--results")
    arguments = parser.parse_args()
    results = Results(arguments.results)
    folder = results.run(arguments.id)
    place = Place(arguments.device, arguments.slot, arguments.threads, arguments.engine, arguments.offset)
    with place.alone(results):
        try:
            with locks.lock(folder.alive).acquire(timeout=5):
                going_on, count = queue.resuming(folder), queue.processes_asked(folder)
                if not dependencies.awaited(results, folder) and queue.dequeue(folder):
                    _Work(results, folder, place, count).do(going_on)
        except Timeout:
            return  # another worker has it
    if not place.beyond:
        queue.ensure_dispatcher(results)  # ours may have been killed, and runs may wait behind this one


@dataclass(frozen=True)
class Place:
    """Where a run trains.

    Attributes:
        threads: CPU threads that it computes with; None: all of this machine's.
        offset: seconds from this machine's clock to that of the machine that the engine was asked from.
    """

    device_queue: str = "cpu"
    slot: int = 0
    threads: int | None = None
    engine: str = "local"
    offset: float = 0.0

    @property
    def beyond(self) -> bool:
        """Whether an engine has it that leaves this machine."""
        return self.engine != "local"

    def alone(self, results: Results) -> AbstractContextManager[object]:
        """The slot for this run alone; another engine than this machine's has seen to that."""
        return nullcontext() if self.beyond else locks.lock(slots.lock_path(results, self.device_queue, self.slot))

    @property
    def kind(self) -> str:
        """The kind of device: cpu, mps or cuda."""
        return queue.kind(self.device_queue)

    def taken(self) -> events.Taken:
        """The line that tells of it."""
        slot = None if self.beyond else self.slot
        return events.Taken(os.getpid(), self.engine, hosts.name(), self.device_queue, slot)


def train_here(results: Results, folder: RunFolder, device_queue: str, ranks: Ranks | None, *, going_on: bool) -> None:
    """Train a run in this very process, for whoever holds its locks: the first of `ranks`, where these are several."""
    signal.signal(signal.SIGINT, lambda number, frame: os.kill(os.getpid(), signal.SIGTERM))  # keeps what was learned
    _Work(results, folder, Place(device_queue), ranks=ranks).do(going_on)


class _Work:
    """A claimed run: its journals, and what is asked of it from outside.

    Args:
        count: how many processes are to train it together; None: as its spec says.
        ranks: those that do already, in place of them.
    """

    def __init__(
        self,
        results: Results,
        folder: RunFolder,
        place: Place,
        count: int | None = None,
        ranks: Ranks | None = None,
    ) -> None:
        self.results, self.folder, self.place = results, folder, place
        self.count, self.ranks = count, ranks
        self.events = Journal(folder.events)
        self.steps = Journal(folder.steps, buffered=True)
        self.confusion = Journal(folder.confusion)
        self.val_confusion: Journal | None = None  # there where anything is held out for validation
        self.predictions: dict[str, Predictions] = {}  # by stream, once it is known what is predicted
        self.resumed_from = 0
        self.room = folder.path / ".room"
        self.started = threading.Event()
        self.end_requested = False
        self.ended = threading.Lock()  # taken by whoever says how
        self.began = self.progressed = time.monotonic()

    def do(self, going_on: bool) -> None:
        """Trains, and closes the journal whatever happens."""
        self.events.append(self.place.taken())
        if self.place.beyond:
            heartbeat.begin(self.events, self.folder.events, self.place.offset)
        self._sweep()
        self.room.unlink(missing_ok=True)  # a link of that name would have us write elsewhere
        with suppress(OSError), self.room.open("xb") as file:  # it is full already, as will be told
            file.write(bytes(_ROOM_BYTES))
        processes.lower_priority()
        signal.signal(signal.SIGTERM, self._terminate)
        threading.Thread(target=self._watch_the_start, daemon=True).start()
        try:
            ending = self._train(going_on)
        except UserError as user_error:
            ending = events.Ended("failed", str(user_error))
        except RankLost as lost:
            ending = events.Ended("interrupted", str(lost))
        except Exception as error:  # noqa: BLE001  whatever it is, the run ends in words and the traceback is kept
            with suppress(OSError):  # the log may lie on the very disk that is full
                traceback.print_exc()
            ending = events.Ended("failed", explain(error, self.folder.path))
        if ending.status == "failed" and not self.folder.path.is_dir():
            ending = events.Ended("failed", self._gone())  # whichever of its files was the first to be missed
        self.started.set()
        self._end(ending)
        for journal in (self.events, self.steps, self.confusion, self.val_confusion, *self.predictions.values()):
            with suppress(OSError):  # on a full disk the last half second of steps is lost; how it ended is told
                if journal is not None:
                    journal.close()
        self.folder.request.unlink(missing_ok=True)
        notify.after(self.results, self.folder, ending.status)

    def _end(self, ending: events.Ended) -> None:
        """Says how it ended, on a full disk too: room for that was put aside at the start."""
        if not self.ended.acquire(blocking=False):
            return
        try:
            self.events.append(ending)
        except OSError:
            self.room.unlink(missing_ok=True)
            self.events.append(ending)
        self.room.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Removes what a worker that was killed while it wrote a checkpoint had not put in place yet."""
        for stored in ("model.safetensors", "best.next.safetensors", "resume.pt"):
            for draft in self.folder.path.glob(f".{stored}.*"):
                draft.unlink(missing_ok=True)

    def _train(self, going_on: bool) -> events.Ended:
        spec = self.folder.spec()
        plugins.check_unchanged(spec.plugins)
        from vitcore.training import train

        threads.use(self.place.threads)
        resume = going_on and self.folder.resume_point.exists()
        count = self.ranks.count if self.ranks else self.count or spec.processes
        here = self.ranks.place.local_count if self.ranks else count
        with _true_device(self.results, self.place, spec, here, -1 if self.ranks is None else _ALONE_SECONDS):
            teacher = teachers.load(self.results, spec)
            initial = None if resume else origins.load(self.results, spec)
            with self._together(count) as ranks:
                if ranks is not None:
                    ranks.tell({"run": self.folder.id, "resume": resume, "threads": self.place.threads})
                outcome: Outcome = train(
                    spec,
                    self._report,
                    folder=self.folder.path,
                    control=self._ask,
                    resume=resume,
                    teacher=teacher,
                    initial=initial,
                    ranks=ranks,
                )
        return events.Ended(**asdict(outcome))

    def _together(self, count: int) -> AbstractContextManager[Ranks | None]:
        """The processes that train the run, of which this is the first; None where it is the only one."""
        if self.ranks is not None or count == 1:
            return nullcontext(self.ranks)
        return processes_together.together(self.results, count, self._lost)

    def _lost(self, sentence: str) -> None:
        """Another process is gone, and this one waits for it where nothing can be told to it."""
        self._end(events.Ended("interrupted", sentence))
        os._exit(1)

    def _report(self, line: events.Line) -> None:
        """Into the journal that the line is of."""
        if isinstance(line, events.Step):
            self.steps.append(line)
        elif isinstance(line, events.Matrix):
            journal = self.confusion if line.stream == "confusion" else self.val_confusion
            if journal is not None:
                journal.append(line)
        elif isinstance(line, events.Truth | events.Answers):
            self._predicted(line)
        elif isinstance(line, events.Progress):
            if self._progress_is_due():
                self.events.append(line, durable=False)
        elif isinstance(line, events.Started):
            self._begin(line)
        else:
            self.steps.flush()
            self.events.append(line)

    def _begin(self, line: events.Started) -> None:
        """Tell that an attempt begins, in each journal."""
        self.started.set()
        self.steps.flush()
        self.events.append(line)
        self.resumed_from = line.resumed_from
        if line.val_samples:
            self.val_confusion = Journal(self.folder.val_confusion)
        for journal in (self.steps, self.confusion, self.val_confusion):
            if journal is not None:
                journal.append(events.Attempt(line.resumed_from, line.resumed_step))
        for text in seen_before.sentences(self.results, self.folder.spec()):
            self.events.append(events.Note(text))

    def _predicted(self, line: events.Truth | events.Answers) -> None:
        """The true classes come first, then the answers of each evaluation."""
        if isinstance(line, events.Truth):
            path = self.folder.predictions if line.stream == "predictions" else self.folder.val_predictions
            self.predictions[line.stream] = Predictions(path, line.truth, line.classes)
            self.predictions[line.stream].withdraw(self.resumed_from)
        elif line.stream in self.predictions:
            self.predictions[line.stream].put(line.epoch, line.answers)

    def _progress_is_due(self) -> bool:
        """Every second at first, every five in a run of hours: so that a week's journal stays small."""
        now = time.monotonic()
        if now - self.progressed < min(5.0, max(0.5, (now - self.began) / 1000)):
            return False
        self.progressed = now
        return True

    def _ask(self) -> str | None:
        """What is asked, for as long as there is a folder to write to.

        Raises:
            UserError: it has been moved or deleted; nothing more is written, so that no ghost of it arises.
        """
        if not self.folder.path.is_dir():
            raise UserError(self._gone())
        return self._control()

    def _gone(self) -> str:
        return f"the run's folder is gone from {self.folder.path.parent}; put it back and resume the run"

    def _control(self) -> str | None:
        """What is asked of the trainer: None, "stop" or "pause"."""
        return queue.wish(self.folder) or ("pause" if self.end_requested else None)

    def _terminate(self, number: int, frame: object) -> None:
        self.end_requested = True  # the machine is being shut down: keep what was learned and go

    def _watch_the_start(self) -> None:
        """Until training begins nobody else asks: torch is being imported, data read, perhaps fetched."""
        while not self.started.wait(0.2):
            wish = self._control()
            if wish is not None and not self.started.is_set():
                status = "stopped" if wish == "stop" else "paused"
                reason = f"{status.capitalize()} on request before training began; resume it to train it."
                self.events.append(events.Ended(status, reason))
                self.folder.request.unlink(missing_ok=True)
                os._exit(0)


def explain(error: Exception, folder: Path = Path()) -> str:
    """What went wrong with the run in `folder`, in one plain sentence."""
    from vitcore.training import disk

    text = str(error)
    low = text.lower()
    if isinstance(error, MemoryError) or "out of memory" in low or "can't allocate memory" in low:
        return _MEMORY
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        full = disk.full(folder, error.needed if isinstance(error, Unwritten) else None)
        return f"{full[0].upper()}{full[1:]}."
    quoted = None if isinstance(error, OSError) else disk.number(error)
    if quoted is not None:  # a library's own words for what the system said
        return explain(OSError(quoted, os.strerror(quoted)), folder)
    if isinstance(error, OSError):
        where = f" ({Path(error.filename).name})" if isinstance(error.filename, str) else ""
        return f"A file could not be read or written{where}: {reason(error)}."
    line = text.strip().splitlines()[0][:300] if text.strip() else "no message"
    return f"{type(error).__name__}: {line} (worker.log in the run's folder has the traceback)."


@contextmanager
def _true_device(results: Results, place: Place, spec: RunSpec, count: int, timeout: float) -> Iterator[None]:
    """The locks of the devices that torch will use, a GPU for each process, waited for but for that of the place.

    A run that may take any GPU is shown but the one that it was given, and calls that the first.

    Args:
        timeout: seconds to wait for each; -1: until it is free.

    Raises:
        UserError: one is not free in that time.
    """
    from vitcore.training.device import resolve

    true = devices.device_queue(str(resolve(spec.device)))
    if place.beyond:
        used = []
    elif count == 1 and spec.device in ("auto", "cuda") and queue.kind(true) == place.kind:
        used = [place.device_queue]
    else:
        used = [f"cuda-{number}" for number in range(count)] if true == "cuda-0" else [true]
    with ExitStack() as stack:
        for name in used:
            if name == place.device_queue:
                continue
            try:
                stack.enter_context(slots.whole(results, name, timeout))
            except Timeout:
                text = f"another run trains on {name}, which this one needs too; wait for its end, then resume this one"
                raise UserError(text) from None
        yield


if __name__ == "__main__":
    main()
