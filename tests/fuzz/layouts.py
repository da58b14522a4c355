"""Trees of splits, classes, nesting, junk, links, archives: as torchvision reads them, no test image is trained on.

Every image has a color of its own, so that what was decoded tells which file it came from.
"""

from __future__ import annotations

import io
import os
import tarfile
import unicodedata
import zipfile
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any
from unittest import mock

from hypothesis import strategies as st
from PIL import Image

from tests.fuzz.promise import Kind
from vitcore.data.load import described, load
from vitcore.data.readers.folders import found
from vitcore.data.registry import DATASETS
from vitcore.data.storage.decode_all import Broken

TRAIN = ["train", "training_set", "Train", "seg_train", "train_images", "TrainSet"]
HELD_OUT = ["test", "test_set", "Testing", "val", "validation", "valid_2", "dev", "eval", "tests"]
SURELY_TESTED = {*("test", "testing", "val", "validation", "valid", "dev", "eval")}  # as whole words
CLASSES = ["cat", "dog", "cow", "train", "caf\u00e9", "cafe\u0301", "Cat", "valley", "testudo", "a b", "\u732b"]
NESTED = ["", "", "", "/indoor", "/outdoor/far", "/train", "/test", "/cat", "/dog"]
WRAPPERS = ["", "", "archive/", "archive/archive/", "classes/", "a/b/", "my-test-data/", "train/"]
ANY = [*TRAIN[:3], *HELD_OUT[:6], *CLASSES[:6], "one", "two", "images", "classes", "backup", ".hidden", "__MACOSX"]
JUNK = [
    "notes.txt",
    ".DS_Store",
    "Thumbs.db",
    "._1.png",
    "inner.zip",
    "labels.csv",
    "x.png.part",
    "loose.png",
    "README",
]
COUNTS = st.sampled_from([1, 2, 3, 5, 0])


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Any]:
    """Folders with so many images each, what else lies there, and what it is all packed in."""
    wrapper = draw(st.sampled_from(WRAPPERS))
    folders: dict[str, int] = {}
    wild = draw(st.integers(0, 2)) == 0
    if not wild or draw(st.booleans()):
        item = [draw(st.sampled_from(TRAIN))] if draw(st.integers(0, 9)) else []
        two = draw(st.lists(st.sampled_from(HELD_OUT), max_size=3, unique_by=lambda name: name[0]))
        splits = item + two if draw(st.integers(0, 4)) else []
        doubled = draw(st.booleans()) and draw(st.booleans())
        classes = draw(st.lists(st.sampled_from(CLASSES), min_size=2, max_size=4, unique=True))
        within = draw(st.integers(0, 7)) == 0
        nested = st.sampled_from(NESTED) if draw(st.booleans()) else st.just("")
        kinds = draw(st.lists(st.sampled_from(["indoor", "outdoor", "night"]), max_size=3, unique=True))
        for split in splits or [""]:
            for of in classes:
                path = f"{of}/{split}" if within else f"{split}/{split}/{of}" if doubled else f"{split}/{of}"
                folders[f"{wrapper}{path.strip('/')}{draw(nested)}"] = draw(st.integers(2, 5))
                folders.setdefault(f"{wrapper}{path.strip('/')}", draw(COUNTS))
                folders |= {f"{wrapper}{path.strip('/')}/{name}": draw(COUNTS) for name in kinds}
    for parts in draw(st.lists(st.lists(st.sampled_from(ANY), min_size=1, max_size=4), max_size=4)) if wild else []:
        folders["/".join(parts)] = draw(COUNTS)
    places = ["", *sorted(folders)]
    junk = draw(st.lists(st.tuples(st.sampled_from(places), st.sampled_from(JUNK)), max_size=4))
    links = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["folder", "file", "hard", "dangling", "circle"]),
                st.sampled_from(places),
                st.sampled_from(places),
            ),
            max_size=2,
        )
    )
    return {
        "folders": folders,
        "junk": junk,
        "links": links if draw(st.integers(0, 3)) == 0 else [],
        "broken": draw(st.integers(0, 7)) == 0,
        "skip": draw(st.booleans()),
        "packed": draw(st.sampled_from(["folder", "folder", "zip", "tar", "tgz"])),
    }


@cache
def image(number: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (number >> 8, number & 255, 7)).save(file, "PNG")
    return file.getvalue()


