"""The encoder block, in three orders of its norms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from vitcore.layers.attention import Attention
from vitcore.layers.drop_path import Residual
from vitcore.layers.dropout import Dropout

NormOrder = Literal["compact", "pre", "post"]
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"gelu": F.gelu, "relu": F.relu}  # GELU in its exact (erf) form


class MLP(nn.Module):
    """Two linear maps with an activation between, token by token: (b n d) -> (b n d)."""

    def __init__(self, embed_dim: int, mlp_dim: int, *, dropout: float = 0.0, activation: str = "gelu") -> None:
        super().__init__()
        self.expand = nn.Linear(embed_dim, mlp_dim)
        self.contract = nn.Linear(mlp_dim, embed_dim)
        self.activation = ACTIVATIONS[activation]
        self.dropout = Dropout(dropout) if dropout else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Each token by itself: (b n d) -> (b n d)."""
        x = self.contract(self.dropout(self.activation(self.expand(x))))
        return x


class Block(nn.Module):
    """Attention, then MLP, each with a residual: (b n d) -> (b n d).

    Order "compact" is that of Hassani et al.'s published code: the second residual starts from the *normalized* x.
    "pre" is Dosovitskiy et al. 2021 (Equations 2 and 3), "post" Vaswani et al. 2017.
    """

    def __init__(
        self,
        embed_dim: int,
        attention: Attention,
        mlp: MLP,
        *,
        norm_order: NormOrder,
        dropout: float = 0.0,
        drop_path: float = 0.0,
        norm_epsilon: float = 1e-5,
    ) -> None:
        super().__init__()
        self.norm_order = norm_order
        self.norm1 = nn.LayerNorm(embed_dim, eps=norm_epsilon)
        self.attention = attention
        self.norm2 = nn.LayerNorm(embed_dim, eps=norm_epsilon)
        self.mlp = mlp
        self.dropout = Dropout(dropout) if dropout else nn.Identity()
        self.residual = Residual(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (b n d) through attention and MLP, in this block's order: (b n d)."""
        if self.norm_order == "compact":
            x = self.norm2(self.residual(x, self.dropout(self.attention(self.norm1(x)))))
            x = self.residual(x, self.dropout(self.mlp(x)))
        elif self.norm_order == "pre":
            x = self.residual(x, self.dropout(self.attention(self.norm1(x))))
            x = self.residual(x, self.dropout(self.mlp(self.norm2(x))))
        else:
            x = self.norm1(self.residual(x, self.dropout(self.attention(x))))
            x = self.norm2(self.residual(x, self.dropout(self.mlp(x))))
        return x

    def extra_repr(self) -> str:
        """What print(model) says of it."""
        return f"order={self.norm_order}"
