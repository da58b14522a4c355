"""The augmentation section of a run's spec: what is done to training images, and in what order."""

from __future__ import annotations

from typing import Any, Literal

from vitcore.spec.options import Part, option


class AugmentSpec(Part):
    """What is done to training images, on whole batches and on the training device, in this order."""

    resized_crop: float = option(
        0,
        "Resized crop",
        "Smallest share of an image's area that is cut out and resized to the whole; 0: none.",
        advanced=True,
        ge=0,
        le=1,
        usual="0, and 0.08 on ImageNet",
    )
    resized_crop_ratio: float = option(
        4 / 3,
        "Resized crop's ratio",
        "Largest ratio of the cut-out's width to its height; the smallest is its inverse.",
        advanced=True,
        ge=1,
        le=10,
    )
    interpolation: Literal["bilinear", "bicubic", "random"] = option(
        "bilinear",
        "Interpolation",
        "Of resized crops and of timm's RandAugment; random: one of the two for each image, as timm has it.",
        advanced=True,
    )
    crop: int = option(
        0,
        "Random crop",
        "Pixels of padding before a random crop; 0: none.",
        advanced=True,
        ge=0,
        le=32,
        usual="0, and 2 to 4 for images of 28 or 32 pixels",
    )
    flip: bool = option(False, "Flip", "Mirror half of the images left to right.", advanced=True)
    rotate: float = option(0, "Rotate", "Largest random turn in degrees.", advanced=True, ge=0, le=180, usual="0 to 15")
    rand_augment: int = option(
        0,
        "RandAugment",
        "Magnitude, two operations an image; 0: none.",
        advanced=True,
        ge=0,
        le=30,
        usual="0, or 9",
    )
    rand_augment_policy: Literal["paper", "timm"] = option(
        "paper",
        "RandAugment's policy",
        "paper: Cubuk et al. 2020, magnitudes to 30; timm: its increasing operations (inc1), to 10, each with p 0.5.",
        advanced=True,
    )
    rand_augment_std: float = option(
        0,
        "RandAugment's noise",
        "Deviation of the magnitude from image to image, in timm's policy (its mstd).",
        advanced=True,
        ge=0,
        le=10,
        usual="0, or 0.5",
    )
    color_jitter: float = option(
        0,
        "Color jitter",
        "Largest change of brightness, contrast and saturation, in random order; 0: none.",
        advanced=True,
        ge=0,
        le=1,
        usual="0, or 0.3 to 0.4",
    )
    erasing: float = option(
        0, "Random erasing", "Chance that a box is erased.", advanced=True, ge=0, le=1, usual="0, or 0.25"
    )
    erasing_mode: Literal["mean", "const", "rand", "pixel"] = option(
        "mean",
        "Erased boxes hold",
        "mean: the dataset's (Zhong et al. 2020); timm's const: zeros, rand: one random color, pixel: random pixels.",
        advanced=True,
    )
    erasing_count: int = option(
        1, "Erased boxes", "Most boxes of an image, which share the area; in timm's modes.", advanced=True, ge=1, le=16
    )
    erase_mixed: bool = option(
        False, "Erase after mixing", "Erase boxes of mixed images, as timm's loader does.", advanced=True
    )
    mixup: float = option(
        0, "Mixup", "Alpha of its Beta distribution; 0: none.", advanced=True, ge=0, le=10, usual="0, or 0.2 to 0.8"
    )
    cutmix: float = option(
        0, "CutMix", "Alpha of its Beta distribution; 0: none.", advanced=True, ge=0, le=10, usual="0, or 1"
    )
    mixup_prob: float = option(1, "Mixed batches", "Share of batches that are mixed at all.", advanced=True, ge=0, le=1)
    mixup_switch_prob: float = option(
        0.5, "CutMix's share", "Of batches, where mixup and CutMix are both on.", advanced=True, ge=0, le=1
    )
    mixup_off_epoch: int = option(
        0, "Mixing ends after", "Epochs after which nothing is mixed any more; 0: never.", advanced=True, ge=0
    )

    def plainest(self) -> AugmentSpec:
        """The same augmentation with everything that makes no difference at its default."""
        timm, mixes = bool(self.rand_augment) and self.rand_augment_policy == "timm", self.mixup or self.cutmix
        idle: list[str] = []
        if not self.resized_crop:
            idle += ["resized_crop_ratio"] if timm else ["resized_crop_ratio", "interpolation"]
        if not timm:
            idle += ["rand_augment_std"] if self.rand_augment else ["rand_augment_std", "rand_augment_policy"]
        if not self.erasing:
            idle += ["erasing_mode", "erasing_count", "erase_mixed"]
        if self.erasing_mode == "mean":
            idle += ["erasing_count"]
        if not mixes:
            idle += ["mixup_prob", "mixup_off_epoch", "erase_mixed"]
        if not (self.mixup and self.cutmix):
            idle += ["mixup_switch_prob"]
        defaults: dict[str, Any] = {name: type(self).model_fields[name].default for name in idle}
        return self.model_copy(update=defaults)
