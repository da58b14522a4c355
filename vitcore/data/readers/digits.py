"""scikit-learn's 1,797 handwritten digits, embedded in that package, brought from 8x8 to MNIST's form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from vitcore.data.ink import centered
from vitcore.data.registry import Dataset
from vitcore.data.storage.decoded import Arrays, Writer, stamp
from vitcore.data.storage.download import Progress

DOWNLOADS = False
FULL = 16  # the darkest of the 8x8 images' 17 gray levels
LARGE = 64  # side at which strokes are drawn smooth before they are shrunk as MNIST's were
PALE, DARK = 0.35, 0.75  # grays of the enlarged image that become paper and full ink
SPLIT_SEED = 0  # part of the dataset: never the run's


def wanted(dataset: Dataset, place: Path) -> str:
    """What a person would bring, and where to put it, for a sentence that says so."""
    return "scikit-learn into the environment"


def find(dataset: Dataset, place: Path) -> list[Path]:
    """The code that draws them: the images themselves come with scikit-learn."""
    return [Path(__file__), Path(__file__).parents[1] / "ink.py"]


def read(dataset: Dataset, found: list[Path], image_size: int, writer: Writer, progress: Progress | None) -> Arrays:
    """Hand the fixed stratified split, 1,437 for training and 360 for testing, to `writer`."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    from vitcore.data.resize import resized

    bundle = load_digits()
    images = np.stack([centered(_smooth(small / FULL)) for small in bundle.images])[:, None]
    rows = np.arange(len(images))
    train, test = train_test_split(
        rows, test_size=dataset.test_samples, stratify=bundle.target, random_state=SPLIT_SEED
    )
    splits = {"train": np.sort(train), "test": np.sort(test)}
    writer.begin({split: bundle.target[chosen] for split, chosen in splits.items()})
    for split, chosen in splits.items():
        stamps = [stamp(bundle.images[row].tobytes()) for row in chosen]
        writer.put(split, 0, resized(images[chosen], image_size), stamps)
    return writer.finish(dataset.classes)


def _smooth(small: np.ndarray) -> np.ndarray:
    """An 8x8 image as a pen would have left it at 64x64: enlarged, then its grays pulled apart into ink and paper."""
    large = np.asarray(Image.fromarray(small.astype(np.float32), "F").resize((LARGE, LARGE), Image.Resampling.BICUBIC))
    return ((large - PALE) / (DARK - PALE)).clip(0, 1)
