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

from tests.data.images import class_files, image, write_folder, write_zip
from tests.training.runs import QUICK, Lines, after, quick, same, weights
from vitcore.errors import UserError
from vitcore.spec import RunSpec
from vitcore.training import Outcome, stop_signal, train

FEW: dict[str, Any] = {"dataset": "folder", "image_size": 16, "samples": None, "batch_size": 4, "epochs": 3}


@pytest.fixture(autouse=True)
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop_signal, "ASK_SECONDS", 0.0)


@pytest.fixture
def own(own_places: Path, tmp_path: Path) -> Path:
    return write_folder(tmp_path / "mine", class_files())


def on(own: Path, folder: Path, **options: Any) -> tuple[Outcome, Lines]:
    """A short run on the images in `own`, kept in `folder`; `control` and `resume` go to `train`."""
    passed = {name: options.pop(name) for name in ("control", "resume") if name in options}
    messages = Lines()
    folder.mkdir(exist_ok=True)
    spec = RunSpec.of(**(QUICK | FEW | options | {"folder": str(own)}))
    return train(spec, messages, folder=folder, **passed), messages


def paused(folder: Path, own: Path, **options: Any) -> str:
    """A run that was paused after its first steps; the digest of its data."""
    outcome, messages = on(own, folder, control=after(5, "pause"), **options)
    assert outcome.status == "paused"
    return str(messages.events("started")[0]["data_digest"])


def move(folder: Path, old: str, new: str) -> None:
    for split in ("train", "test"):
        (folder / split / old).rename(folder / split / new)


def another_class(own: Path) -> None:
    write_folder(own, {f"{split}/cloudy/0.png": image(100) for split in ("train", "test")})


