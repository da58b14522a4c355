"""Every architecture of the reports, by its paper's name: plain data, for forms and messages without torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Architecture:
    """One row: the file in vitcore.models that builds it, and the paper's own figures handed to that builder.

    `image_size`, `channels` and `classes` are those at which its parameters and multiply-accumulates are counted;
    `published` holds what the reports print for them, and `note` says where that is wrong, and why.
    """

    family: str
    config: Mapping[str, Any]
    source: str
    attention: bool = True  # whether a kernel can be chosen
    image_size: int = 32
    channels: int = 3
    classes: int = 10
    published: Mapping[str, str] | None = None  # keys "parameters", "macs"
    note: str = ""
    narrowing: int = 1  # how much smaller than the image its smallest batch-normalized map is; 1: never one pixel
    flattens: bool = False  # a linear map takes the whole last map, so that its weights fit one image size alone
    builder: Callable[..., Any] | None = None  # a plug-in's, by channels, side and classes; None: the family's file
    drop_path: bool = False  # a network without attention whose blocks can be left out in training all the same
    dropout: bool = False  # or that takes dropout all the same
    batch_norm: bool = False  # whether an image's answer in training depends on the others of its batch

    @property
    def skips(self) -> bool:
        """Whether stochastic depth means anything here: every transformer has it."""
        return self.attention or self.drop_path


HASSANI = "Hassani et al. 2021, Escaping the Big Data Paradigm with Compact Transformers"
DOSOVITSKIY = "Dosovitskiy et al. 2021, An Image is Worth 16x16 Words"
TOUVRON = "Touvron et al. 2021, Training data-efficient image transformers"
HE = "He et al. 2016, Deep Residual Learning"
RADOSAVOVIC = "Radosavovic et al. 2020, Designing Network Design Spaces"
SANDLER = "Sandler et al. 2018, MobileNetV2"
_DEIT = {"drop_path": 0.1}  # Touvron et al. 2021, Table 9

# Layers of the compact family: Hassani et al. 2021, Tables 1 and 2 of the appendix.
_SHALLOW = {"num_heads": 2, "embed_dim": 128, "mlp_ratio": 1}
_DEEP = {"num_heads": 4, "embed_dim": 256, "mlp_ratio": 2}
_SIZES: dict[int, dict[str, int]] = {
    2: {"depth": 2, **_SHALLOW},
    4: {"depth": 4, **_SHALLOW},
    6: {"depth": 6, **_DEEP},
    7: {"depth": 7, **_DEEP},
    8: {"depth": 8, **_DEEP},
    14: {"depth": 14, "num_heads": 6, "embed_dim": 384, "mlp_ratio": 3},
}

# (parameters, MACs) as the slides print them.
_PRINTED: dict[str, tuple[str, str]] = {
    "vit-lite-7/16": ("3.89 M", "0.02 G"),
    "vit-lite-7/8": ("3.74 M", "0.06 G"),
    "vit-lite-7/4": ("3.72 M", "0.26 G"),
    "cvt-7/8": ("3.74 M", "0.06 G"),
    "cvt-7/4": ("3.72 M", "0.25 G"),
    "cct-2/3x2": ("0.28 M", "0.04 G"),
    "cct-7/3x2": ("3.85 M", "0.04 G"),
    "cct-7/3x1": ("3.76 M", "1.19 G"),
    "cct-14/7x2": ("22.36 M", "5.53 G"),
}
_NOTES: dict[str, str] = {
    "cct-7/3x2": "The slides' 0.04 G is CCT-2/3x2's figure, printed again: seven layers of 256 cost 0.29 G.",
    "cct-7/3x1": "The slides' starred row mixes two runs: 98.00 % took 5,000 epochs, 82.72 % took 1,500.",
    "cct-7/7x2": "The first row of the slides' Table 4 (97.19 %, without pre-training, at 224 pixels) is this model, "
    "of 4.57 M parameters and 1.61 G; the 22.17 M and 18.63 G printed there are CCT-14/7x2's at 384 pixels.",
    "cct-14/7x2": "At 384 pixels and 102 classes it has 22.17 M parameters and costs 18.58 G (slides: 18.63 G).",
}


def _printed(pair: tuple[str, str] | None) -> Mapping[str, str] | None:
    return {"parameters": pair[0], "macs": pair[1]} if pair else None


def _compact(name: str, size: int, config: Mapping[str, Any], image_size: int = 32, classes: int = 10) -> Architecture:
    return Architecture(
        "compact",
        {**_SIZES[size], **config},
        HASSANI,
        image_size=image_size,
        classes=classes,
        published=_printed(_PRINTED.get(name)),
        note=_NOTES.get(name, ""),
    )


def _patched(prefix: str, depths: tuple[int, ...], pool: str) -> dict[str, Architecture]:
    return {
        (name := f"{prefix}-{depth}/{patch}"): _compact(name, depth, {"pool": pool, "patch": patch})
        for depth in depths
        for patch in (4, 8, 16)
    }


def _convolutional(
    depth: int, kernel: int, convolutions: int, image_size: int = 32, classes: int = 10
) -> dict[str, Architecture]:
    name = f"cct-{depth}/{kernel}x{convolutions}"
    config = {"pool": "sequence", "convolution": kernel, "convolutions": convolutions}
    return {name: _compact(name, depth, config, image_size, classes)}


_BATCH_NORM = ("torchvision_nets", "resnet", "proxyless")  # families, all of whose networks have it


def _cnn(
    family: str,
    config: Mapping[str, Any],
    source: str,
    printed: tuple[str, str] | None = None,
    image_size: int = 32,
    classes: int = 10,
    note: str = "",
    narrowing: int = 1,
    flattens: bool = False,
    drop_path: bool = False,
) -> Architecture:
    return Architecture(
        family,
        config,
        source,
        False,
        batch_norm=family in _BATCH_NORM,
        image_size=image_size,
        classes=classes,
        published=_printed(printed),
        note=note,
        narrowing=narrowing,
        flattens=flattens,
        drop_path=drop_path,
    )


_HYBRID = Architecture(
    "hybrid",
    {
        "depth": 6,
        "num_heads": 8,
        "num_kv_heads": 1,
        "embed_dim": 256,
        "mlp_dim": 512,
        "patch": 4,
        "stem_stride": 2,
        "window": 8,
        "causal": False,
    },
    "Tafveez, Hybrid Sequential Vision Transformer",
    image_size=64,
    classes=200,
    note="The report states no sizes and no code of it exists: this is one reading. Its 85 % after 5 epochs over 200 "
    "classes of Tiny ImageNet is not credible from scratch; over 10 classes it would be.",
)

ARCHITECTURES: dict[str, Architecture] = {
    **_convolutional(2, 3, 2),
    **_convolutional(4, 3, 2),
    **_convolutional(6, 3, 1),
    **_convolutional(6, 3, 2),
    **_convolutional(7, 3, 1),
    **_convolutional(7, 3, 2),
    **_convolutional(7, 7, 2, image_size=224, classes=102),
    **_convolutional(14, 7, 2, image_size=224, classes=1000),
    "cct-mini/3x3": Architecture(
        "compact",
        {
            "depth": 2,
            "num_heads": 2,
            "embed_dim": 64,
            "mlp_ratio": 2,
            "pool": "sequence",
            "convolution": 3,
            "convolutions": 3,
            "maps": (16, 32),
        },
        "ours: the CCT of this project's presets, for 28-pixel digits on a laptop",
        image_size=28,
        channels=1,
        note="No report has it: three narrow convolutions leave 16 tokens, so that two cores learn MNIST in a minute.",
    ),
    **_patched("vit-lite", (2, 4, 6, 7), "class"),
    **_patched("cvt", (2, 4, 6, 7, 8), "sequence"),
    "vit-12/16": Architecture(
        "compact",
        {"depth": 12, "num_heads": 12, "embed_dim": 768, "mlp_ratio": 4, "pool": "class", "patch": 16},
        HASSANI,
        published=_printed(("85.63 M", "0.43 G")),
        note="The slides give ViT-Base an MLP of 2048; it is 3072, four times the width.",
    ),
    "vit-s/16": Architecture(
        "vit",
        {"depth": 12, "num_heads": 6, "embed_dim": 384, "mlp_dim": 1536, "patch": 16},
        TOUVRON,
        image_size=224,
        classes=1000,
        published=_printed(("22.05 M", "4.61 G")),
    ),
    "vit-l/16": Architecture(
        "vit",
        {"depth": 24, "num_heads": 16, "embed_dim": 1024, "mlp_dim": 4096, "patch": 16},
        DOSOVITSKIY,
        image_size=384,
        classes=1000,
        published=_printed(("304.71 M", "191.30 G")),
    ),
    "vit-h/14": Architecture(
        "vit",
        {"depth": 32, "num_heads": 16, "embed_dim": 1280, "mlp_dim": 5120, "patch": 14, "crops": True},
        DOSOVITSKIY,
        image_size=384,
        classes=1000,
        published=_printed(("661.00 M", "504 G")),
        note="The slides' 661.00 M counts the 21,843-class head of its pre-training; with 1,000 classes it is 632.65 "
        "M. At 384 pixels 27 x 27 patches of 14 fit, and the last 6 pixels of each side are left out.",
    ),
    "deit-s/16": Architecture(
        "vit",
        {"depth": 12, "num_heads": 6, "embed_dim": 384, "mlp_dim": 1536, "patch": 16, "distilled": True, **_DEIT},
        TOUVRON,
        image_size=224,
        classes=1000,
        published=_printed(("22.44 M", "4.63 G")),
    ),
    "deit-b/16": Architecture(
        "vit",
        {"depth": 12, "num_heads": 12, "embed_dim": 768, "mlp_dim": 3072, "patch": 16, "distilled": True, **_DEIT},
        TOUVRON,
        image_size=384,
        classes=102,
        published=_printed(("86.25 M", "55.68 G")),
    ),
    "cifar-vit": Architecture(
        "vit",
        {
            "depth": 12,
            "num_heads": 12,
            "embed_dim": 288,
            "mlp_dim": 512,
            "patch": 4,
            "norm_order": "post",
            "activation": "relu",
            "norm_epsilon": 1e-5,
            "dropout": 0.1,
        },
        "Wheeler 2020, Final Project Report",
        published=_printed(("about 8 million", "")),
        note="The report states the widths and 'approximately 8 million' parameters; 12 layers of 12 heads are 7.59 M.",
    ),
    "performer": Architecture(
        "vit",
        {"depth": 4, "num_heads": 4, "embed_dim": 64, "mlp_dim": 128, "patch": 4},
        "Davis and Duggirala, Performer kernels on MNIST",
        image_size=28,
        channels=1,
        note="The report does not state its size: 4 layers, 4 heads, 64 wide, patches of 4 (49 tokens) are our choice.",
    ),
    "hybrid": _HYBRID,
    "hybrid-causal": replace(
        _HYBRID, config={**_HYBRID.config, "causal": True}, note=_HYBRID.note + " Here a token sees only earlier ones."
    ),
    "cnn": _cnn(
        "small_cnn",
        {"least_side": 16},
        "Wheeler 2020, Final Project Report",
        ("44,000", ""),
        note="The report ends it with a softmax and trains with cross-entropy, which holds a second one; logits are "
        "the default here, and softmax_before_loss repeats the report.",
        flattens=True,
    ),
    "resnet18": _cnn(
        "torchvision_nets", {"model": "resnet18"}, HE, ("11.18 M", "0.04 G"), narrowing=32, drop_path=True
    ),
    "resnet34": _cnn(
        "torchvision_nets", {"model": "resnet34"}, HE, ("21.29 M", "0.08 G"), narrowing=32, drop_path=True
    ),
    "resnet50": _cnn(
        "torchvision_nets",
        {"model": "resnet50"},
        HE,
        ("25.55 M", "4.15 G"),
        image_size=224,
        classes=1000,
        narrowing=32,
        drop_path=True,
    ),
    "regnety-16gf": _cnn(
        "torchvision_nets",
        {"depth": 18, "w_0": 200, "w_a": 106.23, "w_m": 2.48, "group_width": 112, "se_ratio": 0.25},
        RADOSAVOVIC,
        image_size=224,
        classes=1000,
        note="The teacher of DeiT (Touvron et al. 2021, Section 5.1: 84M parameters).",
        narrowing=32,
    ),
    "resnet56": _cnn("resnet", {"blocks": 9, "preactivation": False}, HE, ("0.85 M", "0.13 G")),
    "resnet110": _cnn("resnet", {"blocks": 18, "preactivation": False}, HE, ("1.73 M", "0.26 G")),
    "resnet1k-v2": _cnn(
        "resnet",
        {"blocks": 111, "preactivation": True},
        "He et al. 2016, Identity Mappings in Deep Residual Networks",
        ("10.33 M", "1.55 G"),
    ),
    "mobilenetv2/0.5": _cnn("torchvision_nets", {"width": 0.5}, SANDLER, ("0.70 M", "<0.01 G"), narrowing=32),
    "mobilenetv2/2.0": _cnn("torchvision_nets", {"width": 2.0}, SANDLER, ("8.72 M", "0.02 G"), narrowing=32),
    "proxyless-g": _cnn("proxyless", {}, "Cai et al. 2019, ProxylessNAS", ("5.7 M", "")),
}
