"""The CIFAR-10 report's baseline (Wheeler 2020, Section 3): 43,946 parameters at 3x32x32 and 10 classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from vitcore.models import Options


def build(config: Mapping[str, Any], options: Options) -> nn.Sequential:
    """Two 5x5 convolutions, each pooled, and three linear layers; logits, not the report's probabilities."""
    inner = ((options.image_size - 4) // 2 - 4) // 2
    return nn.Sequential(
        nn.Conv2d(options.channels, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * inner**2, 96),
        nn.ReLU(),
        nn.Linear(96, 24),
        nn.ReLU(),
        nn.Linear(24, options.classes),
    )
