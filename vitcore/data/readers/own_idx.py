"""A folder of idx files of one's own: KMNIST, EMNIST (whose images are transposed), QMNIST, and their like."""

from __future__ import annotations

import gzip
import io
import math
import re
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from vitcore.data.readers.chosen import Passed, numbered
from vitcore.data.readers.layouts import Layout
from vitcore.data.readers.lying import LARGEST_FILE, Lying
from vitcore.data.readers.rows import channels_last, class_names, put_rows, row_name
from vitcore.data.storage.decode_all import Plan
from vitcore.data.storage.decoded import Writer
from vitcore.data.storage.download import Progress
from vitcore.errors import UserError, first_line

NAME = re.compile(
    r"(?P<set>.*?)(?P<split>train|test|t10k)[-_](?P<what>images|labels)[-.]idx\d-(ubyte|int)(\.gz)?", re.IGNORECASE
)
KINDS: dict[int, np.dtype] = {
    0x08: np.dtype(">u1"),
    0x0C: np.dtype(">i4"),
}  # bytes, and the whole numbers of QMNIST's labels
SPLITS = {"train": "train", "test": "test", "t10k": "test"}
TRANSPOSED = "emnist"  # as Cohen et al. 2017 saved them; torchvision hands them out so
PACKED = b"\x1f\x8b"


@dataclass(frozen=True)
class File:
    """One of the files: of which collection and split, and what is in it."""

    name: str
    collection: str
    split: str
    what: str


def files(lying: Lying) -> list[File]:
    """The idx files there; one that lies there packed and unpacked counts once."""
    found: dict[tuple[str, str, str], File] = {}
    for name in lying.ending("ubyte", "-int", ".gz"):
        match = NAME.fullmatch(PurePosixPath(name).name)
        if match:
            collection, split, what = match["set"].strip("-_").lower(), SPLITS[match["split"].lower()], match["what"]
            found.setdefault((collection, split, what.lower()), File(name, collection, split, what.lower()))
    return list(found.values())


def recognizes(lying: Lying) -> bool:
    """Whether there are idx files."""
    return bool(files(lying))


def arranged(lying: Lying) -> tuple[Layout, Passed]:
    """Its splits and classes, from the labels alone.

    Raises:
        UserError: more than one collection (EMNIST has six), one file of four missing, or a file that is damaged.
    """
    there = files(lying)
    collections = sorted({file.collection for file in there})
    if len(collections) > 1:
        raise UserError(
            f"{lying.place} holds {', '.join(collections)}; put the four files of one of them into a folder of its own"
        )
    splits: dict[str, dict[str, list[str]]] = {}
    names = _class_names(lying, collections[0])
    for split in ("train", "test"):
        images, labels = (_file(lying, there, split, what) for what in ("images", "labels"))
        shape, _, _ = _header(_content(lying, images.name, 64), lying, images.name)
        array = _array(lying, labels.name)
        of = class_names(array[:, 0] if array.ndim == 2 and array.shape[1] == 8 else array, labels.name, shape[0])
        classes = splits.setdefault(split, {})
        for row, label in enumerate(of):
            classes.setdefault(names.get(label, label), []).append(row_name(images.name, row))
    by_number = {name: number for number, name in names.items()}
    order = tuple(sorted(numbered(splits["train"]), key=lambda name: int(by_number.get(name) or name)))
    turned = (f"the images of {images.name} lie transposed in their file and are turned upright",) * _turned(
        images.name
    )
    folders = {split: _file(lying, there, split, "images").name for split in splits}
    return Layout(splits, folders, {}, turned, table=folders["train"], order=order), {}


def decode(
    lying: Lying, plan: Plan, writer: Writer, *, image_size: int, channels: int, label: str, progress: Progress | None
) -> None:
    """Hand every planned image to `writer`; raises UserError where a file is cut short or damaged."""

    def give(name: str) -> np.ndarray:
        images = channels_last(_array(lying, name), name)
        return images.transpose(0, 2, 1, 3) if _turned(name) else images

    put_rows(plan, give, writer, image_size=image_size, channels=channels, label=label, progress=progress)


def _turned(name: str) -> bool:
    return PurePosixPath(name).name.lower().startswith(TRANSPOSED)


def _file(lying: Lying, there: list[File], split: str, what: str) -> File:
    found = next((file for file in there if file.split == split and file.what == what), None)
    if found is None:
        raise UserError(f"{lying.place} has no idx file of the {split} {what}; put all four beside one another")
    return found


def _class_names(lying: Lying, collection: str) -> dict[str, str]:
    """EMNIST's letters by their numbers, from the table that comes with it; empty where there is none."""
    wanted = f"{collection}-mapping.txt"
    name = next((name for name in lying.names if PurePosixPath(name).name.lower() == wanted), None)
    if name is None or lying.given:
        return {}
    lines = [line.split() for line in lying.content(name)[name].decode("ascii", "replace").splitlines()]
    try:
        found = {str(int(number)): chr(int(first)) for number, first, *_ in filter(None, lines)}
    except (ValueError, OverflowError):
        found = {}
    if not found or len(set(found.values())) < len(found) or not all(name.isprintable() for name in found.values()):
        raise UserError(f"{lying.place / name} is no table of numbers and letters; download it again, or take it away")
    return found


def _content(lying: Lying, name: str, most: int = LARGEST_FILE) -> bytes:
    """Its first `most` bytes, unpacked."""
    content = lying.content(name)[name]
    if not content.startswith(PACKED):
        return content[:most]
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            plain = file.read(most if most < LARGEST_FILE else most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(
            f"{lying.place / name} begins as a gzip file and cannot be unpacked ({first_line(error)}); load it anew"
        ) from error
    if len(plain) > LARGEST_FILE:
        raise UserError(
            f"{lying.place / name} unpacks to more than {LARGEST_FILE:,} bytes; it is no idx file of images"
        )
    return plain


def _header(content: bytes, lying: Lying, name: str) -> tuple[tuple[int, ...], np.dtype, int]:
    """Its shape, kind of number, and where these begin."""
    kind, axes = (content[2], content[3]) if len(content) >= 4 and content[:2] == b"\0\0" else (0, 0)
    start = 4 + 4 * axes
    if kind not in KINDS or not 1 <= axes <= 4 or len(content) < start:
        raise UserError(f"{lying.place / name} is not an idx file (its header is wrong); download it again")
    shape = tuple(int(n) for n in np.frombuffer(content[4:start], ">u4"))
    return shape, KINDS[kind], start


def _array(lying: Lying, name: str) -> np.ndarray:
    content = _content(lying, name)
    shape, kind, start = _header(content, lying, name)
    wanted = start + math.prod(shape) * kind.itemsize
    if len(content) != wanted:
        raise UserError(
            f"{lying.place / name} has {len(content):,} bytes where its header promises {wanted:,}; it is cut short or "
            "damaged: download it again"
        )
    found = np.frombuffer(content, kind, offset=start).reshape(shape)
    return found.astype(np.int64) if kind.itemsize > 1 else found.view(np.uint8)
