"""Values that JSON can carry and nobody expects."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

ODD_NUMBERS: st.SearchStrategy[Any] = st.sampled_from(
    [0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**400, 1e-320, 1e308, float("nan"), float("inf"), -float("inf"), 0.1, True]
)
ODD_TEXT = st.sampled_from(
    [
        "",
        " ",
        "\x00",
        "\ud800",
        "ü ⚡",
        "../up",
        "<img src=x>",
        "![x](http://example.org/x.png)",
        "=1+1",
        "a\nb",
        "9" * 5000,
    ]
)
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), ODD_NUMBERS, ODD_TEXT
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes that were right before they were cut, overwritten or grown."""
    how = draw(st.sampled_from(["cut", "flip", "zero", "insert", "append", "replace", "whole"]))
    place = draw(st.integers(0, max(0, len(content) - 1)))
    if how == "cut":
        return content[:place]
    if how == "whole":
        return content
    if how == "replace":
        return draw(st.binary(max_size=200))
    extra = draw(st.binary(min_size=1, max_size=16))
    if how == "append":
        return content + extra
    if how == "insert":
        return content[:place] + extra + content[place:]
    blank = bytes(len(extra)) if how == "zero" else extra
    return content[:place] + blank + content[place + len(blank) :]
