"""What a built model is made of, stage by stage, read from the model itself: what the pipeline drawing shows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from vitcore.models.transformer import Transformer

Shapes = dict[str, tuple[int, ...]]
"""Module's name -> shape of what it gives for one image, as models.count.layers_table has it."""


@dataclass(frozen=True)
class Stage:
    """One box of the drawing.

    `kind` picks its glyph (figures.pipeline.GLYPHS); `count` is how often it stands in a row (blocks of an encoder),
    how many tokens there are, or patches a side; `num_prefix_tokens` of them are learned tokens; `positioned`
    whether positions are added.
    """

    kind: str
    title: str
    details: tuple[str, ...] = ()
    count: int = 1
    num_prefix_tokens: int = 0
    positioned: bool = False


def stages(model: nn.Module, shapes: Shapes, *, channels: int, image_size: int) -> list[Stage]:
    """The stages that an image passes, in order."""
    from vitcore.models.transformer import Transformer

    first = Stage("image", "Image", (f"{channels} × {image_size} × {image_size}",))
    if isinstance(model, Transformer):
        return [first, *_transformer(model, image_size)]
    return [first, *_convolutional(model, shapes)]


def tokens(model: nn.Module, image_size: int) -> int | None:
    """Tokens that the encoder sees, learned ones included; None where there is no encoder."""
    from vitcore.models.transformer import Transformer

    if not isinstance(model, Transformer):
        return None
    grid: int = model.tokenizer.grid(image_size)  # type: ignore[operator]
    return grid**2 + (0 if model.leading is None else model.leading.shape[1])


def _transformer(model: Transformer, image_size: int) -> Iterator[Stage]:
    from vitcore.layers.pos_embed import LearnablePosEmbed, SinusoidalPosEmbed
    from vitcore.layers.recurrence import RecurrentResidual

    yield _tokenizer(model.tokenizer, image_size)
    num_prefix_tokens = 0 if model.leading is None else model.leading.shape[1]
    learned = ("", "+ class token", "+ class and distillation token")[num_prefix_tokens]
    placed = "no positions"
    if isinstance(model.positions, LearnablePosEmbed):
        placed = "learnable positions"
    elif isinstance(model.positions, SinusoidalPosEmbed):
        placed = "sinusoidal positions"
    count = tokens(model, image_size) or 0
    head: Any = model.heads[0]
    embed_dim = head.in_features
    title = f"{count - num_prefix_tokens:,} token{'s' * (count - num_prefix_tokens != 1)}"
    details = tuple(filter(None, (learned, placed, f"{embed_dim} wide")))
    yield Stage(
        "tokens", title, details, count=count, num_prefix_tokens=num_prefix_tokens, positioned=placed != "no positions"
    )
    if isinstance(model.recurrence, RecurrentResidual):
        yield Stage("recurrence", "LSTM", ("over the tokens,", "as a residual"))
    yield _encoder(model.blocks, embed_dim)
    yield _pooling(model.pools)
    classes = head.out_features
    heads = len(model.heads)
    yield Stage(
        "head", "Head" if heads == 1 else f"{heads} heads", (f"{embed_dim} → {classes:,} classes",), count=classes
    )


def _tokenizer(tokenizer: Any, image_size: int) -> Stage:
    from vitcore.layers.tokenizers import ConvolutionalTokenizer, PatchTokenizer

    grid = tokenizer.grid(image_size)
    if isinstance(tokenizer, PatchTokenizer):
        patch = tokenizer.patch
        return Stage("patches", "Patches", (f"{patch} × {patch} pixels,", "one linear map"), count=grid)
    convolutions = len(tokenizer.convolutions)
    if isinstance(tokenizer, ConvolutionalTokenizer):
        size = tokenizer.kernel
        times = f"{convolutions} × " if convolutions > 1 else ""
        return Stage("convolutions", "Convolution", (f"{times}{size} × {size}, ReLU,", "max-pooling"), count=grid)
    patch = tokenizer.patch
    details = (f"{convolutions} × 3 × 3, patches of {patch},", "each × its quality")
    return Stage("convolutions", "Convolution", details, count=grid)


