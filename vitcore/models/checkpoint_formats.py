"""Published checkpoints into our models: the compact family's (SHI-Labs' names), ViT's and DeiT's (timm's names)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from vitcore.errors import UserError, first_line
from vitcore.layers.pos_embed import LearnablePosEmbed, resized
from vitcore.models import timm_names, weight_sets
from vitcore.models.transformer import Transformer

# The authors' names beside ours; {i} counts convolutions or blocks.
_BLOCK = {
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
_REST = {
    "classifier.positional_emb": "positions.table",
    "classifier.class_emb": "leading",
    "classifier.attention_pool.weight": "pools.0.score.weight",
    "classifier.attention_pool.bias": "pools.0.score.bias",
    "classifier.norm.weight": "norm.weight",
    "classifier.norm.bias": "norm.bias",
    "classifier.fc.weight": "heads.0.weight",
    "classifier.fc.bias": "heads.0.bias",
}
_HEAD = "heads.0.weight"
_POS_EMBED = "positions.table"


@dataclass(frozen=True)
class Loaded:
    """What was done with a checkpoint, in sentences, and whether the head is the model's own, untrained."""

    notes: list[str]
    fresh_head: bool


def load_published(model: nn.Module, path: Path | str, weights: str = "trained") -> list[str]:
    """As `load`; what was done, in sentences."""
    return load(model, path, weights).notes


def load(model: nn.Module, path: Path | str, weights: str = "trained") -> Loaded:
    """Load a published checkpoint into a model of the same architecture, in place.

    Where the token count differs the positional grid is resized (bilinearly as the authors of the compact family do,
    bicubically as timm does) and the class token's row kept; where the number of classes differs, or there is no head,
    the fresh head is kept. A sinusoidal table of another size is the model's own.

    Args:
        path: .pt or .pth (a state dict of tensors alone, or one under "state_dict" or "model"), or .safetensors.
        weights: of a file with several sets: "trained" (as the optimizer left them), "averaged" (an exponential
            average of them), or a set's own name. Where there is one set alone "trained" takes it, whatever it is.

    Raises:
        UserError: an unreadable file, or a checkpoint of another model. The model is then as it was.
    """
    path = Path(path)
    if not isinstance(model, Transformer):
        raise UserError(
            f"published checkpoints are of ViT, DeiT, ViT-Lite, CVT and CCT, and this model is a {type(model).__name__}"
        )
    # Random features are drawn here and never published.
    own = {name: tensor for name, tensor in model.state_dict().items() if not name.endswith("random_features")}
    sets = weight_sets.of(_read(path))
    tensors, set_note = weight_sets.chosen(sets, weights, path.name, lambda found: _is_named_as(found, own))
    timms = timm_names.renamed(tensors)
    given = _renamed(tensors, path) if timms is None else timms
    fresh, said_of_head = _fit_head(given, own)
    _refuse_other_names(given, own, path)
    text: list[str] = []
    _fit_positions(given, own, model, text, "bilinear" if timms is None else "bicubic")
    _refuse_other_shapes(given, own, path)
    _refuse_infinite(given, own, path)
    model.load_state_dict({**model.state_dict(), **given})
    return Loaded(
        [f"Loaded {len(given) - len(fresh)} tensors from {path.name}.", *set_note, *text, *said_of_head], bool(fresh)
    )


def _fit_head(given: dict[str, Tensor], own: dict[str, Tensor]) -> tuple[list[str], list[str]]:
    """Leave the model's own head where the checkpoint has none for its classes; the names that stay fresh, and why."""
    heads = [name for name in own if name.startswith("heads.")]
    there = [name for name in heads if name in given]
    if there and (len(there) < len(heads) or given[_HEAD].shape[0] == own[_HEAD].shape[0]):
        return [], []  # as it should be; or of another model, as will be said
    why = "The checkpoint has no head: this model's is fresh and needs training."
    if there:
        why = (
            f"The checkpoint tells {given[_HEAD].shape[0]} classes apart and this model {own[_HEAD].shape[0]}: "
            "the head is fresh and needs training."
        )
    given.update({name: own[name] for name in heads})
    return heads, [why]


def _read(path: Path) -> Any:
    """What a checkpoint holds; nothing in a stranger's file is executed."""
    try:
        path.open("rb").close()  # the system's own word on it, before a library's
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(
            f"there is no file {path.name}; give the path of a .pt, .pth or .safetensors checkpoint"
        ) from None
    except PermissionError as error:
        raise UserError(
            f"{path.name} cannot be read: {error.strerror}; its owner can make it readable (chmod a+r), the file "
            "itself may well be whole"
        ) from None
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path.name} cannot be read as a checkpoint ({first_line(error)}); is it whole?") from None
    except Exception:  # noqa: BLE001  a broken pickle may raise anything at all
        raise UserError(
            f"{path.name} is no checkpoint of tensors alone, so nothing in it was opened; "
            "give a .pt or .pth state dict that torch loads with weights_only, or .safetensors"
        ) from None


