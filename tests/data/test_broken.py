"""Images that cannot be read: all are listed at once, and left out where that is wished; every format that is read."""

from __future__ import annotations

import io
import os
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.data.images import class_files, image, write_folder, write_tar, write_zip
from vitcore.data.load import load
from vitcore.data.storage.decode import BY_ENDING, DISTINGUISHED, ENDINGS, decoded
from vitcore.data.storage.decode_all import Broken
from vitcore.errors import UserError
from vitcore.spec import RunSpec
from vitcore.training import train

BAD = {"train/dark/bad.png": b"no image", "train/dark/empty.jpg": b"", "test/bright/cut.png": image(9)[:40]}
Image.init()
WRITTEN = [form for form in DISTINGUISHED | BY_ENDING if form in Image.SAVE]
WRITERS = {"": write_folder, ".zip": write_zip, ".tar": write_tar}


@pytest.mark.parametrize("ending", WRITERS)
def test_all_broken_images_are_listed_and_can_be_left_out(own_places: Path, tmp_path: Path, ending: str) -> None:
    place = str(WRITERS[ending](tmp_path / f"mine{ending}", class_files() | BAD))
    with pytest.raises(Broken) as broken:
        load("folder", 8, folder=place)
    assert set(broken.value.reasons) == set(BAD)
    for part in (*BAD, "3 of 23 images", "--skip-broken"):
        assert part in str(broken.value)
    images = load("folder", 8, folder=place, skip_broken=True)
    assert (len(images.train.labels), len(images.test.labels)) == (10, 10)
    assert int(images.train.images.min()) >= 20  # no place is left black
    notes = [sentence for sentence in images.notes if sentence.startswith("left out")]
    assert "3 images" in notes[0]
    assert "2 of training and 1 of testing" in notes[0]
    assert all(name in notes[0] for name in BAD)
    again = load("folder", 8, folder=place, skip_broken=True)  # from the decoded copy
    assert again.notes == images.notes
    with pytest.raises(Broken):  # who did not wish it never gets the copy without them
        load("folder", 8, folder=place)


def test_the_copy_without_broken_images_is_made_anew_where_it_no_longer_says_so(
    own_places: Path, tmp_path: Path
) -> None:
    place = str(write_folder(tmp_path / "mine", class_files() | BAD))
    notes = load("folder", 8, folder=place, skip_broken=True).notes
    for stored in tmp_path.rglob("told.json"):
        stored.unlink()
    assert load("folder", 8, folder=place, skip_broken=True).notes == notes


def test_a_whole_set_is_the_same_either_way(own_places: Path, tmp_path: Path) -> None:
    place = str(write_folder(tmp_path / "mine", class_files()))
    assert load("folder", 8, folder=place, skip_broken=True).notes == load("folder", 8, folder=place).notes


def test_nothing_is_left_where_all_are_broken(own_places: Path, tmp_path: Path) -> None:
    place = write_folder(tmp_path / "mine", dict.fromkeys(class_files(), b"no"))
    with pytest.raises(Broken, match="20 of 20 images"):
        load("folder", 8, folder=str(place), skip_broken=True)


@pytest.mark.parametrize("sort", ["pipe", "dangling", "circle", "folder"])
def test_what_is_no_file_is_told_like_a_broken_image(own_places: Path, tmp_path: Path, sort: str) -> None:
    folder = write_folder(tmp_path / "mine", class_files())
    odd = folder / "train" / "dark" / "odd.png"
    {
        "pipe": lambda: os.mkfifo(odd),
        "dangling": lambda: odd.symlink_to("nowhere"),
        "circle": lambda: odd.symlink_to(odd),
        "folder": lambda: odd.mkdir(),  # a folder without images is nobody's
    }[sort]()
    if sort == "folder":
        assert len(load("folder", 8, folder=str(folder)).train.labels) == 10
        return
    with pytest.raises(Broken, match=r"odd\.png"):
        load("folder", 8, folder=str(folder))
    assert len(load("folder", 8, folder=str(folder), skip_broken=True).train.labels) == 10


