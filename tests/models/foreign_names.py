"""Our weights under the names of other programs, written down again so that a slip in the loader's maps shows."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

Weights = dict[str, Tensor]


def hugging_face(timms: Mapping[str, Tensor], stem: str = "vit") -> Weights:
    """timm's tensors of a ViT or DeiT under Hugging Face's names, as its own conversion script renames them.

    transformers, models/vit/convert_vit_timm_to_pytorch.py: one linear map for query, key and value becomes three.
    """
    distilled = "dist_token" in timms
    front = {
        "cls_token": f"{stem}.embeddings.cls_token",
        "dist_token": f"{stem}.embeddings.distillation_token",
        "pos_embed": f"{stem}.embeddings.position_embeddings",
        "patch_embed.proj.weight": f"{stem}.embeddings.patch_embeddings.projection.weight",
        "patch_embed.proj.bias": f"{stem}.embeddings.patch_embeddings.projection.bias",
        "norm.weight": f"{stem}.layernorm.weight",
        "norm.bias": f"{stem}.layernorm.bias",
        "head.weight": "cls_classifier.weight" if distilled else "classifier.weight",
        "head.bias": "cls_classifier.bias" if distilled else "classifier.bias",
        "head_dist.weight": "distillation_classifier.weight",
        "head_dist.bias": "distillation_classifier.bias",
    }
    inner = {
        "norm1": "layernorm_before",
        "norm2": "layernorm_after",
        "attn.proj": "attention.output.dense",
        "mlp.fc1": "intermediate.dense",
        "mlp.fc2": "output.dense",
    }
    found: Weights = {}
    for name, tensor in timms.items():
        if name in front:
            found[front[name]] = tensor
            continue
        _, place, module, kind = name.split(".", 2)[0], name.split(".")[1], *name.split(".", 2)[2].rsplit(".", 1)
        layer = f"{stem}.encoder.layer.{place}"
        if module == "attn.qkv":
            for which, part in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                found[f"{layer}.attention.attention.{which}.{kind}"] = part.clone()
        else:
            found[f"{layer}.{inner[module]}.{kind}"] = tensor
    return found


def perturbed(model: torch.nn.Module, *shape: int) -> torch.nn.Module:
    """The model in evaluation, every weight and every statistic moved, so that no default hides a slip.

    Args:
        shape: of an image (c y x), where batch normalizations first gather statistics, as those of a trained network.
    """
    draws = torch.Generator().manual_seed(1)
    with torch.no_grad():
        if shape:
            model.train()(torch.randn(8, *shape, generator=draws))
        for tensor in model.state_dict().values():
            if tensor.is_floating_point():
                tensor.mul_(1 + 0.1 * torch.rand(tensor.shape, generator=draws))
                tensor.add_(0.01 * torch.rand(tensor.shape, generator=draws))
    return model.eval()
