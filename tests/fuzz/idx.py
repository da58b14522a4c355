"""MNIST's four idx files with other headers, sizes and bytes than they should have."""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

import numpy as np
from hypothesis import strategies as st

from tests.data.images import idx_files
from tests.fuzz.promise import Kind
from tests.fuzz.values import damaged
from vitcore.data.load import load
from vitcore.data.readers.idx import FILES

NAMES = [name for pair in FILES.values() for name in pair]
COUNTS = st.sampled_from([0, 1, 5, 20, 21, -1, 2**31 - 1, -(2**31)])


@st.composite
def files(draw: st.DrawFn) -> dict[str, bytes]:
    """What is put in the place of some of the four files."""
    found = {}
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=draw(st.integers(0, 2)), unique=True)):
        images = "idx3" in name
        shape = [draw(COUNTS), *((28, 28) if draw(st.booleans()) else (draw(COUNTS), 28))][: 3 if images else 1]
        magic = draw(st.sampled_from([0x0803 if images else 0x0801, 0x0801, 0x0D03, 0, -1]))
        body = max(0, int(np.prod(shape, dtype=float)))
        body = body if body < 50_000 else 100
        content = np.array([magic, *shape], dtype=">i4").tobytes() + draw(st.binary(max_size=9)) + bytes(body)
        found[name] = draw(damaged(content))
    return found


def check(case: dict[str, bytes], place: Path) -> None:
    raw = place / "data" / "MNIST" / "raw"
    idx_files(raw)
    for name, content in case.items():
        (raw / name).write_bytes(content)
    with mock.patch.dict(os.environ, {"VITCORE_DATA": str(place / "data"), "XDG_CACHE_HOME": str(place / "cache")}):
        images = load("mnist", 8)
    for split in (images.train, images.test):
        assert len(split.images) == len(split.labels) > 0
        assert int(split.labels.max()) < 10


KINDS = [Kind("idx files", 250, files(), check, named=True)]
