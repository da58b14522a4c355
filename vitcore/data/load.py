"""A dataset by name, as uint8 tensors: from the decoded copy at once, else read, else downloaded."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitcore.data.registry import DATASETS, READERS, Color, Dataset
from vitcore.data.storage.places import cache_folders, data_root, user_cache, writable
from vitcore.data.validation import check
from vitcore.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from vitcore.data.storage.decoded import Arrays
    from vitcore.data.storage.download import Progress

STAND_INS = "VITCORE_STAND_INS"  # environment, which an engine sets for a worker: a JSON object of paths by paths


@dataclass(frozen=True)
class Split:
    """Images (n, c, y, x) uint8 and their labels (n,) int64."""

    images: Tensor
    labels: Tensor
    digest: str = ""  # of the files' own images, in order, with their labels (vitcore.data.identity)


@dataclass(frozen=True)
class Images:
    """A dataset in hand; the test split is its own and never reaches training.

    `val` is the dataset's own validation split, where it has one and was asked for; `train` is then without it.
    """

    train: Split
    test: Split
    classes: tuple[str, ...]
    mean: Color
    std: Color
    notes: tuple[str, ...] = ()  # what a reader of the results must know of what was found, and left out
    val: Split | None = None
    image_size: int | None = None  # of what a network sees, cut out of these images; None: all of them

    def center(self, images: Tensor) -> Tensor:
        """The center (n, c, y, x) of images as a network sees it (PIL's and timm's CenterCrop); a view, no copy."""
        if self.image_size is None or images.shape[-1] == self.image_size:
            return images
        from vitcore.data.resize import center

        return center(images, self.image_size)


def load(
    name: str,
    image_size: int | None = None,
    progress: Progress | None = None,
    folder: str | None = None,
    skip_broken: bool = False,
    validation: bool = False,
    resize: str = "crop",
    crop_from: int | None = None,
) -> Images:
    """Both splits of a dataset, at `image_size` pixels (empty: its own); `folder` is the person's own path.

    With `crop_from` they are of that size, and `image_size` is cut out of them (`Images.center`, resized crops).

    With `skip_broken` the images that cannot be read are left out, which is told; without, they are refused. With
    `validation` the dataset's own validation split comes apart from what is trained on, where it has one. Of images
    that are not square the centered square is read, or, with `resize` "stretch", all, stretched to one.

    Raises:
        UserError: absent and not to be downloaded, corrupt, or not room enough to keep it.
    """
    import torch

    dataset, reader = known(name), _reader(name)
    place = _place(dataset, folder)
    wanted = image_size or dataset.image_size
    arrays, notes = _arrays(
        name, dataset, reader, place, crop_from or wanted, progress, skip_broken, validation, resize
    )
    splits = {
        split: Split(
            torch.from_numpy(arrays.images[split]), torch.from_numpy(arrays.labels[split]), arrays.digests[split]
        )
        for split in arrays.images
    }
    known_splits = (splits["train"], splits["test"], arrays.classes, dataset.mean, dataset.std)
    return Images(*known_splits, notes, splits.get("val"), wanted)


def check_validation(name: str, folder: str | None, asked: float | None) -> None:
    """Hold that a validation share or count can be held out of a person's own images; none of them is decoded.

    Of the datasets in the table the spec holds it by itself.

    Raises:
        UserError: there is no such folder, or a class would be left without an image to validate or to train on.
    """
    dataset, reader = known(name), _reader(name)
    if asked is None or not dataset.at_path:
        return
    place = _place(dataset, folder)
    if not reader.own_validation(dataset, place):
        sizes, classes = reader.class_sizes(dataset, place)
        check(asked, sizes, classes, str(place))


def available(name: str, folder: str | None = None) -> str | None:
    """None where `load` would do without a network; else one sentence: what is missing, and the way on."""
    dataset, reader = known(name), _reader(name)
    try:
        place = _place(dataset, folder)
    except UserError as error:
        return str(error)
    if reader.find(dataset, place):
        return None
    way = "it is downloaded when first used" if reader.DOWNLOADS else "it cannot be downloaded for you"
    return f"{dataset.label} is not on this machine: {way}, or put {reader.wanted(dataset, place)}"


def downloads(name: str) -> bool:
    """Whether `load` would fetch what is missing by itself."""
    known(name)
    return bool(_reader(name).DOWNLOADS)


def lying(name: str, folder: str | None = None) -> str:
    """What changes whenever one of its files does; no file is opened.

    Raises:
        UserError: there is no such dataset or folder, or one that cannot be looked into.
    """
    from vitcore.data.storage.inventory import inventory

    dataset = known(name)
    return inventory(_reader(name).find(dataset, _place(dataset, folder)))


def files(name: str, folder: str | None = None) -> tuple[Path, list[Path]]:
    """A folder, and every file below it that a dataset is read from; hidden ones left out, none where it is not here.

    Raises:
        UserError: there is no such dataset or folder.
    """
    from vitcore.data.storage.inventory import hidden

    dataset = known(name)
    place = _place(dataset, folder)
    base = data_root() if not dataset.at_path else place if place.is_dir() else place.parent
    found = dict[Path, None]()
    for path in _reader(name).find(dataset, place):
        inside = sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]
        found |= dict.fromkeys(item for item in inside if not any(map(hidden, item.relative_to(base).parts)))
    return base, [*found]


def known(name: str) -> Dataset:
    """The table's row.

    Raises:
        UserError: there is no such dataset.
    """
    if name not in DATASETS:
        raise UserError(f"there is no dataset {name!r}; there are {', '.join(DATASETS)}")
    return DATASETS[name]


def described(name: str, folder: str | None = None) -> Dataset:
    """The table's row; of images at a path, with the classes and rows that are found there. No image is decoded.

    Raises:
        UserError: there is no such dataset, or nothing that can be read lies there.
    """
    dataset = known(name)
    if not dataset.at_path:
        return dataset
    found: Dataset = _reader(name).described(dataset, _place(dataset, folder))
    return found


def _reader(name: str) -> Any:
    return READERS.get(name) or importlib.import_module(f"vitcore.data.readers.{DATASETS[name].reader}")


def _place(dataset: Dataset, folder: str | None) -> Path:
    """Where its files lie, or would."""
    if not dataset.at_path:
        return data_root() / dataset.place
    if not folder:
        raise UserError(f"{dataset.label} needs the path of a folder, archive or file of images; none was given")
    path = Path(_stand_ins().get(folder, folder)).expanduser().absolute()
    if not path.exists():
        raise UserError(
            f"there is no folder or archive or file {path}; give the path of a folder, archive or file of images"
        )
    if not (path.is_dir() or path.is_file()):  # a pipe, say, would keep its reader waiting for ever
        raise UserError(f"{path} is neither a folder nor a file; give the path of a folder, archive or file of images")
    return path


def _stand_ins() -> dict[str, str]:
    """Where images lie that a run's spec names by their path on another machine, by that path."""
    found: dict[str, str] = json.loads(os.environ.get(STAND_INS) or "{}")
    return found


