"""What a person wishes of a search: that somebody works on it, that it is given up or goes on, that it is confirmed."""

from __future__ import annotations

from dataclasses import replace

from vitcore.errors import UserError
from vitcore.runs import queue
from vitcore.runs.folder import Results
from vitcore.search import plan
from vitcore.search.asking import check
from vitcore.search.best import confirmed_setting, winners
from vitcore.search.drivers import ensure
from vitcore.search.plan import Search
from vitcore.search.sentences import answer
from vitcore.search.standing import standing
from vitcore.settle import question as settling
from vitcore.settle.drivers import ensure as ensure_settled
from vitcore.settle.question import BUDGET, MARGIN, MOST_SETTINGS, Question
from vitcore.store import queries
from vitcore.store.index import Index

CONFIRMED = 2
"""Settings of each arm that are run again, where nobody says otherwise; of a search with one arm the best 3."""


def end(results: Results, search: Search, why: str, sentence: str) -> Search:
    """Writes down that nobody works on it any more, and what was said. To be called while `plan.deciding`."""
    return plan.keep(results, replace(search, ended=why, sentence=sentence))


def stop(results: Results, key: str) -> None:
    """Gives a search up: what waits is taken out of the queue, what runs may end. Raises UserError."""
    plan.load(results, key)
    with plan.deciding(results, key):
        search, index = plan.load(results, key), Index(results)
        index.poll()
        stands = standing(search, queries.runs(index))
        end(results, search, "stopped", answer(search, stands))
        queue.withdraw(results, stands.under_way)


def go_on(results: Results, key: str) -> Search:
    """Opens a search again and sees that somebody works on it; who wins is to be confirmed anew. Raises UserError."""
    plan.load(results, key)
    with plan.deciding(results, key):
        search = plan.load(results, key)
        check(search.arms, search.space, search.budget, search.seed)
        again = plan.keep(results, replace(search, ended="", sentence="", own=True, confirmed=""))
    ensure(results)
    return again


def usual_count(search: Search) -> int:
    """How many settings of each arm are confirmed, where nobody says otherwise."""
    return 3 if len(search.arms) == 1 else CONFIRMED


def confirm(
    results: Results, key: str, count: int | None = None, margin: float = MARGIN, budget: int = BUDGET
) -> Question:
    """Asks Settle which of the best settings is better: fresh seeds, which alone are evaluated on the test images.

    Args:
        count: settings of each arm.
        margin, budget: as of a question.

    Raises:
        UserError: the search is not over, or there are no two settings to tell apart.
    """
    plan.load(results, key)
    with plan.deciding(results, key):
        search, index = plan.load(results, key), Index(results)
        if search.worked_on:
            raise UserError(f"search {key} is not over; wait until it is, or stop it, then confirm its best")
        count = usual_count(search) if count is None else count
        most = MOST_SETTINGS // len(search.arms)
        if not 1 <= count <= most:
            raise UserError(f"of each arm between 1 and {most} settings are confirmed, not {count}")
        index.poll()
        best = winners(search, standing(search, queries.runs(index)), count)
        if len(best) < 2:
            raise UserError(
                f"it takes two settings to tell which is better, and search {key} has {len(best)} to confirm; "
                "confirm more of each arm, or let the search go on"
            )
        specs = [confirmed_setting(search, each) for each in best]
        question = settling.ask(results, specs, margin, budget, first_seed=search.budget.seeds)
        plan.keep(results, replace(search, confirmed=question.key))
    ensure_settled(results)
    return question
