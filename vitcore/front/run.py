"""A stored run in hand: what it was asked, how far it is, what it has learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitcore.front import waiting
from vitcore.front.stored import index
from vitcore.runs import annotations as remarks
from vitcore.runs import queue
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from torch import nn


class Run:
    """One run of a results folder. Every answer is read afresh, so that it may be asked while the run trains.

    Attributes:
        id: the name of its folder in `results/runs`.
    """

    def __init__(self, id: str, results: Results | None = None) -> None:
        self._results = results or Results()
        self.id = self._results.run(id).id

    def __repr__(self) -> str:
        return f"<Run {self.id}: {self.status}, {remarks.title(self._results.run(self.id))}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and (self.id, self._results.root) == (other.id, other._results.root)

    def __hash__(self) -> int:
        return hash((self.id, self._results.root))

    @property
    def results(self) -> Results:
        """The results folder in which it lies."""
        return self._results

    @property
    def spec(self) -> RunSpec:
        """All that was chosen. Raises UserError where the stored spec is no longer valid, or not known (`vc.log`)."""
        return self._results.run(self.id).spec()

    @property
    def status(self) -> str:
        """queued, running, finished, stopped, paused, diverged, failed, interrupted or cancelled."""
        return queue.status(self._results, self.id)

    @property
    def row(self) -> pd.Series:
        """Its row of `vc.runs()`: options, progress and the last metrics.

        Raises:
            UserError: it has been deleted.
        """
        from vitcore.store import queries

        self._results.run(self.id)
        table = queries.runs(index(self._results))
        return table[table["id"] == self.id].iloc[0]

    @property
    def curves(self) -> pd.DataFrame:
        """An epoch a row: `epoch`, `train_loss`, `val_loss`, `val_error`, seconds and more; and, of the test images,
        `test_loss`, `accuracy`, `error_percent`, `f1`: after the last epoch alone where there is validation.
        """
        from vitcore.store import queries

        self._results.run(self.id)
        return queries.epochs(index(self._results), [self.id])

    @property
    def confusion(self) -> np.ndarray:
        """Test images by (true class, predicted class) after the last evaluation, (classes classes) int64.

        Raises:
            UserError: it has not been evaluated yet.
        """
        from vitcore.store import queries

        return queries.confusion(index(self._results), self.id)[1].copy()

    def model(self) -> nn.Module:
        """The network with the weights that predict, on the CPU and in evaluation: (b c y x) -> (b classes) logits.

        Raises:
            UserError: there are no weights yet, or they are broken.
        """
        from vitcore.runs.predict import load

        return load(self._results.run(self.id)).model

    def wait(self) -> Run:
        """Waits until it has ended, with a progress bar on a terminal or in a notebook; the run itself.

        Where it ends otherwise than finished, a warning says why. An interrupt ends the waiting alone, never the run.
        """
        waiting.until_ended(self._results, self.id)
        return self

    def stop(self) -> None:
        """Asks it to end and keep what it has learned; a queued one is cancelled.

        Raises:
            UserError: it is neither running nor queued.
        """
        queue.stop(self._results, self.id)


def run(id: str) -> Run:
    """A stored run by its id, the first column of `vc.runs()`.

    Raises:
        UserError: there is no such run.
    """
    return Run(id)
