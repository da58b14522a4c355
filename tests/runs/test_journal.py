"""Journals keep what was appended, whatever happened to the file."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitcore.runs.folder import FORMAT
from vitcore.runs.journal import Journal, read


def write(path: Path, *lines: dict[str, object]) -> None:
    journal = Journal(path)
    for line in lines:
        journal.append(line)
    journal.close()


def test_lines_come_back_numbered_dated_and_versioned(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(
        path,
        {"event": "note", "text": "größer ⚡\nline"},
        {"event": "epoch", "epoch": np.int64(1), "f1": np.float32(0.5)},
    )
    lines, end = read(path)
    assert [(line["v"], line["seq"]) for line in lines] == [(FORMAT, 0), (FORMAT, 1)]
    assert lines[0]["text"] == "größer ⚡\nline"
    assert (lines[1]["epoch"], lines[1]["f1"]) == (1, 0.5)
    assert end == path.stat().st_size
    assert read(path, end) == ([], end)


def test_numbering_goes_on_where_the_last_writer_ended(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, {"event": "a"}, {"event": "b"})
    write(path, {"event": "c"})
    assert [line["seq"] for line in read(path)[0]] == [0, 1, 2]


def test_a_torn_line_waits_and_is_closed_off_by_the_next_writer(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, {"event": "a"})
    whole = path.stat().st_size
    with path.open("ab") as file:
        file.write(b'{"v":1,"seq":1,"event":"ep')
    assert [line["event"] for line in read(path)[0]] == ["a"]
    assert read(path)[1] == whole
    write(path, {"event": "b"})
    assert [(line["seq"], line["event"]) for line in read(path, whole)[0]] == [(1, "b")]


def test_not_a_number_and_infinity_survive(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, {"a": math.nan, "b": math.inf, "c": [-math.inf, 1 / 3]})
    line = read(path)[0][0]
    assert math.isnan(line["a"])
    assert line["b"] == math.inf
    assert line["c"] == [-math.inf, pytest.approx(1 / 3, rel=1e-7)]


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x00\xff\xfe",
        b"null",
        b"[1, 2]",
        b"{",
        b'{"a": 1',
        b"[" * 100_000,
        b'{"a": ' * 5_000,
        b'{"x":"' + b"y" * 10_000_000,
        b"",
    ],
    ids=lambda rubbish: f"{rubbish[:8]!r} x{len(rubbish)}",
)
def test_rubbish_between_lines_costs_no_line(tmp_path: Path, rubbish: bytes) -> None:
    path = tmp_path / "events.jsonl"
    write(path, {"event": "a"})
    with path.open("ab") as file:
        file.write(rubbish + b"\n")
    write(path, {"event": "b"})
    assert [(line["seq"], line["event"]) for line in read(path)[0]] == [(0, "a"), (1, "b")]


@settings(max_examples=200, deadline=None)
@given(before=st.binary(max_size=200), after=st.binary(max_size=200), offset=st.integers(0, 1000))
def test_no_bytes_can_break_reading(
    tmp_path_factory: pytest.TempPathFactory, before: bytes, after: bytes, offset: int
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "events.jsonl"
    own = json.dumps({"event": "mine"}).encode()
    path.write_bytes(before + b"\n" + own + b"\n" + after)
    assert {"event": "mine"} in read(path)[0]
    assert read(path, offset)[1] <= path.stat().st_size


def test_steps_are_kept_back_and_flushed(tmp_path: Path) -> None:
    path = tmp_path / "steps.jsonl"
    journal = Journal(path, buffered=True)
    for step in range(1, 101):
        journal.append({"step": step})
    journal.flush()
    assert [line["step"] for line in read(path)[0]] == list(range(1, 101))
    journal.close()


def test_a_full_disk_leaves_no_half_line(tmp_path: Path) -> None:
    """A limit on the file's size stands in for the disk's: the system writes what still fits, then refuses."""
    resource = pytest.importorskip("resource", reason="this system has no limit on a file's size to try")
    assert resource
    path = tmp_path / "events.jsonl"
    program = f"""
import resource, signal
from pathlib import Path
from vitcore.runs.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path({str(path)!r}))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
told = 0
try:
    while True:
        journal.append({{"event": "epoch", "epoch": told + 1}})
        told += 1
except OSError:
    print(told)
"""
    messages = int(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)
    assert messages > 5
    assert [line["epoch"] for line in read(path)[0]] == list(range(1, messages + 1))
    assert path.read_bytes().endswith(b"\n")
