"""Every dataset, small, as its publisher gives it: what a person would put there by hand."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.data.images import class_files, handwriting, idx_files, image, write_folder
from vitcore.data.readers import cifar
from vitcore.data.registry import DATASETS

Files = dict[str, bytes]


def idx(_: pytest.MonkeyPatch, tmp: Path) -> Files:
    """The four files as they are once they are unpacked."""
    idx_files(tmp)
    return {path.name: path.read_bytes() for path in tmp.iterdir()}


def cifar_batches(name: str, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Tiny batches, whose checksums take the place of the published ones."""
    dataset = DATASETS[name]
    source = cifar._source(dataset)
    numbers = np.random.default_rng(0)
    label = "labels" if name == "cifar-10" else "fine_labels"

    def batch() -> bytes:
        return pickle.dumps({"data": numbers.integers(0, 256, (4, 3072), dtype=np.uint8), label: [0, 1, 2, 3]}, 2)

    files = {file: batch() for file in cifar.NAMES[dataset.place]}
    files[source.meta["filename"]] = pickle.dumps({source.meta["key"]: list(dataset.classes)}, 2)

    def md5(file: str) -> str:
        return hashlib.md5(files[file], usedforsecurity=False).hexdigest()

    for part in ("train_list", "test_list"):
        monkeypatch.setattr(source, part, [[file, md5(file)] for file, _ in getattr(source, part)])
    monkeypatch.setattr(source, "meta", {**source.meta, "md5": md5(source.meta["filename"])})
    return {f"{dataset.place}/{file}": content for file, content in files.items()}


def classes_of(name: str, split: str = "test") -> Files:
    """An image a class and split."""
    dataset = DATASETS[name]
    return {
        f"{part}/class{i:04d}/{i}.png": image(i % 256, 8)
        for part in ("train", split)
        for i in range(len(dataset.classes))
    }


def tiny(top: str = "tiny-imagenet-200/") -> Files:
    files = {f"{top}train/n{i:08d}/images/n{i:08d}_0.JPEG": image(i, 8) for i in range(200)}
    files |= {f"{top}val/images/val_{i}.JPEG": image(i, 8) for i in range(200)}
    lines = "".join(f"val_{i}.JPEG\tn{i:08d}\t0\t0\t1\t1\n" for i in range(200))
    return files | {f"{top}val/val_annotations.txt": lines.encode()}


def flowers() -> Files:
    """Three images a split."""
    from scipy.io import savemat

    def table(**columns: list[int]) -> bytes:
        file = io.BytesIO()
        savemat(file, {name: np.array([column]) for name, column in columns.items()})
        return file.getvalue()

    files = {f"jpg/image_{i:05d}.jpg": image(20 * i, 8, form="JPEG") for i in range(1, 10)}
    return files | {
        "imagelabels.mat": table(labels=[1, 2, 3] * 3),
        "setid.mat": table(trnid=[1, 2, 3], valid=[4, 5, 6], tstid=[7, 8, 9]),
    }


def tarred(files: Files, mode: str = "w:gz") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:  # type: ignore[call-overload]
        for name, bytes_ in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(bytes_)
            archive.addfile(member, io.BytesIO(bytes_))
    return content.getvalue()


def zipped(files: Files) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, bytes_ in files.items():
            archive.writestr(name, bytes_)
    return content.getvalue()


def packed(files: Files) -> Files:
    """Each as gzip makes it."""
    return {f"{name}.gz": gzip.compress(content) for name, content in files.items()}


def _idx(folder: str) -> Callable[[pytest.MonkeyPatch, Path], dict[str, Files]]:
    def ways(monkeypatch: pytest.MonkeyPatch, tmp: Path) -> dict[str, Files]:
        files = idx(monkeypatch, tmp)
        spelled = {name.replace("-idx", ".idx"): content for name, content in files.items()}
        inside = {f"{name}/{name}": content for name, content in files.items()}
        mixed = dict(list(files.items())[:2]) | dict(list(packed(files).items())[2:])
        unpacked_by_browser = {f"{name}.gz": content for name, content in files.items()}
        forms = {
            "files": files,
            "gz": packed(files),
            "Kaggle": spelled,
            "Kaggle's gz": packed(spelled),
            "Kaggle's folders": inside,
            "mixed": mixed,
            "unpacked by the browser": unpacked_by_browser,
        }
        placed = {how: _below(f"{folder}/raw", form) for how, form in forms.items()}
        return placed | {"beside raw": _below(folder, packed(files))}

    return ways


