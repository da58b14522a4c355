"""What tells two runs apart: the options in which they differ, and the cells of their confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vitcore.apart import apart
from vitcore.errors import UserError
from vitcore.spec import fields
from vitcore.store.cells import as_text


def options(first: pd.Series, second: pd.Series) -> pd.DataFrame:
    """The options whose values differ, in the form's order: columns option, first, second; all of it text.

    Args:
        first, second: rows of store.queries.runs.
    """
    rows = [
        (field.label, _text(first[field.name]), _text(second[field.name]))
        for field in fields()
        if as_text(first[field.name]) != as_text(second[field.name])
    ]
    return pd.DataFrame(rows, columns=["option", "first", "second"])


def comparable(first: Sequence[str], second: Sequence[str]) -> None:
    """That two confusion matrices are of the same classes.

    Raises:
        UserError: they are not.
    """
    if list(first) == list(second):
        return
    if len(first) != len(second):
        raise UserError(
            f"The first run knows {len(first)} classes and the second {len(second)}; only matrices of the same classes "
            "can be taken from one another."
        )
    left, right = next(pair for pair in zip(first, second, strict=True) if pair[0] != pair[1])
    raise UserError(
        f"The two runs know different classes, such as {left[:40]!r} and {right[:40]!r}; only matrices of the same "
        "classes can be taken from one another."
    )


def cells(first: np.ndarray, second: np.ndarray, classes: Sequence[str], most: int = 10) -> pd.DataFrame:
    """Where two matrices differ most: columns true, predicted, first, second, difference (percent of the true class).

    Args:
        first, second: counts, classes x classes, rows the true class.
    """
    classes = apart(list(classes))
    shares = [100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1) for counts in (first, second)]
    gap = shares[0] - shares[1]
    order = np.argsort(-np.abs(gap), axis=None, kind="stable")[:most]
    rows = [
        (classes[y], classes[x], shares[0][y, x], shares[1][y, x], gap[y, x])
        for y, x in zip(*np.unravel_index(order, gap.shape), strict=True)
        if gap[y, x]
    ]
    return pd.DataFrame(rows, columns=["true", "predicted", "first", "second", "difference"])


def _text(value: object) -> str:
    return {True: "on", False: "off"}[bool(value)] if isinstance(value, bool | np.bool_) else as_text(value)
