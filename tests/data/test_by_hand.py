"""What a message asks for works once it is done, for every dataset and in every form in which it is to be had."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from tests.data import published
from tests.data.images import write_folder
from vitcore.data.load import Images, available, load
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError


def test_every_dataset_has_its_published_form_here() -> None:
    assert set(published.MAKERS) == set(DATASETS)


def opened(name: str, root: Path, image_size: int | None = 16) -> Images:
    own = next((path for path in sorted(root.glob("mine*"))), None)
    return load(name, image_size, folder=str(own) if DATASETS[name].at_path and own else None)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise ConnectionError("no network in this test")

    monkeypatch.setattr("urllib.request.urlopen", refused)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", DATASETS)
def test_each_form_that_is_put_there_by_hand_is_read(
    own_places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    read: list[Images] = []
    for number, files in enumerate(published.MAKERS[name](monkeypatch, tmp_path / "scratch").values()):
        root = tmp_path / f"data-{number}"
        root.mkdir()
        monkeypatch.setenv("VITCORE_DATA", str(root))
        if name != "digits" and not DATASETS[name].at_path:
            with pytest.raises(UserError):
                load(name)
        write_folder(root, files)
        assert available(name, str(root / next(iter(files)).split("/")[0]) if DATASETS[name].at_path else None) is None
        read.append(opened(name, root))
    for images in read:
        assert images.classes == read[0].classes or name in ("imagenet", "folder")
        assert torch.equal(images.train.labels, read[0].train.labels)
        assert torch.equal(images.train.images, read[0].train.images)
        assert torch.equal(images.test.images, read[0].test.images)
        assert images.train.digest == read[0].train.digest  # the same images, in whatever form they lie


# What a failed download asks for, by the file's name, where the same files are published under it.
ASKED = {
    "mnist": lambda files: published.packed({Path(name).name: content for name, content in files.items()}),
    "fashion-mnist": lambda files: published.packed({Path(name).name: content for name, content in files.items()}),
    "cifar-10": lambda files: {"cifar-10-python.tar.gz": published.tarred(files)},
    "cifar-100": lambda files: {"cifar-100-python.tar.gz": published.tarred(files)},
    "tiny-imagenet": lambda files: {"tiny-imagenet-200.zip": published.zipped(files)},
    "flowers-102": lambda files: (
        {Path(name).name: content for name, content in files.items() if name.endswith(".mat")}
        | {"102flowers.tgz": published.tarred({n: c for n, c in files.items() if n.endswith(".jpg")})}
    ),
}
ASKED["flowers-102-val"] = ASKED["flowers-102"]


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("elsewhere", [False, True], ids=["into the folder", "in another data folder"])
@pytest.mark.parametrize("name", DATASETS)
def test_doing_as_the_refusals_ask_ends_in_a_dataset(
    own_places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, elsewhere: bool
) -> None:
    """One refusal after another, and each time exactly what it says."""
    files = published.MAKERS[name](monkeypatch, tmp_path / "scratch")["files"]
    asked = ASKED[name](files) if name in ASKED else {}
    root, done = own_places, 0
    while available(name) is not None and not DATASETS[name].at_path:
        with pytest.raises(UserError) as error:
            load(name)
        text, done = str(error.value), done + 1
        assert done < 9, text
        item = re.search(
            r"(\S+) could not be downloaded.*put the file into (.+) by hand, or .* folder that has (\S+)$", text
        )
        if item and elsewhere:
            root = tmp_path / "elsewhere"
            (root / item[3]).parent.mkdir(parents=True, exist_ok=True)
            (root / item[3]).write_bytes(asked[item[1]])
            monkeypatch.setenv("VITCORE_DATA", str(root))
        elif item:
            Path(item[2]).mkdir(parents=True, exist_ok=True)
            (Path(item[2]) / item[1]).write_bytes(asked[item[1]])
        else:
            folder = re.search(r"put a folder (\S+) with train/ and test/", text)
            assert folder, text
            assert folder[1] == str(own_places / DATASETS[name].place)
            write_folder(own_places, files)
    if DATASETS[name].at_path:
        write_folder(root, files)
    assert len(opened(name, root).classes) == len(DATASETS[name].classes) or name == "folder"


@pytest.mark.parametrize("name", [name for name, known in DATASETS.items() if name != "digits" and not known.at_path])
def test_what_is_wanted_says_where_and_what(own_places: Path, name: str) -> None:
    text = available(name)
    assert text
    assert str(own_places) in text
    assert "\n" not in text


def test_files_that_are_there_already_are_not_asked_for_again(own_places: Path, tmp_path: Path) -> None:
    from tests.data.images import idx_files

    idx_files(own_places / "MNIST" / "raw")
    (own_places / "MNIST/raw/t10k-labels-idx1-ubyte").unlink()
    text = available("mnist") or ""
    assert "t10k-labels-idx1-ubyte" in text
    assert "train-images" not in text


DAMAGES = {
    "cut": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "text": lambda content: b"<html>404</html>",
    "gzip's first bytes alone": lambda content: b"\x1f\x8b",
}


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [name for name in ASKED if not name.startswith("flowers-102")])
def test_a_damaged_file_put_by_hand_is_named(
    own_places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, damage: str
) -> None:
    files = ASKED[name](published.MAKERS[name](monkeypatch, tmp_path / "scratch")["files"])
    folder = own_places / "MNIST/raw" if name == "mnist" else own_places / "FashionMNIST/raw"
    folder = folder if name.endswith("mnist") else own_places
    write_folder(folder, files)
    victim = sorted(files)[0]
    (folder / victim).write_bytes(DAMAGES[damage](files[victim]))
    with pytest.raises(UserError, match=re.escape(victim)) as error:
        load(name)
    assert "\n" not in str(error.value)


def test_a_bomb_of_an_idx_file_fills_no_memory(own_places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    from tests.data.images import idx_files
    from vitcore.data.readers import idx

    idx_files(own_places / "MNIST" / "raw")
    monkeypatch.setattr(idx, "LARGEST", 100_000)
    path = own_places / "MNIST/raw/train-labels-idx1-ubyte"
    path.write_bytes(gzip.compress(bytes(1_000_000)))
    with pytest.raises(UserError, match="unpacks to more than 100,000 bytes"):
        load("mnist")


def test_a_forged_cifar_file_is_never_unpickled(
    own_places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in the folder nor in an archive."""
    evil = b"cos\nsystem\n(S'touch " + str(tmp_path / "pwned").encode() + b"'\ntR."
    files = published.cifar_batches("cifar-10", monkeypatch) | {"cifar-10-batches-py/data_batch_2": evil}
    write_folder(own_places, {"cifar-10-python.tar.gz": published.tarred(files)})
    with pytest.raises(UserError, match=r"data_batch_2 in .* is not the published file"):
        load("cifar-10")
    write_folder(own_places, files)
    with pytest.raises(UserError, match="data_batch_2 is not the published file"):
        load("cifar-10")
    assert not (tmp_path / "pwned").exists()
