"""Checkpoints of others into our models, whatever they are wrapped in: read, found, renamed, fitted, or refused.

What a file is, its content tells (checkpoint_files); which of its tables is meant, the names in them (weight_sets,
matching); what a name means, the program that wrote it (key_maps).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import Tensor, nn

from vitcore.errors import UserError
from vitcore.layers.pos_embed import LearnablePosEmbed, resized
from vitcore.models import checkpoint_files, weight_sets
from vitcore.models.key_maps import OF_TRANSFORMERS, OWN
from vitcore.models.matching import Match, matches
from vitcore.models.transfer import head_names
from vitcore.models.transformer import Transformer

_POS_EMBED = "positions.table"
_DRAWN = "random_features"  # drawn here: published by nobody, kept by vitcore


@dataclass(frozen=True)
class Loaded:
    """What was done with a checkpoint, in sentences, and whether the head is the model's own, untrained."""

    notes: list[str]
    fresh_head: bool


def load_published(model: nn.Module, path: Path | str, weights: str = "trained") -> list[str]:
    """As `load`; what was done, in sentences."""
    return load(model, path, weights).notes


def load(model: nn.Module, path: Path | str, weights: str = "trained") -> Loaded:
    """Load a checkpoint into a model of the same architecture, in place.

    Where the token count differs the positional grid is resized (bilinearly as the authors of the compact family do,
    bicubically as timm does) and the class token's row kept; where the number of classes differs, or there is no head,
    the fresh head is kept. A sinusoidal table of another size is the model's own. Numbers of another precision become
    the model's.

    Args:
        path: safetensors, or what torch.save wrote: a state dict of tensors (...), alone or in tables of any names,
            its own names behind any prefix.
        weights: of a file with several sets: "trained" (as the optimizer left them), "averaged" (an exponential
            average of them), or a set's own name. Where there is one set alone "trained" takes it, whatever it is.

    Raises:
        UserError: an unreadable file, or a checkpoint of another model. The model is then as it was.
    """
    path = Path(path)
    own = {name: tensor for name, tensor in model.state_dict().items() if not name.endswith(_DRAWN)}
    heads = head_names(model)
    found, set_note = _chosen(checkpoint_files.read(path), weights, path, own, heads, model)
    if not found.hits:
        raise UserError(
            f"{path.name} is not a checkpoint of this network: none of its {len(found.given) + len(found.unknown)} "
            f"tensors has a name of a {_kind(model)}'s, as {min([*found.given, *found.unknown])[:60]!r} is none"
        )
    given = {name: tensor for name, tensor in found.given.items() if not name.endswith(_DRAWN)}
    given.update({name: own[name] for name in own if name not in given and name.endswith("num_batches_tracked")})
    fresh, said_of_head = _fit_head(given, own, heads)
    _refuse_other_names(given, own, found, path)
    text: list[str] = []
    _fit_positions(given, own, model, text, found.map.mode)
    _refuse_other_shapes(given, own, path)
    _refuse_other_numbers(given, own, path)
    model.load_state_dict({**model.state_dict(), **given, **_drawn(found.given, model)})
    loaded = f"Loaded {len(found.given.keys() & own.keys()) - len(fresh)} tensors from {path.name}."
    return Loaded(
        [loaded, *set_note, *_precision(found.given, own), *_left_out(found), *text, *said_of_head], bool(fresh)
    )


def _chosen(
    content: object, weights: str, path: Path, own: dict[str, Tensor], heads: tuple[str, ...], model: nn.Module
) -> tuple[Match, list[str]]:
    """The set of weights that is wanted, held against the model, and what there is to say of the choice."""
    maps = OF_TRANSFORMERS if isinstance(model, Transformer) else (OWN,)
    found: dict[int, Match] = {}
    sets: dict[str, weight_sets.Set] = {}
    for name, tensors in weight_sets.of(content).items():
        several = matches(tensors, own, heads, maps)
        for match in several:
            named = f"{name}.{match.prefix}" if len(several) > 1 and match.prefix else name
            sets[named] = dict(tensors)
            found[id(sets[named])] = match
    if not sets:
        what = checkpoint_files.described(content)
        raise UserError(f"{path.name} holds no state dict, but {what}; a checkpoint is a table of names and tensors")
    tensors, note = weight_sets.chosen(sets, weights, path.name, lambda each: found[id(each)].complete)
    return found[id(tensors)], note


