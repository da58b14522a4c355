"""What a search's standing says in words: which arm is expected to do better, and when its winner is noise."""

from __future__ import annotations

import math
from itertools import combinations

from vitcore.search import courses
from vitcore.search.best import APART, images_apart, ranked, tied
from vitcore.search.plan import SAMPLERS, Search
from vitcore.search.standing import Outcome, Standing
from vitcore.settle.question import Question
from vitcore.settle.standing import Standing as Settled
from vitcore.spec import differing
from vitcore.statistics.expected_best import FEWEST, FEWEST_REPEATS

ALPHA = 0.05


def names(search: Search) -> list[str]:
    """What each arm is called: the options in which the arms differ, those searched left out."""
    flat = [arm.flat() for arm in search.arms]
    if len(flat) == 1:
        return [common(search) or search.arms[0].title()]
    return differing.names(flat, without=("seed", "name", *(dimension.name for dimension in search.space)))


def common(search: Search) -> str:
    """What the arms share: network, kernel and data, as far as they are one for all; the budget tells the length."""
    return differing.common([arm.flat() | {"epochs": None} for arm in search.arms])


def values(outcome: Outcome) -> str:
    """A trial's values in words."""
    return " · ".join(differing.option(name, value) for name, value in outcome.trial.values.items())


def answer(search: Search, stands: Standing) -> str:
    """How far it is, what the arms are expected to reach, how sure the winner is; then what stands in the way."""
    ended, all_trials = len(stands.ended()), len(search.arms) * search.budget.each
    sentences = [] if ended == all_trials else [f"{ended} of {all_trials} trials have ended."]
    if len(search.arms) > 1 and ended:
        sentences += compared(search, stands, over=ended == all_trials)
    sentences += [*_pruned(search, stands), *noise(search, stands)]
    if stands.blocked:
        sentences.append(f"It cannot go on: {stands.blocked}.")
    return " ".join(sentences)


def conclusion(search: Search, stands: Standing) -> str:
    """What stands beside a search: what was said as it ended, of one that was stopped with what has ended since."""
    return answer(search, stands) if search.ended in ("", "stopped") else search.sentence or answer(search, stands)


def compared(search: Search, stands: Standing, *, over: bool) -> list[str]:
    """A sentence for each pair of arms, or one that says why none can be compared; a verdict only once it is `over`.

    Whoever reads it after each trial and stops at the first verdict is wrong far more often than once in twenty.
    """
    budget = courses.budget_of(search, stands)
    if not budget:
        return [_no_interval(search)]
    pairs = list(combinations(range(len(search.arms)), 2))
    confidence = 1 - ALPHA / len(pairs)
    return [_pair(search, stands, first, second, budget, confidence, over=over) for first, second in pairs]


def _no_interval(search: Search) -> str:
    if search.budget.independent:
        return f"Which arm does better is not said before each has {FEWEST} trials."
    if search.budget.repeats < FEWEST_REPEATS:
        return (
            "Trials that look at others (TPE, pruning) make one search of an arm one observation, and nothing is said "
            f"of others: draw at random and prune none, or repeat each search {FEWEST_REPEATS} times or more."
        )
    return "Which arm does better is not said before every repeat has a trial."


def _pair(
    search: Search, stands: Standing, first: int, second: int, budget: int, confidence: float, *, over: bool
) -> str:
    called, found = names(search), courses.difference(search, stands, first, second, confidence)
    drawn = SAMPLERS[search.budget.sampler]
    trials = f"With {budget} {drawn} trial{'s' * (budget != 1)} each"
    reached = " and ".join(
        f"{called[arm]} is expected to reach {_with_interval(search, stands, arm, budget)}" for arm in (first, second)
    )
    if not found.known:
        return f"{trials}, {reached} validation error; nothing sure can be said of the difference."
    apart = f"a difference of {_signed(found.center)} points, between {_signed(found.low)} and {_signed(found.high)}"
    if found.low <= 0 <= found.high:
        return f"{trials}, {reached} validation error: no difference that can be told ({apart})."
    better = called[first if found.high < 0 else second]
    if not over:
        return f"{trials}, {reached} validation error: {better} is ahead so far; all trials together decide ({apart})."
    return f"{trials}, {reached} validation error: {better} does better ({apart})."


