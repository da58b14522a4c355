"""The index says what the journals say: after any growth, damage, deletion, and in any number of processes."""

import json
import math
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.writing import add, epoch_line, write_run
from vitcore.errors import UserError
from vitcore.runs import annotations, locks, queue, trash
from vitcore.runs.folder import FORMAT, Results
from vitcore.spec import RunSpec, fields
from vitcore.store import exports, ingest, queries, tables
from vitcore.store.index import Index


def row(index: Index, id: str) -> dict[str, object]:
    table = queries.runs(index)
    return {str(name): value for name, value in table[table["id"] == id].iloc[0].items()}


def test_a_color_that_was_chosen_is_a_column_and_is_gone_when_it_is_taken_back(results: Results) -> None:
    first, second = (write_run(results, seed=seed) for seed in range(2))
    index = Index(results)
    index.poll()
    assert queries.colors(index) == {}
    for chosen in (6, 0, None):
        annotations.amend(second, partial(replace, color=chosen))
        index.poll()
        assert queries.colors(index) == ({} if chosen is None else {second.id: chosen})
        table = queries.runs(index).set_index("id")["color"]
        assert table[second.id] == chosen or (chosen is None and pd.isna(table[second.id]))
        assert pd.isna(table[first.id])


def test_a_run_is_told_whole(results: Results) -> None:
    folder = write_run(results, architecture="vit-lite-7/4", samples=1000, seed=7)
    index = Index(results)
    assert index.poll()
    found = row(index, folder.id)
    assert {field.name for field in fields()} <= found.keys()
    messages = {name: found[name] for name in ("status", "architecture", "samples", "seed", "epochs", "epochs_done")}
    assert messages == {
        "status": "finished",
        "architecture": "vit-lite-7/4",
        "samples": 1000,
        "seed": 7,
        "epochs": 3,
        "epochs_done": 3,
    }
    assert (found["error_percent"], found["training_seconds"]) == (12.5, 4.5)
    assert pd.isna([found[name] for name in found if "best" in name]).all(), "without validation none is the best"
    assert (found["progress"], found["machine"], found["parameters"]) == (1.0, "x86_64", 1234)
    assert found["title"] == folder.spec().title()
    assert found["fingerprint"] == folder.spec().fingerprint()


def test_a_journal_is_followed_line_by_line(results: Results) -> None:
    folder = write_run(results, epochs=1, ending=None)
    index = Index(results)
    with locks.lock(folder.alive).acquire():
        index.poll()
        assert row(index, folder.id)["status"] == "running"
        add(folder, epoch_line(2))
        assert index.poll()
        assert queries.epochs(index, [folder.id])["epoch"].tolist() == [1, 2]
        progress = {"event": "progress", "epoch": 3, "step": 5, "steps": 10, "eta_seconds": 9.5, "loss": 0.5}
        add(folder, {**progress, "images_per_second": 777})
        index.poll()
        found = row(index, folder.id)
        assert (found["progress"], found["eta_seconds"], found["images_per_second"]) == (1.0, 9.5, 777)
    assert index.poll(), "a worker that died leaves no line"
    found = row(index, folder.id)
    assert found["status"] == "interrupted"
    assert "died" in str(found["reason"])
    assert math.isnan(found["eta_seconds"])  # type: ignore[arg-type]
    add(folder, {"event": "taken", "pid": 2})
    with locks.lock(folder.alive).acquire():
        index.poll()
        assert row(index, folder.id)["status"] == "running"


def test_where_nothing_changed_a_poll_does_nothing(results: Results) -> None:
    folder = write_run(results)
    past = 1_700_000_000
    os.utime(folder.path, (past, past))
    index = Index(results)
    assert index.poll()
    assert not index.poll()
    annotations.write(folder, tags=["good"], note="=HYPERLINK(1)")
    assert index.poll()
    assert row(index, folder.id)["note"] == "=HYPERLINK(1)"
    assert list(row(index, folder.id)["tags"]) == ["good"]  # type: ignore[call-overload]


