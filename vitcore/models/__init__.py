"""Every architecture of the reports, by the name its paper gives it, in one table.

The table is plain data, so that forms and the command line can list it without torch; `build` makes the module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Architecture:
    """One row: the file in vitcore.models that builds it, and the paper's own figures handed to that builder."""

    family: str
    config: Mapping[str, Any]
    source: str
    attention: bool = True  # whether a kernel can be chosen


ARCHITECTURES: dict[str, Architecture] = {
    "cct-2/3x2": Architecture("compact", {"layers": 2, "heads": 2, "width": 128, "mlp": 1}, "Hassani et al. 2021"),
    "vit-lite-7/4": Architecture("compact", {"layers": 7, "heads": 4, "width": 256, "mlp": 2}, "Hassani et al. 2021"),
    "cnn": Architecture("small_cnn", {}, "Wheeler 2020", attention=False),
}


def build(
    name: str,
    *,
    channels: int,
    side: int,
    classes: int,
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
    """See the contract: filled in by the owner of models/."""
    raise ValueError(name)


def check(name: str, *, side: int, kernel: str, patch: int | None) -> None:
    """Refuse a combination that cannot be built, without building it.

    Raises:
        ValueError: one sentence with both numbers.
    """
    if kernel != "softmax" and not ARCHITECTURES[name].attention:
        raise ValueError(f"{name} has no attention, so it takes no kernel; {kernel!r} needs a transformer")