def _with_interval(search: Search, stands: Standing, arm: int, budget: int) -> str:
    found = courses.course(search, stands, arm).at(budget)
    return f"{found.center:.2f} % ({found.low:.2f} to {found.high:.2f})" if found.known else f"{found.center:.2f} %"


def noise(search: Search, stands: Standing) -> list[str]:
    """Whether the winner of all trials is one, by the validation images alone."""
    order, alike = ranked(stands.outcomes, search), tied(search, stands)
    if len(order) < 2:
        return []
    best, trials = order[0], len(stands.ended())
    if len(alike) == 1:
        ahead = f" It is {images_apart(best, order[1], stands.images)} of {stands.images} validation images ahead of "
        ahead = f"{ahead}the next." if stands.images else ""
        return [f"The best of {trials} trials has {best.error:.2f} % ({values(best)}).{ahead} {_flatters(trials)}"]
    apart, many = images_apart(best, alike[-1], stands.images), len(alike)
    if apart >= APART:
        how = f"their seeds spread as widely as they lie apart ({alike[-1].error - best.error:.2f} points)"
    elif apart:
        how = f"they lie within {apart} of {stands.images} validation images, and fewer than {APART} tell no two apart"
    else:
        how = "their validation errors are equal"
    return [f"The winner is noise: nothing tells the best {many} of {trials} trials apart, for {how}."]


def _flatters(trials: int) -> str:
    return f"As the best of {trials} its error flatters: confirm it with fresh seeds."


def _pruned(search: Search, stands: Standing) -> list[str]:
    """What pruning has left untrained, where arms were not trained alike."""
    found = []
    for arm, called in enumerate(names(search)):
        outcomes = stands.of(arm)
        pruned = [each for each in outcomes if each.ended == "pruned"]
        if pruned:
            trained, whole = sum(each.epochs for each in outcomes), len(outcomes) * search.budget.epochs
            whole *= search.budget.seeds
            found.append(f"{called}: {len(pruned)} of {len(outcomes)} pruned, {trained} of {whole} epochs trained")
    return [f"{'; '.join(found)}; a pruned trial counts with the error that it was stopped at."] if found else []


def confirmed(question: Question, stands: Settled) -> str:
    """What fresh seeds and the test images say of the winner, the question's first setting."""
    own = [pairing for pairing in stands.pairings if 0 in (pairing.first, pairing.second)]
    beaten = [pairing for pairing in own if pairing.verdict == ("second" if pairing.first == 0 else "first")]
    ahead = [pairing for pairing in own if pairing.verdict == ("first" if pairing.first == 0 else "second")]
    if beaten:
        return "The winner does not hold: with fresh seeds another setting is better."
    if own and len(ahead) == len(own):
        return "The winner holds: with fresh seeds it is better than each of the others."
    if stands.state == "open" and not question.ended:
        return "Fresh seeds are being trained; only they are evaluated on the test images."
    if own and all(pairing.verdict == "equivalent" for pairing in own):
        return (
            f"The winner is noise: with fresh seeds no other differs from it by as much as {question.margin:g} points."
        )
    if not ahead:
        return "The winner is not confirmed: with fresh seeds nothing tells it from the others."
    return f"With fresh seeds the winner is better than {len(ahead)} of {len(own)} others; the rest is not told apart."


def _signed(points: float) -> str:
    """A difference with its sign; what rounds to zero has none."""
    text = "0.00" if math.isclose(round(points, 2), 0) else f"{points:+.2f}"
    return text.replace("-", "−")
