"""The snapshot saves time and never costs a row: whatever is wrong with it, the journals are read instead."""

import os
from pathlib import Path

import duckdb
import pytest

from tests.runs.damages import DAMAGES
from tests.runs.damages import damage as break_it
from tests.store.writing import add, epoch_line, write_run
from vitcore.runs.folder import Results
from vitcore.store import exports, opened, queries, snapshot, tables
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


def sentence_of(index: Index) -> list[list[object]]:
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
    assert sentence_of(index) == sentence_of(whole)
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


SECRET = "what only this machine may know"


def forged(path: Path, how: str, secret: Path) -> None:
    """A snapshot as somebody would send it: ours, with one thing in it that does more than lie there."""
    path.chmod(0o644)
    with duckdb.connect(str(path)) as con:
        columns = [name for name, *_ in con.execute("SELECT column_name FROM (DESCRIBE runs)").fetchall()]
        of = ", ".join(
            f"(SELECT content FROM read_text('{secret}')) AS note" if c == "note" else f'"{c}"' for c in columns
        )
        stored = ", ".join(f'"{c}"' for c in columns if c != "note")
        con.execute(
            {
                "a view that reads a file": "ALTER TABLE runs RENAME TO kept; "
                f"CREATE VIEW runs AS SELECT {of} FROM kept",
                "a view of epochs": "ALTER TABLE epochs RENAME TO kept; CREATE VIEW epochs AS FROM kept",
                "a view that tells of itself": "ALTER TABLE about RENAME TO kept; CREATE VIEW about AS FROM kept",
                "a view beside": f"CREATE VIEW more AS FROM read_text('{secret}')",
                "a macro": f"CREATE MACRO more() AS TABLE FROM read_text('{secret}')",
                "a column too many": "ALTER TABLE runs ADD COLUMN more VARCHAR",
                "a column too few": f"CREATE TABLE other AS SELECT {stored} FROM runs; DROP TABLE runs; "
                "ALTER TABLE other RENAME TO runs",
                "a column of another type": "ALTER TABLE runs ALTER note TYPE VARCHAR[] USING [note]",
                "a default": "ALTER TABLE runs ALTER note SET DEFAULT 'x'",
                "a table too many": "CREATE TABLE more AS SELECT 1 AS one",
                "a type": "CREATE TYPE mood AS ENUM ('well')",
                "a schema": "CREATE SCHEMA more",
                "a sequence": "CREATE SEQUENCE more",
                "an index": "CREATE INDEX more ON runs (id)",
                "a run too many": "INSERT INTO runs (id) VALUES ('more')",
            }[how]
        )


FORGED = (
    *("a view that reads a file", "a view of epochs", "a view that tells of itself", "a view beside", "a macro"),
    *("a column too many", "a column too few", "a column of another type", "a default", "a table too many", "a type"),
    *("a schema", "a sequence", "an index", "a run too many"),
)


@pytest.mark.parametrize("how", FORGED)
def test_a_snapshot_from_elsewhere_holds_rows_or_is_not_read(published: Results, tmp_path: Path, how: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    forged(published.snapshot, how, secret)
    index = Index(published)
    assert "the journals are read instead" in str(index.notice)
    assert queries.runs(index).empty, "nothing of it was taken"
    index.poll()
    assert len(queries.runs(index)) == 3
    assert SECRET not in exports.csv(queries.runs(index))
    index.close()


def test_what_opens_a_snapshot_reaches_nothing_else(published: Results, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    for asked in (
        f"FROM read_text('{secret}')",
        f"FROM '{secret}'",
        f"ATTACH '{tmp_path / 'other.duckdb'}'",
        f"COPY runs TO '{tmp_path / 'out.csv'}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '64GB'",
        "SET autoinstall_known_extensions = true",
    ):
        with opened.closed(published.snapshot) as con, pytest.raises(duckdb.Error):
            con.execute(asked).fetchall()
    assert not (tmp_path / "out.csv").exists()


def test_a_snapshot_that_would_fill_the_memory_is_not_read(published: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_MOST_ROWS", "_MOST_LETTERS"):
        with monkeypatch.context() as within:
            within.setattr(snapshot, name, 2)
            assert "are the most" in str(Index(published).notice)
    assert Index(published).notice is None


@pytest.mark.parametrize("how", sorted(DAMAGES))
def test_what_is_no_snapshot_is_never_copied(
    published: Results, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    (tmp_path / "private").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "private"))
    copied: list[str] = []
    monkeypatch.setattr("shutil.copyfileobj", lambda *_: copied.append(how))
    published.snapshot.unlink()
    if how == "a link that leaves":
        published.snapshot.symlink_to("/etc/hostname")
    else:
        break_it(published.snapshot, how)
    index = Index(published)
    assert "the journals are read instead" in str(index.notice)
    assert copied == []
    index.poll()
    assert len(queries.runs(index)) == 3
