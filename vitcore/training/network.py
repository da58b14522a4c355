"""A spec's network, built."""

from __future__ import annotations

from typing import Any

from torch import nn

from vitcore.models import build
from vitcore.spec import RunSpec


def build_model(spec: RunSpec, channels: int, side: int, classes: int) -> nn.Module:
    """The spec's network for pictures of `channels` x `side` x `side`."""
    return build(spec.model.architecture, channels=channels, side=side, classes=classes, **_options(spec))


def _options(spec: RunSpec) -> dict[str, Any]:
    return {name: value for name, value in spec.model if name != "architecture"}
