"""Handwritten digits of a person's own: read as Draw reads a drawing, under the digits' own numbers."""

import io
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.data.images import handwriting, image, stroke, write_folder
from vitcore.data.image import prepare
from vitcore.data.load import described, load
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.spec import RunSpec


def test_an_image_is_what_a_model_of_mnist_would_be_asked_about_on_draw(own_places: Path, tmp_path: Path) -> None:
    files = handwriting()
    images = load("own-digits", folder=str(write_folder(tmp_path / "mine", files)))
    assert images.classes == DATASETS["mnist"].classes
    assert images.train.images.shape == (20, 1, 28, 28)
    with Image.open(io.BytesIO(files["train/7/1.png"])) as seven:
        assert torch.equal(images.train.images[15], prepare(seven, "mnist"))
    assert int(images.train.labels[15]) == 7


def test_digits_without_an_image_keep_their_number(own_places: Path, tmp_path: Path) -> None:
    files = {name: content for name, content in handwriting().items() if name.split("/")[1] in "37"}
    folder = str(write_folder(tmp_path / "mine", files))
    known = described("own-digits", folder)
    assert (len(known.classes), known.train_samples, known.test_samples) == (10, 4, 4)
    images = load("own-digits", folder=folder)
    assert images.train.labels.tolist() == [3, 3, 7, 7]
    assert len(images.classes) == 10


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"train/seven/0.png": image(9), "test/seven/0.png": image(9)}, "call the folders .* 0 to 9"),
        ({"train/7/blank.png": image(255)}, "blank.png: there is nothing drawn on the image"),
        ({"train/7/torn.png": b"\x89PNG"}, "torn.png is not an image that can be read"),
    ],
)
def test_what_does_not_do_is_named(own_places: Path, tmp_path: Path, change: dict[str, bytes], says: str) -> None:
    folder = write_folder(tmp_path / "mine", handwriting() | change)
    with pytest.raises(UserError, match=says):
        load("own-digits", folder=str(folder))


def test_they_need_a_path(own_places: Path) -> None:
    with pytest.raises(UserError, match="'folder' or 'own-digits' and the path"):
        RunSpec.of(dataset="own-digits")
    assert RunSpec.of(dataset="own-digits", folder="mine").data.folder == "mine"


def test_strokes_differ() -> None:
    """Else the tests above could not tell images apart."""
    assert len({stroke(number).tobytes() for number in range(10)}) == 10
