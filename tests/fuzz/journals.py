"""A run's folder whose journals and small files hold anything at all; everybody who reads them must go on."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.promise import Kind
from tests.fuzz.values import ANYTHING, ODD_NUMBERS, damaged
from vitcore.errors import UserError
from vitcore.lab import measurements
from vitcore.runs import annotations, journal, locks, queue, status
from vitcore.runs.folder import Results
from vitcore.runs.status import STATUSES
from vitcore.runs.watch import Watched
from vitcore.spec import RunSpec
from vitcore.store import exports, queries
from vitcore.store.index import Index

GOOD: dict[str, dict[str, Any]] = {
    "taken": {"pid": 7, "engine": "ray", "node": "far", "device_queue": "cpu", "slot": 1},
    "heartbeat": {"count": 3, "clock": 1_700_000_000},
    "started": {"epochs": 3, "device": "cpu", "host": {"machine": "x", "cores": 2}, "classes": ["a", "b"]},
    "progress": {"epoch": 1, "step": 5, "steps": 10, "loss": 0.5, "eta_seconds": 2.0, "images_per_second": 99.0},
    "epoch": {"epoch": 1, "error_percent": 12.5, "train_loss": 0.5, "test_loss": 0.4, "f1": 0.9, "accuracy": 0.875},
    "note": {"text": "said"},
    "ended": {"status": "finished", "reason": "so it is", "error_percent": 12.5},
}
NAMES = sorted({name for line in GOOD.values() for name in line} | {"v", "seq", "at", "event", "matrix", "reason"})
LONG = json.dumps({"v": 1, "seq": 9, "event": "note", "text": "y" * 10_000_000}).encode()


@st.composite
def line(draw: st.DrawFn) -> bytes:
    """One line of any journal: right, with odd values, of a newer format, or no line at all."""
    event = draw(st.sampled_from(sorted(GOOD)))
    found: dict[str, Any] = {"v": 1, "seq": draw(st.integers(0, 4)), "at": 1.7e9, "event": event, **GOOD[event]}
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=3)):
        found[name] = draw(ANYTHING | ODD_NUMBERS)
    if draw(st.integers(0, 9)) == 0:
        found["v"] = draw(st.sampled_from([2, 99, "2", 1.5, None, 10**30]))
    text = json.dumps(found, ensure_ascii=draw(st.booleans())).encode("utf-8", "replace")
    return draw(damaged(text)) if draw(st.integers(0, 4)) == 0 else text


@st.composite
def journal_bytes(draw: st.DrawFn) -> bytes:
    lines = draw(st.lists(line(), max_size=8))
    if draw(st.integers(0, 400)) == 0:
        lines.insert(draw(st.integers(0, len(lines))), LONG)
    if lines and draw(st.integers(0, 4)) == 0:  # two writers at once: one line within another
        first, second = draw(st.sampled_from(lines)), draw(st.sampled_from(lines))
        lines.append(first[: len(first) // 2] + second + first[len(first) // 2 :])
    return b"\n".join(lines) + draw(st.sampled_from([b"\n", b"", b"\r\n", b"\x00"]))


@st.composite
def matrices(draw: st.DrawFn) -> bytes:
    lines = []
    for _ in range(draw(st.integers(0, 3))):
        matrix = draw(st.sampled_from([[[1, 0], [0, 1]], [[1]], [[1, 2]], [], [[1.5]], [["a"]], 10**30]) | ANYTHING)
        epoch = draw(st.integers(0, 3) | ODD_NUMBERS)
        lines.append(json.dumps({"v": 1, "seq": 0, "epoch": epoch, "matrix": matrix}).encode("utf-8", "replace"))
    text = b"\n".join(lines) + b"\n"
    return draw(damaged(text))


def _small(*names: str) -> st.SearchStrategy[bytes]:
    """The text of a small JSON file."""
    known = st.dictionaries(st.sampled_from(names), ANYTHING | ODD_NUMBERS, max_size=3)
    return st.one_of(
        st.builds(lambda found: json.dumps(found).encode("utf-8", "replace"), known | ANYTHING),
        st.binary(max_size=40),
        st.just(b"[" * 50_000),
    )


FOLDERS = st.fixed_dictionaries(
    {},
    optional={
        "events.jsonl": journal_bytes(),
        "steps.jsonl": journal_bytes(),
        "confusion.jsonl": matrices(),
        "annotations.json": _small("v", "tags", "note"),
        "waiting.json": _small("at", "lane", "resume"),
        "request": st.binary(max_size=20),
        "worker.log": st.binary(max_size=40),
    },
)


def check_folder(case: dict[str, bytes], place: Path) -> None:
    """Every reader of a run's folder: status, queue, annotations, the command line, the index and its tables."""
    results = Results(place / "results")
    other, run = (results.create(RunSpec.of(seed=seed)) for seed in (0, 1))
    for name, content in case.items():
        (run.path / name).write_bytes(content)
    results.shared_locks.mkdir()
    (results.shared_locks / "order.json").write_bytes(case.get("waiting.json", b"{}"))
    assert queue.status(results, run.id) in STATUSES
    assert status.now(other) == "interrupted"
    assert (run.id in queue.queued(results)) == ("waiting.json" in case)
    queue.since(results, run.id), queue.resuming(run), annotations.read(run)
    followed = Watched(results, run.id)
    for found in journal.read(run.events)[0]:
        followed.fold.take(found)
        json.dumps([followed.summary(), followed.progress, followed.words])
    _ask(results, run.id)
    writer = journal.Journal(run.events)  # and the next worker goes on
    writer.append({"event": "epoch", **GOOD["epoch"], "epoch": 77})
    writer.close()
    assert journal.read(run.events)[0][-1]["epoch"] == 77


