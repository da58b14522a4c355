"""What every kind of bad input is held to: it works or is refused in a sentence, nothing runs, nothing leaks out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import strategies as st

from vitcore.errors import UserError

CANARY = "a planted object ran"


@dataclass(frozen=True)
class Kind:
    """A kind of input: what is drawn, and what is done with it in an empty folder.

    Attributes:
        share: how many of ten thousand cases are of this kind.
        check: returns where the input could be used, raises UserError where not; everything else is a defect.
        named: whether a refusal must name a file or folder of the case.
    """

    name: str
    share: int
    cases: st.SearchStrategy[Any]
    check: Callable[[Any, Path], None]
    named: bool = False


def hold(kind: Kind, case: Any, root: Path) -> str:
    """Try one case; "worked" or "refused".

    Raises:
        AssertionError: the refusal is no sentence, something was executed, or written where it should not be.
    """
    place = Path(tempfile.mkdtemp(dir=root))
    inside = place / "inside"
    inside.mkdir()
    try:
        try:
            with mock.patch("os.fsync"):  # a power cut is not what is tried here, and a disk's time is long
                kind.check(case, inside)
            outcome = "worked"
        except UserError as error:
            _is_sentence(str(error), str(inside) if kind.named else "", inside)
            outcome = "refused"
        assert not list(place.rglob(CANARY)), "something in the input was executed"
        assert [path.name for path in place.iterdir()] == ["inside"], "something was written outside the folder"
        return outcome
    finally:
        shutil.rmtree(place)


def _is_sentence(text: str, folder: str, inside: Path) -> None:
    assert "\n" not in text, text
    assert len(text.split()) >= 4, text
    assert len(text) < 1200, f"{len(text)} letters: {text[:300]}"
    text.encode("utf-8", "backslashreplace")
    if folder:
        names = {path.name for path in inside.rglob("*")}
        assert folder in text or any(name in text for name in names), f"it does not say where: {text}"
