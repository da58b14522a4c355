"""One step of Muon, ours against torch's own, in milliseconds: medians of alternating repetitions.

python -m benchmarks.model.muon [--architectures cct-mini/3x3 cct-2/3x2 …] [--repeats 5]
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from torch.optim import Muon, Optimizer

from vitcore.models import build
from vitcore.training.muon import QuickMuon
from vitcore.training.optim import matrices

SETTINGS = {"lr": 0.01, "weight_decay": 0.01, "momentum": 0.9}
SECONDS = 0.5  # of steps in one repetition


def milliseconds(optimizer: Optimizer) -> float:
    began, steps = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        optimizer.step()
        steps += 1
    return 1000 * (time.perf_counter() - began) / steps


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--architectures", nargs="+", default=["cct-mini/3x3", "cct-2/3x2", "cct-7/3x1"])
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    print(f"{'network':14}{'matrices':>9}{'torch, ms':>11}{'ours, ms':>10}{'ratio':>7}")
    for name in given.architectures:
        own = list(matrices(build(name)).values())
        for item in own:
            item.grad = torch.randn_like(item)
        ways = (Muon(own, **SETTINGS, adjust_lr_fn="match_rms_adamw"), QuickMuon(own, **SETTINGS))
        for way in ways:
            way.step()
        taken = [[milliseconds(way) for way in ways] for _ in range(given.repeats)]
        other, measured = (statistics.median(times) for times in zip(*taken, strict=True))
        print(f"{name:14}{len(own):9}{other:11.1f}{measured:10.1f}{other / measured:7.1f}", flush=True)


if __name__ == "__main__":
    main()
