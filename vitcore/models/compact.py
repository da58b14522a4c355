"""The compact family: ViT-Lite, CVT and CCT (Hassani et al. 2021), told apart by tokenizer and pooling alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from vitcore.layers.pooling import ClassToken, SequencePool
from vitcore.layers.pos_embed import positions
from vitcore.layers.tokenizers import ConvolutionalTokenizer, PatchTokenizer
from vitcore.models import Options
from vitcore.models.transformer import Transformer, encoder, initialise, truncated


def build(config: Mapping[str, Any], options: Options) -> Transformer:
    """As the authors' published code: no qkv bias, second residual from the normalised stream.

    Dropout 0, attention dropout 0.1 and stochastic depth rising to 0.1; positions drawn with deviation 0.2, linear maps
    with 0.02, convolutions after He et al. 2015.
    """
    width = config["width"]
    tokenizer: PatchTokenizer | ConvolutionalTokenizer
    if "patch" in config:
        tokenizer = PatchTokenizer(options.channels, width, options.patch or config["patch"])
    else:
        tokenizer = ConvolutionalTokenizer(
            options.channels, width, config["convolution"], config["convolutions"], config.get("hidden", 64)
        )
    for module in tokenizer.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    leading = int(config["pool"] == "class")
    tokens = tokenizer.grid(options.side) ** 2 + leading
    model = Transformer(
        tokenizer=tokenizer,
        leading=leading,
        width=width,
        positions=positions(options.positions, tokens, width, std=0.2),
        blocks=encoder(
            options,
            layers=config["layers"],
            width=width,
            heads=config["heads"],
            hidden=width * config["mlp"],
            order="compact",
            tokens=tokens,
            attention_dropout=0.1,
            stochastic_depth=0.1,
            qkv_bias=False,
        ),
        norm=nn.LayerNorm(width),
        pools=[ClassToken() if leading else SequencePool(width)],
        heads=[nn.Linear(width, options.classes)],
        dropout=options.dropout or 0.0,
        redraw_every=options.redraw_every,
    )
    initialise(model, truncated)
    return model