def _cifar(name: str, archive: str) -> Callable[[pytest.MonkeyPatch, Path], dict[str, Files]]:
    def ways(monkeypatch: pytest.MonkeyPatch, tmp: Path) -> dict[str, Files]:
        files, top = cifar_batches(name, monkeypatch), DATASETS[name].place
        return {
            "files": files,
            "archive": {f"{archive}.tar.gz": tarred(files)},
            "archive in the folder": {f"{top}/{archive}.tar.gz": tarred(files)},
            "archive that the browser unpacked": {f"{archive}.tar": tarred(files, "w")},
            "unpacked into the folder": _below(top, files),
            "unpacked into the archive's name": _below(archive, files),
        }

    return ways


def _flowers(_: pytest.MonkeyPatch, tmp: Path) -> dict[str, Files]:
    files = flowers()
    tables = {name: content for name, content in files.items() if name.endswith(".mat")}
    jpg = {name: content for name, content in files.items() if not name.endswith(".mat")}
    junk = {"jpg/._image_00001.jpg": b"Mac OS X"}
    forms = {
        "files": files,
        "archive": tables | {"102flowers.tgz": tarred(jpg | junk)},
        "another ending": tables | {"102flowers.tar.gz": tarred(jpg)},
        "another folder": tables | {f"102flowers/{name}": content for name, content in jpg.items()},
    }
    return {how: _below("flowers-102", form) for how, form in forms.items()}


def _tiny(_: pytest.MonkeyPatch, tmp: Path) -> dict[str, Files]:
    return {
        "files": tiny(),
        "zip": {"tiny-imagenet-200.zip": zipped(tiny())},
        "twice downloaded": {"tiny-imagenet-200.zip": zipped(tiny()), "tiny-imagenet-200 (1).zip": zipped(tiny())},
        "unpacked into its own name": _below("tiny-imagenet-200", tiny()),
        "a tar": {"tiny-imagenet-200.tar.gz": tarred(tiny())},
    }


def _classes(name: str) -> Callable[[pytest.MonkeyPatch, Path], dict[str, Files]]:
    def ways(_: pytest.MonkeyPatch, tmp: Path) -> dict[str, Files]:
        place = DATASETS[name].place
        return {
            "files": _below(place, classes_of(name)),
            "val": _below(place, classes_of(name, "val")),
            "zip": {f"{place}.zip": zipped(classes_of(name))},
        }

    return ways


# By the dataset's name: what may be put below the data folder, each way of it whole; "files" are loose ones.
MAKERS: dict[str, Callable[[pytest.MonkeyPatch, Path], dict[str, Files]]] = {
    "digits": lambda monkeypatch, tmp: {"files": {}},
    "mnist": _idx("MNIST"),
    "fashion-mnist": _idx("FashionMNIST"),
    "cifar-10": _cifar("cifar-10", "cifar-10-python"),
    "cifar-10-jpeg": _classes("cifar-10-jpeg"),
    "cifar-100": _cifar("cifar-100", "cifar-100-python"),
    "tiny-imagenet": _tiny,
    "flowers-102": _flowers,
    "flowers-102-val": _flowers,
    "imagenet": _classes("imagenet"),
    "folder": lambda monkeypatch, tmp: {
        "files": _below("mine", class_files()),
        "zip": {"mine.zip": zipped(class_files())},
    },
    "own-digits": lambda monkeypatch, tmp: {
        "files": _below("mine", handwriting()),
        "zip": {"mine.zip": zipped(handwriting())},
    },
}


def loose(name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The dataset's files on the disk below `root`; the folder that they lie in."""
    scratch = root.parent / "scratch"
    write_folder(root, MAKERS[name](monkeypatch, scratch)["files"])
    if DATASETS[name].at_path:
        return root / "mine"
    return root / DATASETS[name].place if DATASETS[name].place else root


def _below(folder: str, files: Files) -> Files:
    return {f"{folder}/{name}": content for name, content in files.items()}
