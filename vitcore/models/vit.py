"""Vision transformers in the plain form: ViT, DeiT, the CIFAR-10 report's and the Performer report's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from vitcore.layers.pooling import ClassToken
from vitcore.layers.pos_embed import positions
from vitcore.layers.tokenizers import PatchTokenizer
from vitcore.models import Options
from vitcore.models.transformer import Transformer, encoder, initialise, truncated


def build(config: Mapping[str, Any], options: Options) -> Transformer:
    """Patches, a class token (and a distillation token, Touvron et al. 2021), blocks, linear head.

    The order is Dosovitskiy et al.'s (norm first, one more at the end) or, for the CIFAR-10 report, that of PyTorch's
    own encoder layers, on which that report is built (norm last, none at the end, ReLU).
    """
    width, post = config["width"], config.get("order") == "post"
    tokenizer = PatchTokenizer(options.channels, width, options.patch or config["patch"])
    leading = 2 if config.get("distilled") else 1
    tokens = tokenizer.grid(options.side) ** 2 + leading
    dropout = config.get("dropout", 0.0)
    model = Transformer(
        tokenizer=tokenizer,
        leading=leading,
        width=width,
        positions=positions(options.positions, tokens, width, std=0.02),
        blocks=encoder(
            options,
            layers=config["layers"],
            width=width,
            heads=config["heads"],
            hidden=config["hidden"],
            order="post" if post else "pre",
            tokens=tokens,
            dropout=dropout,
            attention_dropout=dropout,
            stochastic_depth=config.get("stochastic_depth", 0.0),
            activation="relu" if post else "gelu",
            norm_epsilon=1e-5 if post else 1e-6,
        ),
        norm=nn.Identity() if post else nn.LayerNorm(width, eps=1e-6),
        pools=[ClassToken(place) for place in range(leading)],
        heads=[nn.Linear(width, options.classes) for _ in range(leading)],
        dropout=dropout if options.dropout is None else options.dropout,
        redraw_every=options.redraw_every,
    )
    # Behind a norm at the end of each block, weights of 0.02 start so small that 12 layers hardly learn.
    initialise(model, nn.init.xavier_uniform_ if post else truncated)
    if model.leading is not None:
        nn.init.trunc_normal_(model.leading, std=0.02)
    return model