def _drawn(given: dict[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """The random features that weights of vitcore's were trained with, where this model has as many; else its own."""
    own = {name: tensor for name, tensor in model.state_dict().items() if name.endswith(_DRAWN)}
    return {name: given[name] for name in own if name in given and given[name].shape == own[name].shape}


def _fit_head(given: dict[str, Tensor], own: dict[str, Tensor], heads: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Leave the model's own head where the checkpoint has none for its classes; the names that stay fresh, and why."""
    there = [name for name in heads if name in given]
    classes = {name: _rows(own[name]) for name in heads}
    if there and (len(there) < len(heads) or all(_rows(given[name]) == classes[name] for name in heads)):
        return [], []  # as it should be; or of another model, as will be said
    why = "The checkpoint has no head: this model's is fresh and needs training."
    if there:
        why = (
            f"The checkpoint tells {_rows(given[heads[0]])} classes apart and this model {classes[heads[0]]}: "
            "the head is fresh and needs training."
        )
    given.update({name: own[name] for name in heads})
    return list(heads), [why]


def _rows(tensor: Tensor) -> int:
    return tensor.shape[0] if tensor.ndim else 0


def _kind(model: nn.Module) -> str:
    return "ViT, DeiT, ViT-Lite, CVT or CCT" if isinstance(model, Transformer) else type(model).__name__


def _precision(given: dict[str, Tensor], own: dict[str, Tensor]) -> list[str]:
    """Of numbers in another precision than the model's, what became of them."""
    kinds = {
        tensor.dtype
        for name, tensor in given.items()
        if name in own and own[name].is_floating_point() and tensor.dtype != own[name].dtype
    }
    if not kinds:
        return []
    named = ", ".join(sorted(str(kind).removeprefix("torch.") for kind in kinds))
    return [f"Its numbers are {named} and are float32 here."]


def _left_out(found: Match) -> list[str]:
    if not found.aside:
        return []
    many = f"{len(found.aside)} tensor{'s' * (len(found.aside) != 1)}"
    return [f"Left out {many} that this model has no place for, such as {_shown(min(found.aside))}."]


def _fit_positions(
    given: dict[str, Tensor],
    own: dict[str, Tensor],
    model: nn.Module,
    text: list[str],
    mode: Literal["bicubic", "bilinear"],
) -> None:
    if _POS_EMBED not in given or _POS_EMBED not in own or given[_POS_EMBED].shape == own[_POS_EMBED].shape:
        return
    old, new = given[_POS_EMBED], own[_POS_EMBED]
    if old.shape[-1] != new.shape[-1]:
        return  # another width: another model, refused with the rest
    if not isinstance(model, Transformer):
        return  # its builder's own names
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


def _refuse_other_names(given: dict[str, Tensor], own: dict[str, Tensor], found: Match, path: Path) -> None:
    blocks_given, blocks_own = (len({n.split(".")[1] for n in t if n.startswith("blocks.")}) for t in (given, own))
    if blocks_given != blocks_own:
        raise UserError(
            f"{path.name} has {blocks_given} blocks and this model {blocks_own}: it is a checkpoint of another model"
        )
    missing, extra = own.keys() - given.keys(), {*(given.keys() - own.keys()), *found.unknown}
    if missing or extra:
        parts = [f"lacks {len(missing)} of this model's {len(own)} tensors, such as {min(missing)}"] if missing else []
        parts += [f"has {len(extra)} that this model has not, such as {_shown(min(extra))}"] if extra else []
        raise UserError(f"{path.name} is a checkpoint of another model: it {' and '.join(parts)}")


def _refuse_other_shapes(given: dict[str, Tensor], own: dict[str, Tensor], path: Path) -> None:
    for name, tensor in own.items():
        if given[name].shape != tensor.shape:
            raise UserError(
                f"{path.name} is a checkpoint of another model: its {name} is {_sizes(given[name])} "
                f"and this model's {_sizes(tensor)}"
            )


def _refuse_other_numbers(given: dict[str, Tensor], own: dict[str, Tensor], path: Path) -> None:
    """Raises UserError of weights that are whole numbers, complex, or not finite."""
    for name, tensor in own.items():
        if tensor.is_floating_point() and not given[name].is_floating_point():
            kind = str(given[name].dtype).removeprefix("torch.")
            raise UserError(
                f"{path.name} holds {kind} numbers where weights are (its {name}), as a quantized network's are; give "
                "the checkpoint from before it was quantized"
            )
    bad = [name for name in own if not bool(given[name].to(own[name].dtype).isfinite().all())]
    if bad:
        raise UserError(
            f"the model in {path.name} is not finite: {len(bad)} of its {len(given)} tensors hold NaN or infinity, "
            f"such as {bad[0]}; its training has diverged"
        )


def _shown(name: str) -> str:
    """A name from a stranger's file, short and in one line."""
    return name[:60] if name.isprintable() else repr(name[:60])


def _sizes(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "a single number"