def _renamed(tensors: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """The authors' names turned into ours; a "module." in front (parallel training) does not count."""
    renamed, unknown = {}, []
    for name, tensor in tensors.items():
        measured = _our_name(name.removeprefix("module."))
        if measured is None:
            unknown.append(name)
        else:
            renamed[measured] = tensor
    if unknown:
        raise UserError(
            f"{path.name} is not a checkpoint of ViT-Lite, CVT or CCT: {len(unknown)} of its {len(tensors)} tensors "
            f"have names that those do not use, such as {unknown[0][:60]!r}"
        )
    return renamed


def _is_named_as(tensors: dict[str, Tensor], own: dict[str, Tensor]) -> bool:
    """Whether these are by their names the model's tensors, with or without its heads."""
    timms = timm_names.renamed(tensors)
    names = {_our_name(name.removeprefix("module.")) for name in tensors} if timms is None else set(timms)
    wanted = {name for name in own if not name.startswith("heads.")}
    return wanted == {name for name in names if name is None or not name.startswith("heads.")}


def _our_name(name: str) -> str | None:
    match name.split("."):
        case ["tokenizer", "conv_layers", place, "0", kind]:
            return f"tokenizer.convolutions.{place}.{kind}"
        case ["classifier", "blocks", place, *rest] if ".".join(rest) in _BLOCK:
            return f"blocks.{place}.{_BLOCK['.'.join(rest)]}"
    return _REST.get(name)


def _fit_positions(
    given: dict[str, Tensor],
    own: dict[str, Tensor],
    model: Transformer,
    text: list[str],
    mode: Literal["bicubic", "bilinear"],
) -> None:
    if _POS_EMBED not in given or _POS_EMBED not in own or given[_POS_EMBED].shape == own[_POS_EMBED].shape:
        return
    old, new = given[_POS_EMBED], own[_POS_EMBED]
    if old.shape[-1] != new.shape[-1]:
        return  # another width: another model, refused with the rest
    if not isinstance(model.positions, LearnablePosEmbed):
        given[_POS_EMBED] = new
        text.append(
            f"Kept this model's sinusoidal positions for {new.shape[1]} tokens; the checkpoint has {old.shape[1]}."
        )
        return
    num_prefix_tokens = 0 if model.leading is None else model.leading.shape[1]
    try:
        given[_POS_EMBED] = resized(old, new.shape[1], num_prefix_tokens, mode)
    except ValueError as error:
        raise UserError(f"of the checkpoint, {error}") from None
    text.append(
        f"Resized the positions from {old.shape[1] - num_prefix_tokens} to {new.shape[1] - num_prefix_tokens} tokens."
    )


def _refuse_other_names(given: dict[str, Tensor], own: dict[str, Tensor], path: Path) -> None:
    blocks_given, blocks_own = (len({n.split(".")[1] for n in t if n.startswith("blocks.")}) for t in (given, own))
    if blocks_given != blocks_own:
        raise UserError(
            f"{path.name} has {blocks_given} blocks and this model {blocks_own}: it is a checkpoint of another model"
        )
    missing, extra = own.keys() - given.keys(), given.keys() - own.keys()
    if missing or extra:
        parts = [f"lacks {len(missing)} of this model's {len(own)} tensors, such as {min(missing)}"] if missing else []
        parts += [f"has {len(extra)} that this model has not, such as {min(extra)}"] if extra else []
        raise UserError(f"{path.name} is a checkpoint of another model: it {' and '.join(parts)}")


def _refuse_other_shapes(given: dict[str, Tensor], own: dict[str, Tensor], path: Path) -> None:
    for name, tensor in own.items():
        if given[name].shape != tensor.shape:
            raise UserError(
                f"{path.name} is a checkpoint of another model: its {name} is {_sizes(given[name])} "
                f"and this model's {_sizes(tensor)}"
            )


def _refuse_infinite(given: dict[str, Tensor], own: dict[str, Tensor], path: Path) -> None:
    bad = [name for name in own if not bool(given[name].to(own[name].dtype).isfinite().all())]
    if bad:
        raise UserError(
            f"the model in {path.name} is not finite: {len(bad)} of its {len(given)} tensors hold NaN or infinity, "
            f"such as {bad[0]}; its training has diverged"
        )


def _sizes(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "a single number"
