"""A CSV with an image's label and pixels in each line, as Kaggle has MNIST: one table, or one a split."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vitcore.data.readers.chosen import Passed, numbered
from vitcore.data.readers.folder_names import kind
from vitcore.data.readers.layouts import Layout
from vitcore.data.readers.lying import Lying
from vitcore.data.readers.rows import class_names, put_rows, row_name
from vitcore.data.storage.decode_all import Plan
from vitcore.data.storage.decoded import Writer
from vitcore.data.storage.download import Progress
from vitcore.errors import UserError, first_line

PIXEL = re.compile(r"(pixels?|px?)?[ _.-]?\d+|\d+x\d+", re.IGNORECASE)
LABELS = ("label", "labels", "class", "target", "y", "digit")
FEWEST = 16  # pixels: tables of fewer numbers are no images
MOST = 256 * 256  # of a line: the columns' names of more would not fit into what is looked at
BLOCK = 2**24  # bytes read at once: more than the longest line of an image


def recognizes(lying: Lying) -> bool:
    """Whether one of its tables has pixels for columns."""
    return any(_columns(lying.heads[name]) for name in lying.heads)


def arranged(lying: Lying) -> tuple[Layout, Passed]:
    """Its splits and classes, from the column of labels; a table without labels is passed over, which is told.

    Raises:
        UserError: two tables for one split, no labels at all, or images that are not square.
    """
    passed: Passed = {}
    tables: dict[str, str] = {}
    for name in sorted(lying.heads):
        found = _columns(lying.heads[name])
        if found is None:
            passed.setdefault("no table of pixels", []).append(name)
        elif found.label is None:
            passed.setdefault("a table of pixels without labels", []).append(name)
        else:
            split = kind(Path(name).stem)[0] if not lying.given else ""
            if split in tables:
                raise UserError(
                    f"{lying.place} has {tables[split]} and {name}, which both read as "
                    f"{f'the {split} split' if split else 'images without a split'}; name them train.csv and test.csv, "
                    "or give the path of one"
                )
            _side(lying, name, found)
            tables[split] = name
    if not tables:
        raise UserError(f"{lying.place} holds pixels and no labels; add a column called label")
    if set(tables) == {"train"}:  # Kaggle's test.csv has no labels
        tables = {"": tables["train"]}
    splits: dict[str, dict[str, list[str]]] = {}
    for split, name in tables.items():
        classes = splits.setdefault(split, {})
        for row, label in enumerate(_labels(lying, name)):
            classes.setdefault(label, []).append(row_name(name, row))
    if "" in splits and len(splits) > 1:
        raise UserError(f"{lying.place} has {tables['']} beside a table of a split; name it train.csv or test.csv")
    order = numbered(next(iter(splits.values())) if "train" not in splits else splits["train"])
    return Layout(splits, tables, {}, table=" and ".join(tables.values()), order=order), passed


def decode(
    lying: Lying, plan: Plan, writer: Writer, *, image_size: int, channels: int, label: str, progress: Progress | None
) -> None:
    """Hand every planned image to `writer`; raises UserError where a line holds no pixels of 0 to 255."""
    put_rows(
        plan, partial(_pixels, lying), writer,
        image_size=image_size, channels=channels, label=label, progress=progress,
    )  # fmt: skip


class _Columns:
    """The number of the column of labels (None: there is none) and those of the pixels, in order."""

    def __init__(self, names: list[str], *, header: bool, separator: str, above: int) -> None:
        self.separator, self.count = separator, len(names)
        self.before = above + header  # lines that hold no image: empty ones, and the names
        self.label: int | None = 0
        if header:
            found = [at for at, name in enumerate(names) if name.strip().casefold() in LABELS]
            self.label = found[0] if found else None
            self.pixels = [at for at, name in enumerate(names) if at not in found and PIXEL.fullmatch(name.strip())]
        else:
            self.label = 0 if math.isqrt(len(names)) ** 2 != len(names) else None
            self.pixels = list(range(len(names)))[self.label is not None :]


def _columns(head: str) -> _Columns | None:
    """The columns of a table that begins so; None where most of them are no pixels."""
    text = head.lstrip("\r\n")
    first = text.partition("\n")[0].strip("\r")
    separator = max(",;\t", key=first.count)
    try:
        names = next(csv.reader([first], delimiter=separator), [])
    except csv.Error:
        return None
    if len(names) < FEWEST:
        return None
    header = not all(name.strip().isdecimal() for name in names)
    found = _Columns(names, header=header, separator=separator, above=head[: len(head) - len(text)].count("\n"))
    return found if len(found.pixels) >= max(FEWEST, len(names) // 2) else None


def _side(lying: Lying, name: str, columns: _Columns) -> int:
    many = len(columns.pixels)
    side = math.isqrt(many)
    if side * side != many or many > MOST:
        color = math.isqrt(many // 3) ** 2 * 3 == many
        raise UserError(
            f"{lying.place / name} has {many:,} pixels in a line, which are no square image"
            + (" of gray, and of colors a table does not say the order" if color else "")
            + "; save the images as files or as .npz"
        )
    return side


def _read(lying: Lying, name: str, wanted: list[int], *, text: bool = False) -> Iterator[Any]:
    """These columns of a table, portion by portion, as pyarrow's record batches.

    Raises:
        UserError: a line with more or fewer cells than the first, or a pixel that is no whole number of 0 to 255.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow

    columns = _columns(lying.heads[name])
    assert columns is not None
    names = [str(number) for number in range(columns.count)]
    kind = pa.string() if text else pa.uint8()
    try:
        yield from arrow.open_csv(
            io.BytesIO(lying.content(name)[name]),
            arrow.ReadOptions(column_names=names, skip_rows=columns.before, block_size=BLOCK),
            arrow.ParseOptions(delimiter=columns.separator),
            arrow.ConvertOptions(
                include_columns=[str(number) for number in wanted],
                column_types={str(number): kind for number in wanted},
                null_values=[],
            ),
        )
    except (pa.ArrowException, ValueError) as error:
        wish = "" if text else "; every line needs its pixels, whole numbers of 0 to 255"
        raise UserError(f"{lying.place / name} is not a table of pixels ({first_line(error)[:200]}){wish}") from error


def _labels(lying: Lying, name: str) -> list[str]:
    columns = _columns(lying.heads[name])
    assert columns is not None
    assert columns.label is not None
    texts = [text.strip() for part in _read(lying, name, [columns.label], text=True) for text in part[0].to_pylist()]
    missing = next((row for row, text in enumerate(texts) if not text), None)
    if missing is not None:
        raise UserError(
            f"{lying.place / name} has no label in the line of image {missing + 1:,}; every image needs one"
        )
    if all(re.fullmatch(r"-?\d{1,18}(\.\d*)?", text) for text in texts):
        return class_names(np.array([float(text) for text in texts]), name, len(texts))
    return texts


def _pixels(lying: Lying, name: str) -> np.ndarray:
    columns = _columns(lying.heads[name])
    assert columns is not None
    side = _side(lying, name, columns)
    parts = [np.stack([column.to_numpy() for column in part], axis=1) for part in _read(lying, name, columns.pixels)]
    return np.concatenate(parts).reshape(-1, side, side, 1)
