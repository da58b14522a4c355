"""CIFAR-10 and CIFAR-100 in their Python version: the archive as it is published, or the folder in it."""

from __future__ import annotations

import hashlib
import os
import tarfile
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vitcore.data.registry import Dataset
from vitcore.data.storage.archives import BROKEN
from vitcore.data.storage.decoded import Arrays, Writer, stamp
from vitcore.data.storage.download import Progress, download
from vitcore.data.storage.regular import open_regular, read_regular
from vitcore.errors import UserError, first_line

DOWNLOADS = True
NAMES = {
    "cifar-10-batches-py": ("batches.meta", *(f"data_batch_{number}" for number in range(1, 6)), "test_batch"),
    "cifar-100-python": ("meta", "train", "test"),
}
ARCHIVES = {"cifar-10-batches-py": "cifar-10-python", "cifar-100-python": "cifar-100-python"}
ENDINGS = (".tar.gz", ".tgz", ".tar")  # a browser may have unpacked the gzip file without a word
LARGEST, LARGEST_ARCHIVE = 2**28, 2**30  # bytes


def wanted(dataset: Dataset, place: Path) -> str:
    """What a person would bring, and where to put it, for a sentence that says so."""
    archive = ARCHIVES[dataset.place] + ENDINGS[0]
    return f"{archive} (its Python version), or the folder {place.name} that is in it, into {place.parent}"


def find(dataset: Dataset, place: Path) -> list[Path]:
    """The files, else the archive that holds them; either may lie in a folder of its own name."""
    for folder in (place, place / place.name, place.parent / ARCHIVES[dataset.place] / place.name):
        paths = [folder / name for name in NAMES[dataset.place]]
        if all(path.is_file() for path in paths):
            return paths
    archives = [ARCHIVES[dataset.place] + ending for ending in ENDINGS]
    return [path for folder in (place.parent, place) for name in archives if (path := folder / name).is_file()][:1]


def fetch(dataset: Dataset, place: Path, progress: Progress | None) -> None:
    """Bring the archive and take out of it the files that are known, and nothing else."""
    source = _source(dataset)
    packed = place.parent / source.filename
    download([source.url], packed, source.tgz_md5, progress)
    place.mkdir(parents=True, exist_ok=True)
    for name, content in _in_archive(packed, NAMES[dataset.place]).items():
        draft = place / f"{name}.part"
        draft.write_bytes(content)
        os.replace(draft, place / name)
    packed.unlink()


def read(dataset: Dataset, found: list[Path], image_size: int, writer: Writer, progress: Progress | None) -> Arrays:
    """Hand both splits to `writer`.

    The files are pickles: each is compared with its published checksum before torchvision opens it, so that nothing
    but the genuine bytes is ever unpickled; what it opens is a copy of exactly the bytes that were compared.

    Raises:
        UserError: a file that is not the published one, by name.
    """
    from vitcore.data.resize import resized

    source, names = _source(dataset), NAMES[dataset.place]
    packed = len(found) == 1
    if packed:
        contents: Mapping[str, bytes] = _in_archive(found[0], names)
    else:
        contents = {path.name: read_regular(path, LARGEST) for path in found}
    known = [*source.train_list, *source.test_list, [source.meta["filename"], source.meta["md5"]]]
    for name, md5 in known:
        if hashlib.md5(contents[name], usedforsecurity=False).hexdigest() != md5:
            what = f"{name} in {found[0]}" if packed else str(found[0].parent / name)
            raise UserError(f"{what} is not the published file; remove it and let it be downloaded again")
    splits = _opened(source, {name: contents[name] for name, _ in known}, dataset.place)
    writer.begin({split: np.array(images.targets) for split, images in splits.items()})
    for split, images in splits.items():
        stamps = [stamp(image.tobytes()) for image in images.data]
        writer.put(split, 0, resized(images.data.transpose(0, 3, 1, 2), image_size), stamps)
        if progress:
            progress(f"reading {dataset.label}", 0.5 if split == "train" else 1.0)
    return writer.finish(dataset.classes)


def _opened(source: Any, genuine: Mapping[str, bytes], place: str) -> dict[str, Any]:
    """Both splits as torchvision opens these files."""
    with tempfile.TemporaryDirectory() as root, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's remarks on arrays that were pickled in 2009
        folder = Path(root) / place
        folder.mkdir()
        for name, content in genuine.items():
            (folder / name).write_bytes(content)
        return {split: source(root, train=split == "train", download=False) for split in ("train", "test")}


def _in_archive(packed: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """The files of these names; only regular ones, of a fair size."""
    found: dict[str, bytes] = {}
    try:
        with open_regular(packed, LARGEST_ARCHIVE) as raw, tarfile.open(fileobj=raw) as archive:
            for member in archive:
                name = Path(member.name).name
                if name in names and name not in found and member.isfile() and member.size <= LARGEST:
                    file = archive.extractfile(member)
                    found[name] = file.read() if file else b""
    except UserError:
        raise
    except (*BROKEN, OSError) as error:
        raise UserError(
            f"{packed} is not a whole archive ({first_line(error)}); remove it and let it be downloaded again"
        ) from error
    missing = [name for name in names if name not in found]
    if missing:
        raise UserError(f"{packed} holds no {missing[0]}; remove it and let it be downloaded again")
    return found


def _source(dataset: Dataset) -> Any:
    from vitcore.vision import torchvision

    classes = {"cifar-10-batches-py": torchvision.datasets.CIFAR10, "cifar-100-python": torchvision.datasets.CIFAR100}
    return classes[dataset.place]
