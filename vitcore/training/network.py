"""A spec's network, built."""

from __future__ import annotations

from typing import Any

from torch import nn

from vitcore import plugins
from vitcore.models import build
from vitcore.spec import RunSpec


def build_model(spec: RunSpec, channels: int, image_size: int, classes: int) -> nn.Module:
    """The spec's network for images of `channels` x `image_size` x `image_size`.

    Raises:
        UserError: a plug-in that it is made of is missing, broken or has changed since the spec was made.
    """
    plugins.check_unchanged(spec.plugins)
    return build(spec.model.architecture, channels=channels, image_size=image_size, classes=classes, **_options(spec))


def _options(spec: RunSpec) -> dict[str, Any]:
    return {name: value for name, value in spec.model if name != "architecture"}
