"""The parts that pages share, where they can be judged without a page."""

import numpy as np
import pytest

from pages.draw import canvas
from pages.shared import format
from pages.train.form import combined
from vitcore.spec import RunSpec, sweeps


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (999, "999"),
        (9_999, "9,999"),
        (28_214, "28.2 k"),
        (28_214_000, "28.2 M"),
        (4.1e9, "4.1 G"),
    ],
)
def test_counts(value: float | None, text: str) -> None:
    assert format.count(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.2, "under a second"),
        (3.4, "3 s"),
        (75, "1 min 15 s"),
        (120, "2 min"),
        (1_500, "25 min"),
        (8_000, "2 h 13 min"),
        (3_599, "60 min"),
        (400_000, "5 days"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert format.duration(seconds) == text


@pytest.mark.parametrize(("size", "text"), [(None, "–"), (410.2, "410 MB"), (999.4, "999 MB"), (2048, "2.0 GB")])
def test_memory(size: float | None, text: str) -> None:
    assert format.megabytes(size) == text


def test_a_combination_that_cannot_be_leaves_the_others() -> None:
    points = sweeps.grid({"architecture": ["cct-2/3x2", "cnn"], "kernel": ["softmax", "relu"]})
    asked = combined(RunSpec().flat(), points)
    assert asked.several
    assert [spec.model.architecture for spec in asked.specs] == ["cct-2/3x2", "cct-2/3x2", "cnn"]
    assert len(asked.refused) == 1
    assert "cnn" in asked.refused[0]


def test_a_stroke_becomes_ink_where_it_was_drawn() -> None:
    image = np.asarray(canvas.drawn_image([[[140.0, 40.0], [140.0, 240.0]]]))
    assert image.shape == (280, 280)
    assert image[140, 140] == 0
    assert image[140, 20] == 255
    assert (image[140] < 128).sum() == pytest.approx(canvas.BRUSH, abs=2)


def test_a_dot_is_a_dot_and_nothing_is_white() -> None:
    assert np.asarray(canvas.drawn_image([[[100.0, 100.0]]]))[100, 100] == 0
    assert (np.asarray(canvas.drawn_image([])) == 255).all()


@pytest.mark.parametrize("raw", [None, "x", {"a": 1}, [None], [[]], 7])
def test_what_is_no_drawing_is_none(raw: object) -> None:
    assert canvas.cleaned(raw) == []


def test_points_stay_on_the_canvas() -> None:
    assert canvas.cleaned([[[-5, 900], ["x"]]]) == [[[0.0, 280.0], [0.0, 0.0]]]
