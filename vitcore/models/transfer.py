"""One model's weights taken over into another of its architecture: positions resized, the head fresh where it must.

Freezing and the depth of each parameter, by which fine-tuning gives rates, are told here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from vitcore.errors import UserError
from vitcore.layers.pos_embed import LearnablePosEmbed, resized
from vitcore.models.transformer import Transformer

_POS_EMBED = "positions.table"
_DRAWN = "random_features"


@dataclass(frozen=True)
class Taken:
    """What was taken over, tensor by tensor.

    Attributes:
        loaded: names of the tensors that are as they were there, the resized ones too.
        resized: of those that were brought to another grid, how many tokens there were and are.
        fresh: names of the tensors that are this model's own: its head's, or what is computed for another size.
    """

    loaded: tuple[str, ...]
    resized: Mapping[str, tuple[int, int]]
    fresh: tuple[str, ...]
    head: bool  # whether the head is fresh

    def sentence(self, source: str) -> str:
        """What was done, for a person."""
        sentences = [f"Took {len(self.loaded)} tensors over from {source}"]
        sentences += [
            f"{name} resized from {before} to {after} tokens" for name, (before, after) in self.resized.items()
        ]
        if self.fresh:
            sentences.append(f"fresh {'head' if self.head else 'tensors'}: {', '.join(self.fresh)}")
        return f"{'; '.join(sentences)}."


def head_names(model: nn.Module) -> tuple[str, ...]:
    """The names of what tells the classes apart: a transformer's heads, timm's classifier, else the last linear map."""
    if isinstance(model, Transformer):
        return tuple(name for name, _ in model.named_parameters() if name.startswith("heads."))
    if callable(own := getattr(model, "get_classifier", None)):
        heads = own()
        parts = heads if isinstance(heads, tuple | list) else (heads,)
        ids = {id(each) for part in parts if isinstance(part, nn.Module) for each in part.parameters()}
        return tuple(name for name, each in model.named_parameters() if id(each) in ids)
    maps = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    return tuple(f"{name}.{own}" for name, last in maps[-1:] for own, _ in last.named_parameters())


def take_over(model: nn.Module, weights: Mapping[str, Tensor], *, same_classes: bool) -> Taken:
    """Put another model's weights into `model`, in place.

    Args:
        weights: its state dict, tensors of any shapes (...); it may lack the head.
        same_classes: whether its head tells this model's classes apart; else the head stays fresh.

    Raises:
        UserError: they are of another network. The model is then as it was.
    """
    own = model.state_dict()
    heads = set(head_names(model))
    given = {name: tensor for name, tensor in weights.items() if name not in heads or same_classes}
    changed: dict[str, tuple[int, int]] = {}
    stored = _stored(own, given, model, changed)
    missing = own.keys() - given.keys() - stored - heads
    extra = given.keys() - own.keys() - {name for name in given if name.endswith(_DRAWN)}
    if missing or extra:
        name = min(missing or extra)
        raise UserError(
            f"those weights are of another network: {name} is in {'this one' if missing else 'theirs'} alone; start "
            "from a run of the same architecture and options"
        )
    for name in own.keys() & given.keys() - stored:
        if own[name].shape != given[name].shape:
            raise UserError(
                f"those weights are of another network: {name} is {_sizes(given[name])} there and {_sizes(own[name])} "
                "here; start from a run of the same architecture, options and channels"
            )
    loaded = {name: given[name] for name in own if name in given and name not in stored}
    model.load_state_dict({**own, **loaded})
    fresh = tuple(name for name in own if name not in loaded)
    return Taken(tuple(loaded), changed, fresh, any(name in heads for name in fresh))


def _stored(
    own: Mapping[str, Tensor], given: dict[str, Tensor], model: nn.Module, changed: dict[str, tuple[int, int]]
) -> set[str]:
    """The names that stay this model's own; a learned table of another size is resized in `given`."""
    stored = {name for name in own if name.endswith(_DRAWN) and _differs(own[name], given.get(name))}
    if _POS_EMBED in own and _POS_EMBED in given and own[_POS_EMBED].shape != given[_POS_EMBED].shape:
        if not isinstance(model, Transformer) or not isinstance(model.positions, LearnablePosEmbed):
            return stored | {_POS_EMBED}  # computed for so many tokens
        prefix = 0 if model.leading is None else model.leading.shape[1]
        before, after = given[_POS_EMBED].shape[1], own[_POS_EMBED].shape[1]
        try:
            given[_POS_EMBED] = resized(given[_POS_EMBED], after, prefix)
        except ValueError as error:
            raise UserError(f"of the weights to start from, {error}") from None
        changed[_POS_EMBED] = before - prefix, after - prefix
    return stored


def _differs(own: Tensor, given: Tensor | None) -> bool:
    return given is None or own.shape != given.shape


def freeze(model: nn.Module) -> None:
    """Leave nothing to learn but the head: a linear probe.

    Raises:
        UserError: the network has no head that could be told from the rest.
    """
    heads = set(head_names(model))
    if not heads:
        raise UserError("this network has no linear map that tells classes apart, so all but it cannot be frozen")
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in heads)


def train_mode(model: nn.Module, *, frozen: bool) -> None:
    """Training mode; what is frozen neither drops anything nor gathers statistics."""
    model.train()
    if frozen:
        for part in model.children():
            part.eval()


def depth_of(name: str, blocks: int) -> int:
    """How deep a transformer's parameter lies: 0 before the blocks, 1 to `blocks` in them, one more behind them.

    As BEiT numbers layers (Bao et al. 2022, `get_num_layer_for_vit` of its published code).
    """
    match name.split("."):
        case ["blocks", place, *_]:
            return int(place) + 1
        case ["tokenizer" | "leading" | "pos_embed" | "recurrence", *_]:
            return 0
    return blocks + 1


def _sizes(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "a single number"
