"""timm's names for the tensors of ViT and DeiT (`vision_transformer.py`, `deit.py`), as published weights have them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

_MARKER = "patch_embed.proj.weight"
_FRONTS = {
    "patch_embed.proj.": "tokenizer.convolutions.0.",
    "head_dist.": "heads.1.",
    "head.": "heads.0.",
    "pos_embed": "positions.table",
}
_WITHIN = {".attn.proj.": ".attention.projection.", ".attn.": ".attention."}
_WITHIN |= {".mlp.fc1.": ".mlp.expand.", ".mlp.fc2.": ".mlp.contract."}
_TOKENS = ("cls_token", "dist_token")


def renamed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    """The tensors (...) under our names; None where they bear other names than timm's."""
    other = {name.removeprefix("module."): tensor for name, tensor in tensors.items()}
    if _MARKER not in other:
        return None
    found = {_our_name(name): tensor for name, tensor in other.items() if name not in _TOKENS}
    tokens = [other[name] for name in _TOKENS if name in other]
    return {"leading": torch.cat(tokens, dim=1), **found} if tokens else found


def _our_name(name: str) -> str:
    for front, measured in _FRONTS.items():
        if name.startswith(front):
            return f"{measured}{name.removeprefix(front)}"
    for part, measured in _WITHIN.items():
        if name.startswith("blocks.") and part in name:
            return name.replace(part, measured)
    return name
