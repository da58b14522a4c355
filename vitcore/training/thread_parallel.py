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
Gradients = tuple[Tensor | None, ...]  # one for each parameter that learns; None: the loss does not depend on it

MOST = 4  # portions; with more cores each portion has several
LEAST = 8  # images of a portion; smaller batches stay whole


class ThreadParallel:
    """The gradient of the mean loss over a batch, the same bits each time: portions are added up in their own order.

    Args:
        count: portions of a batch; empty: as many as there are threads, where the images of a batch do not depend on
            one another (no batch normalization) and every draw comes from vitcore.layers.generators, else one.
    """

    others_cpu_seconds = 0.0  # of other processes

    def __init__(self, model: nn.Module, device: torch.device, seed: int, count: int | None = None) -> None:
        self.count = sensible(model, device) if count is None else count
        self._seed = seed
        self._parameters = learned(model)
        self._sums = [torch.empty_like(parameter) for parameter in self._parameters] if self.count > 1 else []
        self._pool = pool(self.count, max(1, torch.get_num_threads() // self.count))

    def backward(
        self, loss: Loss, inputs: Tensor, targets: MixedTargets, step: int, counts: list[Tensor] | None = None
    ) -> Tensor:
        """Put the batch's gradient into the parameters, which have none yet; its mean loss.

        Args:
            loss: the mean loss of some images (b c y x) and what they are to be taken for.
            step: from 0; each step's portions have random streams of their own.
            counts: scalars () to which each call of the loss may add; in the end they add up to the batch's.
        """
        if stays_whole(len(inputs), self.count):
            return backward_whole(loss, inputs, targets)
        work = [
            self._pool.submit(self._backward_part, loss, inputs, targets, part, step * self.count + place)
            for place, part in enumerate(slices(len(inputs), self.count))
        ]
        found = [item.result() for item in work]
        self._add_up([gradients for _, gradients in found])
        return torch.stack([value for value, _ in found]).sum()

    def own(self, images: int) -> slice:
        """Which of a batch of so many images this process computes: all of them."""
        return slice(images)

    def _backward_part(
        self, loss: Loss, inputs: Tensor, targets: MixedTargets, part: slice, stream: int
    ) -> tuple[Tensor, Gradients]:
        with drawing_from(make_generator(self._seed, "dropout", stream)):
            return backward_part(loss, inputs, targets, part, self._parameters)

    def _add_up(self, gradients: Sequence[Gradients]) -> None:
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


def learned(model: nn.Module) -> list[nn.Parameter]:
    """The parameters that a step moves, in the model's order."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def stays_whole(images: int, count: int) -> bool:
    """Whether a batch of so many images is too small to be shared out among `count`."""
    return count == 1 or images < LEAST * count


def slices(images: int, count: int) -> list[slice]:
    """The portions of a batch of so many images, as equal as they can be."""
    ends = [images * place // count for place in range(count + 1)]
    return [slice(start, end) for start, end in pairwise(ends)]


def backward_whole(loss: Loss, inputs: Tensor, targets: MixedTargets) -> Tensor:
    """Put the gradient of a batch (b c y x) that is not shared out into the parameters; its mean loss ()."""
    value = loss(inputs, targets)
    value.backward()
    return value.detach()


def backward_part(
    loss: Loss, inputs: Tensor, targets: MixedTargets, part: slice, parameters: Sequence[nn.Parameter]
) -> tuple[Tensor, Gradients]:
    """A portion's share of the mean loss () over a batch (b c y x), and that share's gradients."""
    share = (part.stop - part.start) / len(inputs)
    value = share * loss(inputs[part], targets.rows(part))
    return value.detach(), torch.autograd.grad(value, parameters, allow_unused=True)


def pool(workers: int, threads: int) -> ThreadPoolExecutor:
    """A pool whose threads compute with `threads` of torch's each; torch takes what any thread sets for all threads to
    come, so it is told the caller's own number again once they have started."""
    found = ThreadPoolExecutor(workers, "portion")
    if workers == 1 and threads == torch.get_num_threads():
        return found
    own, together = torch.get_num_threads(), Barrier(workers)

    def begin() -> None:
        together.wait()  # each in a thread of its own
        torch.set_num_threads(threads)
        torch.get_num_threads()  # a thread takes the number up when it first asks for it, and keeps it

    for item in [found.submit(begin) for _ in range(workers)]:
        item.result()
    torch.set_num_threads(own)
    return found


def couples_images(model: nn.Module) -> bool:
    """Whether what an image comes to in training depends on the others of its batch (batch normalization)."""
    return any(isinstance(part, _BatchNorm) for part in model.modules())


def sensible(model: nn.Module, device: torch.device) -> int:
    """How many portions pay: one where something couples the images of a batch, or on another device than a CPU."""
    draws = any(isinstance(part, _DropoutNd) or getattr(part, "draws_globally", False) for part in model.modules())
    return 1 if draws or couples_images(model) or device.type != "cpu" else min(torch.get_num_threads(), MOST)