def _arrays(
    name: str,
    dataset: Dataset,
    reader: Any,
    place: Path,
    image_size: int,
    progress: Progress | None,
    skip_broken: bool,
    validation: bool,
    resize: str,
) -> tuple[Arrays, tuple[str, ...]]:
    """The decoded copy, made first where there is none yet, and what is told of it."""
    found = reader.find(dataset, place)
    if not found:
        if not reader.DOWNLOADS:
            raise UserError(f"{dataset.label} is not on this machine; put {reader.wanted(dataset, place)}")
        reader.fetch(dataset, place, progress)
        found = reader.find(dataset, place)
    try:
        apart = validation and bool(dataset.val_samples or dataset.at_path) and reader.own_validation(dataset, place)
        return _decoded(name, reader, place, image_size, found, progress, skip_broken, apart, resize)
    except OSError as error:
        text = f"{error.filename or place}: {error.strerror or error}"
        raise UserError(f"{dataset.label} cannot be read ({text}); allow it, put it back, or make room") from error


def _decoded(
    name: str,
    reader: Any,
    place: Path,
    image_size: int,
    found: list[Path],
    progress: Progress | None,
    skip_broken: bool,
    apart: bool,
    resize: str,
) -> tuple[Arrays, tuple[str, ...]]:
    """The copy that was decoded from exactly these files, or one that is decoded now; and what is told of it."""
    from vitcore.data.storage.decode_dataset import notes_of, read, sources
    from vitcore.data.storage.decoded import SPLITS, VALIDATED, key, opened

    dataset = DATASETS[name]
    folders, files = _folders(dataset, place), key(name, image_size, found, resize)
    label, splits = (f"{files}-validated", VALIDATED) if apart else (files, SPLITS)
    for folder in folders:
        for copy in sources(folder / label, skip_broken):
            arrays = opened(copy)
            notes = None if arrays is None else notes_of(copy, reader, dataset, found)
            if arrays is not None and notes is not None:
                return arrays, notes
    keep = next((folder for folder in folders if writable(folder)), None)
    into = (keep or Path(tempfile.mkdtemp())) / label
    made = read(reader, dataset, found, image_size, into, progress, skip_broken, splits, resize)
    if key(name, image_size, found, resize) != files:
        for copy in sources(into, skip_broken):  # some of it may be from before and some from after
            shutil.rmtree(copy, ignore_errors=True)
        raise UserError(
            f"the files of {dataset.label} in {place} changed while they were read; try again once they rest"
        )
    return made


def _folders(dataset: Dataset, place: Path) -> list[Path]:
    return [user_cache() / "decoded"] if dataset.reader == "digits" else cache_folders(place.parent)
