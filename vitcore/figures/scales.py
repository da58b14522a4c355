"""An axis for values of any kind: numbers linear or by decades, words evenly spaced; "–" and infinity beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from vitcore.store.cells import as_text, in_order

DECADES = 100
"""From this ratio of the largest to the smallest on, an axis of positive numbers is logarithmic."""

WRITTEN = 12
"""So many ticks stand along an axis at most; of more words, evenly chosen ones."""

AWAY = 0.12
"""How far beyond the numbers, in parts of their span, stands what is none."""

LETTERS = (14, 20, 28, 40)
"""To so many letters a word is cut: the first at which no two read alike."""

LARGEST = 1e300  # beyond it a span has no number any more


class Scale(NamedTuple):
    """Where values stand on an axis, what its ticks say, and between which ends their colors run."""

    values: np.ndarray
    ticks: list[float]
    texts: list[str]
    range: list[float]
    low: float
    high: float


def scale(values: Sequence[Any], decades: float = DECADES) -> Scale:
    """The axis of these values: of numbers where all that are known are numbers, else of words.

    Args:
        decades: from this ratio on it is logarithmic.
    """
    known = [value for value in values if as_text(value) != "–"]
    if known and all(isinstance(value, Real) and not isinstance(value, bool | np.bool_) for value in known):
        return _numbers(np.array([float(value) if as_text(value) != "–" else np.nan for value in values]), decades)
    return _words([as_text(value) for value in values])


def _numbers(values: np.ndarray, decades: float) -> Scale:
    values = np.where(np.isfinite(values), np.clip(values, -LARGEST, LARGEST), values)
    finite = values[np.isfinite(values)]
    low, high, ticks, texts = _ticks(finite, decades) if len(finite) else (0.0, 0.0, [], [])
    logarithmic = _by_decades(finite, decades)
    with np.errstate(divide="ignore", invalid="ignore"):  # what has no logarithm stands apart
        placed = np.log10(values) if logarithmic else values
    apart = AWAY * (high - low) or _room(high)
    ends = [low, high]
    for kind, text, place, beyond in (
        (np.isneginf(values), "−∞", low - apart, 0),
        (np.isnan(values), "–", low - apart * (2 if np.isneginf(values).any() else 1), 0),
        (np.isposinf(values), "∞", high + apart, 1),
    ):
        if kind.any():
            placed = np.where(kind, place, placed)
            ticks, texts = [*ticks, place], [*texts, text]
            ends[beyond] = place
    if ends[0] == ends[1]:  # one number throughout has room above and below it
        ends = [low - _room(low), high + _room(high)]
    return Scale(placed, ticks, texts, ends, low, high if high > low else low + _room(low))


def _room(number: float) -> float:
    """What lies visibly beside a number: at 1e300 one more is the same number."""
    return max(1.0, AWAY * abs(number))


def _by_decades(finite: np.ndarray, decades: float) -> bool:
    return bool(
        len(finite) and finite.min() > 0 and np.log10(finite.max()) - np.log10(finite.min()) >= np.log10(decades)
    )


def _ticks(finite: np.ndarray, decades: float) -> tuple[float, float, list[float], list[str]]:
    """Both ends as placed, and the ticks between them."""
    low, high = float(finite.min()), float(finite.max())
    if _by_decades(finite, decades):
        first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
        powers = list(range(first, last + 1, -(-(last - first + 1) // WRITTEN)))
        texts = [f"{10.0**power:,.10g}" if -4 <= power < 5 else f"10^{power}" for power in powers]
        return float(first), float(last), [float(power) for power in powers], texts
    few = sorted({float(value) for value in finite})
    if len(few) == 1 or (len(few) <= WRITTEN // 2 and all(value.is_integer() for value in few)):
        return (
            low,
            high,
            few,
            [f"{value:,.0f}" if value.is_integer() and value < 1e15 else f"{value:.4g}" for value in few],
        )
    step = _step(max(high / 4 - low / 4, 1 / LARGEST))
    digits = max(0, -int(np.floor(np.log10(step))))
    found = [at * step for at in range(int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9)) + 1)]
    large = max(abs(low), abs(high)) >= 1e7 or digits > 6
    labels = [f"{tick:.6g}" if large else f"{tick:,.{digits}f}" for tick in found]
    return low, high, found, labels if len(set(labels)) == len(labels) else [f"{tick:.15g}" for tick in found]


def _step(rough: float) -> float:
    """1, 2 or 5 times a power of ten, no smaller than this."""
    power = 10.0 ** np.floor(np.log10(rough))
    return float(next(times * power for times in (1, 2, 5, 10) if times * power >= rough * (1 - 1e-9)))


def _words(texts: Sequence[str]) -> Scale:
    kinds = sorted(set(texts), key=in_order)
    places = {text: place for place, text in enumerate(kinds)}
    shown = range(0, len(kinds), -(-len(kinds) // WRITTEN) or 1)
    cut = apart(kinds)
    values = np.array([places[text] for text in texts])
    last = float(max(len(kinds) - 1, 1))
    return Scale(values, [float(at) for at in shown], [cut[at] for at in shown], [-0.3, last + 0.3], 0.0, last)


def apart(words: Sequence[str]) -> list[str]:
    """The words cut to what fits beside an axis, at their ends or in the middle, so that no two read alike."""
    ways: tuple[Callable[[str, int], str], ...] = (_head, _ends, _tail)
    for letters in LETTERS:
        for way in ways:
            cut = [word if len(word) <= letters else way(word, letters) for word in words]
            if len(set(cut)) == len(set(words)):
                return cut
    numbers = {word: place for place, word in enumerate(dict.fromkeys(words), 1)}
    return [f"{numbers[word]}: {_ends(word, LETTERS[0])}" if len(word) > LETTERS[0] else word for word in words]


def _head(word: str, letters: int) -> str:
    return f"{word[: letters - 1]}…"


def _tail(word: str, letters: int) -> str:
    return f"…{word[1 - letters :]}"


def _ends(word: str, letters: int) -> str:
    before = (letters - 1) // 2
    return f"{word[:before]}…{word[before + 1 - letters :]}"
