"""Every dataset, one table of plain data; the module of vitcore.data that reads it is named in its row.

Nothing here imports torch: forms, validation and the command line read the table before any tensor is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from vitcore.data.class_names import CIFAR10, CIFAR100, DIGITS, FASHION, FLOWERS, TINY_IMAGENET

Color = tuple[float, ...]
IMAGENET_MEAN: Color = (0.485, 0.456, 0.406)
IMAGENET_STD: Color = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Dataset:
    """What is known of a dataset before a byte of it is read.

    `train_samples` and `test_samples` are 0 where only the person's own folder knows them (`at_path`), and `classes`
    empty where it names these too.
    `made` says how a drawn or uploaded image becomes one of this dataset's (vitcore.data.image).
    `place` is where its files lie below the data folder.
    """

    label: str
    channels: int
    image_size: int  # pixels; images are square
    classes: tuple[str, ...]
    train_samples: int
    test_samples: int
    source: str
    mean: Color
    std: Color
    reader: str
    place: str = ""
    made: Literal["digit", "garment", "photograph"] = "photograph"
    note: str = ""  # told with every result
    any_shape: bool = False  # there may be images that are not square
    validates: bool = False  # its validation split stands for its test split
    found: tuple[str, ...] = ()  # what is in the person's own folder, in sentences
    at_path: bool = False  # the images are the person's own, at a path that a run names
    val_samples: int = 0  # of its own validation split, which is among the training samples of runs without validation


def pixel_scale(name: str, normalize: str) -> tuple[Color, Color]:
    """What is taken from a dataset's pixels of 0 to 1, by channel, and what they are divided by.

    Args:
        normalize: "standard": the training images' mean and deviation; "unit": nothing, pixels stay 0 to 1.
    """
    known = DATASETS[name]
    return ((0.0,) * known.channels, (1.0,) * known.channels) if normalize == "unit" else (known.mean, known.std)


READERS: dict[str, Any] = {}
"""Readers of datasets that a plug-in added, by the dataset's name; the table's own are modules of vitcore.data."""

DATASETS: dict[str, Dataset] = {
    "digits": Dataset(
        "Digits (1,797, built in)",
        1,
        28,
        DIGITS,
        1437,
        360,
        "scikit-learn load_digits",
        mean=(0.1439,),
        std=(0.3192,),
        reader="digits",
        made="digit",
    ),
    "mnist": Dataset(
        "MNIST",
        1,
        28,
        DIGITS,
        60_000,
        10_000,
        "LeCun et al. 1998",
        mean=(0.1307,),
        std=(0.3081,),
        reader="idx",
        place="MNIST",
        made="digit",
    ),
    "fashion-mnist": Dataset(
        "Fashion-MNIST",
        1,
        28,
        FASHION,
        60_000,
        10_000,
        "Xiao et al. 2017",
        mean=(0.2860,),
        std=(0.3530,),
        reader="idx",
        place="FashionMNIST",
        made="garment",
    ),
    "cifar-10": Dataset(
        "CIFAR-10",
        3,
        32,
        CIFAR10,
        50_000,
        10_000,
        "Krizhevsky 2009",
        mean=(0.4914, 0.4822, 0.4465),
        std=(0.2470, 0.2435, 0.2616),
        reader="cifar",
        place="cifar-10-batches-py",
    ),
    "cifar-10-jpeg": Dataset(
        "CIFAR-10 (JPEG copies)",
        3,
        32,
        CIFAR10,
        50_000,
        10_000,
        "Krizhevsky 2009, saved as JPEG",
        mean=(0.4914, 0.4822, 0.4465),
        std=(0.2470, 0.2435, 0.2616),
        reader="folders",
        place="cifar10-jpeg",
        note="JPEG copies: the images were compressed with loss, so results differ a little from CIFAR-10's own",
    ),
    "cifar-100": Dataset(
        "CIFAR-100",
        3,
        32,
        CIFAR100,
        50_000,
        10_000,
        "Krizhevsky 2009",
        mean=(0.5071, 0.4867, 0.4408),
        std=(0.2675, 0.2565, 0.2761),
        reader="cifar",
        place="cifar-100-python",
    ),
    "tiny-imagenet": Dataset(
        "Tiny ImageNet",
        3,
        64,
        TINY_IMAGENET,
        100_000,
        10_000,
        "Le and Yang 2015",
        mean=(0.4802, 0.4481, 0.3975),
        std=(0.2770, 0.2691, 0.2821),
        reader="tiny_imagenet",
        place="tiny-imagenet-200",
    ),
    "flowers-102": Dataset(
        "Flowers-102",
        3,
        224,
        FLOWERS,
        2_040,
        6_149,
        "Nilsback and Zisserman 2008; without validation its validation split is trained on too",
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        reader="flowers",
        any_shape=True,
        place="flowers-102",
        val_samples=1_020,
    ),
    "flowers-102-val": Dataset(
        "Flowers-102 (training and validation splits)",
        3,
        224,
        FLOWERS,
        1_020,
        1_020,
        "Nilsback and Zisserman 2008; trained on its training split, tested on its validation split",
        mean=(0.4353, 0.3773, 0.2872),
        std=(0.2966, 0.2455, 0.2698),
        reader="flowers",
        any_shape=True,
        place="flowers-102",
        note="the validation split stands for the test split, as the compact transformers' authors have it",
        validates=True,
    ),
    "imagenet": Dataset(
        "ImageNet",
        3,
        224,
        tuple(f"class {number}" for number in range(1000)),  # the folders' own names replace these when it is read
        1_281_167,
        50_000,
        "Russakovsky et al. 2015; folders train/ and val/",
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        reader="folders",
        place="imagenet",
        any_shape=True,
    ),
    "folder": Dataset(
        "Custom dataset",
        3,
        64,
        (),
        0,
        0,
        "a folder, archive or file of images",
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        reader="own",
        any_shape=True,
        at_path=True,
    ),
    "own-digits": Dataset(
        "Own handwritten digits",
        1,
        28,
        DIGITS,
        0,
        0,
        "a folder or archive of images in folders 0 to 9",
        mean=(0.1307,),  # MNIST's, in whose form they are brought
        std=(0.3081,),
        reader="own_digits",
        made="digit",
        at_path=True,
    ),
}
