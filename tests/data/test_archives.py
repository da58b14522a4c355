"""Archives that are encrypted, cut, changed or packed otherwise: refused in a sentence that says so."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.data.images import class_files, image, write_zip
from vitcore.data.load import load
from vitcore.data.storage.archives import entries
from vitcore.errors import UserError

PACK: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "tar.gz": gzip.compress,
    "tgz": gzip.compress,
    "tar.xz": lzma.compress,
    "txz": lzma.compress,
    "tar.bz2": bz2.compress,
    "tbz2": bz2.compress,
    "tar.lzma": lambda content: lzma.compress(content, lzma.FORMAT_ALONE),
}


def tar_bytes(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def noisy_files() -> dict[str, bytes]:
    """Class folders whose archive no compression makes small."""
    noise = np.random.default_rng(0)
    return class_files() | {f"train/dark/{n}.bin": noise.bytes(20_000) for n in range(5)}


def refused(path: Path, *says: str) -> None:
    with pytest.raises(UserError) as error:
        load("folder", 8, folder=str(path))
    assert path.name in str(error.value)
    assert "\n" not in str(error.value)
    for part in says:
        assert part in str(error.value)


def flagged(path: Path, offset: int, value: int) -> Path:
    """The zip with another number in each header: flags stand 6 (8) bytes, the method 8 (10) bytes into them."""
    content = bytearray(path.read_bytes())
    for magic, further in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        at = content.find(magic)
        while at >= 0:
            struct.pack_into("<H", content, at + offset + further, value)
            at = content.find(magic, at + 4)
    path.write_bytes(content)
    return path


def test_an_encrypted_zip(own_places: Path, tmp_path: Path) -> None:
    refused(flagged(write_zip(tmp_path / "a.zip", class_files()), 6, 1), "encrypted", "password")


@pytest.mark.parametrize(
    ("method", "name"), [(9, "Deflate64"), (93, "Zstandard"), (98, "PPMd"), (99, "AES"), (77, "unknown")]
)
def test_a_zip_packed_by_another_method(own_places: Path, tmp_path: Path, method: int, name: str) -> None:
    refused(flagged(write_zip(tmp_path / "a.zip", class_files()), 8, method), f"method {method} ({name}", "deflate")


@pytest.mark.parametrize("inner", ["train.zip", "pets/pets.tar.gz", "b.tgz"])
def test_archives_within_an_archive_or_folder(own_places: Path, tmp_path: Path, inner: str) -> None:
    refused(write_zip(tmp_path / "a.zip", {inner: b"PK"}), inner, "unpack that")
    folder = tmp_path / "folder"
    (folder / inner).parent.mkdir(parents=True)
    (folder / inner).write_bytes(b"PK")
    refused(folder, inner, "unpack that")


def test_a_bad_checksum_in_a_zip(own_places: Path, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", class_files())
    content = bytearray(path.read_bytes())
    at = content.find(image(22))
    content[at + 60] ^= 0x40
    path.write_bytes(content)
    refused(path, "train/dark/2.png", "damaged in its archive", "CRC")


@pytest.mark.parametrize("ending", PACK)
def test_tars_of_every_compression_are_read(own_places: Path, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    path.write_bytes(PACK[ending](tar_bytes(class_files())))
    assert len(load("folder", 8, folder=str(path)).train.labels) == 10


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.9, 0.999])
@pytest.mark.parametrize("ending", PACK)
def test_a_cut_tar(own_places: Path, tmp_path: Path, ending: str, share: float) -> None:
    """Wherever it is cut: never fewer images without a word."""
    path, whole = tmp_path / f"a.{ending}", PACK[ending](tar_bytes(noisy_files()))
    path.write_bytes(whole[: int(share * len(whole.rstrip(b"\0")))])
    refused(path)


@pytest.mark.parametrize("ending", PACK)
def test_a_tar_that_was_cut_before_it_was_packed(own_places: Path, tmp_path: Path, ending: str) -> None:
    path, tar = tmp_path / f"a.{ending}", tar_bytes(noisy_files())
    for length in (tar.find(b"test/dark/0.png"), tar.find(b"test/dark/0.png") + 100, len(tar.rstrip(b"\0")) + 1):
        path.write_bytes(PACK[ending](tar[:length]))
        refused(path)


@pytest.mark.parametrize("ending", PACK)
def test_a_damaged_header_in_the_middle_of_a_tar(own_places: Path, tmp_path: Path, ending: str) -> None:
    """tarfile takes it for the end of the archive, and what follows was lost without a word."""
    tar = bytearray(tar_bytes(class_files()))
    tar[tar.find(b"train/dark/3.png") + 3] ^= 1
    path = tmp_path / f"a.{ending}"
    path.write_bytes(PACK[ending](bytes(tar)))
    refused(path, "header is damaged")


@pytest.mark.parametrize("ending", [ending for ending in PACK if ending not in ("tar", "tar.lzma")])  # no sums in these
def test_a_wrong_sum_in_a_compressed_tar(own_places: Path, tmp_path: Path, ending: str) -> None:
    path, content = tmp_path / f"a.{ending}", bytearray(PACK[ending](tar_bytes(noisy_files())))
    content[-6 if "gz" in ending else -20 if "xz" in ending else 12] ^= 1
    path.write_bytes(content)
    refused(path)


def test_more_behind_the_end_of_a_tar(own_places: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.tar"
    path.write_bytes(tar_bytes(class_files()) + tar_bytes({"train/dark/9.png": image(1)}))
    refused(path, "more behind its end")


def test_a_name_of_a_gigabyte_is_not_read(own_places: Path, tmp_path: Path) -> None:
    head = tarfile.TarInfo("././@LongLink")
    head.type, head.size = tarfile.GNUTYPE_LONGNAME, 2**30
    path = tmp_path / "long.tar"
    path.write_bytes(head.tobuf() + bytes(10_240))
    refused(path, "1,073,741,824 bytes")


@pytest.mark.parametrize("kind", ["cut", "flip", "zero"])
def test_no_damage_to_an_archive_is_read_in_part(own_places: Path, tmp_path: Path, kind: str) -> None:
    """A hundred places in a zip and in every tar: all images or a sentence."""
    numbers = np.random.default_rng(7)
    wholes = {f"a.{ending}": PACK[ending](tar_bytes(class_files())) for ending in PACK}
    wholes["a.zip"] = write_zip(tmp_path / "a.zip", class_files()).read_bytes()
    for name, whole in wholes.items():
        for _ in range(12):
            at, content = int(numbers.integers(0, len(whole))), bytearray(whole)
            if kind == "cut":
                del content[at:]
            else:
                content[at] = content[at] ^ 0x10 if kind == "flip" else 0
            (tmp_path / name).write_bytes(content)
            try:
                found = [entry.name for entry in entries(tmp_path / name) if _whole(entry)]
            except UserError:
                continue
            assert len(found) == 20, (name, at)


def _whole(entry: object) -> bool:
    entry.content()  # type: ignore[attr-defined]
    return True


def test_folders_parted_by_backslashes_in_a_zip(own_places: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in class_files().items():
            archive.writestr(name.replace("/", "\\"), content)
    assert len(load("folder", 8, folder=str(path)).train.labels) == 10
