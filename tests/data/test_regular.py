"""Only regular files of a fair size are opened, wherever a dataset has a file; anything else is named, at once."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.data import published
from tests.data.images import class_files, write_folder
from vitcore.data.load import available, load
from vitcore.data.readers import flowers, idx
from vitcore.data.registry import DATASETS
from vitcore.data.storage.decode import LARGEST_BYTES
from vitcore.data.storage.regular import open_regular, read_regular
from vitcore.errors import UserError

pytestmark = pytest.mark.timeout(60)  # what waits for a pipe waits for ever


def pipe(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's path has at most 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as item:
            item.bind(path.name)
    finally:
        os.chdir(here)


def large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(3 * 2**30)


INSTEAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "a named pipe": (pipe, "a named pipe"),
    "a socket": (a_socket, "a socket"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "a device"),
    "a pipe behind a link": (
        lambda path: (pipe(path.with_name("x-pipe")), path.symlink_to("x-pipe"))[0],
        "a named pipe",
    ),
    "3 GB of nothing": (large, "3,221,225,472 bytes"),
}


@pytest.mark.parametrize("instead", INSTEAD)
def test_both_ways_of_opening_refuse_it_by_name(tmp_path: Path, instead: str) -> None:
    make, says = INSTEAD[instead]
    path = tmp_path / "file"
    make(path)
    for way in (open_regular, read_regular):
        with pytest.raises(UserError, match=f"{path} (is|has) {says}"):
            way(path, 2**30)


def test_a_folder_or_nothing_at_all(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder where a file is wanted"):
        read_regular(tmp_path, 10)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "nothing", 10)


def test_the_limit_is_exact_and_links_are_followed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1234567890")
    (tmp_path / "link").symlink_to(path)
    assert read_regular(tmp_path / "link", 10) == b"1234567890"
    with open_regular(path, 10) as file:
        assert file.read() == b"1234567890"
    with pytest.raises(UserError, match="has 10 bytes, and at most 9 are read"):
        read_regular(path, 9)


def test_a_file_that_says_it_is_empty_and_is_not() -> None:
    """As some of the system's are, and files that grow while they are read."""
    path = Path("/proc/self/maps")
    if not path.exists():
        pytest.skip("no /proc")
    with pytest.raises(UserError, match="has more than 100 bytes"):
        read_regular(path, 100)


def test_a_pipe_that_takes_a_files_place_between_the_look_and_the_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"whole")
    known = os.stat(path)
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(os, "stat", lambda *_, **__: known)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(UserError, match="is a named pipe"):
        read_regular(path, 10)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("instead", INSTEAD)
@pytest.mark.parametrize("name", [name for name in published.MAKERS if name != "digits"])
def test_whatever_stands_in_a_files_place_in_any_dataset_is_named_at_once(
    own_places: Path, monkeypatch: pytest.MonkeyPatch, name: str, instead: str
) -> None:
    """One image, and each table, list and batch."""
    folder = published.loose(name, own_places, monkeypatch)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    tables = [path for path in files if path.suffix in (".txt", ".mat", "")]
    make, says = INSTEAD[instead]
    for path in dict.fromkeys([*tables[:4], files[0]]):
        content = path.read_bytes()
        path.unlink()
        make(path)
        try:
            if available(name, str(folder)) is None:  # else it is as though it were not there
                with pytest.raises(UserError, match=f"{says.removesuffix(' bytes')}|is a link") as error:
                    load(name, 8, folder=str(folder) if DATASETS[name].at_path else None)
                assert "\n" not in str(error.value)
        finally:
            path.unlink()
            (path.with_name("x-pipe")).unlink(missing_ok=True)
        path.write_bytes(content)
    load(name, 8, folder=str(folder) if DATASETS[name].at_path else None)


@pytest.mark.parametrize("instead", [name for name in INSTEAD if name != "3 GB of nothing"])
@pytest.mark.parametrize("name", ["mine", "mine.zip", "mine.tar", "mine.tar.gz"])
def test_ones_own_folder_that_is_none(own_places: Path, tmp_path: Path, name: str, instead: str) -> None:
    INSTEAD[instead][0](tmp_path / name)
    with pytest.raises(UserError, match="neither a folder nor a"):
        load("folder", 8, folder=str(tmp_path / name))
    assert "neither a folder nor a" in (available("folder", str(tmp_path / name)) or "")


@pytest.mark.parametrize(
    "place", ["cifar-10-python.tar.gz", "tiny-imagenet-200.zip", "imagenet.tar", "cifar10-jpeg.zip"]
)
def test_an_archive_that_is_none_is_as_though_it_were_not_there(own_places: Path, place: str) -> None:
    os.mkfifo(own_places / place)
    for name in DATASETS:
        if name != "digits" and not DATASETS[name].at_path:
            assert available(name)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not hold for this user")
def test_what_may_not_be_read_is_named(own_places: Path, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", class_files())
    (folder / "train/dark/0.png").chmod(0)
    with pytest.raises(UserError, match=r"cannot be read \(.*0\.png: Permission denied"):
        load("folder", 8, folder=str(folder))


def test_a_folder_that_may_not_be_looked_into_is_no_class_less(
    own_places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tmp_path / "mine", class_files())
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("train/dark"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(UserError, match="train/dark cannot be looked into"):
        load("folder", 8, folder=str(folder))


def test_the_limits_leave_room_for_the_published_files() -> None:
    assert idx.LARGEST > 16 + 60_000 * 28 * 28
    assert flowers.LARGEST_TABLE > 14_989
    assert LARGEST_BYTES > 2**27


def test_a_large_limit_costs_no_memory(tmp_path: Path) -> None:
    """The limit of weights is larger than most machines' memory: a buffer as long as it could not be made."""
    path = tmp_path / "small"
    path.write_bytes(b"12345")
    assert read_regular(path, 1 << 60) == b"12345"
