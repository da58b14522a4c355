"""Images and a CSV that says of which class each is: `file,label`, with a column `split`, or a table a split."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from vitcore.data.readers.chosen import Passed, numbered
from vitcore.data.readers.folder_names import composed, kind
from vitcore.data.readers.found import shown
from vitcore.data.readers.layouts import Layout
from vitcore.data.readers.lying import Lying
from vitcore.data.storage.decode import ENDINGS
from vitcore.data.storage.decode_all import Plan, decode_all
from vitcore.data.storage.decoded import Writer
from vitcore.data.storage.download import Progress
from vitcore.errors import UserError, first_line

FILES = ("file", "filename", "file_name", "image", "image_name", "path", "filepath", "file_path", "image_path", "img")
IDS = ("image_id", "id", "id_code", "name")  # of names that often lack their ending
LABELS = ("label", "labels", "class", "class_name", "target", "category", "diagnosis", "breed", "species", "y")
LOOKED_AT = 100  # lines
SPLITS = ("split", "set", "subset", "usage", "partition", "fold")


@dataclass(frozen=True)
class Table:
    """The columns of a table by their numbers; None where there is none."""

    name: str
    separator: str
    file: int
    label: int | None
    split: int | None


def tables(lying: Lying) -> list[Table]:
    """Those of its tables that have a column of files."""
    found = [_table(name, lying.heads[name]) for name in sorted(lying.heads) if lying.given in ("", name)]
    return [table for table in found if table is not None]


def recognizes(lying: Lying) -> bool:
    """Whether a table there names images and their classes."""
    return any(table.label is not None for table in tables(lying))


def concerns(lying: Lying) -> bool:
    """Whether one of the first lines of its tables names an image that lies there."""
    images = _Images(lying)
    lines = [
        (table, line) for table in tables(lying) for line in lying.heads[table.name].splitlines()[1 : 1 + LOOKED_AT]
    ]
    cells = [(table, line.split(table.separator)) for table, line in lines]
    return any(images.there(row[table.file].strip('"')) for table, row in cells if len(row) > table.file)


def arranged(lying: Lying) -> tuple[Layout, Passed]:
    """Its splits and classes, from its tables.

    Raises:
        UserError: it names an image that is not there, or one twice with two classes or splits, or names no class.
    """
    passed: Passed = defaultdict(list)
    images = _Images(lying)
    of: dict[str, tuple[str, str]] = {}  # by the image's name its split and class
    for table in tables(lying):
        if table.label is None:
            passed["a table without labels"].append(table.name)
            continue
        of_table = "" if lying.given else kind(PurePosixPath(table.name).stem)[0]
        for line, cells in _lines(lying, table):
            name = images.named(table.name, line, cells[table.file])
            label = composed(cells[table.label].strip())
            split = _split(lying, table, line, cells) or of_table
            if not label:
                raise UserError(f"{lying.place / table.name} has no label in line {line:,}; every image needs one")
            if of.setdefault(name, (split, label)) != (split, label):
                raise UserError(
                    f"{lying.place / table.name} names {shown(name)} in line {line:,} as {label!r}"
                    f"{f' to {split}' if split else ''}, and before as {of[name][1]!r}"
                    f"{f' to {of[name][0]}' if of[name][0] else ''}; let it stand once"
                )
    splits: dict[str, dict[str, list[str]]] = {}
    for name, (split, label) in of.items():
        splits.setdefault(split, {}).setdefault(label, []).append(name)
    if "" in splits and len(splits) > 1:
        raise UserError(f"{lying.place} says of some images which split they are of and of others not; say it of all")
    listed = " and ".join(table.name for table in tables(lying) if table.label is not None)
    passed["not in a table"] = [name for name in images.names if name not in of]
    order = numbered(splits.get("train") or splits.get("", {}))
    folders = {split: f"what {listed} calls {split}" if split else "" for split in splits}
    return Layout(splits, folders, {}, table=listed, order=order), {k: v for k, v in passed.items() if v}


def decode(
    lying: Lying, plan: Plan, writer: Writer, *, image_size: int, channels: int, label: str, progress: Progress | None
) -> None:
    """Decode every planned image into `writer`; raises UserError, Broken where some cannot be read."""
    place = [lying.place]
    decode_all(plan, place, writer, image_size=image_size, channels=channels, label=label, progress=progress)


class _Images:
    """The images that lie there, found by what a table calls them: nothing else is ever opened."""

    def __init__(self, lying: Lying) -> None:
        self._place = lying.place
        self.names = [name for name in lying.names if name.lower().endswith(ENDINGS)]
        self._whole = {composed(name): name for name in self.names}
        self._last: dict[str, list[str]] = defaultdict(list)
        for name in self.names:
            path = PurePosixPath(composed(name))
            self._last[path.name].append(name)
            self._last[path.stem].append(name)

    def there(self, text: str) -> bool:
        """Whether an image may be called so."""
        return PurePosixPath(composed(text.strip().replace("\\", "/"))).name in self._last

    def named(self, table: str, line: int, text: str) -> str:
        """The image's name; raises UserError where there is none of this name, or more than one."""
        wanted = composed(text.strip().replace("\\", "/")).removeprefix("./")
        beside = (PurePosixPath(table).parent / wanted).as_posix()
        for whole in (beside, wanted):
            if whole in self._whole:
                return self._whole[whole]
        found = self._last.get(PurePosixPath(wanted).name, [])
        if len(found) == 1:
            return found[0]
        if found:
            raise UserError(
                f"{self._place / table} names {shown(wanted)} in line {line:,}, and there are {shown(found[0])} and "
                f"{shown(found[1])}; write the folder too"
            )
        raise UserError(
            f"{self._place / table} names {shown(wanted) or 'no file'} in line {line:,}, which is not there; put the "
            "image back, or take the line out"
        )


def _table(name: str, head: str) -> Table | None:
    first = head.lstrip("\r\n").partition("\n")[0].strip("\r")
    separator = max(",;\t", key=first.count)
    try:
        columns = [cell.strip().casefold() for cell in next(csv.reader([first], delimiter=separator), [])]
    except csv.Error:
        return None
    file = _first(columns, (*FILES, *IDS))
    if file is None:
        return None
    return Table(name, separator, file, _first(columns, LABELS), _first(columns, SPLITS))


def _first(columns: Sequence[str], names: Sequence[str]) -> int | None:
    return next((columns.index(name) for name in names if name in columns), None)


def _lines(lying: Lying, table: Table) -> list[tuple[int, list[str]]]:
    """Every line that is not empty, with its number in the file; raises UserError where it is no table."""
    path = lying.place / table.name
    try:
        text = lying.content(table.name)[table.name].decode("utf-8-sig")
        lines = list(enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=table.separator, strict=True), 1))
    except (csv.Error, ValueError) as error:
        raise UserError(f"{path} is not a table in UTF-8 ({first_line(error)}); save it as CSV again") from error
    lines = [(number, cells) for number, cells in lines if cells]
    width = len(lines[0][1])
    for number, cells in lines[1:]:
        if len(cells) != width:
            raise UserError(
                f"{path} has {len(cells)} cells in line {number:,} where its head has {width}; mend the line"
            )
    return lines[1:]


def _split(lying: Lying, table: Table, line: int, cells: list[str]) -> str:
    if table.split is None:
        return ""
    text = cells[table.split].strip()
    found, sure = kind(text)
    if not sure:
        raise UserError(
            f"{lying.place / table.name} has the split {text[:40]!r} in line {line:,}; write train, test or val there"
        )
    return found