def test_an_epoch_told_twice_counts_once_and_the_last_wins(results: Results) -> None:
    folder = write_run(results, epochs=2, ending=None)
    add(folder, epoch_line(2, error_percent=33.0))
    index = Index(results)
    index.poll()
    assert queries.epochs(index, [folder.id])["error_percent"].tolist() == [50.0, 33.0]
    add(folder, epoch_line(2, error_percent=44.0))
    index.poll()
    assert queries.epochs(index, [folder.id])["error_percent"].tolist() == [50.0, 44.0]


def test_duplicated_sequence_numbers_lose_nothing(results: Results) -> None:
    folder = write_run(results, epochs=0, ending=None)
    with folder.events.open("a") as file:
        for epoch in (1, 2, 3):
            file.write(json.dumps({"v": 1, "seq": 2, "at": 1.0, **epoch_line(epoch)}) + "\n")
    index = Index(results)
    index.poll()
    assert queries.epochs(index, [folder.id])["epoch"].tolist() == [1, 2, 3]


def test_not_a_number_spoils_no_aggregate(results: Results) -> None:
    folder = write_run(results, epochs=0, ending=None)
    for epoch, error in ((1, 30.0), (2, 25.0), (3, 25.0)):
        add(folder, epoch_line(epoch, val_error=error))
    add(folder, epoch_line(4, error_percent=math.nan, train_loss=math.inf, test_loss=-math.inf, val_error=math.nan))
    add(folder, {"event": "ended", "status": "diverged", "reason": "the loss is not a number"})
    write_run(results, epochs=1, seed=1)
    index = Index(results)
    index.poll()
    found = row(index, folder.id)
    assert (found["val_error_best"], found["best_epoch"]) == (25.0, 2), "the earliest of equals"
    assert found["status"] == "diverged"
    assert queries.groups(index, ["architecture"])["error_percent_mean"].tolist() == [50.0]


@pytest.mark.parametrize(
    "line",
    [
        b"\x00\xff\xfe\n",
        b'{"event":"epoch","epoch":"seven"}\n',
        b'{"event":"epoch","epoch":-1}\n',
        b'{"event":"epoch","epoch":1e400}\n',
        b'{"event":"epoch","epoch":99999999999999999999999}\n',
        b'{"event":"epoch","epoch":2,"error_percent":"<img src=x>","f1":[1],"memory_mb":true}\n',
        b'{"event":"ended","status":"<script>"}\n',
        b'{"event":"started","host":7,"classes":"abc","parameters":1e3,"pid":-99999999999999999999}\n',
        b'{"event":["epoch"],"epoch":2}\n',
        b'{"event":"note","text":"\\ud800"}\n',
        b'{"event":"epoch","epoch":2,"at":1e300}\n',
        b'{"event":"ended","status":"finished","reason":"' + b"y" * 10_000_000 + b'"}\n',
    ],
    ids=lambda line: str(line[:60]),
)
def test_no_line_can_break_the_index(results: Results, line: bytes) -> None:
    folder = write_run(results, epochs=1, ending=None)
    with folder.events.open("ab") as file:
        file.write(line)
    add(folder, epoch_line(3))
    index = Index(results)
    index.poll()
    assert {1, 3} <= set(queries.epochs(index, [folder.id])["epoch"])
    assert row(index, folder.id)["epochs_done"] == 3
    exports.csv(queries.runs(index))
    assert index.publish() is None


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_NAMES = st.sampled_from(
    ["v", "seq", "at", "epoch", "status", "reason", "text", "host", "classes", "loss", "step", "steps", "error_percent"]
)
_EVENTS = st.sampled_from(["taken", "started", "progress", "epoch", "note", "ended", "unheard of"])


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return Index(Results(tmp_path_factory.mktemp("fuzz")))


@settings(max_examples=80, deadline=None)
@given(lines=st.lists(st.tuples(_EVENTS, st.dictionaries(_NAMES, _VALUES, max_size=6)), max_size=8))
def test_no_journal_can_break_the_index(fuzzed: Index, lines: list[tuple[str, dict[str, object]]]) -> None:
    folder = fuzzed.results.create(RunSpec.of())
    with folder.events.open("w", encoding="utf-8") as file:
        for event, line in lines:
            file.write(json.dumps({"v": 1, **line, "event": event}) + "\n")
    fuzzed.poll()
    assert row(fuzzed, folder.id)["id"] == folder.id
    queries.groups(fuzzed, ["status"])


