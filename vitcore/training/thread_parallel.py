"""A batch's gradient, its images shared out among threads where that is quicker.

On a CPU the operations of a small network are too short to keep several cores busy, and threads that share each
of them wait for one another all the time; threads that each take a part of the batch through the whole network hardly
wait at all: 1.4 times the images a second for CCT-2/3x2 on two cores (`python -m benchmarks.model.thread_parallel`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from vitcore.data.augment import MixedTargets
from vitcore.data.seeds import make_generator
from vitcore.layers.generators import drawing_from

Loss = Callable[[Tensor, MixedTargets], Tensor]

MOST = 4  # portions; with more cores each portion has several
LEAST = 8  # images of a portion; smaller batches stay whole


class ThreadParallel:
    """The gradient of the mean loss over a batch, the same bits each time: portions are added up in their own order.

    Args:
        count: portions of a batch; empty: as many as there are threads, where the images of a batch do not depend on
            one another (no batch normalization) and every draw comes from vitcore.layers.generators, else one.
    """

    def __init__(self, model: nn.Module, device: torch.device, seed: int, count: int | None = None) -> None:
        self.count = sensible(model, device) if count is None else count
        self._seed = seed
        self._parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self._sums = [torch.empty_like(parameter) for parameter in self._parameters] if self.count > 1 else []
        threads = max(1, torch.get_num_threads() // self.count)
        self._pool = ThreadPoolExecutor(self.count, "portion")
        if self.count > 1:
            self._divide(threads)

    def _divide(self, threads: int) -> None:
        """Gives each thread of the pool its few; torch takes what any thread sets for all threads to come, so it is
        told the caller's own number again once they have started."""
        own, together = torch.get_num_threads(), Barrier(self.count)

        def begin() -> None:
            together.wait()  # each in a thread of its own
            torch.set_num_threads(threads)
            torch.get_num_threads()  # a thread takes the number up when it first asks for it, and keeps it

        for item in [self._pool.submit(begin) for _ in range(self.count)]:
            item.result()
        torch.set_num_threads(own)

    def backward(self, loss: Loss, inputs: Tensor, targets: MixedTargets, step: int) -> Tensor:
        """Put the batch's gradient into the parameters, which have none yet; its mean loss.

        Args:
            loss: the mean loss of some images (b c y x) and what they are to be taken for.
            step: from 0; each step's portions have random streams of their own.
        """
        if self.count == 1 or len(inputs) < LEAST * self.count:
            value = loss(inputs, targets)
            value.backward()
            return value.detach()
        ends = [len(inputs) * place // self.count for place in range(self.count + 1)]
        parts = [slice(start, end) for start, end in pairwise(ends)]
        work = [
            self._pool.submit(self._backward_part, loss, inputs, targets, part, step * self.count + place)
            for place, part in enumerate(parts)
        ]
        found = [item.result() for item in work]
        self._add_up([gradients for _, gradients in found])
        return torch.stack([value for value, _ in found]).sum()

    def _backward_part(
        self, loss: Loss, inputs: Tensor, targets: MixedTargets, part: slice, stream: int
    ) -> tuple[Tensor, tuple[Tensor | None, ...]]:
        """A portion's share of the mean loss, and that share's gradients."""
        share = (part.stop - part.start) / len(inputs)
        with drawing_from(make_generator(self._seed, "dropout", stream)):
            value = share * loss(inputs[part], targets.rows(part))
            return value.detach(), torch.autograd.grad(value, self._parameters, allow_unused=True)

    def _add_up(self, gradients: Sequence[tuple[Tensor | None, ...]]) -> None:
        """Each parameter's gradient, laid out in memory as the parameter is."""
        for parameter, total, parts in zip(self._parameters, self._sums, zip(*gradients, strict=True), strict=True):
            known = [part for part in parts if part is not None]
            if not known:
                parameter.grad = None
                continue
            total.copy_(known[0])
            for part in known[1:]:
                total.add_(part)
            parameter.grad = total


def sensible(model: nn.Module, device: torch.device) -> int:
    """How many portions pay: one where something couples the images of a batch, or on another device than a CPU."""
    coupled = any(
        isinstance(part, _BatchNorm | _DropoutNd) or getattr(part, "draws_globally", False) for part in model.modules()
    )
    return 1 if coupled or device.type != "cpu" else min(torch.get_num_threads(), MOST)
