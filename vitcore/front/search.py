"""`vc.search`: options of one setting or several, searched with equal budgets; and what that shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vitcore.front.background import InBackground
from vitcore.front.run import Run
from vitcore.front.settle import Settled
from vitcore.front.stored import index
from vitcore.runs.folder import Results
from vitcore.search import drivers, tables, wishes
from vitcore.search.asking import ask, usual_sampler
from vitcore.search.plan import EPOCHS, SEEDS, TRIALS, Budget, Pruner, Sampler, Search, load
from vitcore.search.sentences import conclusion
from vitcore.search.space import parse
from vitcore.search.standing import Standing, standing
from vitcore.settle.question import BUDGET, MARGIN
from vitcore.spec import RunSpec
from vitcore.store import queries

if TYPE_CHECKING:
    import pandas as pd


class Searched(InBackground):
    """A search and how it stands; read afresh each time it is asked.

    Attributes:
        key: its name, as `vitcore search list` has it.
    """

    @property
    def state(self) -> str:
        """open, complete, stopped, blocked (by a run that failed), or not ours."""
        return self._search().state

    @property
    def sentence(self) -> str:
        """Which setting is expected to do better with the same budget, and whether the winner is noise."""
        return conclusion(self._search(), self._stands())

    @property
    def trials(self) -> pd.DataFrame:
        """A row a trial: `arm`, `repeat`, `trial`, the values drawn, `val_error`, `ended`, `epochs`, `runs`."""
        return tables.trials(self._search(), self._stands())

    @property
    def expected(self) -> pd.DataFrame:
        """A row a setting and budget: `arm`, `trials`, `expected` best validation error in percent, `low`, `high`."""
        return tables.expected(self._search(), self._stands())

    def stop(self) -> None:
        """Gives it up: what waits is taken out of the queue, what runs may end."""
        wishes.stop(self._results, self.key)

    def _ensure(self) -> None:
        drivers.ensure(self._results)

    def confirm(
        self, best: int | None = None, *, margin: float = MARGIN, budget: int = BUDGET, wait: bool = True
    ) -> Settled:
        """Runs the best settings again with fresh seeds, which alone are evaluated on the test images, until Settle
        says which is better.

        Args:
            best: of each setting searched; 2, or 3 where there is one alone.
            margin, budget, wait: as of `vc.settle`.

        Raises:
            UserError: the search is not over, or there are no two settings to tell apart.
        """
        question = wishes.confirm(self._results, self.key, best, margin, budget)
        found = Settled(question.key, self._results)
        return found.wait() if wait else found

    def _search(self) -> Search:
        return load(self._results, self.key)

    def _stands(self) -> Standing:
        return standing(self._search(), queries.runs(index(self._results)))


def search(
    *arms: Run | RunSpec,
    over: Sequence[str] = ("learning_rate", "weight_decay"),
    trials: int = TRIALS,
    epochs: int = EPOCHS,
    seeds: int = SEEDS,
    repeats: int = 1,
    sampler: Sampler | None = None,
    pruner: Pruner = "none",
    seed: int = 0,
    wait: bool = True,
) -> Searched:
    """Searches options of one setting or several, with as many trials, epochs and seeds for one as for the other.

    Args:
        arms: stored runs or specs with validation; what is searched, their epochs and seeds do not count.
        over: the options, each with a range or values where none is to be proposed: "learning_rate",
            "learning_rate=1e-4..1e-2:log", "optimizer=adamw,sgd".
        trials: settings drawn for each arm.
        epochs: of each run.
        seeds: runs of each trial; its validation error is their mean.
        repeats: independent searches of each arm.
        sampler: "random" or "tpe"; None: TPE for one arm, random for several, since one search by TPE has no interval.
        pruner: "none", "median" or "hyperband".
        seed: of all that is drawn.
        wait: return when it has ended; else at once, and it goes on in the background.

    Raises:
        UserError: one sentence naming what cannot be searched or compared, or that Optuna is not installed.
        TypeError: an arm is neither a stored run nor a spec.
    """
    results = Results()
    for each in arms:
        if not isinstance(each, Run | RunSpec):
            raise TypeError(f"an arm is a RunSpec or a stored run, not a {type(each).__name__}")
    specs = [each.spec if isinstance(each, Run) else each for each in arms]
    space = [parse(text, specs[0] if specs else RunSpec()) for text in ([over] if isinstance(over, str) else over)]
    budget = Budget(trials, epochs, seeds, repeats, sampler or usual_sampler(len(specs)), pruner)
    found = Searched(ask(results, specs, space, budget, seed).key, results)
    drivers.ensure(results)
    return found.wait() if wait else found
