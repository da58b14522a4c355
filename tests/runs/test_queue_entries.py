"""The queue's files are parsed once while they stay as they are, and no change of one is ever missed."""

import json
import os

import pytest

from tests.runs.processes import tiny
from vitcore.runs import locks, queue, queue_entries
from vitcore.runs.folder import Results, RunFolder, write_json


@pytest.fixture
def waiting(results: Results, monkeypatch: pytest.MonkeyPatch) -> list[RunFolder]:
    """Three runs that wait, whose files count as settled at once."""
    monkeypatch.setattr(queue_entries, "SETTLED", -1.0)
    with locks.lock(results.locks / "dispatcher-cpu.lock").acquire(timeout=5):
        folders = [results.run(queue.enqueue(results, tiny(seed=seed))) for seed in range(3)]
    monkeypatch.setattr(queue_entries, "_known", {})
    return folders


def test_an_entry_is_parsed_once(results: Results, waiting: list[RunFolder]) -> None:
    assert queue_entries.read(results, waiting[0].id) is queue_entries.read(results, waiting[0].id)
    assert queue_entries.read(results, waiting[0].id) == json.loads(waiting[0].queue_entry.read_bytes())


def test_one_of_a_moment_ago_is_read_each_time(
    results: Results, waiting: list[RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_entries, "SETTLED", 3600.0)
    assert queue_entries.read(results, waiting[0].id) is not queue_entries.read(results, waiting[0].id)


def test_the_order_follows_every_change_of_a_file(results: Results, waiting: list[RunFolder]) -> None:
    ids = [folder.id for folder in waiting]
    assert queue.queued(results) == ids
    last = waiting[2].queue_entry
    before, entry = os.stat(last), json.loads(last.read_bytes())
    write_json(last, entry | {"at": 1.0 + entry["at"] - int(entry["at"])})  # of the first hour
    os.utime(last, ns=(before.st_atime_ns, before.st_mtime_ns))  # as though nothing had been written
    assert queue.queued(results) == [ids[2], ids[0], ids[1]]
    last.write_text(json.dumps(entry))  # in place, the same file
    assert queue.queued(results) == ids
    queue.reorder(results, [ids[1]])
    assert queue.queued(results) == [ids[1], ids[0], ids[2]]
    assert queue.dequeue(waiting[1])
    assert queue.queued(results) == [ids[0], ids[2]]
    assert queue_entries.read(results, waiting[1].id) is None


def test_what_has_become_no_entry_is_read_anew(results: Results, waiting: list[RunFolder]) -> None:
    assert queue.queued(results, "cpu")
    entry = json.loads(waiting[0].queue_entry.read_bytes())
    write_json(waiting[0].queue_entry, entry | {"device_queue": "mps"})
    assert queue.queued(results, "cpu") == [folder.id for folder in waiting[1:]]
    waiting[0].queue_entry.write_bytes(b"no json")
    assert queue_entries.read(results, waiting[0].id) == {}


def test_no_more_are_remembered_than_there_is_room_for(
    results: Results, waiting: list[RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_entries, "MOST", 2)
    for folder in waiting:
        assert queue_entries.read(results, folder.id)
    assert len(queue_entries._known) <= 2
