"""Words in any order, over every text that a run is known by; a minus excludes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as strategies

from pages.compare.search import LOOKED_IN, searched

RUNS = pd.DataFrame(
    {
        "id": ["20260101-110000-cct-ab1c", "20260102-120000-cnn-ff02", "20260103-130000-cct-0d0d"],
        "title": ["cct-2/3x2 softmax on digits (200), seed 1", "plain network", "Größe · seed 10"],
        "name": ["", "plain network", "Größe · seed 10"],
        "note": ["for Table 1", None, "two words, side by side"],
        "tags": [np.array(["paper", "final run"], dtype=object), np.array([], dtype=object), None],
        "architecture": ["cct-2/3x2", "cnn", "cct-7/3x1"],
        "kernel": ["softmax", None, "relu"],
        "dataset": ["digits", "mnist", "cifar-10"],
    }
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [0, 1, 2]),
        ("   ", [0, 1, 2]),
        ("digits cct", [0]),
        ("CCT DIGITS", [0]),
        ("seed 1", [0]),
        ("1 seed", [0]),
        ("seed 10", [2]),
        ("seed", [0, 2]),
        ("seed -relu", [0]),
        ("-cct", [1]),
        ("-cct -cnn", []),
        ("final paper", [0]),
        ("table", [0]),
        ("mnist", [1]),
        ("ff02", [1]),
        ("20260103", [2]),
        ("gro\u0308ße", [2]),
        ('"side by side"', [2]),
        ('"words side"', []),
        ('-"side by side"', [0, 1]),
        ("side two", [2]),
        ("-", [0, 1, 2]),
        ('"', [0, 1, 2]),
        ("[.*", []),
        ("no such run", []),
    ],
)
def test_words_find_runs(text: str, found: list[int]) -> None:
    assert list(searched(RUNS, text).index) == found


@pytest.mark.parametrize("name", LOOKED_IN)
def test_every_field_is_looked_into(name: str) -> None:
    cell = np.array(["needle"], dtype=object) if name == "tags" else "a Needle in it"
    runs = RUNS.assign(**{name: pd.Series([None, cell, None], dtype=object)})
    assert list(searched(runs, "needle").index) == [1]
    assert list(searched(runs, "-needle").index) == [0, 2]
    assert list(searched(runs, "needle network").index) == [1], "its words may stand in different fields"


@given(words=strategies.lists(strategies.text(max_size=12), max_size=4))
def test_no_text_is_too_much_and_order_is_no_matter(words: list[str]) -> None:
    words = [word.replace('"', "").lstrip("-") for word in words]
    there, back = searched(RUNS, " ".join(words)), searched(RUNS, " ".join(reversed(words)))
    assert list(there.index) == list(back.index)
