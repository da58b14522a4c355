"""A person's own data in every form but class folders: loaded as pandas, numpy and pyarrow read it, or refused.

Every image is of one gray of its own, so that what was loaded tells which image each label stands by.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import strategies as st

from tests.fuzz import own_arrays, own_tables
from tests.fuzz.own_tables import OUTSIDE, Rows
from tests.fuzz.promise import Kind
from tests.fuzz.values import damaged
from vitcore.data.load import described, load
from vitcore.errors import UserError

READERS: dict[str, Callable[[Path, dict[str, Any]], Rows | None]] = {
    "table": own_tables.read_tables,
    "pixels": own_tables.read_pixels,
    "npz": own_arrays.read_archive,
    "idx": own_arrays.read_idx,
    "parquet": own_arrays.read_shards,
}
_led_out: list[str] = []


def _listen(event: str, given: tuple[Any, ...]) -> None:
    """Remembers every file outside that is opened, by whomever."""
    if event == "open" and isinstance(given[0], str | bytes) and f"{OUTSIDE}/secret" in os.fsdecode(given[0]):
        _led_out.append(os.fsdecode(given[0]))


sys.addaudithook(_listen)


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    forms = (
        own_tables.tables(),
        own_tables.pixels(),
        own_arrays.archives(),
        own_arrays.idx_files(),
        own_arrays.shards(),
    )
    case: dict[str, Any] = draw(st.one_of(*forms))
    if draw(st.integers(0, 5)) == 0:
        name = draw(st.sampled_from(sorted(case["files"])))
        case["files"][name] = draw(damaged(case["files"][name]))
        case |= {"right": False, "form": ""}
    return case


def check(case: dict[str, Any], place: Path) -> None:
    """Loads it; what is loaded is what another reader finds there, and what is right is not refused."""
    given, outside = place / "given", place / OUTSIDE
    for folder in (given, outside):
        folder.mkdir()
    (outside / "secret.png").write_bytes(own_tables.png(251))
    for name, content in case["files"].items():
        (given / name).parent.mkdir(parents=True, exist_ok=True)
        (given / name).write_bytes(content.replace(b"/{root}", os.fsencode(outside)))
    _led_out.clear()
    environment = {"XDG_CACHE_HOME": str(place / "cache"), "VITCORE_DATA": str(place / "data")}
    try:
        with mock.patch.dict(os.environ, environment):
            known = described("folder", str(given))
            images = load("folder", own_tables.SIDE, folder=str(given), validation=True)
    except UserError as error:
        assert not case["right"], f"what is right was refused: {error}"  # noqa: PT017
        raise
    finally:
        assert not _led_out, f"a file outside was read: {_led_out}"
    assert (len(images.train.labels), len(images.test.labels)) == (known.train_samples, known.test_samples)
    assert images.classes == known.classes
    if case["form"]:
        _as_others_read_it(READERS[case["form"]](given, case), images)


def _as_others_read_it(rows: Rows | None, images: Any) -> None:
    assert rows is not None, "it was loaded, and no other reader makes sense of it"
    found = {
        split: sorted(
            (images.classes[label], int(pixels[0, 4, 4]))
            for pixels, label in zip(part.images, part.labels.tolist(), strict=True)
        )
        for split, part in (("train", images.train), ("test", images.test), ("val", images.val))
        if part is not None
    }
    if set(rows) in ({""}, {"train"}):  # a fifth of each class is kept for testing
        assert sorted(found["train"] + found["test"]) == sorted(next(iter(rows.values())))
        assert found["test"]
        return
    if "test" not in rows:
        rows["test"] = rows.pop("val")
    assert found == {split: sorted(of_split) for split, of_split in rows.items()}


KINDS = [Kind("a person's own data", 500, cases(), check, named=True)]
