"""Our training step against the same model from stock layers; and where our step's time goes.

    python -m benchmarks.model.step [--batch 128] [--rounds 5] [--precision float32] [--profile]

Both train on one in-memory float32 batch of 3x32x32 with AdamW, each in a process of its own, taking turns; the median
of the ratios counts. The stock model is trained as everybody would, in float32; ours as our training loop does: its
images shared out among the threads, its memory kept from step to step, in float32 too or in `--precision bfloat16`.
`--profile` states the share of our step, whole and on one thread, that is neither matrix product nor convolution nor
normalization.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from benchmarks.model.stock import StockCCT
from benchmarks.model.taking_turns import apart
from vitcore.data.augment import MixedTargets
from vitcore.models import build
from vitcore.spec import RunSpec
from vitcore.training.memory import keep_pages
from vitcore.training.optim import Optimizers
from vitcore.training.thread_parallel import ThreadParallel

KINDS = {
    "matrix product": ("mm", "addmm", "bmm", "baddbmm", "linear"),
    "convolution": ("convolution", "mkldnn_convolution", "convolution_backward", "slow_conv"),
    "normalization": ("native_layer_norm", "native_batch_norm", "layer_norm"),
    "optimizer": ("_fused_adam",),
}


Step = Callable[[], None]
Call = Callable[[], object]
Gradient = Callable[[Tensor, Tensor], object]


def steps(model: nn.Module, gradient: Gradient, step: Call, clear: Call, batch: int) -> Step:
    """One training step of `model` on a fixed random batch."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(batch, 3, 32, 32, generator=generator)
    labels = torch.randint(10, (batch,), generator=generator)
    model.train()

    def item() -> None:
        clear()
        gradient(images, labels)
        step()

    return item


def _loss(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    return nn.functional.cross_entropy(model(images), labels)


def seconds(work: Callable[[], None], least: float = 1.0) -> float:
    """Median seconds of a step over at least `least` seconds."""
    times: list[float] = []
    while sum(times) < least or len(times) < 3:
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def shares(work: Callable[[], None], rounds: int = 10) -> dict[str, float]:
    """Share of the CPU time by kind of operation."""
    with profile(activities=[ProfilerActivity.CPU]) as recorded:
        for _ in range(rounds):
            work()
    found: dict[str, float] = defaultdict(float)
    for row in recorded.key_averages():
        name = row.key.removeprefix("aten::")
        kind = next((kind for kind, names in KINDS.items() if name.startswith(names)), f"other: {name}")
        found[kind] += row.self_cpu_time_total
    total = sum(found.values())
    return {kind: spent / total for kind, spent in sorted(found.items(), key=lambda pair: -pair[1])}


def own_step(batch: int, precision: str = "float32", *, shared_out: bool = True) -> Step:
    """A step as vitcore.training takes it; or the whole batch at once, for the profile."""
    keep_pages()
    torch.manual_seed(0)
    model = build("cct-2/3x2", channels=3, image_size=32, classes=10)
    optimizers = Optimizers(model, RunSpec().optimizer)
    thread_parallel = ThreadParallel(model, torch.device("cpu"), seed=0, count=None if shared_out else 1)

    def loss(subset: Tensor, targets: MixedTargets) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            given = model(subset)
        return nn.functional.cross_entropy(given.float(), targets.labels)

    def gradient(images: Tensor, labels: Tensor) -> None:
        thread_parallel.backward(loss, images, MixedTargets(labels), 0)

    return steps(model, gradient, optimizers.step, optimizers.clear, batch)


def stock(batch: int) -> Step:
    torch.manual_seed(0)
    model = StockCCT(channels=3, image_size=32, classes=10)
    adamw = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.03)
    return steps(model, lambda *given: _loss(model, *given).backward(), adamw.step, adamw.zero_grad, batch)


def measured(way: Callable[..., Step], *given: object) -> Callable[[], float]:
    step = way(*given)
    return lambda: seconds(step)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32", help="ours")
    parser.add_argument("--profile", action="store_true")
    chosen = parser.parse_args()
    with (
        apart(measured, own_step, chosen.batch, chosen.precision) as own,
        apart(measured, stock, chosen.batch) as other,
    ):
        pairs = [(own(), other()) for _ in range(chosen.rounds)]
    for ours_took, theirs_took in pairs:
        print(f"ours {chosen.batch / ours_took:6.0f}   stock {chosen.batch / theirs_took:6.0f} images/s", end="   ")
        print(f"ratio {theirs_took / ours_took:.2f}")
    ratio = statistics.median(theirs_took / ours_took for ours_took, theirs_took in pairs)
    print(f"median ratio {ratio:.2f} ({torch.get_num_threads()} threads, batch {chosen.batch}, {chosen.precision})")
    if chosen.profile:
        torch.set_num_threads(1)
        found = shares(own_step(chosen.batch, chosen.precision, shared_out=False))
        rest = sum(share for kind, share in found.items() if kind.startswith(("other", "optimizer")))
        for kind, share in list(found.items())[:16]:
            print(f"  {100 * share:5.1f} %  {kind}")
        print(f"neither matrix product nor convolution nor normalization: {100 * rest:.1f} %")


if __name__ == "__main__":
    main()
