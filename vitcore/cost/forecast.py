"""What a spec will cost on this device, known before it is launched: counted where it can be, measured for the rest.

`python -m vitcore.cost.forecast SPEC` does it in a process of its own, so that a server need not train.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

import torch

from vitcore.cost import workload
from vitcore.cost.memory import Saved, training_bytes
from vitcore.data.augment import Augment, MixedTargets, Normalize
from vitcore.errors import UserError
from vitcore.models import count
from vitcore.spec import RunSpec
from vitcore.training.device import described as device_name
from vitcore.training.device import resolve, synchronize
from vitcore.training.loss import make_loss
from vitcore.training.memory import too_large
from vitcore.training.network import build_model
from vitcore.training.optim import Optimizers
from vitcore.training.precision import choose
from vitcore.training.thread_parallel import ThreadParallel

SECONDS = 2.0
FEW, MOST = 64, 512  # images that a measured step has at most: a slow model's single step must not take minutes
QUICK_SECONDS = 0.1  # of a step of FEW images: a quicker model is measured with up to MOST


@dataclass(frozen=True)
class Forecast:
    """Parameters, multiply-accumulates an image, bytes, and times of a whole run."""

    parameters: int
    macs: int
    memory_mb: float  # what training holds: weights, gradients, optimizer and one batch's activations
    images_per_second: float  # while training
    training_minutes: float
    minutes: float  # evaluation included
    device: str
    precision: str


@dataclass(frozen=True)
class _Measured:
    """A step's two parts in seconds, images a second in evaluation, and what is held meanwhile."""

    backward: float  # of the images that were measured
    update: float  # of the optimizer: once a batch, however large
    answers: float
    saved_bytes: int  # what autograd keeps of the images that were measured
    state_bytes: int  # the optimizer's

    def images_per_second(self, size: int, batch: int) -> float:
        """Of training by batches of `batch`, measured on `size`."""
        return batch / (self.backward * batch / size + self.update)


def forecast(spec: RunSpec, seconds: float = SECONDS) -> Forecast:
    """Build the spec's model, make a few steps on random images, and reckon the run's cost from them.

    The measurement uses torch's global generator and gives it back as it was. Where runs like this one are stored,
    their speed is the better guess: that is the caller's to know.

    Raises:
        UserError: no such device, a combination that cannot be built, or too little memory for one step.
    """
    device = resolve(spec.device)
    dataset = workload.dataset(spec)
    image_size = spec.data.image_size or dataset.image_size
    stored = torch.get_rng_state()
    try:
        torch.manual_seed(spec.seed)
        model = build_model(spec, dataset.channels, image_size, len(dataset.classes))
        parameters, macs = count.parameters(model), count.macs(model, dataset.channels, image_size)
        image = (dataset.channels, image_size, image_size)
        precision = choose(spec.precision, model.to(device), image, macs).precision
        batch = workload.batch(spec)
        size = min(batch, FEW)
        trial = partial(_measured, spec, model, device, precision, image_size=image_size, channels=dataset.channels)
        found = trial(size=size, seconds=seconds)
        if batch > FEW and found.backward + found.update < QUICK_SECONDS:
            size = min(batch, MOST)
            found = trial(size=size, seconds=seconds)
    except (MemoryError, RuntimeError) as error:
        user_error = too_large(error, spec)
        if user_error is None:
            raise
        raise user_error from error
    except ValueError as error:
        raise error if isinstance(error, UserError) else UserError(str(error)) from error
    finally:
        torch.set_rng_state(stored)
    speed = found.images_per_second(size, batch)
    training = workload.trained(spec) / speed
    evaluating = workload.evaluated(spec) / found.answers
    memory_bytes = training_bytes(model, found.saved_bytes * batch / size, found.state_bytes)
    return Forecast(
        parameters=parameters,
        macs=macs,
        memory_mb=memory_bytes / 2**20,
        images_per_second=speed,
        training_minutes=training / 60,
        minutes=(training + evaluating) / 60,
        device=device_name(device),
        precision=str(precision).removeprefix("torch."),
    )


def _measured(
    spec: RunSpec,
    model: torch.nn.Module,
    device: torch.device,
    precision: torch.dtype,
    *,
    size: int,
    image_size: int,
    channels: int,
    seconds: float,
) -> _Measured:
    """A few steps on random images."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (size, channels, image_size, image_size), dtype=torch.uint8, generator=generator).to(
        device
    )
    labels = torch.zeros(size, dtype=torch.long, device=device)
    normalize = Normalize((0.5,) * channels, (0.25,) * channels, device)
    augment = Augment(**dict(spec.augment), mean=(0.5,) * channels)
    optimizers, loss = Optimizers(model, spec.optimizer), make_loss(spec.training)

    def mean_loss(inputs: torch.Tensor, targets: MixedTargets) -> torch.Tensor:
        with torch.autocast(device.type, precision, enabled=precision != torch.float32):
            given = model(inputs)
        return loss(given, targets, inputs)

    def backward(thread_parallel: ThreadParallel) -> None:
        inputs, targets = augment.batch(normalize(augment.images(images, generator)), labels, generator)
        optimizers.clear()
        thread_parallel.backward(mean_loss, inputs, targets, 0)

    def answer() -> None:
        with torch.inference_mode(), torch.autocast(device.type, precision, enabled=precision != torch.float32):
            model(normalize(images))

    model.train()
    with Saved(model) as saved:
        backward(ThreadParallel(model, device, spec.seed, count=1))  # in this thread, which alone is seen
    stored = saved.bytes
    del saved
    thread_parallel = ThreadParallel(model, device, spec.seed)
    backward(thread_parallel)  # warms up
    optimizers.step()
    back = _median_seconds(partial(backward, thread_parallel), device, seconds * 0.6)
    update = _median_seconds(optimizers.step, device, seconds * 0.2)
    model.eval()
    answer()
    answers = size / _median_seconds(answer, device, seconds * 0.2)
    return _Measured(back, update, answers, stored, optimizers.state_bytes())


def _median_seconds(work: Callable[[], None], device: torch.device, seconds: float) -> float:
    """The median time of as many rounds as fit into `seconds`, two at least."""
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < 2 or time.perf_counter() - begun < seconds:
        start = time.perf_counter()
        work()
        synchronize(device)
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def main() -> None:
    """Forecasts the spec given as JSON, as JSON on standard output; a refusal is the last line of stderr."""
    try:
        found = forecast(RunSpec.parse(json.loads(sys.argv[1])))
    except UserError as error:
        sys.exit(str(error))
    print(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