@settings(max_examples=25, deadline=None)
@given(lines=st.lists(st.tuples(_EVENTS, st.dictionaries(_NAMES, _VALUES, max_size=6)), max_size=8))
def test_what_was_followed_is_what_would_be_read_anew(lines: list[tuple[str, dict[str, object]]]) -> None:
    """Line by line while it trains, of which only what is new is written; and all at once from nothing."""
    with tempfile.TemporaryDirectory() as place:
        results = Results(place)
        folder = write_run(results, epochs=1, ending=None)
        followed = Index(results)
        with locks.lock(folder.alive).acquire(), folder.events.open("a", encoding="utf-8") as file:
            for event, line in lines:
                file.write(json.dumps({"v": 1, **line, "event": event}) + "\n")
                file.flush()
                followed.poll()
            annotations.write(folder, ["kept"], "a note")
            followed.poll()
            anew = Index(results, hydrate=False)
            anew.poll()
        for table in tables.TABLES:
            first, second = (index.cursor().execute(f"FROM {table} ORDER BY ALL").df() for index in (followed, anew))
            coarse = ["folder_changed"] if table == "runs" else []  # -1 where it was too fresh to be relied on
            pd.testing.assert_frame_equal(first.drop(columns=coarse), second.drop(columns=coarse))


def test_a_line_of_a_newer_format_is_named_and_not_guessed_at(results: Results) -> None:
    folder = write_run(results, epochs=1, ending=None)
    with folder.events.open("a") as file:
        file.write(json.dumps({"v": FORMAT + 1, **epoch_line(2)}) + "\n")
    index = Index(results)
    index.poll()
    assert queries.epochs(index, [folder.id])["epoch"].tolist() == [1]
    assert f"format {FORMAT + 1}" in str(row(index, folder.id)["reason"])


@pytest.mark.parametrize("damage", ["unknown", "newer", "torn", "absent"])
def test_a_spec_that_is_no_longer_valid_still_lists(results: Results, damage: str) -> None:
    folder = write_run(results, epochs=2, seed=5)
    path = folder.path / "spec.json"
    card = json.loads(path.read_text())
    card["spec"]["model"]["architecture"] = "of yesterday"
    if damage == "newer":
        card["v"] = 9
    path.write_text(json.dumps(card)[: 40 if damage == "torn" else None])
    if damage == "absent":
        path.unlink()
    index = Index(results)
    index.poll()
    found = row(index, folder.id)
    assert (found["status"], found["epochs_done"]) == ("finished", 2)
    expected = {"unknown": "of yesterday", "newer": "format 9", "torn": "not JSON", "absent": "cannot be read"}
    assert expected[damage] in str(found["reason"])
    if damage == "unknown":
        assert (found["architecture"], found["seed"]) == ("of yesterday", 5)


def test_a_journal_that_was_cut_or_replaced_is_read_anew(results: Results) -> None:
    folder = write_run(results, epochs=3)
    index = Index(results)
    index.poll()
    lines = folder.events.read_bytes().splitlines(keepends=True)
    folder.events.write_bytes(b"".join(lines[:4]))
    index.poll()
    assert queries.epochs(index, [folder.id])["epoch"].tolist() == [1, 2]
    assert row(index, folder.id)["status"] == "interrupted"


def test_deleted_runs_leave_and_restored_ones_return(results: Results) -> None:
    folder = write_run(results)
    index = Index(results)
    index.poll()
    trash.delete(results, folder.id)
    assert index.poll()
    assert len(queries.runs(index)) == len(queries.epochs(index, [folder.id])) == 0
    trash.restore(results, folder.id)
    index.poll()
    assert len(queries.epochs(index, [folder.id])) == 3


