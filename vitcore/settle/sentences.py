"""What a question's standing says in words: who is better, how sure that is, and what it may still take."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from vitcore.settle.question import Question
from vitcore.settle.standing import Pairing, Standing
from vitcore.spec import RunSpec, differing

LOPSIDED = 5.0
"""From this ratio of two settings' spreads on, differences may be skewed (benchmarks/measured/settling.txt, "one")."""


def names(settings: Sequence[RunSpec]) -> list[str]:
    """What each setting is called among these: the options in which they differ."""
    flat = [spec.flat() for spec in settings]
    return [called or "the same" for called in differing.names(flat, without=("seed", "name"))]


def common(settings: Sequence[RunSpec]) -> str:
    """What they share: network, kernel, data and length, as far as it is one for all."""
    return differing.common([spec.flat() for spec in settings])


def answer(question: Question, stands: Standing) -> str:
    """One sentence for each pair, the settled ones first; then what stands in the way, or what was spent."""
    called = names(question.settings)
    ordered = sorted(stands.pairings, key=lambda pairing: pairing.verdict == "open")
    sentences = [pair_sentence(question, pairing, called) for pairing in ordered if _matters(pairing, stands)]
    sentences += [_unequal(pairing, stands, called) for pairing in ordered if _lopsided(pairing, stands)]
    if stands.state == "spent":
        sentences.append(f"The budget of {question.budget} runs is spent; what is open stays open.")
    if stands.state == "blocked":
        sentences.append(f"It cannot go on: {stands.blocked}.")
    return " ".join(sentences)


def _matters(pairing: Pairing, stands: Standing) -> bool:
    """An open pair with a setting that is out of the race is asked no more."""
    return pairing.verdict != "open" or {pairing.first, pairing.second} <= set(stands.racing)


def pair_sentence(question: Question, pairing: Pairing, called: Sequence[str]) -> str:
    """What two settings' seeds say of them."""
    first, second = called[pairing.first], called[pairing.second]
    if pairing.by == "divergence":
        better, worse = (first, second) if pairing.verdict == "first" else (second, first)
        most, least = max(pairing.diverged), min(pairing.diverged)
        return (
            f"{better} is better than {worse}: of {most + least} seeds at which one of them alone diverged, "
            f"{worse} did at {most} and {better} at {least}."
        )
    evidence = _evidence(pairing, called)
    if pairing.verdict == "equivalent":
        return f"{first} and {second}: no difference as large as {question.margin:g} points ({evidence})."
    if pairing.verdict == "open":
        return f"{first} against {second} is still open ({evidence})."
    better, worse = (first, second) if pairing.verdict == "first" else (second, first)
    return f"{better} is better than {worse} ({evidence})."


def _evidence(pairing: Pairing, called: Sequence[str]) -> str:
    pairs = len(pairing.differences)
    unfinished = sum(pairing.diverged)
    aside = f"; {unfinished} more in which one diverged" if unfinished else ""
    if not pairing.sequence:
        return f"no pair of seeds yet{aside}"
    last = pairing.sequence[-1]
    counted = f"{pairs} pair{'' if pairs == 1 else 's'} of seeds"
    against = f"error of {called[pairing.first]} minus error of {called[pairing.second]}"
    if last.high == float("inf"):
        return f"{counted}; {against}: {_signed(last.mean)} points, too few to say{aside}"
    between = f"between {_signed(last.low)} and {_signed(last.high)}"
    return f"{counted}; {against}: {_signed(last.mean)} points, {between}{aside}"


def _signed(points: float) -> str:
    """A difference with its sign; what rounds to zero has none."""
    text = f"{points:+.2f}".replace("-", "−")
    return "0.00" if text[1:] == "0.00" else text


def _lopsided(pairing: Pairing, stands: Standing) -> bool:
    """Whether a settled pair's two spreads are so unequal that the interval may be wrong more often than it says."""
    if pairing.by != "difference":
        return False
    low, high = sorted(_spreads(pairing, stands))
    return high > LOPSIDED * low


def _spreads(pairing: Pairing, stands: Standing) -> tuple[float, float]:
    first, second = (
        [stands.errors[place, seed] for seed in pairing.seeds] for place in (pairing.first, pairing.second)
    )
    return statistics.stdev(first), statistics.stdev(second)


def _unequal(pairing: Pairing, stands: Standing, called: Sequence[str]) -> str:
    first, second = _spreads(pairing, stands)
    return (
        f"But seeds of {called[pairing.first]} spread by {first:.2f} points and those of {called[pairing.second]} by "
        f"{second:.2f}: where one now and then gets stuck, such an answer is wrong more often than it says."
    )
