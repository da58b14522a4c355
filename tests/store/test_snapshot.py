"""The snapshot saves time and never costs a row: whatever is wrong with it, the journals are read instead."""

import os
from pathlib import Path

import duckdb
import pytest

from tests.store.writing import add, epoch_line, write_run
from vitcore.runs.folder import Results
from vitcore.store import queries, tables
from vitcore.store.index import Index


@pytest.fixture
def published(results: Results) -> Results:
    for seed in range(3):
        write_run(results, seed=seed)
    index = Index(results)
    index.poll()
    assert index.publish() is None
    index.close()
    return results


def told(index: Index) -> list[list[object]]:
    table = queries.runs(index)
    return table[["id", "status", "epochs_done", "error_percent"]].values.tolist()


def test_the_next_start_knows_what_the_last_one_knew(published: Results) -> None:
    index = Index(published)
    assert index.notice is None
    assert len(queries.runs(index)) == 3, "without a look at a journal"
    assert len(queries.epochs(index, published.ids())) == 9
    folder = published.run(published.ids()[0])
    add(folder, epoch_line(4))
    index.poll()
    assert queries.epochs(index, [folder.id])["epoch"].tolist() == [1, 2, 3, 4]


def test_other_tools_can_read_it_and_nobody_can_write_it(published: Results) -> None:
    assert published.snapshot.stat().st_mode & 0o222 == 0
    with duckdb.connect(str(published.snapshot), read_only=True) as con:
        assert con.execute("SELECT count(*), min(error_percent) FROM epochs").fetchone() == (9, 12.5)


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    path.unlink()
    if how == "empty":
        path.write_bytes(b"")
    elif how == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif how == "rubbish":
        path.write_bytes(os.urandom(20_000))
    elif how == "zeroed":
        path.write_bytes(data[:8192] + bytes(len(data) - 8192))
    elif how == "folder":
        path.mkdir()
    elif how in ("foreign", "older", "newer"):
        with duckdb.connect(str(path)) as con:
            if how == "foreign":
                con.execute("CREATE TABLE cats AS SELECT 1 AS legs")
            else:
                written = tables.FORMAT + 1 if how == "newer" else tables.FORMAT
                con.execute("CREATE TABLE about AS SELECT ? AS format, 'another' AS schema, 3 AS runs", [written])


@pytest.mark.parametrize("how", ["deleted", "empty", "cut", "rubbish", "zeroed", "folder", "foreign", "older", "newer"])
def test_whatever_is_wrong_with_it_the_journals_are_read(published: Results, how: str) -> None:
    whole = Index(published, hydrate=False)
    whole.poll()
    damage(published.snapshot, how)
    index = Index(published)
    assert (index.notice is None) == (how == "deleted")
    index.poll()
    assert told(index) == told(whole)
    assert len(queries.epochs(index, published.ids())) == 9
    if how == "newer":
        assert f"format {tables.FORMAT + 1}" in str(index.notice)
        before = published.snapshot.read_bytes()
        assert index.publish() == index.notice
        assert published.snapshot.read_bytes() == before, "a newer one is left alone"
    elif how != "folder":
        assert index.publish() is None
        assert index.notice is None, "what was wrong is no longer so"
        assert Index(published).notice is None


def test_a_disk_that_refuses_leaves_the_old_one(published: Results) -> None:
    index = Index(published)
    before = published.snapshot.read_bytes()
    published.root.rename(published.root.with_name("elsewhere"))
    published.root.write_text("a file in its place")
    assert "could not be published" in str(index.publish())
    assert "could not be published" in str(index.notice)
    published.root.unlink()
    published.root.with_name("elsewhere").rename(published.root)
    assert published.snapshot.read_bytes() == before


def test_drafts_of_killed_publishers_are_swept_away(published: Results) -> None:
    stale, fresh = (published.root / f"runs.duckdb.{name}.tmp" for name in ("1-a", "2-b"))
    for draft in (stale, fresh):
        draft.write_bytes(b"half")
    os.utime(stale, (1_700_000_000, 1_700_000_000))
    index = Index(published)
    assert index.publish() is None
    assert not stale.exists()
    assert fresh.exists(), "another process may be writing it"
