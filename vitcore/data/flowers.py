"""Flowers-102 (Nilsback and Zisserman 2008): pictures from its archive or folder, splits and labels from its tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vitcore.data.archives import entries
from vitcore.data.datasets import Dataset
from vitcore.data.decode_all import decode_all, planned
from vitcore.data.decoded import Arrays, Writer
from vitcore.data.download import Progress, download
from vitcore.errors import Refusal

DOWNLOADS = True
ARCHIVE, LABELS, SPLITS = "102flowers.tgz", "imagelabels.mat", "setid.mat"


def wanted(dataset: Dataset, place: Path) -> str:
    return f"{ARCHIVE} (or its folder jpg/), {LABELS} and {SPLITS} into {place}"


def find(dataset: Dataset, place: Path) -> list[Path]:
    pictures = next((path for path in (place / "jpg", place / ARCHIVE) if path.exists()), None)
    tables = [place / LABELS, place / SPLITS]
    return [pictures, *tables] if pictures and all(table.is_file() for table in tables) else []


def fetch(dataset: Dataset, place: Path, progress: Progress | None) -> None:
    from vitcore.vision import torchvision

    source = torchvision.datasets.Flowers102
    for name, md5 in source._file_dict.values():
        if not (place / name).is_file() and not (name == ARCHIVE and (place / "jpg").is_dir()):
            download([source._download_url_prefix + name], place / name, md5, progress)


def read(dataset: Dataset, found: list[Path], side: int, writer: Writer, progress: Progress | None) -> Arrays:
    """Train on the training and validation splits (2,040 pictures), as is usual; test on the test split (6,149).

    Raises:
        Refusal: a table or a picture that cannot be read, by name.
    """
    pictures, labels_table, splits_table = found
    labels = _column(labels_table, "labels").astype(np.int64) - 1
    splits = {
        "train": np.concatenate([_column(splits_table, "trnid"), _column(splits_table, "valid")]),
        "test": _column(splits_table, "tstid"),
    }
    names = {Path(entry.name).name: entry.name for entry in entries(pictures)}
    try:
        plan, in_order = planned(
            {
                split: [(names[f"image_{row:05d}.jpg"], int(labels[row - 1])) for row in sorted(rows.tolist())]
                for split, rows in splits.items()
            },
            writer.without,
        )
    except (KeyError, IndexError) as error:
        raise Refusal(f"{pictures} lacks {error}; put the whole of {dataset.label} there") from error
    writer.begin(in_order)
    decode_all(plan, [pictures], writer, side=side, channels=3, label=dataset.label, progress=progress)
    return writer.finish(dataset.classes)


def _column(path: Path, name: str) -> np.ndarray:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        return np.asarray(loadmat(str(path))[name]).ravel()
    except (MatReadError, KeyError, ValueError, OSError, TypeError) as error:
        raise Refusal(f"{path} is not the published table; remove it and let it be downloaded again") from error
