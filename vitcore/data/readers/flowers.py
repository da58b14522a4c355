"""Flowers-102 (Nilsback and Zisserman 2008): images from its archive or folder, splits and labels from its tables."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from vitcore.data.registry import Dataset
from vitcore.data.storage.archives import entries
from vitcore.data.storage.decode_all import decode_all, planned
from vitcore.data.storage.decoded import Arrays, Writer
from vitcore.data.storage.download import Progress, download
from vitcore.data.storage.inventory import hidden
from vitcore.data.storage.regular import read_regular
from vitcore.errors import UserError

DOWNLOADS = True
ARCHIVE, LABELS, SPLITS = "102flowers.tgz", "imagelabels.mat", "setid.mat"
FOLDERS = ("jpg", "102flowers")
ARCHIVES = (ARCHIVE, "102flowers.tar.gz", "102flowers.tar", "102flowers.zip")
PARTS = {"train": ["trnid", "valid"], "test": ["tstid"]}  # the columns of the splits' table
LARGEST_TABLE = (
    2**18
)  # the published ones have 502 and 14,989 bytes; such a file may unpack to a thousand times its size


def wanted(dataset: Dataset, place: Path) -> str:
    """What a person would bring, and where to put it, for a sentence that says so."""
    return f"{ARCHIVE} (or its folder jpg/), {LABELS} and {SPLITS} into {place}"


def find(dataset: Dataset, place: Path) -> list[Path]:
    """The images' folder or archive and the two tables; nothing where one of them is absent."""
    images, tables = _images(place), [place / LABELS, place / SPLITS]
    return [images, *tables] if images and all(table.is_file() for table in tables) else []


def own_validation(dataset: Dataset, place: Path) -> bool:
    """Whether it comes with a validation split: its tables name one."""
    return True


def _images(place: Path) -> Path | None:
    folders = [path for name in FOLDERS if (path := place / name).is_dir()]
    return next(iter([*folders, *(path for name in ARCHIVES if (path := place / name).is_file())]), None)


def fetch(dataset: Dataset, place: Path, progress: Progress | None) -> None:
    """Download what is absent from the addresses that torchvision knows, each file held to its MD5 sum."""
    from vitcore.vision import torchvision

    source = torchvision.datasets.Flowers102
    for name, md5 in source._file_dict.values():
        if not (place / name).is_file() and not (name == ARCHIVE and _images(place)):
            download([source._download_url_prefix + name], place / name, md5, progress)


def read(dataset: Dataset, found: list[Path], image_size: int, writer: Writer, progress: Progress | None) -> Arrays:
    """Train on the training and validation splits (2,040 images), as is usual; test on the test split (6,149).

    Where the validation split (1,020) is asked for, it comes apart from the training split (1,020).
    "flowers-102-val" trains on the training split alone (1,020) and has the validation split (1,020) for a test split.

    Raises:
        UserError: a table or an image that cannot be read, by name.
    """
    images, labels_table, splits_table = found
    labels = _column(labels_table, "labels").astype(np.int64) - 1
    train, val = _column(splits_table, "trnid"), _column(splits_table, "valid")
    if dataset.validates:
        splits = {"train": train, "test": val}
    elif "val" in writer.splits:
        splits = {"train": train, "val": val, "test": _column(splits_table, "tstid")}
    else:
        splits = {"train": np.concatenate([train, val]), "test": _column(splits_table, "tstid")}
    if labels.size and not (labels.min() >= 0 and labels.max() < len(dataset.classes)):
        raise UserError(
            f"{labels_table} has labels beyond the {len(dataset.classes)} classes; put the published one there"
        )
    paths = [Path(entry.name) for entry in entries(images)]
    names = {path.name: path.as_posix() for path in paths if not any(map(hidden, path.parts))}
    try:
        plan, in_order = planned(
            {
                split: [(names[f"image_{row:05d}.jpg"], int(labels[row - 1])) for row in sorted(rows.tolist())]
                for split, rows in splits.items()
            },
            writer.without,
        )
    except (KeyError, IndexError) as error:
        raise UserError(f"{images} lacks {error}; put the whole of {dataset.label} there") from error
    writer.begin(in_order)
    decode_all(plan, [images], writer, image_size=image_size, channels=3, label=dataset.label, progress=progress)
    return writer.finish(dataset.classes)


def _column(path: Path, name: str) -> np.ndarray:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    content = read_regular(path, LARGEST_TABLE)
    try:
        return np.asarray(loadmat(io.BytesIO(content))[name]).ravel().astype(np.int64)
    except (MatReadError, KeyError, ValueError, OSError, TypeError) as error:
        raise UserError(f"{path} is not the published table; remove it and let it be downloaded again") from error