def _files(case: dict[str, Any]) -> dict[str, bytes]:
    names = [f"{folder}/{number}.png" for folder, count in sorted(case["folders"].items()) for number in range(count)]
    files = {name: image(number) for number, name in enumerate(names)}
    for folder, name in case["junk"]:
        files.setdefault(f"{folder}/{name}".lstrip("/"), image(len(files)) if name == "loose.png" else b"junk")
    if case["broken"] and names:
        files[names[len(names) // 2]] = b"no image"
    return files


def _make(case: dict[str, Any], files: dict[str, bytes], place: Path) -> Path:
    path = place / ("mine" if case["packed"] == "folder" else f"mine.{case['packed']}")
    if case["packed"] == "zip":
        with zipfile.ZipFile(path, "w") as packed:
            for name, content in files.items():
                packed.writestr(name, content)
    elif case["packed"] != "folder":
        with tarfile.open(path, "w:gz" if case["packed"] == "tgz" else "w") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    else:
        path.mkdir()
        for name in (*case["folders"], *(name.rpartition("/")[0] for name in files)):
            (path / name).mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (path / name).write_bytes(content)
        _link(case, path)
    return path


def _link(case: dict[str, Any], path: Path) -> None:
    for number, (sort, to, where) in enumerate(case["links"]):
        link = path / where / (f"linked {number}" + (".png" if sort != "folder" else ""))
        target = path / to / "0.png"
        if sort == "folder":
            link.symlink_to(path / to)
        elif sort == "dangling":
            link.symlink_to("nowhere.png")
        elif sort == "circle":
            link.symlink_to(link)
        elif target.is_file():
            (os.link if sort == "hard" else os.symlink)(target, link)


def check(case: dict[str, Any], place: Path) -> None:
    files = _files(case)
    path = _make(case, files, place)
    environment = {"XDG_CACHE_HOME": str(place / "cache"), "VITCORE_DATA": str(place / "data")}
    with mock.patch.dict(os.environ, environment):
        notes = described("folder", str(path))  # no image is decoded, so a broken one is no reason to refuse
        known = found(DATASETS["folder"], path)
        try:
            images = load("folder", 8, folder=str(path), skip_broken=case["skip"])
        except Broken as broken:
            assert not case["skip"] or broken.all  # noqa: PT017  what was asked for is not done
            assert _unreadable(path, case, files) >= set(broken.reasons)  # noqa: PT017
            raise
    rows = {split: dict(rows) for split, rows in known.splits.items()}
    assert (len(rows["train"]), len(rows["test"])) == (notes.train_samples, notes.test_samples)
    assert images.classes == notes.classes == known.classes
    _no_test_image_is_trained_on(path, rows)
    _as_torchvision_reads_it(case, path, known, rows)
    _the_right_bytes(path, files, images, rows)


def _unreadable(path: Path, case: dict[str, Any], files: dict[str, bytes]) -> set[str]:
    found = {name for name, content in files.items() if content == b"no image"}
    if case["packed"] == "folder":
        for folder, _, names in os.walk(path, followlinks=True):
            for name in names:
                file = Path(folder) / name
                if not file.is_file() or file.read_bytes() == b"no image":
                    found.add(file.relative_to(path).as_posix())
    return found


def _no_test_image_is_trained_on(path: Path, rows: dict[str, dict[str, int]]) -> None:
    assert not set(rows["train"]) & set(rows["test"])
    if path.is_dir():
        real = [{os.path.realpath(path / name) for name in rows[split]} for split in ("train", "test")]
        inodes = [{(a := os.stat(f)).st_ino * 2**20 + a.st_dev for f in item if os.path.exists(f)} for item in real]
        assert not inodes[0] & inodes[1]
    for name in rows["train"]:
        above = PurePosixPath(name).parts[:-1]
        kinds = [_surely(folder) for folder in above]
        if "classes" in above or (len(above) > 1 and "my-test-data" in above):
            continue
        first = next((kind for kind in kinds if kind), "train")
        assert first == "train" or "train" in kinds, f"{name} is trained on"


def _surely(folder: str) -> str:
    """The split that a whole word of the name says, told apart without the code that is tested."""
    words = folder.replace("_", " ").replace("Set", " set").casefold().split()
    if set(words) & {"train", "training"}:
        return "train"
    return "test" if set(words) & SURELY_TESTED else ""


def _as_torchvision_reads_it(case: dict[str, Any], path: Path, known: Any, rows: dict[str, dict[str, int]]) -> None:
    if case["packed"] != "folder" or case["links"] or any("<class>" in where for where in known.folders.values()):
        return
    from vitcore.vision import torchvision

    parts = {"train": [known.folders.get("train", known.folders.get("", ""))]}
    held_out = next((split for split in ("test", "eval", "val") if split in known.folders), "")
    parts["test"] = [known.folders[held_out]] if held_out else []
    for split, folders in parts.items():
        for folder in folders:
            other = torchvision.datasets.ImageFolder(str(path / folder), allow_empty=True)
            want = {
                Path(file).relative_to(path).as_posix(): unicodedata.normalize("NFC", other.classes[label])
                for file, label in other.samples
            }
            want = {name: of for name, of in want.items() if not _hidden(name)}
            measured = rows[split] if held_out else rows["train"] | rows["test"]
            assert {name: known.classes[label] for name, label in measured.items()} == want


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def _the_right_bytes(path: Path, files: dict[str, bytes], images: Any, rows: dict[str, dict[str, int]]) -> None:
    """Each row's pixels and label are those of the file it stands for."""
    for split, part in (("train", images.train), ("test", images.test)):
        names = list(rows[split])
        contents = [files.get(name) if not path.is_dir() else _bytes(path / name) for name in names]
        whole = [
            (name, content) for name, content in zip(names, contents, strict=True) if content not in (None, b"no image")
        ]
        assert len(whole) == len(part.labels)
        for (name, content), pixels, label in zip(whole, part.images, part.labels.tolist(), strict=True):
            assert label == rows[split][name]
            assert content is not None
            with Image.open(io.BytesIO(content)) as image:
                assert tuple(pixels[:, 4, 4].tolist()) == image.getpixel((1, 1))


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


KINDS = [Kind("directory layouts", 1000, trees(), check, named=True)]
