"""Small class folders and idx files, made for the tests."""

from __future__ import annotations

import functools
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw


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


def stroke(number: int, image_size: int = 64) -> Image.Image:
    """Ink on paper whose form the number tells: a bar that leans, and one across."""
    paper = Image.new("L", (image_size, image_size), 255)
    pen = ImageDraw.Draw(paper)
    pen.line((12 + 4 * (number % 10), 8, 40, image_size - 8), fill=0, width=6)
    pen.line((10, 10 + 4 * (number // 2), image_size - 10, 30), fill=0, width=5)
    return paper


def handwriting() -> dict[str, bytes]:
    """Names and bytes of two images of each digit in either split."""
    found = {}
    for split, first in (("train", 0), ("test", 2)):
        for digit in range(10):
            for place in range(first, first + 2):
                file = io.BytesIO()
                stroke(digit, 64 + place).save(file, "PNG")
                found[f"{split}/{digit}/{place}.png"] = file.getvalue()
    return found


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
