"""Ink on unevenly lit paper is found; where the light is even nothing changes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.data.test_image import PAPERS, drawn
from vitcore.data.illumination import otsu, uneven
from vitcore.data.image import digit_steps, prepare
from vitcore.errors import UserError

Y, X = np.mgrid[0:280, 0:280] / 280
LIGHTS = {
    "gradient": 1 - 0.65 * X,
    "another way": 1 - 0.65 * (X + Y) / 2,
    "edge of a shadow": 1 - 0.55 / (1 + np.exp(-(X + 0.3 * Y - 0.62) / 0.02)),
    "lamp": 0.3 + 0.7 * np.exp(-((Y - 0.2) ** 2 + (X - 0.8) ** 2) / 0.25),
}


def lit(light: np.ndarray, noise: float = 0.0) -> Image.Image:
    """The stroke of tests/data/test_image.py, in gray ink on paper, in this light."""
    flat = 0.9 * (0.25 + 0.75 * np.asarray(drawn("L", 255, 0), dtype=np.float64) / 255)
    draw = np.random.Generator(np.random.PCG64(0))
    return Image.fromarray(np.rint(255 * np.clip(flat * light + draw.normal(0, noise, flat.shape), 0, 1)).astype("u1"))


@pytest.mark.parametrize("noise", [0.0, 0.03])
@pytest.mark.parametrize("light", LIGHTS)
def test_ink_is_found_in_any_light(light: str, noise: float) -> None:
    found = prepare(lit(LIGHTS[light], noise), "mnist").float()
    expected = prepare(PAPERS["ink on paper"], "mnist").float()
    shifts = [expected.roll((y, x), (1, 2)) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    assert min(float((found - shifted).abs().mean()) for shifted in shifts) < 12


@pytest.mark.parametrize("paper", PAPERS)
def test_in_even_light_nothing_is_taken_out(paper: str) -> None:
    assert [step.label for step in digit_steps(PAPERS[paper])] == ["In gray", "Ink"]


def test_each_step_is_shown() -> None:
    steps = digit_steps(lit(LIGHTS["gradient"]))
    assert [step.label for step in steps] == ["In gray", "Its light", "Without it", "Ink"]
    light, flat = (steps[place].pixels / 255 for place in (1, 2))
    assert np.abs(light - 0.9 * LIGHTS["gradient"]).max() < 0.1
    paper = np.asarray(drawn("L", 255, 0)) == 255
    assert np.quantile(flat[paper], 0.05) > 0.9


@pytest.mark.parametrize("light", LIGHTS)
def test_empty_paper_has_no_ink_however_it_is_lit(light: str) -> None:
    empty = Image.fromarray(np.rint(230 * LIGHTS[light]).astype("u1"))
    assert uneven(np.asarray(empty, np.float32) / 255)
    with pytest.raises(UserError, match="nothing drawn"):
        prepare(empty, "mnist")


def test_the_smallest_images_are_no_trouble() -> None:
    for size in (1, 2, 3, 5):
        for value in (0, 128, 255):
            image = Image.new("L", (size, size), value)
            with pytest.raises(UserError, match="nothing drawn"):
                prepare(image, "mnist")
        noise = np.random.Generator(np.random.PCG64(size)).integers(0, 256, (size, 3 * size)).astype("u1")
        assert digit_steps(Image.fromarray(noise))[-1].pixels.shape == noise.shape


def test_otsus_threshold_lies_between_two_classes() -> None:
    draw = np.random.Generator(np.random.PCG64(0))
    values = np.concatenate([draw.normal(0.1, 0.02, 900), draw.normal(0.7, 0.05, 100)]).clip(0, 1)
    assert 0.15 < otsu(values) < 0.6
    assert 0 <= otsu(np.zeros(10)) <= 1
