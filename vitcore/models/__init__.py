"""The architectures of the reports: `ARCHITECTURES` lists them, `check` refuses what cannot be, `build` makes a module.

Importing this brings no torch, so that forms and the command line are quick.
"""

from __future__ import annotations

import difflib
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vitcore.errors import UserError
from vitcore.layers.kernels import kernel_of
from vitcore.models import dimensions, timm_catalog
from vitcore.models.dimensions import OWN, Dimensions
from vitcore.models.registry import ARCHITECTURES, Architecture

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "Dimensions",
    "Options",
    "architecture_of",
    "build",
    "check",
    "load_published",
    "without_effect",
]


@dataclass(frozen=True)
class Options:
    """What a person chose beside the architecture; None means the architecture's own."""

    channels: int
    image_size: int
    classes: int
    kernel: str
    features: int | None
    orthogonal: bool
    redraw_every: int
    epsilon: float | None
    pos_embed: str
    patch: int | None
    dropout: float | None
    attention_dropout: float | None
    drop_path: float | None


def architecture_of(name: str) -> Architecture:
    """The row of an architecture: the table's, a plug-in's, or one for a name of timm's (`timm/<name>`).

    Raises:
        UserError: there is none of that name.
    """
    if name in ARCHITECTURES:
        return ARCHITECTURES[name]
    if timm_catalog.spelled(name):
        return timm_catalog.row(name)
    near = difflib.get_close_matches(name, ARCHITECTURES, n=4, cutoff=0.5) or list(ARCHITECTURES)[:12]
    raise UserError(
        f"there is no architecture {name[:80]!r}; the nearest are {', '.join(near)}, and timm's have names such as "
        f"{timm_catalog.EXAMPLE}"
    )


def counted_at(name: str) -> Architecture:
    """As `architecture_of`, a network of timm's with the size at which timm publishes it, for which timm is imported.

    Raises:
        UserError: there is none of that name, or timm is not installed.
    """
    known = architecture_of(name)
    if known.family != timm_catalog.FAMILY:
        return known
    timm_catalog.check(name)
    return importlib.import_module(f"vitcore.models.{known.family}").own(known)  # type: ignore[no-any-return]


def build(
    name: str,
    *,
    channels: int = 3,
    image_size: int = 32,
    classes: int = 10,
    kernel: str = "softmax",
    features: int | None = None,
    orthogonal: bool = True,
    redraw_every: int = 0,
    epsilon: float | None = None,
    pos_embed: str = "learnable",
    patch: int | None = None,
    dropout: float | None = None,
    attention_dropout: float | None = None,
    drop_path: float | None = None,
    depth: int | None = None,
    embed_dim: int | None = None,
    num_heads: int | None = None,
    mlp_ratio: float | None = None,
    pool: str = OWN,
    tokenizer: str | None = None,
    norm_order: str = OWN,
) -> nn.Module:
    """A model with fresh weights, drawn from torch's global generator: (b c y x) floats -> (b classes) logits.

    Options left at None or "own" are the architecture's own; `Dimensions` explains the last seven. The attribute
    `redraw_every` says after how many training steps `vitcore.layers.attention.redraw_features` is due (0: never). A
    model with a distillation token (DeiT) gives (class logits, distillation logits) in training and their mean in
    evaluation.

    Raises:
        ValueError: one sentence, as `check`.
    """
    chosen = Dimensions(depth, embed_dim, num_heads, mlp_ratio, pool, tokenizer, norm_order)
    check(
        name,
        image_size=image_size,
        kernel=kernel,
        patch=patch,
        dropout=dropout,
        attention_dropout=attention_dropout,
        drop_path=drop_path,
        chosen=chosen,
    )
    architecture = architecture_of(name)
    options = Options(
        channels=channels,
        image_size=image_size,
        classes=classes,
        kernel=kernel,
        features=features,
        orthogonal=orthogonal,
        redraw_every=redraw_every,
        epsilon=epsilon,
        pos_embed=pos_embed,
        patch=patch,
        dropout=dropout,
        attention_dropout=attention_dropout,
        drop_path=drop_path,
    )
    if architecture.builder is not None:
        own: nn.Module = architecture.builder(channels=channels, image_size=image_size, classes=classes)
        return own
    family = importlib.import_module(f"vitcore.models.{architecture.family}")
    model: nn.Module = family.build(dimensions.configured(architecture, chosen), options)
    return model


