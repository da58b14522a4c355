"""Hugging Face's parquet files, through pyarrow alone: images as a struct of bytes, shards, splits by file name."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from vitcore.data.readers.chosen import Passed, numbered
from vitcore.data.readers.folder_names import kind
from vitcore.data.readers.layouts import Layout
from vitcore.data.readers.lying import LARGEST_FILE, Lying
from vitcore.data.readers.rows import row_name
from vitcore.data.storage.archives import Entry
from vitcore.data.storage.decode import LARGEST_BYTES
from vitcore.data.storage.decode_all import Plan, decode_all
from vitcore.data.storage.decoded import Writer
from vitcore.data.storage.download import Progress
from vitcore.data.storage.regular import open_regular
from vitcore.errors import UserError, first_line

LABELS = ("label", "labels", "fine_label", "class", "target")
BATCH = 128  # images read at once
LARGEST_GROUP = 2**31  # bytes that a row group says it unpacks to
LARGEST_HEADER = 2**24  # bytes of a text, and pieces of a list, in what a file says of itself


@dataclass(frozen=True)
class Columns:
    """The columns of images and labels, the classes' names by their numbers (empty: not told), and the rows."""

    image: str
    label: str
    names: tuple[str, ...]
    rows: int


def recognizes(lying: Lying) -> bool:
    """Whether there are parquet files."""
    return bool(lying.ending(".parquet"))


def arranged(lying: Lying) -> tuple[Layout, Passed]:
    """Its splits and classes, from the labels alone.

    Raises:
        UserError: a file that is damaged, has no column of images or labels, or a label that has no name.
    """
    splits: dict[str, dict[str, list[str]]] = {}
    shards: dict[str, list[str]] = {}
    passed: Passed = {}
    known: tuple[str, ...] = ()
    for name in lying.ending(".parquet"):
        split = "" if lying.given else _split(name)
        with _opened(lying, name) as file:
            columns = _columns(file, f"{lying.place / name}")
            labels = file.read(columns=[columns.label]).column(0).to_pylist()
        if known and columns.names != known:
            raise UserError(f"{lying.place / name} has other classes than the files before it; use the same in all")
        known = columns.names
        if labels and all(label is None or label == -1 for label in labels):
            passed.setdefault("without labels", []).append(name)
            continue
        shards.setdefault(split, []).append(name)
        classes = splits.setdefault(split, {})
        for row, label in enumerate(labels):
            classes.setdefault(_class(label, columns, lying.place / name, row), []).append(row_name(name, row))
    if "" in splits and len(splits) > 1:
        first = shards[""][0]
        raise UserError(f"{lying.place} has {first}, whose name says no split, beside others; name it train or test")
    if set(splits) == {"train"}:  # published without labels for its test images, or without any
        splits, shards = {"": splits["train"]}, {"": shards["train"]}
    train = splits.get("train") or splits.get("", {})
    order = tuple(name for name in known if name in train) if known else numbered(train)
    folders = {split: names[0] + f" and {len(names) - 1} more" * (len(names) > 1) for split, names in shards.items()}
    return Layout(splits, folders, {}, table=next(iter(folders.values()), ""), order=order), passed


def decode(
    lying: Lying, plan: Plan, writer: Writer, *, image_size: int, channels: int, label: str, progress: Progress | None
) -> None:
    """Decode every planned image into `writer`; raises UserError, Broken where some cannot be read."""

    def listed(_: Path) -> Iterator[Entry]:
        for name in lying.ending(".parquet"):
            yield from _images(lying, name)

    decode_all(
        plan,
        [lying.place],
        writer,
        image_size=image_size,
        channels=channels,
        label=label,
        progress=progress,
        listed=listed,
    )


def _split(name: str) -> str:
    """The split that a shard's name stands for (train-00000-of-00002), or the folder that it lies in."""
    path = PurePosixPath(name)
    return next((found for part in (path.stem, *path.parts[-2::-1]) if (found := kind(part)[0])), "")


