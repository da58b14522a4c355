"""Questions to the index, answered as DataFrames; SQL stays here."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as arrow

from vitcore import events, untrusted
from vitcore.errors import UserError
from vitcore.runs import attempts, journal
from vitcore.runs.attempts import Attempts
from vitcore.runs.files import open_own
from vitcore.runs.folder import Results, RunFolder
from vitcore.store import pooling
from vitcore.store.columns import columns
from vitcore.store.index import Index

_EPOCH_OF = re.compile(rb'"epoch":\s*(\d+)')
_STARTED = b'"event":"started"'
_MOST_CLASSES = 20_000
_MOST_IMAGES = 2**31  # of one cell: sums of any row stay exact
_STEP = tuple(each.name for each in events.fields(events.Stride) if each.kind is float)
_OF_STRIDE = tuple(name for name in _STEP if name not in {each.name for each in events.fields(events.Step)})
_OF_STEP = ("event", "resumed_from", "resumed_step", "step", "epoch", *_STEP)
_SCORED = f"coalesce({', '.join(events.scores())}) IS NOT NULL"
_VALIDATED = f"coalesce({', '.join(events.validated())}) IS NOT NULL"
_HELD_OUT = ", ".join(f"coalesce({val}, {test}) AS {name}" for name, (val, test) in events.HELD_OUT.items())
Split = Literal["test", "validation"]
GROUPED = ("val_error_best", *(name for name, each in events.metrics().items() if each.meaning.of_run))


def runs(index: Index) -> pd.DataFrame:
    """Every run, newest first: what it is, how far it is, what it has reached; results/README.md has every column."""
    table = index.cursor().sql(f"SELECT {', '.join(_columns())} FROM summary").to_arrow_table()
    # DuckDB would move a hundred columns to bring them into order: a quarter of the whole question.
    return _frame(table.sort_by([("created", "descending"), ("id", "descending")]))


def rows(index: Index, ids: Sequence[str], names: Sequence[str]) -> list[dict[str, Any]]:
    """These runs in the order asked for, those that are stored, as plain mappings of these columns of `runs`.

    For one who looks on every second: a frame of a hundred columns takes long to make.
    """
    columns = ", ".join(f'"{name}"' for name in ("id", *names))
    wanted = ", ".join("?" for _ in ids) or "NULL"  # a list to unnest would take half as long again
    cursor = index.cursor().execute(f"SELECT {columns} FROM summary WHERE id IN ({wanted})", list(ids))
    found = {values[0]: dict(zip(("id", *names), values, strict=True)) for values in cursor.fetchall()}
    return [found[id] for id in ids if id in found]


def statuses(index: Index) -> dict[str, list[str]]:
    """Each status that some run has, with those runs' ids, newest first."""
    query = "SELECT status, list(id ORDER BY created DESC, id DESC) FROM runs GROUP BY status"
    return dict(index.cursor().execute(query).fetchall())


def colors(index: Index) -> dict[str, int]:
    """By id, the place in the palette that a person has chosen for a run; of the others nothing."""
    return dict(index.cursor().execute("SELECT id, color FROM runs WHERE color IS NOT NULL").fetchall())


def epochs(index: Index, ids: Sequence[str]) -> pd.DataFrame:
    """The epochs of these runs, run by run in the order given: `run_id`, the fields of the journal's line, `evaluated`
    (on the test images), `validated`, and the HELD_OUT.

    What was evaluated and has no value is no number: a frame alone cannot tell it from what was not evaluated.
    """
    return (
        index.cursor()
        .execute(
            f"SELECT epochs.*, {_SCORED} AS evaluated, {_VALIDATED} AS validated,"
            f" {_HELD_OUT} FROM epochs"
            " JOIN (SELECT unnest(?::VARCHAR[]) AS id, unnest(range(?)) AS place) AS asked"
            " ON run_id = id ORDER BY place, epoch",
            [list(dict.fromkeys(ids)), len(dict.fromkeys(ids))],
        )
        .df()
    )


def notes(index: Index, id: str) -> list[str]:
    """What the trainer had to say about a run, oldest first, each sentence once."""
    found = index.cursor().execute("SELECT text FROM notes WHERE run_id = ? ORDER BY seq", [id]).fetchall()
    return list(dict.fromkeys(text for (text,) in found))


