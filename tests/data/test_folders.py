"""Class folders, zips and tars that a person brings: read alike, and refused in one sentence where they are bad."""

from __future__ import annotations

import io
import itertools
import stat
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.data.images import class_files, image, write_folder, write_tar, write_zip
from vitcore.data.load import available, described, load
from vitcore.errors import UserError

WRITERS = {"folder": write_folder, "zip": write_zip, "tar.xz": write_tar, "tar": write_tar}


def refused(path: Path, says: str) -> None:
    with pytest.raises(UserError, match=says) as error:
        load("folder", 8, folder=str(path))
    assert "\n" not in str(error.value)
    assert not [left for left in path.parent.rglob("*.tmp")]


@pytest.mark.parametrize("ending", WRITERS)
def test_folder_zip_and_tar_are_read_alike(own_places: Path, tmp_path: Path, ending: str) -> None:
    path = WRITERS[ending](tmp_path / f"mine.{ending}", class_files())
    images = load("folder", 8, folder=str(path))
    assert images.classes == ("bright", "dark")
    assert images.train.images.shape == images.test.images.shape == (10, 3, 8, 8)
    assert images.train.labels.tolist() == [0] * 5 + [1] * 5
    assert images.train.images[:, 0, 4, 4].tolist() == [200, 201, 202, 203, 204, 20, 21, 22, 23, 24]
    assert available("folder", str(path)) is None
    found = described("folder", str(path))
    assert (found.classes, found.train_samples, found.test_samples) == (images.classes, 10, 10)


def test_unsplit_folder_is_split_by_class_the_same_way_each_time(own_places: Path, tmp_path: Path) -> None:
    files = class_files(split=False, each=20)
    folder, archive = write_folder(tmp_path / "a", files), write_zip(tmp_path / "b.zip", files)
    first, second = (load("folder", 8, folder=str(path)) for path in (folder, archive))
    assert torch.bincount(first.test.labels).tolist() == [4, 4]
    assert torch.equal(first.test.images, second.test.images)
    levels = torch.cat([first.train.images[:, 0, 0, 0], first.test.images[:, 0, 0, 0]])
    assert len(levels.unique()) == 40  # nothing is lost, nothing is in both


def test_what_is_no_image_is_passed_over(own_places: Path, tmp_path: Path) -> None:
    files = class_files() | {"train/bright/.hidden.png": b"", "__MACOSX/train/bright/x.png": b"", "notes.txt": b"hi"}
    assert len(load("folder", 8, folder=str(write_zip(tmp_path / "a.zip", files))).train.labels) == 10


LEADING_OUT = ("../out.png", "a/../../out.png", "C:\\out.png", "..\\out.png")


@pytest.mark.parametrize(  # not a root in a zip: zipfile itself takes it off when it writes
    ("ending", "name"), [*itertools.product(("zip", "tar"), LEADING_OUT), ("tar", "/etc/out.png")]
)
def test_names_that_leave_the_archive(own_places: Path, tmp_path: Path, ending: str, name: str) -> None:
    refused(WRITERS[ending](tmp_path / f"bad.{ending}", class_files() | {name: image(0)}), "leads out of the archive")
    assert not (tmp_path / "out.png").exists()


def test_links(own_places: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.tar"
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("train/bright/1.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    refused(path, "link or device")
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("train/bright/1.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    refused(path, "link or device")


def test_bombs(own_places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vitcore.data.storage.archives.LARGEST_BYTES", 2**20)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("train/bright/1.png", "w") as file:
        for _ in range(3):
            file.write(bytes(2**20))
    refused(path, "more than images take")
    wide = io.BytesIO()
    Image.new("1", (12_000, 10_000)).save(wide, "PNG")
    refused(write_zip(tmp_path / "wide.zip", class_files() | {"train/dark/w.png": wide.getvalue()}), "12,000x10,000")


@pytest.mark.parametrize("ending", ["zip", "tar.xz", "tar"])
def test_damaged_archives(own_places: Path, tmp_path: Path, ending: str) -> None:
    path = WRITERS[ending](tmp_path / f"bad.{ending}", class_files())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    refused(path, "whole archive|cannot be read|class folder")
    path.write_bytes(b"no archive at all")
    refused(path, "not a whole archive")


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "0 bytes"), (b"no image", "not an image"), (image(9)[:40], "not an image")],
    ids=["empty", "text", "truncated"],
)
def test_bad_images_are_named(own_places: Path, tmp_path: Path, content: bytes, says: str) -> None:
    refused(write_folder(tmp_path / "mine", class_files() | {"train/dark/bad.png": content}), f"bad.png .*{says}")


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "0 class folders"),
        ({"train/only/1.png": image(1), "test/only/1.png": image(1)}, "1 class folder;"),
        ({"train/a/1.png": image(1), "train/b/1.png": image(1)}, "neither test/ nor val/"),
        (
            {"train/a/1.png": image(1), "train/b/1.png": image(1), "test/c/1.png": image(1)},
            "class 'c' to test on",
        ),
    ],
    ids=["nothing", "one class", "no test", "strange class"],
)
def test_folders_that_are_not_of_classes(own_places: Path, tmp_path: Path, files: dict[str, bytes], says: str) -> None:
    (tmp_path / "mine").mkdir()
    refused(write_folder(tmp_path / "mine", files), says)


