"""The hybrid sequential ViT (Tafveez): quality scores, an LSTM, sliding-window multi-query attention.

No code of it exists. This is one reading of its text, 3.35 M parameters at 64 pixels and 200 classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from vitcore.layers.pos_embed import make_pos_embed
from vitcore.layers.recurrence import RecurrentResidual
from vitcore.layers.tokenizers import ConvolutionalTokenizer, PatchTokenizer, QualityTokenizer
from vitcore.models import Options
from vitcore.models.transformer import Transformer, encoder, initialize, pooling, tokenizer, truncated


def build(config: Mapping[str, Any], options: Options) -> Transformer:
    """Six blocks with the norm last, attention to tokens at most `window` away, mean over tokens, linear head."""
    embed_dim = config["embed_dim"]
    norm_order = config.get("norm_order", "post")
    cut: QualityTokenizer | PatchTokenizer | ConvolutionalTokenizer
    if config.get("quality", True):
        cut = QualityTokenizer(options.channels, embed_dim, options.patch or config["patch"])
    else:
        cut = tokenizer(config, options)
    tokens = cut.grid(options.image_size) ** 2
    head = nn.Linear(embed_dim, options.classes)
    model = Transformer(
        tokenizer=cut,
        num_prefix_tokens=0,
        embed_dim=embed_dim,
        pos_embed=make_pos_embed(options.pos_embed, tokens, embed_dim, std=0.02),
        recurrence=RecurrentResidual(embed_dim),
        blocks=encoder(
            options,
            depth=config["depth"],
            embed_dim=embed_dim,
            num_heads=config["num_heads"],
            mlp_dim=config["mlp_dim"],
            norm_order=norm_order,
            tokens=tokens,
            dropout=0.1,
            qkv_bias=False,
            num_kv_heads=config["num_kv_heads"],
            window=config["window"],
            causal=config["causal"],
        ),
        norm=nn.Identity() if norm_order == "post" else nn.LayerNorm(embed_dim),
        pools=[pooling(config.get("pool", "mean"), embed_dim)],
        num_heads=[head],
        redraw_every=options.redraw_every,
    )
    # The blocks normalize last: as for the CIFAR-10 report's ViT, weights of 0.02 would start too small.
    initialize(model, nn.init.xavier_uniform_ if norm_order == "post" else truncated)
    truncated(head.weight)
    return model
