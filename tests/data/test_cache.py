"""The decoded copy is of exactly the files that lie there now, and is whole, or it is made anew."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.data import published
from tests.data.images import class_files, image, write_folder, write_zip
from vitcore.data.load import Images, load
from vitcore.data.storage import decoded
from vitcore.errors import UserError


def same(item: Images, other: Images) -> bool:
    return all(
        torch.equal(getattr(getattr(item, split), part), getattr(getattr(other, split), part))
        for split in ("train", "test")
        for part in ("images", "labels")
    )


def in_memory(images: Images) -> Images:
    """A copy that does not mind what is done to the files."""
    train, test = (replace(split, images=split.images.clone()) for split in (images.train, images.test))
    return replace(images, train=train, test=test)


def test_images_overwritten_in_place_are_read_again(own_places: Path, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", class_files())
    old = load("folder", 8, folder=str(folder))
    path = folder / "train/bright/0.png"
    path.write_bytes(image(123))
    new = load("folder", 8, folder=str(folder))
    assert new.train.images[0].unique().tolist() == [123]
    assert new.train.digest != old.train.digest
    assert new.test.digest == old.test.digest


def spoil(path: Path) -> None:
    """Another file of the same size, an hour younger, in its place: only its time tells."""
    content = path.read_bytes()
    about = path.stat()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns + 3_600 * 10**9))


@pytest.mark.parametrize("name", published.MAKERS)
def test_every_file_of_every_dataset_is_part_of_the_key(
    own_places: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Annotations, tables and lists are looped over with the images, some of many of a kind."""
    from vitcore.data import load as loading

    folder = published.loose(name, own_places, monkeypatch)
    dataset, reader = loading.known(name), loading._reader(name)
    place = loading._place(dataset, str(folder))

    def key() -> str:
        return decoded.key(name, 32, reader.find(dataset, place))

    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert files or name == "digits"  # whose images come with a package
    tried = files[:: max(1, len(files) // 20)] + [path for path in files if path.suffix in (".txt", ".mat")]
    for path in tried:
        before = key()
        assert key() == before
        spoil(path)
        assert key() != before, path
    if name in ("folder", "tiny-imagenet", "imagenet", "cifar-10-jpeg", "flowers-102", "flowers-102-val"):
        before, victim = key(), next(path for path in files if path.suffix.lower() in (".png", ".jpeg", ".jpg"))
        (victim.parent / "one-more.png").write_bytes(image(1))
        added = key()
        victim.rename(victim.with_name(f"renamed-{victim.name}"))
        assert len({before, added, key()}) == 3


def test_a_link_that_leads_elsewhere_now_is_noticed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(image(9))
        os.utime(tmp_path / name, (1, 1))
    folder = tmp_path / "mine"
    folder.mkdir()
    link = folder / "x.png"
    link.symlink_to(tmp_path / "a")
    before = decoded.key("folder", 8, [folder])
    link.unlink()
    link.symlink_to(tmp_path / "b")
    assert decoded.key("folder", 8, [folder]) != before
    (folder / "round").symlink_to(folder)  # walked once, not for ever
    (folder / "nowhere").symlink_to(tmp_path / "nothing")
    decoded.key("folder", 8, [folder])


def test_the_cache_itself_and_hidden_files_are_no_part_of_it(own_places: Path) -> None:
    """One's own folder may be the one that holds other datasets, and with them their decoded copies."""
    write_folder(own_places, class_files())
    before = decoded.key("folder", 8, [own_places])
    write_folder(own_places, {".vitcore/x/train-images.npy": b"1", "train/bright/.DS_Store": b"1"})
    assert decoded.key("folder", 8, [own_places]) == before


def test_files_that_change_while_they_are_read_are_refused(own_places: Path, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", class_files())

    def progress(what: str, done: float) -> None:
        (folder / "train/bright/9.png").write_bytes(image(123))

    with pytest.raises(UserError, match="changed while they were read"):
        load("folder", 8, progress, folder=str(folder))
    assert not list(tmp_path.rglob("*.npy"))
    assert len(load("folder", 8, folder=str(folder)).train.labels) == 11


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda content: b"",
    "cut in half": lambda content: content[: len(content) // 2],
    "cut by a byte": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    "garbage": lambda content: bytes(np.random.default_rng(0).integers(0, 256, len(content), dtype=np.uint8)),
    "zeros": lambda content: bytes(len(content)),
    "a zip's beginning": lambda content: b"PK\x03\x04" + content[4:],
    "a bit over": lambda content: content[:-3] + bytes([content[-3] ^ 1]) + content[-2:],
    "a header that promises too much": lambda content: content.replace(b"(10,", b"(9999999999999,"),
    "deeply nested": lambda content: b"[" * 100_000,
    "another value": lambda content: b"5",
}
FILES = ["about.json", *(f"{split}-{kind}.npy" for split in decoded.SPLITS for kind in decoded.KINDS)]


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("file", FILES)
def test_a_spoilt_file_of_the_cache_is_made_anew(own_places: Path, tmp_path: Path, file: str, damage: str) -> None:
    folder = write_folder(tmp_path / "mine", class_files())
    whole = in_memory(load("folder", 8, folder=str(folder)))
    (copy,) = (tmp_path / ".vitcore").iterdir()
    assert sorted(path.name for path in copy.iterdir()) == sorted([*FILES, "told.json"])  # told anew where lost
    content = (copy / file).read_bytes()
    spoilt = DAMAGE[damage](content)
    (copy / file).write_bytes(spoilt)
    again = load("folder", 8, folder=str(folder))
    assert same(again, whole)
    assert again.classes == whole.classes
    assert len((copy / file).read_bytes()) == len(content)
    assert len(list((tmp_path / ".vitcore").iterdir())) == 1


@pytest.mark.parametrize("file", [*FILES, ""])
@pytest.mark.parametrize("instead", ["nothing", "a folder", "a pipe", "a link to a device", "a link to nowhere"])
def test_what_stands_in_the_place_of_a_cache_file_is_no_dead_end(
    own_places: Path, tmp_path: Path, file: str, instead: str
) -> None:
    """ "" is the whole copy."""
    folder = write_folder(tmp_path / "mine", class_files())
    whole = in_memory(load("folder", 8, folder=str(folder)))
    (copy,) = (tmp_path / ".vitcore").iterdir()
    path = copy / file if file else copy
    path.rename(tmp_path / "away")
    if instead == "a folder":
        (path / "with").mkdir(parents=True)
    elif instead == "a pipe":
        os.mkfifo(path)
    elif instead.startswith("a link"):
        path.symlink_to("/dev/zero" if "device" in instead else tmp_path / "nowhere")
    assert same(load("folder", 8, folder=str(folder)), whole)
    assert decoded.opened(copy) is not None


def test_everything_is_durable_before_it_takes_its_name(
    own_places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda number: (synced.append(Path(os.readlink(f"/proc/self/fd/{number}")).name), real(number))[1]
    )
    load("folder", 8, folder=str(write_zip(tmp_path / "mine.zip", class_files())))
    assert set(FILES) <= set(synced)


def test_folders_that_are_named_more_than_once_are_walked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader may name the folders below its own; a walk for each would take the depth's time over again."""
    folder = write_folder(tmp_path / "mine", {f"{i % 7}/{i}.png": b"x" for i in range(70)})
    walked: list[str] = []
    real = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (walked.append(str(path)), real(path))[1])
    decoded.key("folder", 8, [folder, *sorted(folder.iterdir())])
    assert len(walked) == len(set(walked)) == 8


def test_pages_look_again_once_the_files_have_changed(own_places: Path, tmp_path: Path) -> None:
    """What a page keeps in memory goes by the files too, and not by the dataset's name alone."""
    from pages.shared import samples

    folder = write_folder(tmp_path / "mine", class_files())
    assert samples.opened("folder", str(folder), 8).train.images[0].unique().tolist() == [200]
    (folder / "train/bright/0.png").write_bytes(image(123))
    samples.lying_lately.clear()  # ten seconds later
    assert samples.opened("folder", str(folder), 8).train.images[0].unique().tolist() == [123]
