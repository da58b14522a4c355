"""`vc.settle`: paired seeds of two or more settings until one is shown to be better, or none that matters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vitcore.front.background import InBackground
from vitcore.front.run import Run
from vitcore.front.stored import index
from vitcore.runs.folder import Results
from vitcore.settle import drivers, wishes
from vitcore.settle.question import BUDGET, MARGIN, ask, load
from vitcore.settle.sentences import answer, names
from vitcore.settle.standing import Standing, standing
from vitcore.spec import RunSpec
from vitcore.store import queries

if TYPE_CHECKING:
    import pandas as pd


class Settled(InBackground):
    """A question and how it stands; read afresh each time it is asked.

    Attributes:
        key: its name, as `vitcore settle --list` has it.
    """

    @property
    def state(self) -> str:
        """open, answered, spent (the budget), stopped, blocked (by a run that failed or was stopped), or not ours."""
        return load(self._results, self.key).state

    @property
    def sentence(self) -> str:
        """The answer in words, with the interval that holds at whichever pair one stops."""
        question = load(self._results, self.key)
        return question.sentence or answer(question, self._stands())

    @property
    def intervals(self) -> pd.DataFrame:
        """A line a pair of seeds of two settings: `first`, `second`, `pairs`, `mean`, `low`, `high` in points."""
        import pandas as pd

        called = names(load(self._results, self.key).settings)
        lines = [
            (called[pairing.first], called[pairing.second], item.pairs, item.mean, item.low, item.high)
            for pairing in self._stands().pairings
            for item in pairing.sequence
        ]
        return pd.DataFrame(lines, columns=["first", "second", "pairs", "mean", "low", "high"])

    def stop(self) -> None:
        """Gives it up: what waits is taken out of the queue, what runs may end."""
        wishes.stop(self._results, self.key)

    def _ensure(self) -> None:
        drivers.ensure(self._results)

    def _stands(self) -> Standing:
        return standing(load(self._results, self.key), queries.runs(index(self._results)))


def settle(
    first: Run | RunSpec,
    second: Run | RunSpec,
    /,
    *others: Run | RunSpec,
    margin: float = MARGIN,
    budget: int = BUDGET,
    wait: bool = True,
) -> Settled:
    """Trains as many seeds of each setting as it takes to say which has the lower test error, and not one more.

    Args:
        first, second, others: stored runs or specs; their seeds do not count, and runs that are stored already do.
        margin: the smallest difference that matters, in percentage points of test error.
        budget: runs that it may use at most.
        wait: return when it has ended; else at once, and it goes on in the background.

    Raises:
        UserError: one sentence naming what cannot be compared, or what does not do.
        TypeError: a setting is neither a stored run nor a spec.
    """
    results = Results()
    settings: Sequence[Run | RunSpec] = (first, second, *others)
    for each in settings:
        if not isinstance(each, Run | RunSpec):
            raise TypeError(f"a setting is a RunSpec or a stored run, not a {type(each).__name__}")
    specs = [each.spec if isinstance(each, Run) else each for each in settings]
    found = Settled(ask(results, specs, margin, budget).key, results)
    drivers.ensure(results)
    return found.wait() if wait else found
