"""The one transformer all families are: tokenizer, positions, blocks, pooling, head, handed in already built."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from vitcore.layers.attention import Attention
from vitcore.layers.drop_path import rising
from vitcore.layers.dropout import Dropout
from vitcore.layers.encoder import MLP, Block, Order
from vitcore.layers.kernels import KERNELS
from vitcore.models import Options


class Transformer(nn.Module):
    """Pictures (b c y x) -> logits (b classes).

    Args:
        leading: how many learnt tokens go before the picture's own (class token, distillation token).
        positions: adds to all tokens, or to the picture's own alone.
        recurrence: what runs over the tokens before the blocks (hybrid), if anything.
        pools: one for each head; the two of a distilled model read two tokens.
        heads: a distilled model has two, whose logits it gives apart in training and averaged in evaluation.
    """

    def __init__(
        self,
        *,
        tokenizer: nn.Module,
        leading: int,
        width: int,
        positions: nn.Module,
        blocks: list[Block],
        norm: nn.Module,
        pools: list[nn.Module],
        heads: list[nn.Linear],
        dropout: float = 0.0,
        recurrence: nn.Module | None = None,
        redraw_every: int = 0,
    ) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.leading = nn.Parameter(torch.zeros(1, leading, width)) if leading else None
        self.positions = positions
        self.dropout = Dropout(dropout) if dropout else nn.Identity()
        self.recurrence = recurrence or nn.Identity()
        self.blocks = nn.ModuleList(blocks)
        self.norm = norm
        self.pools = nn.ModuleList(pools)
        self.heads = nn.ModuleList(heads)
        self.redraw_every = redraw_every

    def forward(self, picture: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Images (b c y x), normalized, -> logits (b classes); two of them from a distilled model in training."""
        x = self.tokenizer(picture)
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
    layers: int,
    width: int,
    heads: int,
    hidden: int,
    order: Order,
    tokens: int,
    dropout: float = 0.0,
    attention_dropout: float = 0.0,
    stochastic_depth: float = 0.0,
    qkv_bias: bool = True,
    activation: str = "gelu",
    norm_epsilon: float = 1e-5,
    key_heads: int | None = None,
    window: int | None = None,
    causal: bool = False,
) -> list[Block]:
    """Blocks with the architecture's figures, except where a person chose otherwise."""
    dropout, attention_dropout, stochastic_depth = (
        own if chosen is None else chosen
        for own, chosen in (
            (dropout, options.dropout),
            (attention_dropout, options.attention_dropout),
            (stochastic_depth, options.stochastic_depth),
        )
    )
    return [
        Block(
            width,
            Attention(
                width,
                heads,
                tokens=tokens,
                kernel=KERNELS[options.kernel],
                key_heads=key_heads,
                features=options.features,
                orthogonal=options.orthogonal,
                epsilon=options.epsilon,
                window=window,
                causal=causal,
                qkv_bias=qkv_bias,
                dropout=attention_dropout,
            ),
            MLP(width, hidden, dropout=dropout, activation=activation),
            order=order,
            dropout=dropout,
            skip=skip,
            norm_epsilon=norm_epsilon,
        )
        for skip in rising(stochastic_depth, layers)
    ]


def initialise(model: nn.Module, draw: Callable[[Tensor], object]) -> None:
    """Draw every linear map's weights (k d) anew by `draw`, in place, and set its biases (k) to zero."""
    for module in model.modules():
        if isinstance(module, nn.Linear):
            draw(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def truncated(weight: Tensor) -> None:
    """Fill weights (k d) from a normal distribution of deviation 0.02, cut at ±2, as BERT's are."""
    nn.init.trunc_normal_(weight, std=0.02)
