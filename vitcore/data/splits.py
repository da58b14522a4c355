"""What of a dataset a run trains on and what it is validated on: the dataset's own split, else what is held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vitcore.data.load import Images
from vitcore.data.validation import split_off

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Evaluated:
    """Images (n c y x) uint8, of which `rows` (m,) count (None: all of them), and the labels (m,) of these."""

    images: Tensor
    labels: Tensor
    rows: Tensor | None = None

    def image(self, number: int) -> Tensor:
        """The image (c y x) of a label's number."""
        return self.images[number if self.rows is None else int(self.rows[number])]


def tested(images: Images) -> Evaluated:
    """The test split."""
    return Evaluated(images.center(images.test.images), images.test.labels)


def parted(images: Images, validation: float | None, seed: int, name: str) -> tuple[Tensor, Evaluated | None]:
    """The numbers (n,) of the training images that stay to train on, and what is validated on; None: nothing is.

    Args:
        images: loaded with `validation` where the spec asks for any.
        validation: the share or count that the spec asks for; a validation split of the dataset's own goes before.
        name: of the dataset, as a refusal calls it.

    Raises:
        UserError: a class would be left without an image to validate or to train on.
    """
    import torch

    if validation is None:
        return torch.arange(len(images.train.labels)), None
    if images.val is not None:
        return torch.arange(len(images.train.labels)), Evaluated(images.center(images.val.images), images.val.labels)
    stays, held_out = split_off(images.train.labels, validation, seed, images.classes, name)
    return stays, Evaluated(images.center(images.train.images), images.train.labels[held_out], held_out)
