"""A drawn or uploaded image is made as the dataset's own were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from vitcore.data.image import prepare
from vitcore.data.load import load
from vitcore.errors import UserError

STROKE = [(60, 60), (120, 50), (130, 110), (80, 130), (140, 160), (120, 220), (60, 210)]


def drawn(mode: str, paper: object, ink: object, shift: tuple[int, int] = (0, 0), scale: float = 1) -> Image.Image:
    size = round(280 * scale)
    image = Image.new(mode, (size, size), paper)  # type: ignore[arg-type]
    points = [(scale * x + shift[0], scale * y + shift[1]) for x, y in STROKE]
    ImageDraw.Draw(image).line(points, fill=ink, width=round(22 * scale), joint="curve")  # type: ignore[arg-type]
    return image


PAPERS = {
    "ink on paper": drawn("L", 255, 0),
    "chalk on a board": drawn("L", 0, 255),
    "black on glass": drawn("RGBA", (0, 0, 0, 0), (0, 0, 0, 255)),
    "white on glass": drawn("RGBA", (255, 255, 255, 0), (255, 255, 255, 255)),
    "blue on opaque white": drawn("RGBA", (255, 255, 255, 255), (30, 30, 90, 255)),
    "moved": drawn("L", 255, 0, shift=(70, 40)),
    "larger": drawn("L", 255, 0, scale=3),
    "palette": drawn("L", 255, 0).convert("P"),
}


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("name", ["mnist", "digits"])
def test_a_digit_comes_out_the_same_however_it_was_drawn(name: str, paper: str) -> None:
    found, expected = prepare(PAPERS[paper], name).float(), prepare(PAPERS["ink on paper"], name).float()
    assert found.shape == (1, 28, 28)
    shifts = [found.roll((y, x), (1, 2)) for y in (-1, 0, 1) for x in (-1, 0, 1)]  # half a pixel may round either way
    assert min((shifted - expected).abs().mean() for shifted in shifts) < 4
    inked = found[0] > 0
    assert max(int(inked.any(0).sum()), int(inked.any(1).sum())) == 20
    middles = [(found[0].sum(1 - axis) * torch.arange(28.0)).sum() / found.sum() for axis in (0, 1)]
    assert all(abs(float(middle) - 14) <= 0.51 for middle in middles)


def test_mnists_own_images_come_out_as_they_are(real_data: Path) -> None:
    """The rule is MNIST's own, so its images hardly change; their largest side is 20 already."""
    images = load("mnist").test.images[:50, 0].numpy()
    near = [
        np.abs(prepare(Image.fromarray(image), "mnist")[0].numpy().astype(float) - image).mean() for image in images
    ]
    assert np.median(near) < 1
    assert max(near) < 30  # half a pixel that rounded the other way


@pytest.mark.parametrize("empty", [Image.new("L", (50, 50), 255), Image.new("RGBA", (50, 50), (0, 0, 0, 0))])
def test_an_empty_image_is_refused(empty: Image.Image) -> None:
    with pytest.raises(UserError, match="nothing drawn"):
        prepare(empty, "mnist")


def test_photographs_lose_what_a_centered_square_leaves_out() -> None:
    wide = Image.new("RGB", (90, 30), "red")
    wide.paste("blue", (30, 0, 60, 30))
    found = prepare(wide, "cifar-10")
    assert found.shape == (3, 32, 32)
    assert found[2, 5:-5, 5:-5].min() > 250
    assert prepare(wide, "cifar-10", image_size=48).shape == (3, 48, 48)


def test_a_garment_is_bright_on_black_and_fills_the_square() -> None:
    photo = Image.new("RGB", (300, 400), "white")
    photo.paste((40, 40, 40), (100, 50, 180, 350))
    found = prepare(photo, "fashion-mnist")[0]
    assert found.shape == (28, 28)
    assert found[:, 0].max() < 30
    assert found[14, 14] > 150
    assert int((found > 100).any(1).sum()) >= 27
