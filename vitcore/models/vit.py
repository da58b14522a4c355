"""Vision transformers in the plain form: ViT, DeiT, the CIFAR-10 report's and the Performer report's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from vitcore.layers.pooling import ClassToken
from vitcore.layers.pos_embed import make_pos_embed
from vitcore.models import Options
from vitcore.models.transformer import Transformer, encoder, initialize, pooling, tokenizer, truncated


def build(config: Mapping[str, Any], options: Options) -> Transformer:
    """Patches, a class token (and a distillation token, Touvron et al. 2021), blocks, linear head.

    The order is Dosovitskiy et al.'s (norm first, one more at the end) or, for the CIFAR-10 report, that of PyTorch's
    own encoder layers, on which that report is built (norm last, none at the end, ReLU).
    """
    embed_dim, norm_order, pool = config["embed_dim"], config.get("norm_order", "pre"), config.get("pool", "class")
    post = norm_order == "post"
    cut = tokenizer(config, options)
    num_prefix_tokens = 0 if pool != "class" else 2 if config.get("distilled") else 1
    tokens = cut.grid(options.image_size) ** 2 + num_prefix_tokens
    dropout = config.get("dropout", 0.0)
    model = Transformer(
        tokenizer=cut,
        num_prefix_tokens=num_prefix_tokens,
        embed_dim=embed_dim,
        pos_embed=make_pos_embed(options.pos_embed, tokens, embed_dim, std=0.02),
        blocks=encoder(
            options,
            depth=config["depth"],
            embed_dim=embed_dim,
            num_heads=config["num_heads"],
            mlp_dim=config["mlp_dim"],
            norm_order=norm_order,
            tokens=tokens,
            dropout=dropout,
            attention_dropout=dropout,
            drop_path=config.get("drop_path", 0.0),
            activation=config.get("activation", "gelu"),
            norm_epsilon=config.get("norm_epsilon", 1e-6),
        ),
        norm=nn.Identity() if post else nn.LayerNorm(embed_dim, eps=1e-6),
        pools=[ClassToken(place) for place in range(num_prefix_tokens)] or [pooling(pool, embed_dim)],
        num_heads=[nn.Linear(embed_dim, options.classes) for _ in range(num_prefix_tokens or 1)],
        dropout=dropout if options.dropout is None else options.dropout,
        redraw_every=options.redraw_every,
    )
    # Behind a norm at the end of each block, weights of 0.02 start so small that 12 layers hardly learn.
    initialize(model, nn.init.xavier_uniform_ if post else truncated)
    if model.leading is not None:
        nn.init.trunc_normal_(model.leading, std=0.02)
    return model
