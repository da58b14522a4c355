"""Every dataset, one table of plain data; loading is in the module that each row names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dataset:
    """What is known of a dataset before a byte of it is read."""

    label: str
    channels: int
    side: int  # pixels; pictures are square
    classes: tuple[str, ...]
    train_rows: int
    test_rows: int
    source: str


DIGITS = tuple("0123456789")

DATASETS: dict[str, Dataset] = {
    "digits": Dataset("Digits (1,797, built in)", 1, 28, DIGITS, 1437, 360, "scikit-learn load_digits"),
    "mnist": Dataset("MNIST", 1, 28, DIGITS, 60_000, 10_000, "LeCun et al. 1998"),
}
