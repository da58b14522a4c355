"""What the layers should compute, restated in plain loops over numbers in float64, independently of vitcore."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def erf_gelu(x: Array) -> Array:
    return np.vectorize(lambda value: value * (1 + math.erf(value / math.sqrt(2))) / 2)(x)


def layer_norm(x: Array, weight: Array, bias: Array, epsilon: float) -> Array:
    out = np.empty_like(x)
    for i, row in enumerate(x):
        mean = sum(row) / len(row)
        variance = sum((value - mean) ** 2 for value in row) / len(row)
        out[i] = (row - mean) / math.sqrt(variance + epsilon) * weight + bias
    return out


def softmax(row: Array) -> Array:
    powers = np.exp(row - row.max())
    return powers / powers.sum()


POINTWISE = {
    "relu": lambda y: max(y, 0.0),
    "x^4": lambda y: y**4,
    "max(x^4,0)": lambda y: max(y**4, 0.0),
    "x^2": lambda y: y**2,
    "max(x^2,0)": lambda y: max(y**2, 0.0),
    "max(x,0)^2": lambda y: max(y, 0.0) ** 2,
    "max(x,0)^4": lambda y: max(y, 0.0) ** 4,
    "elu+1": lambda y: y + 1 if y > 0 else math.exp(y),
}


def weights(q: Array, k: Array, kernel: str, drawn: Array | None, epsilon: float) -> Array:
    """One head's full table of (unnormalized) weights between every query and every key."""
    if kernel == "softmax":
        return np.array([[math.exp(float(a @ b) / math.sqrt(len(a))) for b in k] for a in q])
    scale = q.shape[1] ** -0.25
    fq, fk = ([row * scale if drawn is None else drawn @ (row * scale) for row in table] for table in (q, k))
    if kernel == "favor+":
        assert drawn is not None
        count = len(drawn)
        highest = max(value for row in fk for value in row)
        phi_q = [
            (np.exp(row - scale**2 * (x @ x) / 2 - row.max()) + epsilon) / math.sqrt(count)
            for row, x in zip(fq, q, strict=True)
        ]
        phi_k = [
            (np.exp(row - scale**2 * (x @ x) / 2 - highest) + epsilon) / math.sqrt(count)
            for row, x in zip(fk, k, strict=True)
        ]
    else:
        phi_q, phi_k = (
            [np.array([POINTWISE[kernel](value) + epsilon for value in row]) for row in table] for table in (fq, fk)
        )
    return np.array([[float(a @ b) for b in phi_k] for a in phi_q])


def attention(
    x: Array,
    qkv: Array,
    qkv_bias: Array | None,
    projection: Array,
    projection_bias: Array,
    *,
    num_heads: int,
    num_kv_heads: int,
    kernel: str = "softmax",
    drawn: Array | None = None,
    epsilon: float = 0.0,
    window: int | None = None,
    causal: bool = False,
) -> Array:
    """One image's attention, (n d) -> (n d), with every pair of tokens visited one by one."""
    tokens, width = x.shape
    size = width // num_heads
    mixed = x @ qkv.T + (0 if qkv_bias is None else qkv_bias)
    out = np.zeros((tokens, width))
    for head in range(num_heads):
        shared = head // (num_heads // num_kv_heads)
        q = mixed[:, head * size : (head + 1) * size]
        k = mixed[:, width + shared * size : width + (shared + 1) * size]
        v = mixed[:, width + (num_kv_heads + shared) * size : width + (num_kv_heads + shared + 1) * size]
        table = weights(q, k, kernel, drawn, epsilon)
        for i in range(tokens):
            total, summed = 0.0, np.zeros(size)
            for j in range(tokens):
                if window is not None and (abs(i - j) > window or (causal and j > i)):
                    continue
                total += table[i, j]
                summed += table[i, j] * v[j]
            out[i, head * size : (head + 1) * size] = summed / total
    return out @ projection.T + projection_bias


def sinusoid(place: int, index: int, width: int) -> float:
    angle = place / 10000 ** (2 * (index // 2) / width)
    return math.sin(angle) if index % 2 == 0 else math.cos(angle)


def convolution(image: Array, weight: Array, bias: Array | None, stride: int, padding: int) -> Array:
    """(c y x) with (o c k k) -> (o y' x'), pixel by pixel."""
    padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    kernel = weight.shape[-1]
    height, width = ((size - kernel) // stride + 1 for size in padded.shape[1:])
    out = np.zeros((weight.shape[0], height, width))
    for y in range(height):
        for x in range(width):
            window = padded[:, y * stride : y * stride + kernel, x * stride : x * stride + kernel]
            for o in range(weight.shape[0]):
                out[o, y, x] = (window * weight[o]).sum() + (0 if bias is None else bias[o])
    return out


def max_pool(image: Array) -> Array:
    """3x3, stride 2, padding 1."""
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    height, width = ((size - 3) // 2 + 1 for size in padded.shape[1:])
    out = np.zeros((len(image), height, width))
    for y in range(height):
        for x in range(width):
            out[:, y, x] = padded[:, 2 * y : 2 * y + 3, 2 * x : 2 * x + 3].max(axis=(1, 2))
    return out


def tokens(grid: Array) -> Array:
    """(d y x) -> (n d), row by row."""
    return np.array([grid[:, y, x] for y in range(grid.shape[1]) for x in range(grid.shape[2])])
