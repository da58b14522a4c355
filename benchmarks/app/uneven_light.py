"""How many genuine MNIST digits a stored run reads as photos of unevenly lit paper, with its light and without.

    python -m benchmarks.app.uneven_light RUN [--results FOLDER] [--digits 200]

Each test digit is drawn dark on paper of 320 x 320 pixels, at a random place and size, and lit: evenly, along a
gradient, across the edge of a shadow, by a lamp off its middle, and by all of these, with a camera's noise too.
"Before" is the ink as it was found until then: the distance from the tone of the paper's edges.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from vitcore.data.image import plain_ink, prepare
from vitcore.data.ink import centered
from vitcore.data.load import load
from vitcore.runs.folder import Results
from vitcore.runs.predict import Loaded
from vitcore.runs.predict import load as load_model
from vitcore.statistics.proportions import wilson

SIDE = 320  # pixels of a photo
PAPER, INK = 0.92, 0.75  # how light the paper is, and what share of the light full ink swallows
ROOT = Path(__file__).resolve().parents[2]
Light = Callable[[np.random.Generator], np.ndarray]
_Y, _X = np.mgrid[0:SIDE, 0:SIDE] / SIDE


def even(draw: np.random.Generator) -> np.ndarray:
    """The same everywhere (y x)."""
    return np.full((SIDE, SIDE), draw.uniform(0.7, 1.0))


def gradient(draw: np.random.Generator) -> np.ndarray:
    """From full light to a third of it, in any direction."""
    return _across(draw, lambda along: 1 - draw.uniform(0.5, 0.7) * along)


def shadow(draw: np.random.Generator) -> np.ndarray:
    """Half the light beyond an edge through the middle part, whose penumbra is a hundredth to a twentieth wide."""
    place, soft, dark = draw.uniform(0.3, 0.7), draw.uniform(0.01, 0.05), draw.uniform(0.4, 0.6)
    return _across(draw, lambda along: 1 - dark / (1 + np.exp(-(along - place) / soft)))


def lamp(draw: np.random.Generator) -> np.ndarray:
    """Falls off from a bright place to a quarter."""
    middle_y, middle_x = draw.uniform(0.1, 0.9, 2)
    return 0.25 + 0.75 * np.exp(-((_Y - middle_y) ** 2 + (_X - middle_x) ** 2) / draw.uniform(0.15, 0.4))


def all_of_them(draw: np.random.Generator) -> np.ndarray:
    """One over the other."""
    return np.sqrt(gradient(draw) * lamp(draw)) * shadow(draw) ** 0.7


def _across(draw: np.random.Generator, falls: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """A light that changes in one direction, from 0 to 1 along it."""
    angle = draw.uniform(0, 2 * np.pi)
    along = np.cos(angle) * _X + np.sin(angle) * _Y
    return falls((along - along.min()) / (along.max() - along.min()))


LIGHTS: dict[str, tuple[Light, float]] = {
    "even": (even, 0.0),
    "gradient": (gradient, 0.0),
    "shadow edge": (shadow, 0.0),
    "lamp": (lamp, 0.0),
    "gradient, noise": (gradient, 0.03),
    "shadow edge, noise": (shadow, 0.03),
    "all, noise": (all_of_them, 0.03),
}
"""Each light, and the deviation of the noise, of full brightness."""


def photo(digit: np.ndarray, light: Light, noise: float, draw: np.random.Generator) -> Image.Image:
    """A digit (28 28) uint8 of white ink on black as a photo of dark ink on paper."""
    size = int(draw.uniform(0.45, 0.85) * SIDE)
    large = np.asarray(Image.fromarray(digit).resize((size, size), Image.Resampling.BICUBIC), np.float64) / 255
    ink = np.zeros((SIDE, SIDE))
    top, left = draw.integers(0, SIDE - size + 1, 2)
    ink[top : top + size, left : left + size] = large
    lit = PAPER * (1 - INK * ink) * light(draw) + draw.normal(0, noise, ink.shape)
    return Image.fromarray(np.rint(255 * np.clip(lit, 0, 1)).astype(np.uint8))


def before(image: Image.Image) -> np.ndarray:
    """The digit (28 28) as it was cut out until the light was looked at."""
    gray = np.asarray(image, np.float32) / 255
    edges = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    return centered(plain_ink(1 - gray if np.median(edges) < 0.5 else gray))


def answered(model: Loaded, images: np.ndarray) -> np.ndarray:
    """The classes (n,) of images (n 28 28) uint8."""
    from vitcore.data.augment import Normalize
    from vitcore.data.registry import pixel_scale

    data = model.spec.data
    normalize = Normalize(*pixel_scale(data.dataset, data.normalize), torch.device("cpu"))
    with torch.inference_mode():
        parts = torch.from_numpy(images)[:, None].split(250)
        return torch.cat([model.model(normalize(part)).argmax(1) for part in parts]).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--digits", type=int, default=200)
    chosen = parser.parse_args()
    model = load_model(Results(chosen.results).run(chosen.run))
    test = load("mnist").test
    images, labels = test.images[: chosen.digits, 0].numpy(), test.labels[: chosen.digits].numpy()
    print(f"{model.spec.title()}: its own test images {100 * (answered(model, images) == labels).mean():.1f} % right")
    print(f"{'light':20} {'before':>24} {'light taken out':>24}   ({len(labels)} photos each, Wilson's 95 %)")
    for name, (light, noise) in LIGHTS.items():
        draw = np.random.Generator(np.random.PCG64(0))
        photos = [photo(digit, light, noise, draw) for digit in images]
        ways = (np.stack([before(each) for each in photos]), np.stack([_after(each) for each in photos]))
        print(f"{name:20} " + " ".join(f"{_share(answered(model, way) == labels):>24}" for way in ways), flush=True)


def _after(image: Image.Image) -> np.ndarray:
    try:
        return prepare(image, "mnist")[0].numpy()
    except ValueError:  # a UserError: nothing was found on it
        return np.zeros((28, 28), np.uint8)


def _share(right: np.ndarray) -> str:
    share, low, high = (100 * each for each in wilson(float(right.mean()), len(right)))
    return f"{share:.1f} % ({low:.1f} to {high:.1f})"


if __name__ == "__main__":
    main()
