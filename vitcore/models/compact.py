"""The compact family: ViT-Lite, CVT and CCT (Hassani et al. 2021), told apart by tokenizer and pooling alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from vitcore.layers.pos_embed import make_pos_embed
from vitcore.models import Options
from vitcore.models.dimensions import mlp_dim
from vitcore.models.transformer import Transformer, encoder, initialize, pooling, tokenizer, truncated


def build(config: Mapping[str, Any], options: Options) -> Transformer:
    """As the authors' published code: no qkv bias, second residual from the normalized stream.

    Dropout 0, attention dropout 0.1 and stochastic depth rising to 0.1; positions drawn with deviation 0.2, linear maps
    with 0.02, convolutions after He et al. 2015.
    """
    embed_dim, norm_order = config["embed_dim"], config.get("norm_order", "compact")
    cut = tokenizer(config, options)
    for module in cut.modules():
        if isinstance(module, nn.Conv2d) and "patch" in config:
            nn.init.kaiming_normal_(module.weight)
    num_prefix_tokens = int(config["pool"] == "class")
    tokens = cut.grid(options.image_size) ** 2 + num_prefix_tokens
    model = Transformer(
        tokenizer=cut,
        num_prefix_tokens=num_prefix_tokens,
        embed_dim=embed_dim,
        pos_embed=make_pos_embed(options.pos_embed, tokens, embed_dim, std=0.2),
        blocks=encoder(
            options,
            depth=config["depth"],
            embed_dim=embed_dim,
            num_heads=config["num_heads"],
            mlp_dim=mlp_dim(config),
            norm_order=norm_order,
            tokens=tokens,
            attention_dropout=0.1,
            drop_path=0.1,
            qkv_bias=False,
        ),
        norm=nn.Identity() if norm_order == "post" else nn.LayerNorm(embed_dim),
        pools=[pooling(config["pool"], embed_dim)],
        num_heads=[nn.Linear(embed_dim, options.classes)],
        dropout=options.dropout or 0.0,
        redraw_every=options.redraw_every,
    )
    initialize(model, nn.init.xavier_uniform_ if norm_order == "post" else truncated)  # as for vit.py's
    return model
