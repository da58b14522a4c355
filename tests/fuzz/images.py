"""Class folders, zips and tars, and single uploads: images of every make, names that lead out, links, bombs."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import warnings
import zipfile
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from pages.draw.upload import opened
from tests.data.images import class_files, image
from tests.fuzz.promise import CANARY, Kind
from tests.fuzz.values import damaged
from vitcore.data import image as prepared
from vitcore.data.load import available, described, load
from vitcore.data.storage.decode import decoded


def _saved(image: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


@cache
def makes() -> dict[str, bytes]:
    """A whole image of every make that is read, and of some that are not."""
    ramp = np.linspace(0, 65_535, 144).reshape(12, 12)
    frames = [Image.new("P", (12, 12), level) for level in (9, 200, 30)]
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (12, 12, 3), dtype=np.uint8))
    turned = Image.Exif()
    turned[0x0112] = 6
    return {
        "plain.png": image(90),
        "noise.jpg": _saved(noise, "JPEG"),
        "turned.jpg": _saved(noise, "JPEG", exif=turned),
        "cmyk.jpg": _saved(Image.new("CMYK", (12, 12), (9, 99, 0, 3)), "JPEG"),
        "16-bit.png": _saved(Image.fromarray(ramp.astype(np.uint16)), "PNG"),
        "float.tiff": _saved(Image.fromarray(ramp.astype(np.float32)), "TIFF"),
        "nan.tiff": _saved(Image.fromarray(np.full((4, 4), np.nan, np.float32)), "TIFF"),
        "int.tiff": _saved(Image.fromarray(ramp.astype(np.int32) - 9), "TIFF"),
        "animated.gif": _saved(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "animated.webp": _saved(frames[0].convert("RGB"), "WEBP", save_all=True, append_images=frames[1:]),
        "glass.png": _saved(Image.new("RGBA", (12, 12), (0, 0, 0, 0)), "PNG"),
        "palette.png": _saved(noise.convert("P"), "PNG"),
        "one bit.bmp": _saved(Image.new("1", (12, 12), 1), "BMP"),
        "dot.png": image(5, 1),
        "thin.png": _saved(Image.new("L", (900, 1), 60), "PNG"),
        "wide.png": _saved(Image.new("1", (12_000, 10_000)), "PNG"),
        "many.ppm": b"P6 99999 99999 255\n" + bytes(99),
        "vector.png": b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        "postscript.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) (w) file\n",
        "empty.png": b"",
    }


@st.composite
def images(draw: st.DrawFn) -> tuple[str, bytes]:
    name = draw(st.sampled_from(sorted(makes())))
    content = makes()[name]
    return name, draw(damaged(content)) if draw(st.booleans()) else content


ODD_NAMES = (
    f"../{CANARY}.png",
    f"train/a/../../../{CANARY}.png",
    f"C:\\{CANARY}.png",
    f"..\\{CANARY}.png",
    "train/a/nul\0.png",
    "train/ü ⚡/\udcff.png".encode("utf-8", "replace").decode(),
    "train/" + "x/" * 60 + "deep.png",
    "train/a/" + "n" * 200 + ".png",
    "train//double.png",
    "./train/a/dot.png",
    "TRAIN/A/SHOUT.PNG",
    "val/a/other.png",
)


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Any]:
    """Files by name, what they are packed in, and what is wrong with the packing."""
    files = class_files(split=draw(st.booleans()), each=2) if draw(st.integers(0, 9)) else {}
    folders = sorted({name.rpartition("/")[0] for name in files}) or ["train/a"]
    for number in range(draw(st.integers(0, 3))):
        name, content = draw(images())
        files[f"{draw(st.sampled_from(folders))}/{number}-{name}"] = content
    if draw(st.integers(0, 3)) == 0:
        files[draw(st.sampled_from(ODD_NAMES))] = image(3)
    if draw(st.integers(0, 9)) == 0:
        files.pop(draw(st.sampled_from(sorted(files)))) if files else None
    packed = draw(st.sampled_from(["folder", "zip", "tar", "tar.xz", "tgz"]))
    if packed == "zip" and draw(st.integers(0, 30)) == 0:
        files |= {f"train/class {number}/1.png": b"" for number in range(10_000)}
    return {
        "files": files,
        "packed": packed,
        "wrong": draw(st.sampled_from(["", "", "", "link", "hard link", "device", "bomb", "lie", "twice", "damaged"])),
        "damage": draw(damaged(bytes(range(256)) * 8)),
        "place": draw(st.integers(0, 100)),
    }


def _make(case: dict[str, Any], place: Path) -> Path:
    path = place / ("images" if case["packed"] == "folder" else f"images.{case['packed']}")
    if case["packed"] == "folder":
        _folder(case, path)
    elif case["packed"] == "zip":
        _zip(case, path)
    else:
        _tar(case, path)
    if case["wrong"] == "damaged" and path.is_file():
        whole = path.read_bytes()
        at = len(whole) * case["place"] // 100
        path.write_bytes(whole[:at] + (case["damage"] if case["place"] % 2 else b""))
    return path


def _folder(case: dict[str, Any], path: Path) -> None:
    path.mkdir()
    for name, content in case["files"].items():
        if ".." in name or "\0" in name or "\\" in name:  # nobody can have such a file in a folder
            continue
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    if case["wrong"] == "link":
        (path / "train").mkdir(exist_ok=True)
        (path / "train" / "linked.png").symlink_to("/etc/passwd")
    if case["wrong"] == "device":
        os.mkfifo(path / "pipe.txt")


def _zip(case: dict[str, Any], path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in case["files"].items():
            archive.writestr(zipfile.ZipInfo(name), content)
        if case["wrong"] in ("link", "hard link", "device"):
            info = zipfile.ZipInfo("train/bright/linked.png")
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, "/etc/passwd")
        if case["wrong"] == "bomb":
            archive.writestr("train/bright/bomb.png", bytes(5 * 2**20), compresslevel=9)
        if case["wrong"] == "twice" and case["files"]:
            archive.writestr(zipfile.ZipInfo("train/bright/1.png "), image(1))
    if case["wrong"] == "lie":  # the directory says another size than the member has
        whole = path.read_bytes()
        at = whole.rfind(b"PK\x01\x02")
        if at >= 0:
            path.write_bytes(whole[: at + 24] + b"\xff\xff\xff\x00" + whole[at + 28 :])


def _tar(case: dict[str, Any], path: Path) -> None:
    mode = {"tar": "w", "tar.xz": "w:xz", "tgz": "w:gz"}[case["packed"]]
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in case["files"].items():
            member = tarfile.TarInfo(name.replace("\0", "0"))
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
            if case["wrong"] == "twice":
                archive.addfile(member, io.BytesIO(content))
        special = {"link": tarfile.SYMTYPE, "hard link": tarfile.LNKTYPE, "device": tarfile.CHRTYPE}
        if case["wrong"] in special:
            member = tarfile.TarInfo("train/bright/linked.png")
            member.type, member.linkname = special[case["wrong"]], "/etc/passwd"
            archive.addfile(member)
        if case["wrong"] == "bomb":
            member = tarfile.TarInfo("train/bright/bomb.png")
            member.size = 5 * 2**20
            archive.addfile(member, io.BytesIO(bytes(member.size)))


def check_tree(case: dict[str, Any], place: Path) -> None:
    path = _make(case, place)
    with (
        mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(place / "cache"), "VITCORE_DATA": str(place / "data")}),
        mock.patch("vitcore.data.storage.archives.LARGEST_BYTES", 2**22),
    ):
        available("folder", str(path))
        images = load("folder", 8, folder=str(path))
        found = described("folder", str(path))
    assert images.train.images.shape[1:] == images.test.images.shape[1:] == (3, 8, 8)
    assert (len(images.train.labels), len(images.test.labels)) == (found.train_samples, found.test_samples)
    assert images.classes == found.classes
    assert int(images.train.labels.max()) < len(images.classes)


def check_image(case: tuple[str, bytes], place: Path) -> None:
    name, content = case
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as those do who decode many
        pixels = decoded(content, name, 8, 3)
    assert (pixels.shape, pixels.dtype) == ((3, 8, 8), np.dtype(np.uint8))


def check_upload(case: tuple[str, bytes], place: Path) -> None:
    """An image given to Draw, for every sort of dataset."""
    image = opened(*case)
    for dataset in ("mnist", "fashion-mnist", "cifar-10"):
        try:
            pixels = prepared.prepare(image.copy(), dataset)
        except ValueError as error:
            if "there is nothing" not in str(error):
                raise
        else:
            assert pixels.ndim == 3


KINDS = [
    Kind("class folders and archives", 500, trees(), check_tree, named=True),
    Kind("images", 1000, images(), check_image),
    Kind("uploads", 300, images(), check_upload),
]
