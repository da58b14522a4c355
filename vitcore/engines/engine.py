"""What every engine offers: it decides where `python -m vitcore.runs.worker` runs; truth stays in the run's folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol


class State(NamedTuple):
    """How a submitted run stands with its engine.

    Attributes:
        now: "submitted" while it waits or trains there, "ended" once its worker has ended, "lost" where it went with
            its machine; "absent": the engine knows nothing of it.
        code: what the worker's process ended with; below 0: by that signal.
        why: of a lost run, or of one that ended badly, in words.
    """

    now: Literal["submitted", "ended", "lost", "absent"]
    code: int = 0
    why: str = ""


class Wait(NamedTuple):
    """Why a run is not taken yet, after "it waits for"; `others_too`: those behind it wait as well."""

    why: str
    others_too: bool = False


@dataclass(frozen=True)
class Capacity:
    """How many runs an engine has room for now, of how many at most; in words where a person would ask."""

    free: int
    of: int
    words: str


class Engine(Protocol):
    """Takes queued runs by their ids and tells what has become of them; no call waits for a run."""

    def submit(self, run_id: str) -> Wait | None:
        """Takes a queued run; or why it has to wait, and nothing has happened."""

    def flush(self) -> None:
        """Sends on what was submitted since the last time, where the engine takes several at once."""

    def cancel(self, run_id: str) -> None:
        """Gives up a submitted run that has not begun; one that trains is asked by its request file alone."""

    def state(self, run_id: str) -> State:
        """How a run stands here."""

    def capacity(self) -> Capacity:
        """What is free."""

    def close(self) -> None:
        """Lets go of what it holds; runs that it has started go on where they can."""
