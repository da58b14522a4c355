"""Convolutional networks that torchvision holds: ResNets, a RegNet and MobileNetV2, with their ImageNet stems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from vitcore.layers.drop_path import DropPathNorm, drop_path_schedule
from vitcore.models import Options
from vitcore.vision import torchvision


def build(config: Mapping[str, Any], options: Options) -> nn.Module:
    """torchvision's own model, fresh weights, its first convolution for as many channels as the images have."""
    if "width" in config:
        model = torchvision.models.mobilenet_v2(num_classes=options.classes, width_mult=config["width"])
        holder, name = model.features[0], "0"
    elif "group_width" in config:
        model = _regnet(config, options.classes)
        holder, name = model.stem, "0"
    else:
        model = torchvision.models.get_model(config["model"], num_classes=options.classes)
        holder, name = model, "conv1"
    if options.drop_path:
        _skip(model, options.drop_path)
    first = getattr(holder, name)
    if first.in_channels != options.channels:
        fitted = nn.Conv2d(
            options.channels,
            first.out_channels,
            first.kernel_size,
            stride=first.stride,
            padding=first.padding,
            bias=False,
        )
        nn.init.kaiming_normal_(fitted.weight, mode="fan_out", nonlinearity="relu")
        setattr(holder, name, fitted)
    fresh: nn.Module = model
    return fresh


def _skip(model: nn.Module, p: float) -> None:
    """Give a ResNet's blocks stochastic depth, rising to `p`: the norm that ends a branch may leave it out.

    timm has it at the same place (timm/models/resnet.py, `drop_path`). The norms keep their names and hold what fresh
    ones hold, so that stored weights fit whether or not there is any.
    """
    blocks = [
        part
        for part in model.modules()
        if isinstance(part, torchvision.models.resnet.BasicBlock | torchvision.models.resnet.Bottleneck)
    ]
    for block, each in zip(blocks, drop_path_schedule(p, len(blocks)), strict=True):
        last = "bn3" if isinstance(block, torchvision.models.resnet.Bottleneck) else "bn2"
        setattr(block, last, DropPathNorm(getattr(block, last).num_features, each))


def _regnet(config: Mapping[str, Any], classes: int) -> Any:
    """As torchvision's functions for each RegNet, whose arithmetic of widths the device "meta" cannot do."""
    regnet = torchvision.models.regnet
    with torch.device("cpu"):
        blocks = regnet.BlockParams.from_init_params(**config)
    return regnet.RegNet(blocks, num_classes=classes)
