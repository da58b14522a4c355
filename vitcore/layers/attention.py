"""The one Attention: any kernel, any number of key heads, the whole sequence or a sliding window.

Legend: b batch, n tokens, d width, h query heads, g key heads, r = h/g queries a key head, k head width, m features.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from vitcore.layers.dropout import Dropout
from vitcore.layers.kernels import KERNELS, Kernel, features

# Up to so many tokens two explicit products are as quick as torch's fused attention on a CPU
# (benchmarks/model/attention.py).
# With dropout torch does not fuse there, and the products win for longer; later their weights cost too much memory.
EXPLICIT_TOKENS, EXPLICIT_TOKENS_WITH_DROPOUT = 100, 300


class Attention(nn.Module):
    """Multi-head attention, (b n d) -> (b n d).

    Softmax runs as two explicit products at few tokens and through torch's scaled_dot_product_attention at many; the
    choice is made here, once. Linear kernels are two matrix products, O(n m k), and never form an n x n matrix; having
    no weights, they have none to drop. A window computes blocks of w queries against 3w keys, O(n w).

    Args:
        tokens: how many tokens will come.
        num_kv_heads: 1 is multi-query attention (Shazeer 2019), `num_heads` (the default) multi-head.
        features: random features m of a linear kernel; None: none, but as many as the head is wide for FAVOR+.
        epsilon: added to a linear kernel's features; None: the kernel's own.
        window: token i sees j with |i - j| <= window; None: all.
        causal: with a window, i sees only j <= i.

    Raises:
        ValueError: heads do not divide the width, or key heads the heads.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        *,
        tokens: int,
        kernel: Kernel = KERNELS["softmax"],
        num_kv_heads: int | None = None,
        features: int | None = None,
        orthogonal: bool = True,
        epsilon: float | None = None,
        window: int | None = None,
        causal: bool = False,
        qkv_bias: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.num_kv_heads = num_kv_heads or num_heads
        if embed_dim % num_heads:
            raise ValueError(
                f"{num_heads} heads do not divide a width of {embed_dim}; choose a number of heads that does"
            )
        if num_heads % self.num_kv_heads:
            raise ValueError(
                f"{self.num_kv_heads} key heads do not divide {num_heads} query heads; choose a number that does"
            )
        if causal and window is None:
            raise ValueError("causal attention needs a window; give one of as many tokens as there are to see them all")
        self.num_heads, self.head_width = num_heads, embed_dim // num_heads
        self.kernel, self.orthogonal = kernel, orthogonal
        self.dropout = Dropout(dropout)
        self.epsilon = kernel.epsilon if epsilon is None else epsilon
        self.explicit = tokens <= (EXPLICIT_TOKENS_WITH_DROPOUT if dropout else EXPLICIT_TOKENS)
        self.window, self.causal = window, causal
        # torch's fused attention drops weights by its global generator, whatever vitcore.layers.generators says.
        self.draws_globally = bool(dropout) and not (self.explicit or kernel.linear or window is not None)
        self.qkv = nn.Linear(embed_dim, (num_heads + 2 * self.num_kv_heads) * self.head_width, bias=qkv_bias)
        self.projection = nn.Linear(embed_dim, embed_dim)
        count = features or (self.head_width if kernel.projected else 0)
        drawn = random_features(count, self.head_width, orthogonal) if kernel.linear and count else None
        self.register_buffer("random_features", drawn)
        band = window_band(tokens, window, causal) if window is not None else None
        self.register_buffer("band", band, persistent=False)

    random_features: Tensor | None
    band: Tensor | None

    def redraw(self, generator: torch.Generator | None = None) -> None:
        """Draw the random features (m k) anew, in place; nothing where there are none (Choromanski et al. 2021)."""
        if self.random_features is not None:
            count, embed_dim = self.random_features.shape
            self.random_features.copy_(random_features(count, embed_dim, self.orthogonal, generator))

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (b n d), each with what it gathered from the others: (b n d)."""
        sizes = [self.num_heads * self.head_width, *2 * [self.num_kv_heads * self.head_width]]
        q, k, v = self.qkv(x).split(sizes, dim=-1)
        k, v = (rearrange(t, "b n (g k) -> b g n k", g=self.num_kv_heads) for t in (k, v))
        # The queries that share a key head stand below one another, so that keys are never copied.
        q = rearrange(q, "b n (g r k) -> b g (r n) k", g=self.num_kv_heads, k=self.head_width)
        if self.band is not None:
            out = self._windowed(q, k, v, self.band)
        elif self.kernel.linear:
            out = self._linear(q, k, v)
        else:
            out = self._softmax(q, k, v)
        x = self.projection(rearrange(out, "b g (r n) k -> b n (g r k)", n=x.shape[1]))
        return x

    def _softmax(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        if not self.explicit:
            return F.scaled_dot_product_attention(q, k, v, dropout_p=self.dropout.p if self.training else 0.0)
        weights: Tensor = self.dropout((q * self.head_width**-0.5 @ k.mT).softmax(dim=-1))  # (b g rn n)
        return weights @ v

    def _linear(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        q, k = self.featured(q, k)  # (b g rn m), (b g n m)
        total = k.sum(dim=-2).unsqueeze(-1)  # (b g m 1)
        return (q @ (k.mT @ v)) / (q @ total)

    def _windowed(self, q: Tensor, k: Tensor, v: Tensor, band: Tensor) -> Tensor:
        """Blocks of w queries, each against its own block of keys and the two beside it."""
        if self.kernel.linear:
            q, k = self.featured(q, k)
        blocks, size, tokens = band.shape[0], band.shape[1], k.shape[-2]
        short = blocks * size - tokens
        q = rearrange(q, "b g (r n) m -> b g r n m", n=tokens)
        q = rearrange(F.pad(q, (0, 0, 0, short)), "b g r (o w) m -> b g o r w m", w=size)
        k, v = (
            F.pad(t, (0, 0, size, size + short)).unfold(-2, 3 * size, size).mT.unsqueeze(-3) for t in (k, v)
        )  # (b g o 1 3w m), (b g o 1 3w k)
        if self.kernel.linear:
            weights = q @ k.mT * band[:, None]  # (b g o r w 3w)
            total = weights.sum(dim=-1, keepdim=True)
            # The last block's empty queries are cut off before the division, for their total is 0.
            out = _unblocked(self.dropout(weights) @ v, tokens) / _unblocked(total, tokens)
        else:
            scores = (q * self.head_width**-0.5 @ k.mT).masked_fill(~band[:, None], -math.inf)
            out = _unblocked(self.dropout(scores.softmax(dim=-1)) @ v, tokens)
        return rearrange(out, "b g r n k -> b g (r n) k")

    def featured(self, q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        """Features of queries and keys (… n k) -> (… n m), of which a linear kernel makes its weights."""
        scale = self.head_width**-0.25  # half of softmax's 1/√k on either side
        drawn = self.random_features
        return (
            features(self.kernel, q * scale, drawn, self.epsilon, keys=False),
            features(self.kernel, k * scale, drawn, self.epsilon, keys=True),
        )


def _unblocked(x: Tensor, tokens: int) -> Tensor:
    """(b g o r w k), o blocks of w tokens, -> (b g r n k)."""
    return rearrange(x, "b g o r w k -> b g r (o w) k")[..., :tokens, :]


def window_band(tokens: int, window: int, causal: bool) -> Tensor:
    """Which keys each query sees: the band of (n n), as booleans (blocks, w, 3w) of queries and the keys about them.

    O(n w) of them. Queries past the last token (they fill the last block) see themselves alone, so no row is empty.
    """
    size = max(window, 1)
    blocks = -(-tokens // size)
    i = torch.arange(blocks * size).view(blocks, size, 1)
    j = (torch.arange(blocks) * size - size).view(blocks, 1, 1) + torch.arange(3 * size)
    known = ((i - j).abs() <= window) & (j >= 0) & (j < tokens) & (i < tokens)
    if causal:
        known &= j <= i
    return known | (i == j)


def random_features(
    count: int, embed_dim: int, orthogonal: bool = True, generator: torch.Generator | None = None
) -> Tensor:
    """(m, k) Gaussian rows; orthogonal ones come from QR in blocks of k rows, with norms drawn as Gaussian rows have.

    Choromanski et al. 2021, Section 2.4: orthogonal features have the same mean and less variance.
    """
    if not orthogonal:
        return torch.randn(count, embed_dim, generator=generator)
    rows: list[Tensor] = []
    for _ in range(math.ceil(count / embed_dim)):
        q, r = torch.linalg.qr(torch.randn(embed_dim, embed_dim, generator=generator))
        rows.append((q * r.diagonal().sign()).mT)  # the sign makes the rotation uniform (Mezzadri 2007)
    norms = torch.randn(count, embed_dim, generator=generator).norm(
        dim=1, keepdim=True
    )  # chi with k degrees of freedom
    drawn: Tensor = torch.cat(rows)[:count] * norms
    return drawn


def redraw_features(model: nn.Module, generator: torch.Generator | None = None) -> None:
    """Redraw the random features of every attention in a model."""
    for module in model.modules():
        if isinstance(module, Attention):
            module.redraw(generator)
