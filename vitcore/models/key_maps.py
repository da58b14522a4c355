"""The names that others give the tensors of our networks: one map a program, from its name of a tensor to ours."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Mode = Literal["bicubic", "bilinear"]


@dataclass(frozen=True)
class Place:
    """Where a tensor goes: our tensor's name, and which of at least so many parts it is, that lie along `dim`."""

    name: str
    part: int = 0
    least: int = 1
    dim: int = 0


@dataclass(frozen=True)
class KeyMap:
    """One program's names.

    Attributes:
        place: where the tensor of a name goes; None where the program has no such name.
        unused: names of tensors that the program keeps beside a network and that ours has no use for.
        mode: how the program resizes positions to another grid.
    """

    label: str
    place: Callable[[str], Place | None]
    unused: frozenset[str] = frozenset()
    mode: Mode = "bicubic"


QKV = ("query", "key", "value")

# SHI-Labs' names of a block's tensors (Compact-Transformers, src/utils/transformers.py) beside ours.
_COMPACT_BLOCK = {
    "pre_norm.weight": "norm1.weight",
    "pre_norm.bias": "norm1.bias",
    "self_attn.qkv.weight": "attention.qkv.weight",
    "self_attn.proj.weight": "attention.projection.weight",
    "self_attn.proj.bias": "attention.projection.bias",
    "norm1.weight": "norm2.weight",
    "norm1.bias": "norm2.bias",
    "linear1.weight": "mlp.expand.weight",
    "linear1.bias": "mlp.expand.bias",
    "linear2.weight": "mlp.contract.weight",
    "linear2.bias": "mlp.contract.bias",
}
_COMPACT = {
    "classifier.positional_emb": "positions.table",
    "classifier.class_emb": "leading",
    "classifier.attention_pool.weight": "pools.0.score.weight",
    "classifier.attention_pool.bias": "pools.0.score.bias",
    "classifier.norm.weight": "norm.weight",
    "classifier.norm.bias": "norm.bias",
    "classifier.fc.weight": "heads.0.weight",
    "classifier.fc.bias": "heads.0.bias",
}

# timm's (timm/models/vision_transformer.py and deit.py), which DeiT's own checkpoints have too.
_TIMM_BLOCK = {
    "norm1": "norm1",
    "norm2": "norm2",
    "attn.qkv": "attention.qkv",
    "attn.proj": "attention.projection",
    "mlp.fc1": "mlp.expand",
    "mlp.fc2": "mlp.contract",
}
_TIMM = {
    "patch_embed.proj": "tokenizer.convolutions.0",
    "norm": "norm",
    "head": "heads.0",
    "head_dist": "heads.1",
}

# Hugging Face's (transformers, models/vit/modeling_vit.py and models/deit/modeling_deit.py).
_HF_BLOCK = {
    "attention.output.dense": "attention.projection",
    "layernorm_before": "norm1",
    "layernorm_after": "norm2",
    "intermediate.dense": "mlp.expand",
    "output.dense": "mlp.contract",
}
_HF = {
    "embeddings.patch_embeddings.projection": "tokenizer.convolutions.0",
    "layernorm": "norm",
    "classifier": "heads.0",
    "cls_classifier": "heads.0",
    "distillation_classifier": "heads.1",
}
_NUMBERED = re.compile(r"(?P<stem>blocks|encoder\.layer|classifier\.blocks)\.(?P<place>\d+)\.(?P<rest>.+)")


def _own(name: str) -> Place | None:
    return Place(name)


def _compact(name: str) -> Place | None:
    match name.split("."):
        case ["tokenizer", "conv_layers", place, "0", kind]:
            return Place(f"tokenizer.convolutions.{place}.{kind}")
        case ["classifier", "blocks", place, *rest] if ".".join(rest) in _COMPACT_BLOCK:
            return Place(f"blocks.{place}.{_COMPACT_BLOCK['.'.join(rest)]}")
    return Place(_COMPACT[name]) if name in _COMPACT else None


def _timm(name: str) -> Place | None:
    if name in ("cls_token", "dist_token"):
        return Place("leading", part=int(name == "dist_token"), dim=1)
    if name == "pos_embed":
        return Place("positions.table")
    return _modules(name, "blocks", _TIMM_BLOCK, _TIMM)


def _hugging_face(name: str) -> Place | None:
    if name in ("embeddings.cls_token", "embeddings.distillation_token"):
        return Place("leading", part=int("distillation" in name), dim=1)
    if name == "embeddings.position_embeddings":
        return Place("positions.table")
    match name.split("."):
        case ["encoder", "layer", place, "attention", "attention", which, kind] if which in QKV:
            return Place(f"blocks.{place}.attention.qkv.{kind}", part=QKV.index(which), least=len(QKV))
    return _modules(name, "encoder.layer", _HF_BLOCK, _HF)


def _modules(name: str, stem: str, block: dict[str, str], rest: dict[str, str]) -> Place | None:
    """A weight or a bias of a module, in a numbered block or elsewhere, by the module's name."""
    module, _, kind = name.rpartition(".")
    found = _NUMBERED.fullmatch(module)
    if found and found["stem"] == stem and found["rest"] in block:
        return Place(f"blocks.{found['place']}.{block[found['rest']]}.{kind}")
    return Place(f"{rest[module]}.{kind}") if module in rest else None


OWN = KeyMap("vitcore, or whoever built the network", _own)
"""Names as they are: vitcore's own files, torchvision's for networks that torchvision builds, timm's for timm's."""

OF_TRANSFORMERS = (
    KeyMap("SHI-Labs", _compact, mode="bilinear"),
    KeyMap("timm", _timm),
    KeyMap(
        "Hugging Face",
        _hugging_face,
        unused=frozenset({"pooler.dense.weight", "pooler.dense.bias", "embeddings.mask_token"}),
    ),
    OWN,
)
"""The maps that are tried on ViT, DeiT and the compact family; the first of those that know most names is taken."""