def test_no_such_folder(own_places: Path, tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", "no folder or archive")
    (tmp_path / "notes.txt").write_text("hi")
    refused(tmp_path / "notes.txt", "neither a folder nor a zip or tar")


def test_odd_but_honest_images(own_places: Path, tmp_path: Path) -> None:
    def saved(image: Image.Image, form: str, **options: object) -> bytes:
        file = io.BytesIO()
        image.save(file, form, **options)
        return file.getvalue()

    ramp = np.full((12, 12), 40_000, np.uint16)
    frames = [Image.new("L", (12, 12), level) for level in (90, 10)]
    files = class_files() | {
        "train/odd/16-bit.png": saved(Image.fromarray(ramp), "PNG"),
        "train/odd/animated.gif": saved(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "train/odd/cmyk.jpg": saved(Image.new("CMYK", (12, 12), (0, 0, 0, 0)), "JPEG"),
        "train/odd/glass.png": saved(Image.new("RGBA", (12, 12), (0, 0, 0, 0)), "PNG"),
        "train/odd/palette.png": saved(Image.new("L", (12, 12), 77).convert("P"), "PNG"),
        "train/odd/wide.png": saved(Image.new("L", (40, 12), 60), "PNG"),
        "test/odd/1.png": image(1),
    }
    images = load("folder", 8, folder=str(write_zip(tmp_path / "odd.zip", files)))
    levels = images.train.images[images.train.labels == images.classes.index("odd")][:, 1, 4, 4].tolist()
    assert levels == [round(40_000 / 257), 90, 255, 255, 77, 60]


def test_genuine_jpeg_copies_of_cifar(real_data: Path) -> None:
    from vitcore.data.storage.archives import entries
    from vitcore.data.storage.decode import decoded

    assert available("cifar-10-jpeg") is None
    for entry in itertools.islice(entries(real_data / "cifar10-jpeg.tar.xz"), 20):
        assert entry.name.startswith("test/airplane/")
        assert decoded(entry.content(), entry.name, 32, 3).std() > 5


def tiny_files(classes: int = 200) -> dict[str, bytes]:
    """Tiny ImageNet's layout with one image for each class and split."""
    top = "tiny-imagenet-200"
    train = {f"{top}/train/n{i:08d}/images/n{i:08d}_0.JPEG": image(i, 64) for i in range(classes)}
    val = {f"{top}/val/images/val_{i}.JPEG": image(i, 64) for i in range(classes)}
    lines = "".join(f"val_{i}.JPEG\tn{i:08d}\t0\t0\t1\t1\n" for i in range(classes))
    return train | val | {f"{top}/val/val_annotations.txt": lines.encode()}


def test_tiny_imagenet_folder_zip_and_tars_are_read_alike(own_places: Path) -> None:
    files = tiny_files()
    parts = {part: {n: c for n, c in files.items() if f"/{part}/" in n} for part in ("train", "val")}
    read = []
    write_tar(own_places / "tiny-imagenet-200-train50k.tar.xz", parts["train"])
    write_tar(own_places / "tiny-imagenet-200-val.tar.xz", parts["val"])
    read.append(load("tiny-imagenet", 16))
    for path in own_places.glob("*.xz"):
        path.unlink()
    write_zip(own_places / "tiny-imagenet-200.zip", files)
    read.append(load("tiny-imagenet", 16))
    write_folder(own_places, files)
    read.append(load("tiny-imagenet", 16))
    for images in read:
        assert images.classes[0] == "goldfish"
        assert images.train.labels.tolist() == list(range(200))
        assert torch.equal(images.train.images, read[0].train.images)
        # val_10 sorts before val_2: the label must follow the name all the same.
        assert torch.equal(images.test.images[:, 0, 0, 0].long(), images.test.labels)


@pytest.mark.parametrize("without", ["/train/", "/val/images/", "val_annotations"])
def test_tiny_imagenet_in_part(own_places: Path, without: str) -> None:
    files = {name: content for name, content in tiny_files().items() if without not in name}
    write_zip(own_places / "tiny-imagenet-200.zip", files)
    with pytest.raises(UserError, match=without.strip("/")):
        load("tiny-imagenet")