def check(
    name: str,
    *,
    image_size: int,
    kernel: str,
    patch: int | None,
    dropout: float | None = None,
    attention_dropout: float | None = None,
    drop_path: float | None = None,
    chosen: Dimensions = Dimensions(),  # noqa: B008  frozen
    images: int | None = None,
) -> None:
    """Refuse a combination that cannot be built or trained, without building it.

    Args:
        images: those of the smallest step of the training; None: more than one.

    Raises:
        ValueError: one sentence with both numbers.
    """
    architecture = architecture_of(name)
    kernel_of(kernel)
    if kernel != "softmax" and not architecture.attention:
        raise ValueError(f"{name} {no_kernel(architecture)}; {kernel!r} needs one of vitcore's own transformers")
    dimensions.check(name, architecture, chosen, patch)
    config = dimensions.configured(architecture, chosen)
    timms = architecture.family == timm_catalog.FAMILY  # whether it takes a patch, timm says when it is built
    if patch is not None and "patch" not in config and not timms:
        raise ValueError(f"{name} does not cut patches, so a patch of {patch} cannot be set; leave it empty")
    least = config.get("least_side", 1)
    if image_size < least:
        raise ValueError(f"{name} needs images of at least {least} pixels a side, and these have {image_size}")
    regularizers = {"dropout": dropout, "attention dropout": attention_dropout, "drop path": drop_path}
    for option, value in regularizers.items():
        if value and not _regularized(architecture, option):
            has = f"takes no {option} here" if timms else f"has no {option}"
            raise ValueError(f"{name} {has}, so {value} cannot be set; leave it empty, or at 0")
    if images == 1 and image_size <= architecture.narrowing > 1:
        raise ValueError(
            f"{name} makes a single pixel of an image of {image_size} pixels, and its batch normalization needs more "
            f"than 1 value, so it cannot be trained on 1 image a step; choose a batch of at least 2, or images of more "
            f"than {architecture.narrowing} pixels"
        )
    if "patch" in config:
        own = config["patch"] if config.get("crops") else None
        _check_patch(name, image_size, patch or config["patch"], config.get("stem_stride", 1), own)


def no_kernel(architecture: Architecture) -> str:
    """Why an architecture without attention of vitcore's takes no kernel, to follow its name."""
    if architecture.family == timm_catalog.FAMILY:
        return "is built by timm, whose attention, where it has any, is its own, so it takes no kernel"
    return "has no attention, so it takes no kernel"


def _regularized(architecture: Architecture, option: str) -> bool:
    if option == "drop path":
        return architecture.skips
    return architecture.attention or (option == "dropout" and architecture.dropout)


def without_effect(name: str, kernel: str, features: int | None) -> frozenset[str]:
    """The model options that change nothing in this architecture with this kernel and these random features."""
    architecture, chosen = architecture_of(name), kernel_of(kernel)
    drawn = {"orthogonal", "redraw_every"}
    if not architecture.attention:
        idle = {*drawn, "features", "epsilon", "pos_embed", "attention_dropout"}
        idle |= set() if architecture.dropout else {"dropout"}
        return frozenset(idle if architecture.skips else {*idle, "drop_path"})
    if not chosen.linear:
        return frozenset({*drawn, "features", "epsilon"})
    idle = set() if features or chosen.projected else drawn
    # A linear kernel forms no weights that could be dropped, except within a window.
    return frozenset(idle if "window" in architecture.config else idle | {"attention_dropout"})


def _check_patch(name: str, image_size: int, patch: int, stride: int, cropping: int | None) -> None:
    """A patch divides the image, after a stem that makes it `stride` times smaller; one of `cropping` need not."""
    inner = image_size // stride
    where = f"an image of {image_size} pixels" + (f", {inner} after the convolutions of {name}" if stride > 1 else "")
    if patch > inner:
        raise ValueError(f"a patch of {patch} pixels is larger than {where}; choose one of at most {inner}")
    if patch == cropping:
        return
    if image_size % stride or inner % patch:
        fitting = " or ".join(
            str(p) for p in range(2, min(inner // 2, 32) + 1) if not image_size % stride and not inner % p
        )
        step = patch * stride
        sides = f"images of {max(1, image_size // step) * step} or {(image_size // step + 1) * step} pixels"
        raise ValueError(
            f"a patch of {patch} pixels does not divide {where}; choose "
            + (f"a patch of {fitting}, or {sides}" if fitting else sides)
        )


def load_published(model: nn.Module, path: Path | str, weights: str = "trained") -> list[str]:
    """Load a checkpoint of others into a model; see vitcore.models.checkpoint_formats."""
    from vitcore.models.checkpoint_formats import load_published as load

    return load(model, path, weights)