@contextmanager
def _opened(lying: Lying, name: str) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import parquet

    path = lying.place / name
    limits = {"thrift_string_size_limit": LARGEST_HEADER, "thrift_container_size_limit": LARGEST_HEADER}
    try:
        raw = open_regular(path, LARGEST_FILE) if lying.place.is_dir() else io.BytesIO(lying.content(name)[name])
        with raw, parquet.ParquetFile(raw, memory_map=False, **limits) as file:
            yield file
    except UserError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise UserError(
            f"{path} is not a whole parquet file ({first_line(error)}); download or save it again"
        ) from error


def _columns(file: Any, path: str) -> Columns:
    """Which columns hold what, by Hugging Face's metadata, else by their kinds and names."""
    import pyarrow as pa

    schema = file.schema_arrow
    features = _features(schema)
    structs = [column.name for column in schema if pa.types.is_struct(column.type) and _has_bytes(column.type)]
    images = [name for name in structs if features.get(name, {}).get("_type") == "Image"] or structs
    if len(images) != 1:
        found = ", ".join(images) or "none"
        raise UserError(
            f"{path} must have one column of images, a struct that holds their bytes, as Hugging Face writes them; it "
            f"has {found}"
        )
    classes = [name for name in schema.names if features.get(name, {}).get("_type") == "ClassLabel"]
    label = next((name for name in LABELS if name in (classes or schema.names)), classes[0] if classes else "")
    if not label:
        raise UserError(f"{path} has no column of labels; call it label")
    wanted = schema.field(label).type
    if not (pa.types.is_integer(wanted) or pa.types.is_string(wanted) or pa.types.is_large_string(wanted)):
        raise UserError(f"{path} has labels of the kind {wanted} in {label}; whole numbers or texts are wanted")
    for number in range(file.metadata.num_row_groups):
        if (size := file.metadata.row_group(number).total_byte_size) > LARGEST_GROUP:
            raise UserError(f"{path} says that a part of it unpacks to {size:,} bytes; write it in smaller row groups")
    names = features.get(label, {}).get("names")
    known = tuple(names) if isinstance(names, list) and all(isinstance(name, str) for name in names) else ()
    if len(set(known)) < len(known):
        raise UserError(f"{path} names two classes alike; let every class have a name of its own")
    return Columns(images[0], label, known, file.metadata.num_rows)


def _features(schema: Any) -> dict[str, dict[str, Any]]:
    """What Hugging Face tells of the columns; empty where it does not."""
    try:
        found = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, dict)} if isinstance(found, dict) else {}


def _has_bytes(kind: Any) -> bool:
    import pyarrow as pa

    inner = [kind.field(at) for at in range(kind.num_fields)]
    return any(f.name == "bytes" and (pa.types.is_binary(f.type) or pa.types.is_large_binary(f.type)) for f in inner)


def _class(label: Any, columns: Columns, path: Path, row: int) -> str:
    if isinstance(label, str) and label.strip():
        return label
    if isinstance(label, int) and 0 <= label < (len(columns.names) or 2**31):
        return columns.names[label] if columns.names else str(label)
    has = f"; there are {len(columns.names)} classes, numbered from 0" if columns.names else ""
    raise UserError(f"{path} has the label {label!r} in row {row:,}{has or '; every image needs one'}")


def _images(lying: Lying, name: str) -> Iterator[Entry]:
    with _opened(lying, name) as file:
        column = _columns(file, f"{lying.place / name}").image
        row = 0
        for batch in file.iter_batches(batch_size=BATCH, columns=[column]):
            for item in batch.column(0):
                yield Entry(row_name(name, row), partial(_bytes, lying.place / name, row, item))
                row += 1


def _bytes(path: Path, row: int, item: Any) -> bytes:
    """The image of a row; raises UserError where it holds none."""
    known = item.as_py() or {}
    content = known.get("bytes")
    if content is None:
        where = f"the path {str(known['path'])[:80]!r}" if known.get("path") else "nothing"
        raise UserError(f"{path} holds {where} in row {row:,} and no image; save it with the images' bytes")
    if len(content) > LARGEST_BYTES:
        raise UserError(f"{path} holds an image of {len(content):,} bytes in row {row:,}; {LARGEST_BYTES:,} are read")
    return bytes(content)
