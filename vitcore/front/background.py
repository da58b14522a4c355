"""What goes on in the background, followed from a program: a question of Settle's, a search."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import Self

from vitcore.runs.background import POLL_SECONDS
from vitcore.runs.folder import Results


class InBackground(ABC):
    """A piece of such work and how it stands; read afresh each time it is asked.

    Attributes:
        key: its name, as the command that lists them has it.
    """

    def __init__(self, key: str, results: Results) -> None:
        self.key, self._results = key, results

    def __repr__(self) -> str:
        return f"<{self.state}: {self.sentence}>"

    @property
    @abstractmethod
    def state(self) -> str:
        """ "open", or why nobody works on it."""

    @property
    @abstractmethod
    def sentence(self) -> str:
        """What it has come to."""

    @abstractmethod
    def stop(self) -> None:
        """Gives it up: what waits is taken out of the queue, what runs may end."""

    @abstractmethod
    def _ensure(self) -> None:
        """Sees that somebody works on it."""

    def wait(self) -> Self:
        """Returns once it has ended. Interrupted, it goes on in the background; `stop` gives it up."""
        while self.state == "open":
            self._ensure()
            time.sleep(POLL_SECONDS)
        return self
