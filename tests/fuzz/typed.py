"""Typed text for every field of the form: the launched spec equals what the field shows, or nothing is launched."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from pages.train.form import combined
from pages.train.sweep import ALONE
from tests.fuzz.promise import Kind
from tests.fuzz.values import ODD_TEXT
from vitcore.errors import UserError
from vitcore.spec import RunSpec, SpecField, fields
from vitcore.spec.typed import read, read_list, written

TYPED = {field.name: field for field in fields() if not field.choices and field.kind is not bool}
LISTED = [name for name, field in TYPED.items() if name not in ALONE and field.kind in (int, float)]

_DIGITS = st.text("0123456789", min_size=1, max_size=6)
_SIGNS = st.text("0123456789 ,.;-–−+e'_%all\u00a0\u202f٣５²½\t\n", max_size=14)
_NUMBER = st.one_of(
    st.integers(-5, 100_000).map(str),
    st.integers(0, 10_000_000).map("{:,}".format),
    st.integers(0, 10_000_000).map(lambda number: f"{number:,}".replace(",", ".")),
    st.floats(-1, 200).map(str),
    st.floats(0, 1).map(lambda number: f"{number:.3f}".replace(".", ",")),
    st.builds("{}e{}".format, _DIGITS, st.integers(-9, 9)),
    _DIGITS,
)
_LIST = st.builds(
    lambda parts, sign: sign.join(parts),
    st.lists(_NUMBER | st.builds("{}-{}".format, st.integers(0, 12), st.integers(0, 12)), max_size=4),
    st.sampled_from([",", ", ", " ", ";", "; ", "  ", " - "]),
)
TEXTS = st.one_of(_NUMBER, _LIST, _SIGNS, ODD_TEXT, st.text(max_size=12), st.sampled_from(["all", "its own", "none"]))
CASES = st.tuples(st.sampled_from(sorted(TYPED)), TEXTS, st.booleans())


def check(case: tuple[str, str, bool], folder: Path) -> None:
    """What the form would launch of a text in one of its fields, the others as they are at first."""
    name, text, several = case
    field = TYPED[name]
    values: dict[str, Any] = RunSpec().flat()
    if name == "folder":
        values["dataset"] = "folder"
    several = several and name in LISTED
    given = read_list(field, text, empty="all") if several else read(field, text, empty="all")
    asked = combined(values, [{name: value} for value in given]) if several else combined(values | {name: given})
    if not asked.specs:
        raise UserError(asked.refused[0])
    launched = [spec.flat()[name] for spec in asked.specs]
    if not several:
        assert launched == [given]
        _is_shown(field, text, launched[0])
        return
    _are_shown(field, text, given)
    assert launched == [value for value in given if value in launched], "in their order, each once"


def _is_shown(field: SpecField, text: str, value: Any) -> None:
    """The value is the very one that the text is: its own digits, and no sign that was passed over."""
    if value is None:
        assert text.strip().casefold() in ("", "all"), (text, value)
    elif field.kind is str:
        assert text == value
    else:
        assert field.kind(Decimal(text.strip())) == value, (text, value)
        assert re.fullmatch(r"[0-9.eE+-]+", text.strip()), (text, value)
        assert read(field, written(value)) == value


def _are_shown(field: SpecField, text: str, values: list[Any]) -> None:
    """Read by other means: parts between commas, semicolons and spaces, a range by its ends."""
    shown: list[Any] = []
    for part in re.sub(r"\s+[-–]\s+", "-", text).replace(",", " ").replace(";", " ").split():
        if part.casefold() == "all":
            shown.append(None)
        elif field.kind is int and (ends := re.fullmatch(r"(\d+)[-–](\d+)", part)):
            shown += range(int(ends[1]), int(ends[2]) + 1)
        else:
            shown.append(field.kind(Decimal(part)))
    assert values == (shown or [None]), (text, values)
    assert not re.search(r"(^|[\s;])[1-9]\d{0,2}(,\d{3})+([\s;]|$)", text), f"{text!r} may be thousands"


KINDS = [Kind("typed text for every form field", 1000, CASES, check)]
