"""Following a run from a terminal: a progress bar where there is a screen, a line an epoch where there is none."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn

from vitcore.runs import dependencies, journal, queue
from vitcore.runs import status as states
from vitcore.runs.attempts import Attempts
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.status import ENDINGS
from vitcore.store import fold

_LOOK_SECONDS = 0.25
_WAKE_SECONDS = 2.0


@dataclass
class Seen:
    """What a run's journal has told so far."""

    id: str
    status: str
    reason: str = ""
    error_percent: float | None = None
    epochs: int = 0
    asked: int = 0
    training_seconds: float | None = None
    images_per_second: float | None = None
    loss: float | None = None
    eta_seconds: float | None = None
    share: float = 0.0
    ending: str | None = None
    told: Attempts = field(default_factory=Attempts, repr=False)
    offset: int = 0  # bytes of the journal that it knows

    def take(self, line: dict[str, Any]) -> None:
        """Lays one event over what is known; nothing in a line is trusted."""
        event = line.get("event")
        if event in ("taken", "started"):
            self.ending, self.asked = None, fold.whole(line.get("epochs")) or self.asked
            if event == "started":
                self.told.take(line)
                self._stand()
        elif event == "progress":
            self.loss, self.eta_seconds = fold.number(line.get("loss")), fold.number(line.get("eta_seconds"))
            self.images_per_second = fold.number(line.get("images_per_second"))
            self.share = _share(fold.number(line.get("step")), fold.number(line.get("steps")))
        elif event == "epoch":
            told = fold.epoch(line)
            if told is None:
                return
            share = self.share
            self.told.take(told)
            self._stand()
            self.share = max(self.share, share)
        elif event == "ended" and line.get("status") in ENDINGS:
            self.ending, self.reason = line["status"], fold.text(line.get("reason")) or ""
            self.epochs = fold.whole(line.get("epochs")) or self.epochs
            for name in ("error_percent", "training_seconds", "images_per_second"):
                if fold.number(line.get(name)) is not None:
                    setattr(self, name, fold.number(line[name]))

    def _stand(self) -> None:
        """Where the run stands by the epochs that count: what an abandoned attempt told beyond them is withdrawn."""
        lines = list(self.told.lines.values())
        last = lines[-1] if lines else {}
        evaluated = [line["error_percent"] for line in lines if line["error_percent"] is not None]
        self.epochs, self.loss = last.get("epoch", 0), last.get("train_loss")
        self.error_percent = evaluated[-1] if evaluated else None
        self.training_seconds, self.images_per_second = last.get("training_seconds"), last.get("images_per_second")
        self.reason, self.eta_seconds, self.share = "", None, _share(self.epochs, self.asked)

    def summary(self) -> dict[str, Any]:
        """The JSON object that `--json` ends with."""
        names = ("id", "status", "error_percent", "epochs", "training_seconds", "images_per_second")
        values = {name: getattr(self, name) for name in names}
        return {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in values.items()}


def _share(done: float | None, of: float | None) -> float:
    """From 0 to 1; 0 where one of the two is not known, or no number."""
    if done is None or of is None or not math.isfinite(done) or not math.isfinite(of):
        return 0.0
    return min(1.0, max(0.0, done / max(1.0, of)))


def known(results: Results, id: str) -> Seen:
    """What a run has told up to now: an earlier attempt's epochs, which whoever follows the next is not told again."""
    folder, seen = results.run(id), Seen(id, "queued")
    lines, seen.offset = journal.read(folder.events)
    for line in lines:
        seen.take(line)
    return seen


def to_the_end(results: Results, id: str, seen: Seen | None = None) -> Seen:
    """Waits until a run has ended; Ctrl-C leaves it running and says so. What is `seen` already is not said again."""
    folder, seen = results.run(id), seen or Seen(id, "queued")
    screen = Console(stderr=True)
    try:
        with Progress(*_columns(), console=screen, transient=True, disable=not screen.is_terminal) as bars:
            _watch(results, folder, seen, bars)
    except KeyboardInterrupt:
        seen.status = states.now(folder)
        seen.reason = (
            f"the run goes on in the background; `python -m vitcore stop {id}` ends it and keeps what was learnt"
        )
    return seen


def _watch(results: Results, folder: RunFolder, seen: Seen, bars: Progress) -> None:
    bar = bars.add_task("queued", total=1.0)
    woken = time.monotonic()
    while True:
        signs = states.signs(folder)
        lines, seen.offset = journal.read(folder.events, seen.offset)
        for line in lines:
            seen.take(line)
            if bars.disable and line.get("event") in ("epoch", "note"):
                print(_spoken(seen) if line["event"] == "epoch" else line.get("text"), file=sys.stderr, flush=True)
        seen.status = states.of(signs, seen.ending)
        bars.update(bar, description=seen.status, completed=seen.share, refresh=True)
        bars.tasks[0].fields["spoken"] = _spoken(seen)
        if seen.status not in ("queued", "running"):
            seen.reason = seen.reason or (states.LOST if seen.status == "interrupted" else "")
            return
        if seen.status == "queued" and time.monotonic() - woken > _WAKE_SECONDS:
            woken = time.monotonic()
            queue.ensure_dispatcher(results)
            if dependencies.stuck(results, folder.id):
                seen.reason = f"it {dependencies.reason(results, folder.id)}"
                return
        time.sleep(_LOOK_SECONDS)


def _columns() -> list[ProgressColumn]:
    return [
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[spoken]}"),
        TimeElapsedColumn(),
    ]


def _spoken(seen: Seen) -> str:
    facts = [f"epoch {seen.epochs}/{seen.asked}" if seen.asked else ""]
    facts.append("" if seen.loss is None else f"loss {seen.loss:.4f}")
    facts.append("" if seen.error_percent is None else f"error {seen.error_percent:.2f} %")
    facts.append("" if seen.images_per_second is None else f"{seen.images_per_second:,.0f} images/s")
    left = seen.eta_seconds
    facts.append("" if left is None else f"{left / 60:.0f} min left" if left > 90 else f"{left:.0f} s left")
    return " · ".join(filter(None, facts))
