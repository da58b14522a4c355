"""The hybrid sequential ViT (Tafveez): quality scores, an LSTM, sliding-window multi-query attention.

No code of it exists. This is one reading of its text, 3.35 M parameters at 64 pixels and 200 classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from vitcore.layers.pooling import MeanPool
from vitcore.layers.pos_embed import positions
from vitcore.layers.recurrence import RecurrentResidual
from vitcore.layers.tokenizers import QualityTokenizer
from vitcore.models import Options
from vitcore.models.transformer import Transformer, encoder, initialise, truncated


def build(config: Mapping[str, Any], options: Options) -> Transformer:
    """Six blocks with the norm last, attention to tokens at most `window` away, mean over tokens, linear head."""
    width = config["width"]
    tokenizer = QualityTokenizer(options.channels, width, options.patch or config["patch"])
    tokens = tokenizer.grid(options.side) ** 2
    head = nn.Linear(width, options.classes)
    model = Transformer(
        tokenizer=tokenizer,
        leading=0,
        width=width,
        positions=positions(options.positions, tokens, width, std=0.02),
        recurrence=RecurrentResidual(width),
        blocks=encoder(
            options,
            layers=config["layers"],
            width=width,
            heads=config["heads"],
            hidden=config["hidden"],
            order="post",
            tokens=tokens,
            dropout=0.1,
            qkv_bias=False,
            key_heads=config["key_heads"],
            window=config["window"],
            causal=config["causal"],
        ),
        norm=nn.Identity(),
        pools=[MeanPool()],
        heads=[head],
        redraw_every=options.redraw_every,
    )
    # The blocks normalise last: as for the CIFAR-10 report's ViT, weights of 0.02 would start too small.
    initialise(model, nn.init.xavier_uniform_)
    truncated(head.weight)
    return model
