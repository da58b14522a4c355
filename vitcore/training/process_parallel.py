"""A batch's gradient, its images shared out among processes: the bits of as many threads (thread_parallel)."""

from __future__ import annotations

import time

import torch
from torch import Tensor, nn

from vitcore.data.augment import MixedTargets
from vitcore.data.seeds import derived
from vitcore.errors import UserError
from vitcore.training.ranks import Ranks
from vitcore.training.thread_parallel import (
    LEAST,
    Gradients,
    Loss,
    backward_part,
    backward_whole,
    couples_images,
    learned,
    pool,
    slices,
    stays_whole,
)


class ProcessParallel:
    """The gradient of the mean loss over a batch of which each process computes the portion of its rank.

    Every process has the whole batch and afterwards the whole gradient. One that is too small to be shared out each
    computes whole, and nothing travels.

    Args:
        in_pool: compute on threads of this process's share of the CPU, as a portion's thread does; a compiled network
            is bound to the thread that compiled it.

    Raises:
        UserError: the images of a batch depend on one another.
    """

    def __init__(self, model: nn.Module, device: torch.device, seed: int, ranks: Ranks, *, in_pool: bool) -> None:
        if couples_images(model):
            raise UserError(
                "this network normalizes each batch by its own statistics (batch normalization), which no portion of "
                "it has, so its batches cannot be shared out; train it with one process"
            )
        self.count, self._ranks, self._seed = ranks.count, ranks, seed
        self._devices = [device] if device.type == "cuda" else []
        self._parameters = learned(model)
        self.others_cpu_seconds, self._began = 0.0, time.process_time()
        self._sums = [torch.empty_like(parameter) for parameter in self._parameters]
        threads = max(1, torch.get_num_threads() // ranks.place.local_count)
        self._pool = pool(1, threads) if in_pool and device.type == "cpu" else None

    def backward(
        self, loss: Loss, inputs: Tensor, targets: MixedTargets, step: int, counts: list[Tensor] | None = None
    ) -> Tensor:
        """As of ThreadParallel, on inputs (b c y x); all processes call it together, with the same."""
        if stays_whole(len(inputs), self.count):
            return backward_whole(loss, inputs, targets)
        part = self.own(len(inputs))
        stream = step * self.count + self._ranks.rank

        def work() -> tuple[Tensor, Gradients]:
            # torch's own generator, seeded as that of a portion's thread: it draws the same, whoever asks it.
            with torch.random.fork_rng(self._devices):
                torch.manual_seed(derived(self._seed, "dropout", stream))
                return backward_part(loss, inputs, targets, part, self._parameters)

        value, gradients = self._pool.submit(work).result() if self._pool else work()
        losses = torch.zeros(self.count, dtype=value.dtype, device=value.device)
        losses[self._ranks.rank] = value
        counts = [] if counts is None else counts
        beside = [torch.stack(counts).sum().to(losses.dtype)] if counts else []  # on every process or on none
        losses, counts[:] = self._add_up(losses, gradients, beside)
        return losses.sum()

    def own(self, images: int) -> slice:
        """Which of a batch of so many images this process computes."""
        return slice(images) if stays_whole(images, self.count) else slices(images, self.count)[self._ranks.rank]

    def _add_up(self, losses: Tensor, gradients: Gradients, beside: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Put the gradients' sum into the parameters, each laid out as the parameter; every process's loss (count,),
        and the sums of scalars ()."""
        own = time.process_time() - self._began
        there = self._ranks.add_up(torch.tensor([own, *(float(gradient is not None) for gradient in gradients)]))
        self.others_cpu_seconds = float(there[0]) - own
        flat = [
            torch.zeros_like(parameter).flatten() if gradient is None else gradient.flatten()
            for parameter, gradient in zip(self._parameters, gradients, strict=True)
        ]
        found = self._ranks.add_up(torch.cat([*flat, losses, *(each[None] for each in beside)]))
        sizes = [*(parameter.numel() for parameter in self._parameters), self.count, len(beside)]
        *totals, losses, sums = found.split(sizes)
        for parameter, total, summed, known in zip(
            self._parameters, self._sums, totals, there[1:].tolist(), strict=True
        ):
            parameter.grad = total.copy_(summed.view_as(parameter)) if known else None
        return losses, list(sums)


def note(images: int, count: int) -> str:
    """Who computes what, of batches of so many images."""
    if stays_whole(images, count):
        return (
            f"a batch of {images} images is too small to be shared out among {count} processes (at least {LEAST} "
            "each), so that each computes the whole of it and nothing is gained"
        )
    return f"{count} processes train together, each on its portion of every batch"