def test_what_was_found_stands_in_the_notes_before_training(own_places: Path, tmp_path: Path) -> None:
    place = write_folder(tmp_path / "mine", class_files() | BAD | {"val/dark/1.png": image(3), "notes.txt": b""})
    spec = RunSpec.of(
        architecture="cnn", dataset="folder", folder=str(place), image_size=16, epochs=1, device="cpu", skip_broken=True
    )
    lines: list[dict[str, Any]] = []
    train(spec, lambda line: lines.append(line.written()) if line.stream == "events" else None)
    events = [line["event"] for line in lines]
    notes = [line["text"] for line in lines[: events.index("epoch")] if line["event"] == "note"]
    for part in (
        "10 images to train on",
        "validation split val/",
        "dark 5 + 5",
        "notes.txt",
        "left out: 3 images",
    ):
        assert any(part in note for note in notes), (part, notes)


def test_every_broken_image_stands_in_the_notes_of_a_run_that_failed(own_places: Path, tmp_path: Path) -> None:
    bad = {f"train/dark/bad {number}.png": b"no" for number in range(30)}
    place = write_folder(tmp_path / "mine", class_files() | bad)
    spec = RunSpec.of(architecture="cnn", dataset="folder", folder=str(place), image_size=16, epochs=1, device="cpu")
    notes: list[str] = []
    with pytest.raises(UserError, match="30 of 50 images"):
        train(spec, lambda line: notes.append(str(line.written().get("text"))))
    for name in bad:
        assert any(name in note for note in notes)


def _saved(form: str) -> bytes:
    file = io.BytesIO()
    mode = {"XBM": "1", "MSP": "1", "FITS": "L"}.get(form, "P" if form in ("GIF", "BLP") else "RGB")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # IM will no longer be written in 2028
        Image.new("RGB", (24, 24), (150, 150, 150)).convert(mode).save(file, form)
    return file.getvalue()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # IM will no longer be read in 2028
@pytest.mark.parametrize("form", WRITTEN)
def test_every_format_that_pillow_writes_is_read_under_each_of_its_endings(form: str) -> None:
    for ending in (DISTINGUISHED | BY_ENDING)[form]:
        pixels = decoded(_saved(form), f"x{ending.upper()}", 8, 3)
        assert form in ("XBM", "MSP") or np.abs(pixels.astype(int) - 150).max() <= 4


NOT_READ = {
    "EPS": "starts Ghostscript",
    "IPTC": "hands on to any other decoder, EPS included",
    "MPEG": "has no decoder",
    **dict.fromkeys(("BUFR", "GRIB", "HDF5", "WMF"), "has no decoder of Pillow's own"),
    **dict.fromkeys(("PDF", "PALM", "MPO"), "has no ending of its own, or is written alone"),
}


def test_every_ending_that_pillow_knows_is_read_or_has_a_reason() -> None:
    Image.init()
    for ending, form in Image.registered_extensions().items():
        if form in Image.OPEN and form not in NOT_READ:
            assert ending in ENDINGS, f"{ending} ({form}) is not read"
    assert not {ending for ending, form in Image.registered_extensions().items() if form in NOT_READ} & set(ENDINGS)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_program_is_never_started_whatever_the_ending(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*asked: object, **named: object) -> None:
        raise AssertionError("a program was started")

    for name in ("subprocess.Popen", "os.system", "os.posix_spawn"):
        monkeypatch.setattr(name, started)
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) (w) file\n"
    with pytest.raises(UserError):
        decoded(eps, f"x{ending}", 8, 3)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # IM will no longer be read in 2028
@pytest.mark.parametrize("form", WRITTEN)
def test_damaged_bytes_of_every_format_are_refused_in_a_sentence(form: str) -> None:
    numbers, whole, ending = np.random.default_rng(3), _saved(form), (DISTINGUISHED | BY_ENDING)[form][0]
    for _ in range(60):
        content = bytearray(whole)
        for at in numbers.integers(0, min(len(whole), 400), 3):
            content[at] = int(numbers.integers(0, 256))
        with suppress(UserError):
            decoded(bytes(content[: int(numbers.integers(1, len(content) + 1))]), f"x{ending}", 8, 3)
