"""What a results folder takes on the disk, however it is built."""

import os
from pathlib import Path

import pytest

from vitcore.runs import usage
from vitcore.runs.folder import Results


def test_folders_within_folders_without_end_are_walked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = Results(tmp_path / "results")
    deep = os.open(results.runs, os.O_RDONLY) if results.runs.mkdir(parents=True) is None else -1
    for _ in range(1_100):
        os.mkdir("a", dir_fd=deep)
        below = os.open("a", os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=deep))
    os.close(deep)
    (results.root / "notes.txt").write_bytes(b"x" * 7)
    (results.runs / "b").write_bytes(b"x" * 5)
    (results.root / "trash").symlink_to(results.runs)
    walked: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: walked.append(str(path)) or scandir(path))
    found = usage.usage(results, [])
    assert (found.runs, found.trash, found.other) == (5, 0, 7)
    assert len(walked) == len(set(walked))