def groups(index: Index, by: Sequence[str], *, everything: bool = False) -> pd.DataFrame:
    """Runs that have an error, put together by these columns: `n`, the runs' `ids` and `seeds`, and of each metric the
    mean and the standard deviation over runs (`error_percent_mean`, `error_percent_std`, …; std of one run: NaN).

    Args:
        everything: runs too that were not trained here to their end (store.pooling); never those of other programs
            whose spec is not known.

    Raises:
        UserError: a column is not one of `runs`.
    """
    for name in by:
        if name not in _names():
            raise UserError(f"runs cannot be put together by {name!r}; they can by {', '.join(_names())}")
    keys = ", ".join(f'"{name}"' for name in by)
    metrics = ", ".join(f"avg({m}) AS {m}_mean, stddev_samp({m}) AS {m}_std" for m in GROUPED)
    query = f"""
        SELECT {keys + ", " if by else ""}
            count(*) AS n, list(id ORDER BY seed, id) AS ids, list(seed ORDER BY seed, id) AS seeds,
            {metrics}
        FROM summary
        WHERE error_percent IS NOT NULL AND NOT isnan(error_percent)
        AND {pooling.SQL_ALL if everything else pooling.SQL}
        {"GROUP BY " + keys if by else ""}
        ORDER BY val_error_best_mean NULLS LAST, error_percent_mean
    """
    return index.cursor().execute(query).df()


def confusion(index: Index, id: str, epoch: int | None = None, split: Split = "test") -> tuple[int, np.ndarray]:
    """The confusion matrix of an epoch, of the last where none is named: rows the true class, columns the predicted.

    Args:
        split: of which images: those to test or those to validate on.

    Raises:
        UserError: there is none.
    """
    run = index.results.run(id)
    path = _matrix_file(run, split)
    for number, start, end in reversed(_matrices(run, split)):
        if epoch in (None, number):
            with suppress(OSError, UserError):  # deleted since it was looked into, or changed
                found = _matrix_at(path, path.stat().st_mtime_ns, start, end)
                if found is not None:
                    return number, found
    which = "no confusion matrix yet" if epoch is None else f"no confusion matrix of epoch {epoch}"
    raise UserError(f"run {id} has {which}" + ("" if split == "test" else f", of {split} images"))


def confusion_epochs(index: Index, id: str, split: Split = "test") -> list[int]:
    """The epochs that have a confusion matrix of a split's images, ascending."""
    return sorted({number for number, _, _ in _matrices(index.results.run(id), split)})


def steps(source: Index | Results, id: str) -> pd.DataFrame:
    """The steps of a run from its journal: `step`, `epoch`, `loss`, `learning_rate`; those that its weights have made.

    A line stands for all steps since the one before it: `loss_min`, `loss_max` and `loss_mean` are theirs. What an
    attempt told beyond the checkpoint from which the next one went on counts no more.
    """
    results = source.results if isinstance(source, Index) else source
    path = results.run(id).steps
    try:
        lines, _ = journal.stream(path)
    except (OSError, UserError):  # the run's row says why
        lines = iter(())
    lines = (
        {name: line[name] for name in _OF_STEP if name in line}
        for line in lines
        if line.get("event") == "started" or untrusted.whole(line.get("epoch")) is not None
    )
    rows = [
        (
            untrusted.whole(line.get("step")),
            untrusted.whole(line.get("epoch")),
            *(_number(line, "loss" if name in _OF_STRIDE and name not in line else name) for name in _STEP),
        )
        for line in Attempts("step").take_all(lines).lines.values()
    ]
    rows = [row for row in rows if row[0] is not None and row[1] is not None]
    frame = pd.DataFrame(rows, columns=["step", "epoch", *_STEP])
    return frame.astype({"step": "int64", "epoch": "int64", **dict.fromkeys(_STEP, "float64")})