def test_a_results_folder_that_vanishes_or_never_was_is_empty(results: Results) -> None:
    index = Index(results)
    assert not index.poll()
    assert len(queries.runs(index)) == 0
    assert exports.csv(queries.runs(index)).startswith("id,title,status")


def test_a_run_without_a_word_yet_is_listed(results: Results) -> None:
    with locks.lock(results.locks / "dispatcher-cpu.lock").acquire():
        id = queue.enqueue(results, RunSpec.of())
        index = Index(results)
        index.poll()
        found = row(index, id)
        assert (found["status"], found["progress"], found["epochs_done"]) == ("queued", 0.0, 0)
        queue.cancel(results, id)
        index.poll()
        assert row(index, id)["status"] == "cancelled"


def test_threads_that_poll_and_ask_at_once_get_whole_answers(results: Results) -> None:
    folders = [write_run(results, epochs=1, ending=None, seed=seed) for seed in range(4)]
    index = Index(results)
    index.poll()
    wrong: list[object] = []

    def work(number: int) -> None:
        try:
            for epoch in range(2, 12):
                add(folders[number], epoch_line(epoch))
                index.poll()
                known = queries.epochs(index, [folders[number].id])["epoch"].tolist()
                if known != list(range(1, epoch + 1)):
                    wrong.append((number, epoch, known))
                queries.runs(index)
        except Exception as error:  # noqa: BLE001  told below, in the test's own thread
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_whoever_sees_the_count_of_changes_finds_what_it_counts(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A view kept under a number that was ahead of the tables would stay wrong until the next change."""
    known: list[tuple[int, int]] = []

    def looked_at(*args: Any) -> ingest.RunUpdate:
        known.append((index.changes, len(queries.runs(index))))
        return read(*args)

    read = ingest.read
    monkeypatch.setattr(ingest, "read", looked_at)
    monkeypatch.setattr("vitcore.store.index._CHUNK", 1)
    index = Index(results)
    for _ in range(3):
        write_run(results)
    index.poll()
    assert known == [(0, 0), (0, 0), (0, 0)]
    assert (index.changes, len(queries.runs(index))) == (3, 3)


def test_two_processes_follow_and_publish_the_same_folder(results: Results) -> None:
    folder = write_run(results, epochs=1, ending=None)
    program = """
import sys
from vitcore.runs.folder import Results
from vitcore.store import exports, queries
from vitcore.store.index import Index
index = Index(Results(sys.argv[1]))
seen = 0
while seen < 30:
    index.poll()
    seen = len(queries.epochs(index, [sys.argv[2]]))
    index.publish()
print(seen)
"""
    command = [sys.executable, "-c", program, str(results.root), folder.id]
    others = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for epoch in range(2, 31):
        add(folder, epoch_line(epoch))
    assert [process.communicate(timeout=120)[0].strip() for process in others] == ["30", "30"]
    index = Index(results)
    assert index.notice is None
    assert not list(Path(results.root).glob("*.tmp*"))


def test_a_question_by_an_unknown_column_is_refused(results: Results) -> None:
    with pytest.raises(UserError, match="drop table"):
        queries.groups(Index(results), ["1; drop table runs"])


def test_runs_on_a_folder_that_has_changed_are_no_two_seeds_of_one_thing(results: Results) -> None:
    """The name of a dataset says which data it is, the path of one's own folder does not."""
    own: dict[str, Any] = {"dataset": "folder", "folder": "/data/mine"}
    asked = [(own, "a" * 12), (own, "a" * 12), (own, "b" * 12), ({"dataset": "mnist"}, "a" * 12)]
    folders = []
    for seed, (data, digest) in enumerate(asked):
        folder = write_run(results, ending=None, seed=seed, **data)
        add(folder, {"event": "started", "data_digest": digest, "resumed_from": 0})
        folders.append(folder)
    index = Index(results)
    index.poll()
    found = [row(index, folder.id) for folder in folders]
    assert [str(item["data_digest"]) for item in found] == [digest for _, digest in asked]
    markers = [item["fingerprint"] for item in found]
    assert markers[0] == markers[1] != markers[2]
    assert markers[3] == folders[3].spec().fingerprint()  # reports look for it by its spec alone