def _encoder(blocks: Any, embed_dim: int) -> Stage:
    attention, mlp = blocks[0].attention, blocks[0].mlp
    heads = f"{attention.num_heads} head{'s' * (attention.num_heads != 1)}"
    if attention.num_kv_heads != attention.num_heads:
        heads += f", {attention.num_kv_heads} for keys"
    kernel = attention.kernel.label
    if attention.random_features is not None:
        kernel += f", {attention.random_features.shape[0]} features"
    if attention.window is not None:
        kernel += f", window {attention.window}"
    norm_order = {"compact": "norm first, as in CCT", "pre": "norm first", "post": "norm last"}[blocks[0].norm_order]
    details = (heads, kernel, f"MLP {embed_dim} → {mlp.expand.out_features}", norm_order)
    return Stage("encoder", "Encoder", details, count=len(blocks))


def _pooling(pools: Sequence[Any] | Any) -> Stage:
    from vitcore.layers.pooling import ClassToken, MeanPool, SequencePool

    first = pools[0]
    if isinstance(first, SequencePool):
        return Stage("sequence", "Sequence pooling", ("a learned weight", "for every token"))
    if isinstance(first, ClassToken):
        if len(pools) > 1:
            return Stage("class", "Two tokens are read", ("class, distillation",), num_prefix_tokens=len(pools))
        return Stage("class", "Class token is read", ("the others are dropped",), num_prefix_tokens=1)
    assert isinstance(first, MeanPool)
    return Stage("mean", "Mean", ("over all tokens",))


def _convolutional(model: nn.Module, shapes: Shapes) -> list[Stage]:
    """The modules of a convolutional network; neighbors of one kind and one image size stand together."""
    drawn = [
        (type(module).__name__, shapes[name], glyph)
        for name, module in _units(model, "")
        if shapes.get(name) and (glyph := _drawn_as(module))
    ]
    found = []
    for (kind, _, glyph), subset in itertools.groupby(
        drawn, key=lambda item: (item[0], item[1][item[2] != "linear" :], item[2])
    ):
        sizes = [shape for _, shape, _ in subset]
        channels, size = [shape[0] for shape in sizes], sizes[0][1:]
        ends = f"{channels[0]}" if channels[0] == channels[-1] else f"{channels[0]} … {channels[-1]}"
        found.append(Stage(glyph, _spelled(kind), (" × ".join([ends, *map(str, size)]),), count=len(channels)))
    if found and found[-1].kind == "linear" and found[-1].count == 1:
        found[-1] = Stage("head", "Head", (f"→ {found[-1].details[0]} classes",), count=int(found[-1].details[0]))
    return found


def parts(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The parts of a network without an encoder that are drawn, in order, with their kind: no norm, no activation."""
    return ((_spelled(type(part).__name__), part) for _, part in _units(model, "") if _drawn_as(part))


def _drawn_as(module: nn.Module) -> str | None:
    return _glyph(type(module).__name__, any(True for _ in module.parameters()))


def _units(module: nn.Module, prefix: str) -> Iterator[tuple[str, nn.Module]]:
    """The parts of a network, looking into plain rows of modules but not into blocks."""
    from torch import nn

    for name, child in module.named_children():
        if isinstance(child, nn.Sequential):
            yield from _units(child, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", child


def _glyph(kind: str, learns: bool) -> str | None:
    """The glyph of a module, or None for what is not drawn: norms, activations and reshapes."""
    if "Pool" in kind:
        return "shrink"
    if not learns or "Norm" in kind:
        return None
    return {"Conv2d": "convolutions", "Linear": "linear"}.get(kind, "blocks")


def _spelled(kind: str) -> str:
    """A module's kind in words."""
    known = {
        "Conv2d": "Convolution",
        "MaxPool2d": "Max-pooling",
        "AdaptiveAvgPool2d": "Mean",
        "AvgPool2d": "Mean",
        "Linear": "Linear map",
        "BasicBlock": "Residual blocks",
        "Bottleneck": "Bottleneck blocks",
        "InvertedResidual": "Inverted residuals",
        "PatchEmbed": "Patches",
        "Block": "Blocks",
        "SelectAdaptivePool2d": "Pooling",
    }
    if kind in known:
        return known[kind]
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind).strip()
    return spaced.capitalize()
