"""Runs of other programs with other bytes than their files should have, below right checksums too."""

from __future__ import annotations

import sqlite3
import tempfile
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from tests.fuzz.promise import Kind
from tests.fuzz.values import damaged
from tests.runs.foreign_files import REAL, entry, record
from vitcore.events import ENDINGS, metrics
from vitcore.runs import journal
from vitcore.runs.fold import Fold
from vitcore.runs.folder import Results
from vitcore.runs.importing.bring import bring
from vitcore.runs.importing.wandb_log import HEAD

Files = dict[str, bytes]
_CELLS = st.one_of(
    st.sampled_from(["1", "2", "0.5", "-1", "1e999", "nan", "93.5", "", "x", "'=1", '"', "\0", "1_000", "9" * 50]),
    st.text(max_size=5),
)
_HEADS = st.sampled_from(
    ["epoch", "step", "run", "val_acc", "loss", "test_error", "lr", "accuracy", "title", "", "a,b"]
)


@cache
def _database() -> bytes:
    """A small store of MLflow's with one run."""
    with tempfile.TemporaryDirectory() as folder:
        con = sqlite3.connect(Path(folder) / "store.db")
        con.execute("CREATE TABLE runs (run_uuid, name, status, start_time, end_time, lifecycle_stage)")
        con.execute("CREATE TABLE metrics (key, value, timestamp, run_uuid, step, is_nan)")
        con.execute("CREATE TABLE params (key, value, run_uuid)")
        con.execute("INSERT INTO runs VALUES ('r', 'a run', 'FINISHED', 1700000000000, 1700000100000, 'active')")
        con.execute("INSERT INTO params VALUES ('lr', '0.1', 'r')")
        for step in range(1, 4):
            con.execute("INSERT INTO metrics VALUES ('val_acc', ?, 1700000000000, 'r', ?, 0)", [step / 4, step])
        con.commit()
        con.close()
        return (Path(folder) / "store.db").read_bytes()


def _payloads(data: bytes, head: int, size: slice, before: int, after: int) -> list[bytes]:
    """What the records of a file hold, without their lengths and checksums."""
    found, place = [], head
    while place < len(data):
        length = int.from_bytes(data[place:][size], "little")
        found.append(data[place + before : place + before + length])
        place += before + length + after
    return found


@st.composite
def events(draw: st.DrawFn) -> Files:
    data = next((REAL / "tensorboard" / "tensors").iterdir()).read_bytes()
    if draw(st.booleans()):
        return {"events.out.tfevents.1": draw(damaged(data))}
    parts = _payloads(data, 0, slice(0, 8), 12, 4)
    place = draw(st.integers(0, len(parts) - 1))
    parts[place] = draw(damaged(parts[place]))
    return {"events.out.tfevents.1": b"".join(map(record, parts))}


@st.composite
def logs(draw: st.DrawFn) -> Files:
    data = sorted((REAL / "wandb").rglob("*.wandb"))[0].read_bytes()
    if draw(st.booleans()):
        return {"run-a.wandb": draw(damaged(data))}
    parts = _payloads(data, len(HEAD), slice(4, 6), 7, 0)
    place = draw(st.integers(0, len(parts) - 1))
    parts[place] = draw(damaged(parts[place]))
    kinds = draw(st.lists(st.sampled_from([1, 1, 1, 2, 3, 4, 0]), min_size=len(parts), max_size=len(parts)))
    return {"run-a.wandb": HEAD + b"".join(map(entry, parts, kinds))}


@st.composite
def stores(draw: st.DrawFn) -> Files:
    if draw(st.booleans()):
        return {"store.db": draw(damaged(_database()))}
    meta = b"run_id: a\nrun_name: 'b'\nstatus: 3\nstart_time: 1700000000000\n"
    lines = b"1700000000000 0.5 1\n1700000000000 0.75 2\n"
    return {
        "meta.yaml": draw(damaged(meta)),
        "metrics/val_acc": draw(damaged(lines)),
        "params/lr": draw(damaged(b"0.1")),
    }


@st.composite
def tables(draw: st.DrawFn) -> Files:
    heads = draw(st.lists(_HEADS, min_size=1, max_size=5))
    rows = draw(st.lists(st.lists(_CELLS, min_size=len(heads), max_size=len(heads)), max_size=5))
    sign = draw(st.sampled_from([",", ";", "\t"]))
    text = "\n".join(sign.join(row) for row in [heads, *rows])
    return {"runs.csv": draw(damaged(text.encode("utf-8", "replace")))}


def check(case: Files, place: Path) -> None:
    """Imports it twice: what is stored is within its bounds, and a second time adds nothing."""
    given = place / "given"
    for name, content in case.items():
        (given / name).parent.mkdir(parents=True, exist_ok=True)
        (given / name).write_bytes(content)
    results = Results(place / "results")
    bring(results, given)
    ids = results.ids()
    assert ids
    bring(results, given)
    assert results.ids() == ids
    for id in ids:
        fold = Fold().take_all(journal.read(results.run(id).events)[0])
        assert fold.ending in ENDINGS
        for row in fold.attempts.lines.values():
            for name, field in metrics().items():
                value, most = row.get(name), {"share": 1.0, "%": 100.0}.get(field.meaning.unit)
                assert value is None or most is None or 0 <= value <= most, (name, value)


KINDS = [Kind("runs of other programs", 500, st.one_of(events(), logs(), stores(), tables()), check)]
