"""200 steps on digits: every transformer of the zoo with every kernel, in float32 and bfloat16, made small.

    python -m benchmarks.model.every_kernel_learns                          all of them
    python -m benchmarks.model.every_kernel_learns --only cct --steps 50    those whose name contains "cct"

    python -m benchmarks.model.every_kernel_learns --width 64 --images 8  every one of them narrow: minutes, not hours

Each model keeps its own parts but at most two blocks, and its own width unless told otherwise; a few digits of 16
pixels, a constant rate. Networks that differ only by depth or patch are the same once they are made so small, and are
run once, under the first's name. A line a run: the first loss, the mean of the last ten, and whether it fell and stayed
finite.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor, nn

from vitcore.layers.kernels import KERNELS
from vitcore.models import ARCHITECTURES, build

STEMS = {"hybrid": 2, "hybrid-causal": 2}  # how much smaller a stem makes the image before it is cut into patches


def _distinct(part: str, widest: int) -> list[str]:
    """Transformers whose name contains `part`, without those that depth and patch alone tell from an earlier one."""
    found: dict[str, str] = {}
    for name, row in ARCHITECTURES.items():
        if row.attention and part in name and row.config["embed_dim"] <= widest:
            own = {key: value for key, value in row.config.items() if key not in ("depth", "patch")}
            found.setdefault(f"{row.family} {sorted(own.items())}", name)
    return list(found.values())


def _narrow(width: int) -> None:
    """Every wider transformer of this process's table, made `width` wide: hidden layer in proportion, >= 2 heads."""
    for name, row in ARCHITECTURES.items():
        own = dict(row.config)
        if row.attention and own["embed_dim"] > width:
            heads = max(2, own["num_heads"] * width // own["embed_dim"])
            hidden = {"mlp_dim": own["mlp_dim"] * width // own["embed_dim"]} if "mlp_dim" in own else {}
            ARCHITECTURES[name] = replace(row, config={**own, "embed_dim": width, "num_heads": heads, **hidden})


def _digits(count: int, image_size: int) -> tuple[Tensor, Tensor]:
    found = load_digits()
    images = torch.tensor(found.images[:count], dtype=torch.float32).unsqueeze(1) / 8 - 1
    return F.interpolate(images, size=(image_size, image_size)), torch.tensor(found.target[:count])


def _model(name: str, kernel: str, epsilon: float | None, image_size: int) -> nn.Module:
    patch = image_size // 4 // STEMS.get(name, 1) if "patch" in ARCHITECTURES[name].config else None
    model = build(name, channels=1, image_size=image_size, kernel=kernel, patch=patch, epsilon=epsilon, drop_path=0.0)
    blocks = model.get_submodule("blocks")
    assert isinstance(blocks, nn.ModuleList)
    del blocks[2:]
    return model


def _learn(
    model: nn.Module, steps: int, rate: float, precision: torch.dtype, images: Tensor, labels: Tensor
) -> list[float]:
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    losses = []
    for _ in range(steps):
        with torch.autocast("cpu", precision, enabled=precision != torch.float32):
            logits = model(images)
            logits = logits[0] + logits[1] if isinstance(logits, tuple) else logits
            loss = F.cross_entropy(logits.float(), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help="part of an architecture's name")
    parser.add_argument("--widest", type=int, default=10_000, help="leave out what is wider: ViT-L and -H take hours")
    parser.add_argument("--width", type=int, help="make every wider network this wide: small sizes, in minutes")
    parser.add_argument("--kernel", choices=list(KERNELS), help="this kernel alone")
    parser.add_argument("--images", type=int, default=16)
    parser.add_argument("--image-size", type=int, default=16, help="pixels; every patched network cuts them into 4 x 4")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--epsilon", type=float, help="empty: the kernel's own; 0: as the Performer report had it")
    parser.add_argument("--precision", choices=("float32", "bfloat16", "both"), default="both")
    given = parser.parse_args()
    precisions = {"float32": torch.float32, "bfloat16": torch.bfloat16}
    digits = _digits(given.images, given.image_size)
    if given.width:
        _narrow(given.width)
    failed = 0
    for name in _distinct(given.only, given.widest):
        for kernel in [given.kernel] if given.kernel else KERNELS:
            for label, precision in precisions.items():
                if given.precision not in ("both", label):
                    continue
                torch.manual_seed(0)
                start = time.perf_counter()
                losses = _learn(
                    _model(name, kernel, given.epsilon, given.image_size), given.steps, given.rate, precision, *digits
                )
                last = sum(losses[-10:]) / 10
                fell = last < 0.7 * losses[0]  # False for NaN too
                failed += not fell
                seconds = time.perf_counter() - start
                verdict = "fell" if fell else "DID NOT FALL"
                print(
                    f"{name:15} {kernel:11} {label:9} {losses[0]:6.3f} -> {last:6.3f}  {verdict}  {seconds:.1f} s",
                    flush=True,
                )
    sys.exit(f"{failed} did not learn" if failed else 0)


if __name__ == "__main__":
    main()
