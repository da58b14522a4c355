"""Many runs at once, read by several processes, are what one process reads of them."""

import os
import threading
import time
from contextlib import suppress
from typing import Any

import psutil
import pytest

from tests.store.writing import add, write_run
from vitcore.runs import annotations
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec
from vitcore.store import reading
from vitcore.store.index import Index

TABLES = ("runs", "epochs", "notes", "last")
PAST = 1_700_000_000


@pytest.fixture
def many(results: Results) -> Results:
    """Runs of every kind, damaged ones among them."""
    for seed in range(4):
        write_run(results, seed=seed)
    add(write_run(results, ending=None, seed=4), {"event": "note", "text": "it went on"})
    diverged = write_run(results, epochs=0, ending=None, seed=5)
    add(diverged, {"event": "ended", "status": "diverged", "reason": "the loss is not a number"})
    annotations.write(write_run(results, seed=6), tags=["good", "ü"], note="=1+1")
    results.create(RunSpec.of(seed=7), {"queued.json": {"device_queue": "cpu"}})
    (write_run(results, seed=8).path / "spec.json").write_text("{")
    broken = write_run(results, seed=9)
    broken.events.unlink()
    broken.events.mkdir()
    (results.runs / "no run at all").mkdir()
    for folder in results.runs.iterdir():
        os.utime(folder, (PAST, PAST))
    return results


def rows(index: Index) -> dict[str, Any]:
    cursor = index.cursor()
    return {name: repr(cursor.execute(f"FROM {name} ORDER BY ALL").fetchall()) for name in TABLES}


def test_several_processes_read_what_one_reads(many: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = Index(many, hydrate=False)
    assert alone.poll()
    monkeypatch.setattr(reading, "MANY", 2)
    together = Index(many, hydrate=False)
    assert together.poll()
    assert rows(together) == rows(alone)
    assert together.changes == alone.changes == len(many.ids())
    assert together.poll() == alone.poll(), "and the same is left to be looked at again"


def test_processes_that_die_cost_no_run(many: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = Index(many, hydrate=False)
    alone.poll()
    monkeypatch.setattr(reading, "MANY", 2)
    killed: list[int] = []

    def kill() -> None:
        while not killed:
            for child in psutil.Process().children():
                with suppress(psutil.Error):  # one that has just ended
                    if reading.__name__ in child.cmdline():
                        child.kill()
                        killed.append(child.pid)
            time.sleep(0.01)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    together = Index(many, hydrate=False)
    together.poll()
    killer.join(timeout=60)
    assert killed
    assert rows(together) == rows(alone)
    assert not any(reading.__name__ in child.cmdline() for child in psutil.Process().children()), "none is left behind"


def test_a_run_that_is_gone_is_in_no_batch(many: Results) -> None:
    found = [batch for batch in reading.batches(many, [*many.ids(), "20200101-000000-gone-0000"])]
    assert sum(batch.runs.num_rows for batch in found) == len(many.ids())
