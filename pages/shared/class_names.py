"""What a run's classes are called: as its own journal says, since a folder's are known to no table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from vitcore.apart import apart
from vitcore.data.registry import DATASETS


def class_names(run: pd.Series | Mapping[Any, Any], count: int) -> tuple[str, ...]:
    """The names of a run's `count` classes: those it was started with, else its dataset's, else their numbers.

    Two classes of one name are told apart by their places, from 1, here and so wherever they are named.
    """
    journaled = run.get("classes")
    known = DATASETS.get(str(run.get("dataset")))
    for names in (journaled, known.classes if known else ()):
        if names is not None and not isinstance(names, float) and len(names) == count:
            return tuple(apart(list(names)))
    return tuple(map(str, range(count)))
