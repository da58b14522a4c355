"""The one transformer all families are: tokenizer, positions, blocks, pooling, head, handed in already built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from vitcore.layers.attention import Attention
from vitcore.layers.drop_path import drop_path_schedule
from vitcore.layers.dropout import Dropout
from vitcore.layers.encoder import MLP, Block, NormOrder
from vitcore.layers.kernels import kernel_of
from vitcore.layers.pooling import ClassToken, MeanPool, SequencePool
from vitcore.layers.tokenizers import ConvolutionalTokenizer, PatchTokenizer
from vitcore.models import Options


class Transformer(nn.Module):
    """Images (b c y x) -> logits (b classes).

    Args:
        leading: how many learned tokens go before the image's own (class token, distillation token).
        positions: adds to all tokens, or to the image's own alone.
        recurrence: what runs over the tokens before the blocks (hybrid), if anything.
        pools: one for each head; the two of a distilled model read two tokens.
        heads: a distilled model has two, whose logits it gives apart in training and averaged in evaluation.
    """

    def __init__(
        self,
        *,
        tokenizer: nn.Module,
        num_prefix_tokens: int,
        embed_dim: int,
        pos_embed: nn.Module,
        blocks: list[Block],
        norm: nn.Module,
        pools: list[nn.Module],
        num_heads: list[nn.Linear],
        dropout: float = 0.0,
        recurrence: nn.Module | None = None,
        redraw_every: int = 0,
    ) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.leading = nn.Parameter(torch.zeros(1, num_prefix_tokens, embed_dim)) if num_prefix_tokens else None
        self.positions = pos_embed
        self.dropout = Dropout(dropout) if dropout else nn.Identity()
        self.recurrence = recurrence or nn.Identity()
        self.blocks = nn.ModuleList(blocks)
        self.norm = norm
        self.pools = nn.ModuleList(pools)
        self.heads = nn.ModuleList(num_heads)
        self.redraw_every = redraw_every

    def forward(self, image: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Images (b c y x), normalized, -> logits (b classes); two of them from a distilled model in training."""
        x = self.tokenizer(image)
        if self.leading is not None:
            x = torch.cat([self.leading.expand(x.shape[0], -1, -1).to(x.dtype), x], dim=1)
        x = self.recurrence(self.dropout(self.positions(x)))
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        logits: list[Tensor] = [head(pool(x)) for pool, head in zip(self.pools, self.heads, strict=True)]
        if len(logits) == 1:
            return logits[0]
        return (logits[0], logits[1]) if self.training else (logits[0] + logits[1]) / 2


def encoder(
    options: Options,
    *,
    depth: int,
    embed_dim: int,
    num_heads: int,
    mlp_dim: int,
    norm_order: NormOrder,
    tokens: int,
    dropout: float = 0.0,
    attention_dropout: float = 0.0,
    drop_path: float = 0.0,
    qkv_bias: bool = True,
    activation: str = "gelu",
    norm_epsilon: float = 1e-5,
    num_kv_heads: int | None = None,
    window: int | None = None,
    causal: bool = False,
) -> list[Block]:
    """Blocks with the architecture's figures, except where a person chose otherwise."""
    dropout, attention_dropout, drop_path = (
        own if chosen is None else chosen
        for own, chosen in (
            (dropout, options.dropout),
            (attention_dropout, options.attention_dropout),
            (drop_path, options.drop_path),
        )
    )
    return [
        Block(
            embed_dim,
            Attention(
                embed_dim,
                num_heads,
                tokens=tokens,
                kernel=kernel_of(options.kernel),
                num_kv_heads=num_kv_heads,
                features=options.features,
                orthogonal=options.orthogonal,
                epsilon=options.epsilon,
                window=window,
                causal=causal,
                qkv_bias=qkv_bias,
                dropout=attention_dropout,
            ),
            MLP(embed_dim, mlp_dim, dropout=dropout, activation=activation),
            norm_order=norm_order,
            dropout=dropout,
            drop_path=rate,
            norm_epsilon=norm_epsilon,
        )
        for rate in drop_path_schedule(drop_path, depth)
    ]


def tokenizer(config: Mapping[str, Any], options: Options) -> PatchTokenizer | ConvolutionalTokenizer:
    """Patches, or convolutions drawn after He et al. 2015, whichever the configuration has."""
    embed_dim = config["embed_dim"]
    if "patch" in config:
        return PatchTokenizer(options.channels, embed_dim, options.patch or config["patch"])
    found = ConvolutionalTokenizer(
        options.channels, embed_dim, config["convolution"], config["convolutions"], config.get("maps", 64)
    )
    for module in found.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    return found


def pooling(kind: str, embed_dim: int) -> nn.Module:
    """The module for "class", "sequence" or "mean"."""
    return {"class": ClassToken, "mean": MeanPool}[kind]() if kind != "sequence" else SequencePool(embed_dim)


def initialize(model: nn.Module, draw: Callable[[Tensor], object]) -> None:
    """Draw every linear map's weights (k d) anew by `draw`, in place, and set its biases (k) to zero."""
    for module in model.modules():
        if isinstance(module, nn.Linear):
            draw(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def truncated(weight: Tensor) -> None:
    """Fill weights (k d) from a normal distribution of deviation 0.02, cut at ±2, as BERT's are."""
    nn.init.trunc_normal_(weight, std=0.02)
