"""What every linear kernel must stand: images that are black all over, whose queries and keys are all zero."""

import torch

from vitcore.layers.attention import Attention
from vitcore.layers.kernels import Kernel


def check_black_patches(kernel: Kernel) -> None:
    """Neither attention nor its gradient has a NaN where every patch is zero, at the kernel's own epsilon."""
    attention = Attention(16, 2, tokens=5, kernel=kernel)
    x = torch.zeros(1, 5, 16, requires_grad=True)
    out = attention(x)
    out.sum().backward()
    assert out.isfinite().all()
    assert x.grad is not None
    assert x.grad.isfinite().all()
