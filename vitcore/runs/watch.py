"""Looking on at a run until it has ended, for a terminal and for a notebook: its journal is read as it grows."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from vitcore.cost.durations import duration
from vitcore.errors import UserError
from vitcore.runs import dependencies, journal, placed, queue, seal
from vitcore.runs import status as states
from vitcore.runs.fold import Fold
from vitcore.runs.folder import Results

OPEN = ("queued", "running")
_POLL_SECONDS = 0.25
_WAKE_SECONDS = 2.0


@dataclass
class Watched:
    """What is known of a run that somebody looks on at.

    Attributes:
        status: as of the last look.
        epochs_asked: how many epochs the run is to train; None where its spec cannot be read.
    """

    results: Results
    id: str
    status: str = "queued"
    epochs_asked: int | None = None
    fold: Fold = field(default_factory=Fold, repr=False)
    _offset: int = 0  # bytes of the journal that it knows

    def poll(self, on_line: Callable[[dict[str, Any]], None] = lambda line: None) -> None:
        """Brings it up to date, and calls `told` after each line that is new.

        Raises:
            UserError: the run was deleted.
        """
        folder = self.results.run(self.id)
        signs = states.signs(folder)
        try:
            lines, self._offset = journal.stream(folder.events, self._offset)
        except (OSError, UserError):  # its row in the table of runs says why
            lines = iter(())
        for line in lines:
            self.fold.take(line)
            on_line(line)
        self.status = states.of(signs, self.fold.row)

    @property
    def reason(self) -> str:
        """Why it ended so, or what it waits for; empty where it goes on or nobody said."""
        if self.status == "queued":
            why = dependencies.reason(self.results, self.id)
            return f"it {why}" if why else ""
        died = self.status == "interrupted" and self.fold.ending is None
        lost = states.lost(self.results.run(self.id)) if died else ""
        return self.fold.row.get("reason") or lost

    @property
    def progress(self) -> float:
        """Share of the run that is done, from 0 to 1."""
        return self.fold.progress(self.epochs_asked)

    @property
    def words(self) -> str:
        """Epoch, loss, test error, speed and time left, as far as they are known."""
        fold, facts = self.fold, []
        loss, left = fold.row.get("loss"), fold.row.get("eta_seconds")
        loss = fold.latest("train_loss") if loss is None else loss
        error, speed = fold.latest("error_percent"), fold.latest("images_per_second")
        val_error = fold.latest("val_error")
        facts.append(f"epoch {fold.epochs_done}/{self.epochs_asked}" if self.epochs_asked else "")
        facts.append("" if loss is None else f"loss {loss:.4f}")
        facts.append("" if val_error is None else f"validation error {val_error:.2f} %")
        facts.append("" if error is None else f"test error {error:.2f} %")
        facts.append("" if speed is None else f"{speed:,.0f} images/s")
        if left is not None and math.isfinite(left) and self.status == "running":
            facts.append(f"{duration(left)} left")
        return " · ".join(filter(None, facts))

    @property
    def errors(self) -> str:
        """Each error that is known, with what it is of: '2.50 % test error, last weights, after 8 epochs; …'."""
        fold, done = self.fold, self.fold.epochs_done
        named = (
            ("error_percent", f"test error, last weights, after {done} epoch{'s' * (done != 1)}"),
            ("test_error_best", f"test error, best epoch {fold.best('best_epoch')}"),
            ("val_error_best", f"validation error, best epoch {fold.best('best_epoch')}"),
        )
        values = (fold.latest(name) if name == "error_percent" else fold.best(name) for name, _ in named)
        return "; ".join(
            f"{value:.2f} % {of}" for value, (_, of) in zip(values, named, strict=True) if value is not None
        )

    def summary(self) -> dict[str, Any]:
        """The run in a JSON object: what is not known, or no number, is null."""
        values = {
            "id": self.id,
            "status": self.status,
            "error_percent": self.fold.latest("error_percent"),
            "val_error": self.fold.latest("val_error"),
            "val_error_best": self.fold.best("val_error_best"),
            "test_error_best": self.fold.best("test_error_best"),
            "best_epoch": self.fold.best("best_epoch"),
            "epochs": self.fold.epochs_done,
            "training_seconds": self.fold.latest("training_seconds"),
            "images_per_second": self.fold.latest("images_per_second"),
        }
        return {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in values.items()}


def watched(results: Results, id: str) -> Watched:
    """A run before anything is known of it but its spec. Raises UserError where there is no such run."""
    try:
        epochs = results.run(id).spec().training.epochs
    except UserError:
        epochs = None
    return Watched(results, id, epochs_asked=epochs)


def until_ended(run: Watched, on_line: Callable[[dict[str, Any]], None] = lambda line: None) -> Iterator[None]:
    """Looks at the run every quarter of a second until it neither waits nor trains; yields after each look.

    A run that waits while its dispatcher has died is given another; one that waits for a run that will not finish by
    itself is left in the queue.

    Raises:
        UserError: the run was deleted, was queued by somebody else, or its worker cannot be started.
    """
    woken = time.monotonic()
    while True:
        run.poll(on_line)
        yield
        elsewhere = placed.read(run.results.run(run.id)) is not None  # its engine has not settled it
        if run.status not in OPEN and not elsewhere:
            return
        if (run.status == "queued" or elsewhere) and time.monotonic() - woken > _WAKE_SECONDS:
            woken = time.monotonic()
            if run.status == "queued" and not queue.is_own(run.results.run(run.id)):
                raise UserError(f"run {run.id} waits for a word of yours: {seal.FOREIGN}")
            queue.ensure_dispatcher(run.results, patient=True)
            if dependencies.stuck(run.results, run.id):
                return
        time.sleep(_POLL_SECONDS)
