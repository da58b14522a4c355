"""A run goes on only with the data it began on; what has changed about them is named."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.data.images import class_files, picture, write_folder, write_zip
from tests.training.runs import QUICK, Told, after, quick, same, weights
from vitcore.errors import Refusal
from vitcore.spec import RunSpec
from vitcore.training import Outcome, stop_signal, train

FEW: dict[str, Any] = {"dataset": "folder", "side": 16, "samples": None, "batch_size": 4, "epochs": 3}


@pytest.fixture(autouse=True)
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop_signal, "ASK_SECONDS", 0.0)


@pytest.fixture
def mine(own_places: Path, tmp_path: Path) -> Path:
    return write_folder(tmp_path / "mine", class_files())


def on(mine: Path, folder: Path, **options: Any) -> tuple[Outcome, Told]:
    """A short run on the pictures in `mine`, kept in `folder`; `control` and `resume` go to `train`."""
    passed = {name: options.pop(name) for name in ("control", "resume") if name in options}
    told = Told()
    folder.mkdir(exist_ok=True)
    spec = RunSpec.of(**(QUICK | FEW | options | {"folder": str(mine)}))
    return train(spec, told, folder=folder, **passed), told


def paused(folder: Path, mine: Path, **options: Any) -> str:
    """A run that was paused after its first steps; the digest of its data."""
    outcome, told = on(mine, folder, control=after(5, "pause"), **options)
    assert outcome.status == "paused"
    return str(told.events("started")[0]["data_digest"])


def move(folder: Path, old: str, new: str) -> None:
    for split in ("train", "test"):
        (folder / split / old).rename(folder / split / new)


def another_class(mine: Path) -> None:
    write_folder(mine, {f"{split}/cloudy/0.png": picture(100) for split in ("train", "test")})


def swapped(mine: Path) -> None:
    move(mine, "bright", "x")
    move(mine, "dark", "bright")
    move(mine, "x", "dark")


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a class more": (another_class, "the class 'cloudy' has been added; there are 11 images to train on where .* 10"),
    "a class renamed": (lambda mine: move(mine, "dark", "gloomy"), "the class 'dark' is now called 'gloomy'"),
    "a class renamed, and others follow": (
        lambda mine: move(mine, "bright", "zenith"),
        "'bright' is now called 'zenith'",
    ),
    "classes swapped": (swapped, "of the 10 images to train on some are others"),
    "an image more": (
        lambda mine: (mine / "train/dark/9.png").write_bytes(picture(30)),
        "there are 11 images to train on where there were 10",
    ),
    "an image less": (lambda mine: (mine / "train/dark/4.png").unlink(), "9 images to train on where there were 10"),
    "a test image more": (
        lambda mine: (mine / "test/dark/9.png").write_bytes(picture(30)),
        "there are 11 images to test on where there were 10",
    ),
    "another image": (
        lambda mine: (mine / "train/dark/0.png").write_bytes(picture(99)),
        "of the 10 images to train on some are others",
    ),
    "another test image": (
        lambda mine: (mine / "test/dark/0.png").write_bytes(picture(99)),
        "of the 10 images to test on some are others",
    ),
    "another label": (
        lambda mine: (
            (mine / "train/dark/0.png").rename(mine / "train/bright/9.png"),
            (mine / "train/bright/0.png").rename(mine / "train/dark/0.png"),
        ),
        "of the 10 images to train on some are others, or have another label or order",
    ),
    "another order": (
        lambda mine: (mine / "train/dark/0.png").rename(mine / "train/dark/9.png"),
        "of the 10 images to train on some are others, or have another label or order",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_resume_on_other_data_is_refused_by_what_has_changed(mine: Path, tmp_path: Path, change: str) -> None:
    before = paused(tmp_path / "run", mine)
    do, says = CHANGES[change]
    shutil.copytree(mine, tmp_path / "kept")
    do(mine)
    kept = weights(tmp_path / "run")
    with pytest.raises(Refusal, match=f"{re.escape(str(mine))} are no longer .*: .*{says}.*; put them back") as refusal:
        on(mine, tmp_path / "run", resume=True)
    assert "\n" not in str(refusal.value)
    assert same(weights(tmp_path / "run"), kept)
    _, told = on(mine, tmp_path / "fresh")
    assert told.events("started")[0]["data_digest"] != before
    # Put back as they were, it goes on: what the refusal asks for works.
    shutil.rmtree(mine)
    shutil.copytree(tmp_path / "kept", mine)
    outcome, told = on(mine, tmp_path / "run", resume=True)
    assert outcome.status == "finished"
    assert told.events("started")[0]["data_digest"] == before


def test_fewer_images_than_the_subset_wants_are_named_as_a_change(mine: Path, tmp_path: Path) -> None:
    paused(tmp_path / "run", mine, samples=10)
    (mine / "train/dark/4.png").unlink()
    with pytest.raises(Refusal, match="there are 9 images to train on where there were 10"):
        on(mine, tmp_path / "run", resume=True, samples=10)


def touched(mine: Path) -> None:
    for path in mine.rglob("*.png"):
        os.utime(path, (1, 1))


def copied(mine: Path) -> None:
    mine.rename(mine.with_name("old"))
    shutil.copytree(mine.with_name("old"), mine, copy_function=shutil.copyfile)


UNCHANGED: dict[str, Callable[[Path], object]] = {
    "touched": touched,
    "copied back": copied,
    "the cache gone": lambda mine: shutil.rmtree(mine.parent / ".vitcore"),
    "a text beside": lambda mine: (mine / "README.txt").write_text("hello"),
    "a hidden file": lambda mine: (mine / "train/dark/.DS_Store").write_bytes(b"x"),
}


@pytest.mark.parametrize("how", UNCHANGED)
def test_the_same_pictures_go_on_whatever_their_files_times(mine: Path, tmp_path: Path, how: str) -> None:
    before = paused(tmp_path / "run", mine)
    UNCHANGED[how](mine)
    outcome, told = on(mine, tmp_path / "run", resume=True)
    assert outcome.status == "finished"
    assert told.events("started")[0]["data_digest"] == before
    assert not [line for line in told.events("note") if "compared" in line["text"]]


def test_the_digest_is_of_the_pictures_and_not_of_their_form(mine: Path, tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "mine.zip", class_files())
    digests = set()
    for number, (place, side) in enumerate([(mine, 16), (archive, 16), (archive, 20)]):
        _, told = on(place, tmp_path / str(number), side=side)
        digests.add(told.events("started")[0]["data_digest"])
    (digest,) = digests
    assert re.fullmatch("[0-9a-f]{12}", digest)


def test_a_checkpoint_from_before_data_were_kept_goes_on_and_says_so(mine: Path, tmp_path: Path) -> None:
    paused(tmp_path / "run", mine)
    path = tmp_path / "run" / "resume.pt"
    state = torch.load(path, weights_only=True)
    assert state.pop("data")["classes"] == ["bright", "dark"]
    torch.save(state, path)
    outcome, told = on(mine, tmp_path / "run", resume=True)
    assert outcome.status == "finished"
    assert [line for line in told.events("note") if "were not compared" in line["text"]]


@pytest.mark.parametrize("kept", ["text", 5, [], {}, {"classes": 5, "rows": 5, "digests": 5}, {"classes": []}])
def test_a_checkpoint_that_tells_nonsense_of_its_data_is_refused(mine: Path, tmp_path: Path, kept: object) -> None:
    paused(tmp_path / "run", mine)
    path = tmp_path / "run" / "resume.pt"
    torch.save({**torch.load(path, weights_only=True), "data": kept}, path)
    with pytest.raises(Refusal, match="does not say which data it is of"):
        on(mine, tmp_path / "run", resume=True)


def test_a_dataset_with_a_name_is_compared_too(tmp_path: Path) -> None:
    quick(tmp_path, control=after(5, "pause"))
    path = tmp_path / "resume.pt"
    state = torch.load(path, weights_only=True)
    state["data"]["digests"]["train"] = "0" * 16
    torch.save(state, path)
    with pytest.raises(Refusal, match=r"the data of digits are no longer .* of the 1,437 images to train on"):
        quick(tmp_path, resume=True)