def swapped(own: Path) -> None:
    move(own, "bright", "x")
    move(own, "dark", "bright")
    move(own, "x", "dark")


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a class more": (another_class, "the class 'cloudy' has been added; there are 11 images to train on where .* 10"),
    "a class renamed": (lambda own: move(own, "dark", "gloomy"), "the class 'dark' is now called 'gloomy'"),
    "a class renamed, and others follow": (
        lambda own: move(own, "bright", "zenith"),
        "'bright' is now called 'zenith'",
    ),
    "classes swapped": (swapped, "of the 10 images to train on some are others"),
    "an image more": (
        lambda own: (own / "train/dark/9.png").write_bytes(image(30)),
        "there are 11 images to train on where there were 10",
    ),
    "an image less": (lambda own: (own / "train/dark/4.png").unlink(), "9 images to train on where there were 10"),
    "a test image more": (
        lambda own: (own / "test/dark/9.png").write_bytes(image(30)),
        "there are 11 images to test on where there were 10",
    ),
    "another image": (
        lambda own: (own / "train/dark/0.png").write_bytes(image(99)),
        "of the 10 images to train on some are others",
    ),
    "another test image": (
        lambda own: (own / "test/dark/0.png").write_bytes(image(99)),
        "of the 10 images to test on some are others",
    ),
    "another label": (
        lambda own: (
            (own / "train/dark/0.png").rename(own / "train/bright/9.png"),
            (own / "train/bright/0.png").rename(own / "train/dark/0.png"),
        ),
        "of the 10 images to train on some are others, or have another label or order",
    ),
    "another order": (
        lambda own: (own / "train/dark/0.png").rename(own / "train/dark/9.png"),
        "of the 10 images to train on some are others, or have another label or order",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_resume_on_other_data_is_refused_by_what_has_changed(own: Path, tmp_path: Path, change: str) -> None:
    before = paused(tmp_path / "run", own)
    do, says = CHANGES[change]
    shutil.copytree(own, tmp_path / "kept")
    do(own)
    stored = weights(tmp_path / "run")
    with pytest.raises(UserError, match=f"{re.escape(str(own))} are no longer .*: .*{says}.*; put them back") as error:
        on(own, tmp_path / "run", resume=True)
    assert "\n" not in str(error.value)
    assert same(weights(tmp_path / "run"), stored)
    _, messages = on(own, tmp_path / "fresh")
    assert messages.events("started")[0]["data_digest"] != before
    # Put back as they were, it goes on: what the refusal asks for works.
    shutil.rmtree(own)
    shutil.copytree(tmp_path / "kept", own)
    outcome, messages = on(own, tmp_path / "run", resume=True)
    assert outcome.status == "finished"
    assert messages.events("started")[0]["data_digest"] == before


def test_fewer_images_than_the_subset_wants_are_named_as_a_change(own: Path, tmp_path: Path) -> None:
    paused(tmp_path / "run", own, samples=10)
    (own / "train/dark/4.png").unlink()
    with pytest.raises(UserError, match="there are 9 images to train on where there were 10"):
        on(own, tmp_path / "run", resume=True, samples=10)


def touched(own: Path) -> None:
    for path in own.rglob("*.png"):
        os.utime(path, (1, 1))


def copied(own: Path) -> None:
    own.rename(own.with_name("old"))
    shutil.copytree(own.with_name("old"), own, copy_function=shutil.copyfile)


UNCHANGED: dict[str, Callable[[Path], object]] = {
    "touched": touched,
    "copied back": copied,
    "the cache gone": lambda own: shutil.rmtree(own.parent / ".vitcore"),
    "a text beside": lambda own: (own / "README.txt").write_text("hello"),
    "a hidden file": lambda own: (own / "train/dark/.DS_Store").write_bytes(b"x"),
}


@pytest.mark.parametrize("how", UNCHANGED)
def test_the_same_images_go_on_whatever_their_files_times(own: Path, tmp_path: Path, how: str) -> None:
    before = paused(tmp_path / "run", own)
    UNCHANGED[how](own)
    outcome, messages = on(own, tmp_path / "run", resume=True)
    assert outcome.status == "finished"
    assert messages.events("started")[0]["data_digest"] == before
    assert not [line for line in messages.events("note") if "compared" in line["text"]]


def test_the_digest_is_of_the_images_and_not_of_their_form(own: Path, tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "mine.zip", class_files())
    digests = set()
    for number, (place, image_size) in enumerate([(own, 16), (archive, 16), (archive, 20)]):
        _, messages = on(place, tmp_path / str(number), image_size=image_size)
        digests.add(messages.events("started")[0]["data_digest"])
    (digest,) = digests
    assert re.fullmatch("[0-9a-f]{12}", digest)


def test_a_checkpoint_from_before_data_were_kept_goes_on_and_says_so(own: Path, tmp_path: Path) -> None:
    paused(tmp_path / "run", own)
    path = tmp_path / "run" / "resume.pt"
    state = torch.load(path, weights_only=True)
    assert state.pop("data")["classes"] == ["bright", "dark"]
    torch.save(state, path)
    outcome, messages = on(own, tmp_path / "run", resume=True)
    assert outcome.status == "finished"
    assert [line for line in messages.events("note") if "were not compared" in line["text"]]


@pytest.mark.parametrize("stored", ["text", 5, [], {}, {"classes": 5, "rows": 5, "digests": 5}, {"classes": []}])
def test_a_checkpoint_that_tells_nonsense_of_its_data_is_refused(own: Path, tmp_path: Path, stored: object) -> None:
    paused(tmp_path / "run", own)
    path = tmp_path / "run" / "resume.pt"
    torch.save({**torch.load(path, weights_only=True), "data": stored}, path)
    with pytest.raises(UserError, match="does not say which data it is of"):
        on(own, tmp_path / "run", resume=True)


def test_a_dataset_with_a_name_is_compared_too(tmp_path: Path) -> None:
    quick(tmp_path, control=after(5, "pause"))
    path = tmp_path / "resume.pt"
    state = torch.load(path, weights_only=True)
    state["data"]["digests"]["train"] = "0" * 16
    torch.save(state, path)
    with pytest.raises(UserError, match=r"the data of digits are no longer .* of the 1,437 images to train on"):
        quick(tmp_path, resume=True)
