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
"""Module's name -> shape of what it gives for one picture, as models.count.layers_table has it."""


@dataclass(frozen=True)
class Stage:
    """One box of the drawing.

    `kind` picks its glyph (figures.pipeline.GLYPHS); `count` is how often it stands in a row (blocks of an encoder),
    how many tokens there are, or patches a side; `leading` of them are learnt tokens; `marks` whether positions are
    added.
    """

    kind: str
    title: str
    details: tuple[str, ...] = ()
    count: int = 1
    leading: int = 0
    marks: bool = False


def stages(model: nn.Module, shapes: Shapes, *, channels: int, side: int) -> list[Stage]:
    """The stages that a picture passes, in order."""
    from vitcore.models.transformer import Transformer

    first = Stage("picture", "Picture", (f"{channels} × {side} × {side}",))
    if isinstance(model, Transformer):
        return [first, *_transformer(model, side)]
    return [first, *_convolutional(model, shapes)]


def tokens(model: nn.Module, side: int) -> int | None:
    """Tokens that the encoder sees, learnt ones included; None where there is no encoder."""
    from vitcore.models.transformer import Transformer

    if not isinstance(model, Transformer):
        return None
    grid: int = model.tokenizer.grid(side)  # type: ignore[operator]
    return grid**2 + (0 if model.leading is None else model.leading.shape[1])


def _transformer(model: Transformer, side: int) -> Iterator[Stage]:
    from vitcore.layers.pos_embed import LearnablePositions, SinusoidalPositions
    from vitcore.layers.recurrence import RecurrentResidual

    yield _tokenizer(model.tokenizer, side)
    leading = 0 if model.leading is None else model.leading.shape[1]
    learnt = ("", "+ class token", "+ class and distillation token")[leading]
    placed = "no positions"
    if isinstance(model.positions, LearnablePositions):
        placed = "learnable positions"
    elif isinstance(model.positions, SinusoidalPositions):
        placed = "sinusoidal positions"
    count = tokens(model, side) or 0
    head: Any = model.heads[0]
    width = head.in_features
    title = f"{count - leading:,} token{'s' * (count - leading != 1)}"
    details = tuple(filter(None, (learnt, placed, f"{width} wide")))
    yield Stage("tokens", title, details, count=count, leading=leading, marks=placed != "no positions")
    if isinstance(model.recurrence, RecurrentResidual):
        yield Stage("recurrence", "LSTM", ("over the tokens,", "as a residual"))
    yield _encoder(model.blocks, width)
    yield _pooling(model.pools)
    classes = head.out_features
    heads = len(model.heads)
    yield Stage("head", "Head" if heads == 1 else f"{heads} heads", (f"{width} → {classes:,} classes",), count=classes)


def _tokenizer(tokenizer: Any, side: int) -> Stage:
    from vitcore.layers.tokenizers import ConvolutionalTokenizer, PatchTokenizer

    grid = tokenizer.grid(side)
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


def _encoder(blocks: Any, width: int) -> Stage:
    attention, mlp = blocks[0].attention, blocks[0].mlp
    heads = f"{attention.heads} head{'s' * (attention.heads != 1)}"
    if attention.key_heads != attention.heads:
        heads += f", {attention.key_heads} for keys"
    kernel = attention.kernel.label
    if attention.random_features is not None:
        kernel += f", {attention.random_features.shape[0]} features"
    if attention.window is not None:
        kernel += f", window {attention.window}"
    order = {"compact": "norm first, as in CCT", "pre": "norm first", "post": "norm last"}[blocks[0].order]
    details = (heads, kernel, f"MLP {width} → {mlp.expand.out_features}", order)
    return Stage("encoder", "Encoder", details, count=len(blocks))


def _pooling(pools: Sequence[Any] | Any) -> Stage:
    from vitcore.layers.pooling import ClassToken, MeanPool, SequencePool

    first = pools[0]
    if isinstance(first, SequencePool):
        return Stage("sequence", "Sequence pooling", ("a learnt weight", "for every token"))
    if isinstance(first, ClassToken):
        if len(pools) > 1:
            return Stage("class", "Two tokens are read", ("class, distillation",), leading=len(pools))
        return Stage("class", "Class token is read", ("the others are dropped",), leading=1)
    assert isinstance(first, MeanPool)
    return Stage("mean", "Mean", ("over all tokens",))


def _convolutional(model: nn.Module, shapes: Shapes) -> list[Stage]:
    """The modules of a convolutional network; neighbours of one kind and one picture size stand together."""
    drawn = [
        (type(module).__name__, shapes[name], glyph)
        for name, module in _units(model, "")
        if name in shapes and (glyph := _glyph(type(module).__name__, any(True for _ in module.parameters())))
    ]
    found = []
    for (kind, _, glyph), some in itertools.groupby(
        drawn, key=lambda one: (one[0], one[1][one[2] != "linear" :], one[2])
    ):
        sizes = [shape for _, shape, _ in some]
        channels, size = [shape[0] for shape in sizes], sizes[0][1:]
        ends = f"{channels[0]}" if channels[0] == channels[-1] else f"{channels[0]} … {channels[-1]}"
        found.append(Stage(glyph, _spelled(kind), (" × ".join([ends, *map(str, size)]),), count=len(channels)))
    if found and found[-1].kind == "linear" and found[-1].count == 1:
        found[-1] = Stage("head", "Head", (f"→ {found[-1].details[0]} classes",), count=int(found[-1].details[0]))
    return found


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
    }
    if kind in known:
        return known[kind]
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind).strip()
    return spaced.capitalize()
