"""Small class folders and idx files, made for the tests."""

from __future__ import annotations

import functools
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


@functools.cache
def image(level: int, image_size: int = 12, mode: str = "RGB", form: str = "PNG") -> bytes:
    """An image of one gray level."""
    file = io.BytesIO()
    Image.new("L", (image_size, image_size), level).convert(mode).save(file, form)
    return file.getvalue()


def class_files(split: bool = True, each: int = 5) -> dict[str, bytes]:
    """Names and bytes of two classes, told apart by brightness."""
    splits = ("train/", "test/") if split else ("",)
    return {
        f"{part}{name}/{number}.png": image(level + number)
        for part in splits
        for name, level in (("bright", 200), ("dark", 20))
        for number in range(each)
    }


def write_folder(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:xz" if path.suffix == ".xz" else "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def idx_files(raw: Path, train: int = 20, test: int = 10) -> None:
    """A whole, tiny MNIST."""
    raw.mkdir(parents=True, exist_ok=True)
    numbers = np.random.default_rng(0)
    for name, rows in (("train", train), ("t10k", test)):
        images = numbers.integers(0, 256, (rows, 28, 28), dtype=np.uint8)
        labels = (np.arange(rows) % 10).astype(np.uint8)
        head = np.array([0x0803, rows, 28, 28], dtype=">i4").tobytes()
        (raw / f"{name}-images-idx3-ubyte").write_bytes(head + images.tobytes())
        head = np.array([0x0801, rows], dtype=">i4").tobytes()
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())
