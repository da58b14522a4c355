"""CSV: one row an epoch (of one run, or of several by a column that names them), or one row a run."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from vitcore import events
from vitcore.data.storage.regular import read_regular
from vitcore.errors import UserError
from vitcore.runs.importing.foreign import MOST_RUNS, ForeignRun, Found, digest, listed, plain
from vitcore.spec import fields

ORIGIN = "imported from CSV"
LARGEST = 256 << 20
MOST_ROWS = 1_000_000
MOST_COLUMNS = 1_000
_EPOCH = ("epoch", "step", "global_step", "iteration")
_NAMES = ("title", "run", "run_name", "name", "experiment", "run_id", "id")
_FACTS = ("status", "reason", "origin", "created", "started", "ended", "fingerprint", "tags", "note")


def read(path: Path) -> Found:
    """The runs of a file.

    Raises:
        UserError: it is no table with a heading, or larger than any is read.
    """
    heads, rows = _table(path)
    low = [head.lower() for head in heads]
    epoch = next((low.index(name) for name in _EPOCH if name in low), None)
    called = next((low.index(name) for name in _NAMES if name in low), None)
    found = Found()
    if epoch is not None:
        _epochs(path, heads, rows, epoch, called, found)
    elif called is not None or len(rows) == 1:
        _whole_runs(path, heads, rows, called, found)
    else:
        raise UserError(
            f"{path.name} has neither a column epoch (one row an epoch) nor a column run (one row a run); its columns "
            f"are {listed(heads)}"
        )
    return found


def _epochs(
    path: Path, heads: Sequence[str], rows: list[list[str]], epoch: int, called: int | None, found: Found
) -> None:
    """One row an epoch: what is a number throughout is a metric; what else never changes, or is called as an option
    of a run here (seed, batch_size) and does not, is a setting."""
    options = {each.name for each in fields()} - set(events.metrics())
    groups: dict[str, list[list[str]]] = {}
    for row in rows:
        groups.setdefault(row[called] if called is not None else path.stem, []).append(row)
    if len(groups) > MOST_RUNS:
        raise UserError(f"{path.name} has {len(groups):,} runs, and at most {MOST_RUNS:,} are imported at once")
    broken = 0
    for name, own in groups.items():
        run = ForeignRun(ORIGIN, f"csv:{digest([name, *own[0]])}", name or path.stem)
        settings = [
            place for place, head in enumerate(heads) if head in options and len({row[place] for row in own}) == 1
        ]
        for row in own:
            step = _number(row[epoch])
            if step is None or not 0 <= step < 2**53 or not step.is_integer():
                broken += 1
                continue
            for place, head in enumerate(heads):
                value = _number(row[place]) if place not in (epoch, called, *settings) else None
                if value is not None:
                    run.tell(head, int(step), value)
        for place, head in enumerate(heads):
            values = {row[place] for row in own}
            if place not in (epoch, called) and head not in run.metrics and len(values) == 1 and values != {""}:
                run.parameters[head] = plain(values.pop())
        run.reason = f"Imported from {path.name}, which does not tell how it ended."
        found.runs.append(run)
    if broken:
        found.sentences.append(f"{path.name}: {broken:,} rows have no whole number as their {heads[epoch]}; left out.")


def _whole_runs(path: Path, heads: Sequence[str], rows: list[list[str]], called: int | None, found: Found) -> None:
    """One row a run: its settings, and what it had reached in the end."""
    if len(rows) > MOST_RUNS:
        raise UserError(f"{path.name} has {len(rows):,} runs, and at most {MOST_RUNS:,} are imported at once")
    low = [head.lower() for head in heads]
    done = next((low.index(name) for name in ("epochs_done", "epochs") if name in low), None)
    for number, row in enumerate(rows, 1):
        name = row[called] if called is not None else ""
        run = ForeignRun(ORIGIN, f"csv:{digest(row)}", name or f"{path.stem} {number}")
        last = _number(row[done]) if done is not None else None
        run.final = last is None or not 1 <= last < 2**31 or not last.is_integer()
        for place, head in enumerate(heads):
            value = _number(row[place])
            if place == called or low[place] in _FACTS or row[place] == "":
                continue
            run.parameters[head] = plain(row[place])
            if value is not None:
                run.tell(head, 0 if run.final else int(last or 0), value)
        run.reason = f"Imported from {path.name}, a table of runs."
        found.runs.append(run)


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    """The heading and the rows, all as long as it; raises UserError."""
    content = _decoded(path)
    first = content.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
        rows = list(_rows(reader, path, comma=delimiter == ";"))
    except csv.Error as error:
        raise UserError(f"{path.name} is no CSV: {error}") from None
    if len(rows) < 2 or not any(rows[0]):
        raise UserError(f"{path.name} has no rows below a heading; a table of runs or epochs is wanted")
    heads = rows[0]
    if len(heads) > MOST_COLUMNS:
        raise UserError(f"{path.name} has {len(heads):,} columns, and at most {MOST_COLUMNS:,} are read")
    if len({head.lower() for head in heads}) < len(heads):
        double = next(head for head in heads if sum(other.lower() == head.lower() for other in heads) > 1)
        raise UserError(f"{path.name} has two columns {double[:60]!r}; give each its own name")
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(heads):
            raise UserError(f"{path.name}: row {number:,} has {len(row):,} cells, and the heading has {len(heads):,}")
    return heads, rows[1:]


def _rows(reader: Iterator[list[str]], path: Path, *, comma: bool) -> Iterator[list[str]]:
    """Rows that are not empty, without the sign by which a formula was neutralized; 0,5 as 0.5 between semicolons."""
    for number, row in enumerate(reader):
        if number > MOST_ROWS:
            raise UserError(f"{path.name} has more than {MOST_ROWS:,} rows, and so many are read at most")
        if any(row):
            cells = [
                cell[1:] if cell[:1] == "'" and cell[1:2] in tuple("=+-@") else cell for cell in map(str.strip, row)
            ]
            yield [
                cell.replace(",", ".") if comma and _number(cell.replace(",", ".")) is not None else cell
                for cell in cells
            ]


def _decoded(path: Path) -> str:
    try:
        data = read_regular(path, LARGEST)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None
    coding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(coding)
    except UnicodeDecodeError:
        raise UserError(f"{path.name} is no text in UTF-8; save it as CSV in UTF-8") from None
    if "\0" in text:
        raise UserError(f"{path.name} is no text: it holds zero bytes; save it as CSV in UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _number(text: str) -> float | None:
    if not text or len(text) > 40 or "_" in text:
        return None
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) or text.lower().lstrip("+-") in ("nan", "inf", "infinity") else None