def exact(index: Index, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of `runs` with None where no number was told and NaN where what was told is none, as objects.

    A frame's column of numbers has NaN for both.

    Args:
        frame: rows and columns of `runs`, `id` among them; further columns stay as they are.
    """
    numbers = [name for name in frame.columns if name in _names() and frame[name].dtype.kind == "f"]
    if not numbers or frame.empty:
        return frame
    columns = ", ".join(f'"{name}"' for name in numbers)
    lines = index.cursor().execute(f"SELECT id, {columns} FROM summary").fetchall()
    by_id = {line[0]: dict(zip(numbers, line[1:], strict=True)) for line in lines}
    now = [by_id.get(id, {}) for id in frame["id"]]
    # A run that was deleted meanwhile is told as the frame has it.
    found = {
        name: [line.get(name, was) for line, was in zip(now, frame[name].tolist(), strict=True)] for name in numbers
    }
    return frame.assign(**{name: pd.Series(values, frame.index, dtype=object) for name, values in found.items()})


def _frame(table: arrow.Table) -> pd.DataFrame:
    """As a frame whose whole numbers stay whole; DuckDB's own way takes longer over a hundred columns."""
    frame: pd.DataFrame = table.to_pandas()
    for name, column in zip(table.column_names, table.columns, strict=True):
        if arrow.types.is_integer(column.type) and column.null_count:
            frame[name] = pd.array(column.to_pylist(), dtype="Int64")
    return frame.copy()  # in one piece: pages add columns to it


@functools.cache
def _names() -> tuple[str, ...]:
    """The columns of `runs` in their order."""
    return tuple(columns())


def _columns() -> list[str]:
    return [f'"{name}"' for name in _names()]


def _matrix_file(run: RunFolder, split: Split) -> Path:
    return run.confusion if split == "test" else run.val_confusion


def _matrices(run: RunFolder, split: Split) -> Sequence[tuple[int, int, int]]:
    """Each line that counts: the epoch it is of, where it begins and ends; unread, since a large matrix is long."""
    path = _matrix_file(run, split)
    try:
        known, events = path.stat(), run.events
        journal_stat = events.stat() if events.exists() else None
        key = (journal_stat.st_size, journal_stat.st_mtime_ns) if journal_stat else None
        gone = _withdrawn(run.path, key) if key else frozenset()
        return [line for line in _lines(path, known.st_size, known.st_mtime_ns) if line[0] not in gone]
    except (OSError, UserError):  # none; or it cannot be read, and the run's row says why
        return ()


@functools.lru_cache(maxsize=64)
def _withdrawn(run: Path, known: tuple[int, int]) -> frozenset[int]:
    """The epochs that count no more, by the events as they are now."""
    return frozenset(attempts.withdrawn(RunFolder(run)))


@functools.lru_cache(maxsize=64)
def _lines(path: Path, size: int, changed: int) -> tuple[tuple[int, int, int], ...]:
    """What `_matrices` gives of a file as it is now; a page that looks on asks every second."""
    found, start = Attempts(), 0
    with open_own(path) as file:
        for line in file:
            epoch = _EPOCH_OF.search(line[:200])
            if epoch and line.startswith(b"{") and line.endswith(b"}\n"):
                found.take({"epoch": int(epoch[1]), "start": start, "end": start + len(line)})
            elif not epoch and _STARTED in line[:200]:
                found.take(journal.parse(line.rstrip(b"\n")) or {})
            start += len(line)
    return tuple((number, line["start"], line["end"]) for number, line in found.lines.items())


@functools.lru_cache(maxsize=64)
def _matrix_at(path: Path, changed: int, start: int, end: int) -> np.ndarray | None:
    """The matrix on one line of a file as it is now; nobody writes into the answer."""
    with open_own(path) as file:
        file.seek(start)
        found = _matrix(journal.parse(file.read(end - start).rstrip(b"\n")) or {})
    if found is not None:
        found.setflags(write=False)
    return found


def _matrix(line: dict[str, Any]) -> np.ndarray | None:
    """Counts of images, as many columns as rows; None where it is anything else."""
    rows = line.get("matrix")
    if not isinstance(rows, list) or not 0 < len(rows) <= _MOST_CLASSES:
        return None
    if not all(isinstance(row, list) and len(row) == len(rows) for row in rows):
        return None
    if not all(type(count) is int and 0 <= count <= _MOST_IMAGES for row in rows for count in row):
        return None
    return np.array(rows, dtype=np.int64)


def _number(line: Mapping[str, Any], name: str) -> float:
    found = untrusted.number(line.get(name))
    return float("nan") if found is None else found