def _ask(results: Results, id: str) -> None:
    """What pages and the command line ask of the index."""
    index = Index(results)
    index.poll()
    table = queries.runs(index)
    assert sorted(table["id"]) == results.ids()
    assert set(table["status"]) <= set(STATUSES)
    exports.csv(table)
    assert queries.epochs(index, [id])["epoch"].is_unique
    queries.notes(index, id), queries.steps(results, id), queries.groups(index, ["status"])
    for epoch in (None, *queries.confusion_epochs(index, id)):
        try:
            queries.confusion(index, id, epoch)
        except UserError as error:
            assert "confusion matrix" in str(error)  # noqa: PT017  either a matrix or a sentence
    index.close()


MEASURED = ("started", "point", "ended")


@st.composite
def measured(draw: st.DrawFn) -> bytes:
    """A journal of measurements."""
    lines = []
    for _ in range(draw(st.integers(0, 5))):
        found: dict[str, Any] = {"v": 1, "event": draw(st.sampled_from(MEASURED)), "at": 1.7e9, "status": "finished"}
        found |= {"series": "softmax", "head_width": 32, "tokens": 17, "forward_ms": 1.5, "backward_ms": 2.5}
        found |= {"memory_bytes": 4, "batch": 1, "points": 3, "host": {"torch": "2"}, "threads": 1, "device": "cpu"}
        for name in draw(st.lists(st.sampled_from(sorted(found)), max_size=2)):
            found[name] = draw(ANYTHING | ODD_NUMBERS)
        lines.append(json.dumps(found).encode("utf-8", "replace"))
    return draw(damaged(b"\n".join(lines) + b"\n"))


def check_measured(case: bytes, place: Path) -> None:
    results = Results(place)
    folder = place / "measurements"
    folder.mkdir()
    (folder / "20260101-000000-abcd.jsonl").write_bytes(case)
    with locks.lock(results.locks / "other.lock"):
        found = measurements.latest(results)
    if found is not None:
        assert 0 <= found.progress <= 1
        assert found.moment
        assert found.place
        measurements.crossovers(found.points)
        measurements.verdict(found.points, 17)


KINDS = [
    Kind("run folders", 900, FOLDERS, check_folder),
    Kind("measurements", 500, measured(), check_measured),
]
