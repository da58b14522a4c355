"""The architectures of the reports: `ARCHITECTURES` lists them, `check` refuses what cannot be, `build` makes a module.

Importing this brings no torch, so that forms and the command line are quick.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vitcore.layers.kernels import KERNELS
from vitcore.models.registry import ARCHITECTURES, Architecture

if TYPE_CHECKING:
    from torch import nn

__all__ = ["ARCHITECTURES", "Architecture", "Options", "build", "check", "load_published", "without_effect"]


@dataclass(frozen=True)
class Options:
    """What a person chose beside the architecture; None means the architecture's own."""

    channels: int
    side: int
    classes: int
    kernel: str
    features: int | None
    orthogonal: bool
    redraw_every: int
    epsilon: float | None
    positions: str
    patch: int | None
    dropout: float | None
    attention_dropout: float | None
    stochastic_depth: float | None


def build(
    name: str,
    *,
    channels: int = 3,
    side: int = 32,
    classes: int = 10,
    kernel: str = "softmax",
    features: int | None = None,
    orthogonal: bool = True,
    redraw_every: int = 0,
    epsilon: float | None = None,
    positions: str = "learnable",
    patch: int | None = None,
    dropout: float | None = None,
    attention_dropout: float | None = None,
    stochastic_depth: float | None = None,
) -> nn.Module:
    """A model with fresh weights, drawn from torch's global generator: (b c y x) floats -> (b classes) logits.

    Options left at None are the architecture's own. Its attribute `redraw_every` says after how many training steps
    `vitcore.layers.attention.redraw_features` is due (0: never). A model with a distillation token (DeiT) gives
    (class logits, distillation logits) in training and their mean in evaluation.

    Raises:
        ValueError: one sentence, as `check`.
    """
    check(
        name,
        side=side,
        kernel=kernel,
        patch=patch,
        dropout=dropout,
        attention_dropout=attention_dropout,
        stochastic_depth=stochastic_depth,
    )
    architecture = ARCHITECTURES[name]
    options = Options(
        channels=channels,
        side=side,
        classes=classes,
        kernel=kernel,
        features=features,
        orthogonal=orthogonal,
        redraw_every=redraw_every,
        epsilon=epsilon,
        positions=positions,
        patch=patch,
        dropout=dropout,
        attention_dropout=attention_dropout,
        stochastic_depth=stochastic_depth,
    )
    family = importlib.import_module(f"vitcore.models.{architecture.family}")
    model: nn.Module = family.build(architecture.config, options)
    return model


def check(
    name: str,
    *,
    side: int,
    kernel: str,
    patch: int | None,
    dropout: float | None = None,
    attention_dropout: float | None = None,
    stochastic_depth: float | None = None,
    pictures: int | None = None,
) -> None:
    """Refuse a combination that cannot be built or trained, without building it.

    Args:
        pictures: those of the smallest step of the training; None: more than one.

    Raises:
        ValueError: one sentence with both numbers.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"there is no architecture {name!r}; there are {', '.join(ARCHITECTURES)}")
    if kernel not in KERNELS:
        raise ValueError(f"there is no kernel {kernel!r}; there are {', '.join(KERNELS)}")
    architecture = ARCHITECTURES[name]
    if kernel != "softmax" and not architecture.attention:
        raise ValueError(f"{name} has no attention, so it takes no kernel; {kernel!r} needs a transformer")
    config = architecture.config
    if patch is not None and "patch" not in config:
        raise ValueError(f"{name} does not cut patches, so a patch of {patch} cannot be set; leave it empty")
    least = config.get("least_side", 1)
    if side < least:
        raise ValueError(f"{name} needs pictures of at least {least} pixels a side, and these have {side}")
    regularisers = {"dropout": dropout, "attention dropout": attention_dropout, "stochastic depth": stochastic_depth}
    for option, value in regularisers.items():
        if value and not (architecture.skips if option == "stochastic depth" else architecture.attention):
            raise ValueError(f"{name} has no {option}, so {value} cannot be set; leave it empty, or at 0")
    if pictures == 1 and side <= architecture.narrowing > 1:
        raise ValueError(
            f"{name} makes a single pixel of a picture of {side} pixels, and its batch normalisation needs more than 1 "
            f"value, so it cannot be trained on 1 picture a step; choose a batch of at least 2, or pictures of more "
            f"than {architecture.narrowing} pixels"
        )
    if "patch" in config:
        _check_patch(name, side, patch or config["patch"], config.get("stem_stride", 1), config.get("crops", False))


def without_effect(name: str, kernel: str, features: int | None) -> frozenset[str]:
    """The model options that change nothing in this architecture with this kernel and these random features."""
    architecture, chosen = ARCHITECTURES[name], KERNELS[kernel]
    drawn = {"orthogonal", "redraw_every"}
    if not architecture.attention:
        idle = {*drawn, "features", "epsilon", "positions", "dropout", "attention_dropout"}
        return frozenset(idle if architecture.skips else {*idle, "stochastic_depth"})
    if not chosen.linear:
        return frozenset({*drawn, "features", "epsilon"})
    idle = set() if features or chosen.projected else drawn
    # A linear kernel forms no weights that could be dropped, except within a window.
    return frozenset(idle if "window" in architecture.config else idle | {"attention_dropout"})


def _check_patch(name: str, side: int, patch: int, stride: int, crops: bool) -> None:
    """A patch divides the picture, after a stem that makes it `stride` times smaller."""
    inner = side // stride
    where = f"a picture of {side} pixels" + (f", {inner} after the convolutions of {name}" if stride > 1 else "")
    if patch > inner:
        raise ValueError(f"a patch of {patch} pixels is larger than {where}; choose one of at most {inner}")
    if crops and patch == ARCHITECTURES[name].config["patch"]:
        return
    if side % stride or inner % patch:
        fitting = " or ".join(str(p) for p in range(2, min(inner // 2, 32) + 1) if not side % stride and not inner % p)
        step = patch * stride
        sides = f"pictures of {max(1, side // step) * step} or {(side // step + 1) * step} pixels"
        raise ValueError(
            f"a patch of {patch} pixels does not divide {where}; choose "
            + (f"a patch of {fitting}, or {sides}" if fitting else sides)
        )


def load_published(model: nn.Module, path: Path | str, weights: str = "trained") -> list[str]:
    """Load a checkpoint of the compact family as its authors publish it; see vitcore.models.checkpoint_formats."""
    from vitcore.models.checkpoint_formats import load_published as load

    return load(model, path, weights)
