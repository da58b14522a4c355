"""The one writer of a run that another program trains: its journals, and the lock by which it counts as running."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from filelock import Timeout

from vitcore import events
from vitcore.errors import UserError
from vitcore.events import Ended, Epoch, Host, Matrix, Note, Started, Step
from vitcore.runs import locks, predictions
from vitcore.runs.fold import MOST_EPOCHS
from vitcore.runs.folder import RunFolder, reason
from vitcore.runs.journal import Journal
from vitcore.runs.predictions import Predictions

MOST_CLASSES = 1_000  # whose matrix is kept epoch by epoch
MOST_UNSCORED = 65_536  # classes that an answer may be of while their number is not known


class Recorder:
    """Writes a run's events. An epoch is on the disk when `epoch` returns; steps are held back for half a second.

    Args:
        folder: the run's own, without another writer.

    Raises:
        UserError: somebody else writes it, or the disk will not.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.last = 0
        self._pid = os.getpid()
        self._lock = locks.lock(folder.alive)
        try:
            self._lock.acquire(timeout=0)
        except (Timeout, OSError):
            raise UserError(f"run {folder.id} is being written by another process; let that one end first") from None
        self._journals: dict[str, Journal] = {}
        self._predictions: Predictions | None = None
        self._unscored: Predictions | None = None
        self.unscored_images: int | None = None
        self.unscored_classes = 0

    def start(
        self,
        *,
        at: float | None = None,
        resumed_from: int = 0,
        classes: Sequence[str] = (),
        known: Mapping[str, Any] | None = None,
        here: bool = False,
    ) -> None:
        """An attempt begins.

        Args:
            at: when, in unix seconds; None: now.
            classes: their names, as far as they are known.
            known: further fields of `events.Started`.
            here: whether it trains on this machine, so that its host is told.
        """
        unknown = dict.fromkeys(("device", "precision", "test_samples", "parameters", "macs", "epochs"))
        line = Started(
            **{**unknown, **(known or {})},
            classes=list(classes),
            resumed_from=resumed_from,
            pid=os.getpid() if here else None,
            host=Host(platform.machine(), "", os.cpu_count(), "", platform.system()) if here else None,
        )
        self.last = resumed_from
        self._write(line, at)

    def epoch(self, number: int, values: Mapping[str, float], *, at: float | None = None, durable: bool = True) -> None:
        """An epoch is over. `values` are as `metrics.checked` gives them.

        Args:
            durable: whether it is waited for until it is on the disk; of many, the last alone needs it.

        Raises:
            UserError: numbers of epochs do not go up, or the disk is full.
        """
        self.check(number)
        names = [each.name for each in events.fields(Epoch)]
        line: dict[str, Any] = {**dict.fromkeys(names), **values, "epoch": number}
        self._write(Epoch(**line), at, durable)
        self.last = number

    def check(self, number: int) -> None:
        """Hold that an epoch of this number can come next. Raises UserError."""
        self._hold_own()
        if not self.last < number <= MOST_EPOCHS:
            wish = f"at most {MOST_EPOCHS:,}" if number > MOST_EPOCHS else f"above {self.last}, the last that was given"
            raise UserError(f"an epoch's number is {wish}; given was {number}")

    def answers(self, epoch: int, truth: np.ndarray, answers: np.ndarray, classes: int) -> None:
        """The class answered to every test image (images,), and their matrix unless classes are very many.

        Raises:
            UserError: they cannot be kept.
        """
        from vitcore.runs import answered

        self._hold_own()
        try:
            if self._predictions is None:
                self._predictions = Predictions(self.folder.predictions, truth, classes)
            self._predictions.put(epoch, answers)
        except OSError as error:
            raise UserError(f"the predictions of run {self.folder.id} cannot be kept: {reason(error)}") from None
        if classes <= MOST_CLASSES:
            self._append("confusion", Matrix(epoch, answered.matrix(truth, answers, classes).tolist()))

    def unscored(self, epoch: int, answers: np.ndarray) -> None:
        """The class answered to every test image (images,) while nobody has told the true ones.

        Raises:
            UserError: they cannot be kept.
        """
        self._hold_own()
        try:
            if self._unscored is None:
                blank, self.unscored_images = np.zeros(len(answers), np.int64), len(answers)
                self._unscored = Predictions(self.folder.unscored_predictions, blank, MOST_UNSCORED)
            self._unscored.put(epoch, answers)
            self.unscored_classes = max(self.unscored_classes, int(answers.max()) + 1)
        except OSError as error:
            raise UserError(f"the predictions of run {self.folder.id} cannot be kept: {reason(error)}") from None

    def score(self, truth: np.ndarray, classes: int) -> None:
        """The true classes (images,) are known: what was answered before them is kept beside them.

        The epochs' own lines stay as they are: a journal only grows.
        """
        waiting = predictions.unscored(self.folder) if self._unscored is not None else None
        if self._unscored is None or waiting is None:
            return
        for epoch in waiting.epochs:
            self.answers(epoch, truth, waiting.of(epoch), classes)
        self._unscored.close()
        self._unscored = None
        self.folder.unscored_predictions.unlink(missing_ok=True)

    def step(self, step: int, loss: float | None, learning_rate: float | None) -> None:
        """A step's loss, of the epoch that is under way; it costs no wait for the disk."""
        self._append("steps", _known(Step(step, self.last + 1, loss, learning_rate)), durable=False)

    def note(self, text: str, at: float | None = None) -> None:
        """A sentence for whoever looks at the run."""
        self._write(Note(text), at)

    def end(self, status: str, why: str, *, at: float | None = None, scores: Mapping[str, float] | None = None) -> None:
        """The run's last line; the recorder then lets go of it.

        Args:
            scores: `error_percent` and `val_error` of a run that told of no epoch.
        """
        error, val_error = ((scores or {}).get(name) for name in ("error_percent", "val_error"))
        line = Ended(status, why, epochs=self.last or None, error_percent=error, val_error=val_error)
        try:
            self._write(line, at)
        finally:
            self.close()

    def close(self) -> None:
        """Lets go of the run without a word about its end, as a program that dies does; nothing where it has."""
        if os.getpid() == self._pid:
            for journal in self._journals.values():
                journal.close()
            for file in (self._predictions, self._unscored):
                if file is not None:
                    file.close()
            self._lock.release()
        self._journals.clear()

    def _write(self, line: events.Line, at: float | None, durable: bool = True) -> None:
        """A line of the run's events without what is not known; of the past, its own time."""
        self._append("events", _known(line), durable=durable, at=at)

    def _append(
        self, name: str, line: events.Line | dict[str, Any], *, durable: bool = True, at: float | None = None
    ) -> None:
        self._hold_own()
        try:
            if name not in self._journals:
                self._journals[name] = Journal(getattr(self.folder, name), buffered=name == "steps")
            self._journals[name].append(line, durable=durable, at=at)
        except OSError as error:
            raise UserError(f"run {self.folder.id} cannot be written: {reason(error)}") from None

    def _hold_own(self) -> None:
        """Raises UserError in a child of the process that logs, and where the run has ended."""
        if os.getpid() != self._pid:
            raise UserError(f"run {self.folder.id} is logged by the process that began it; log from that one alone")
        if not self._lock.is_locked:
            raise UserError(f"run {self.folder.id} has ended; begin another to log more")


def _known(line: events.Line) -> dict[str, Any]:
    """A line without what is not known."""
    found = {name: value for name, value in line.written().items() if value is not None}
    if "host" in found:
        found["host"] = {name: value for name, value in found["host"].items() if value not in (None, "")}
    return found
