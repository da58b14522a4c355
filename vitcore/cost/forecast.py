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
from vitcore.data.augment import Augment, Mixed, Normalise
from vitcore.errors import Refusal
from vitcore.models import count
from vitcore.spec import RunSpec
from vitcore.training.device import described as device_name
from vitcore.training.device import resolve, resolve_precision, synchronise
from vitcore.training.loss import make_loss
from vitcore.training.memory import too_large
from vitcore.training.network import build_model
from vitcore.training.optim import Optimisers
from vitcore.training.thread_parallel import Portions

SECONDS = 2.0
FEW, MOST = 64, 512  # pictures that a measured step has at most: a slow model's single step must not take minutes
QUICK_SECONDS = 0.1  # of a step of FEW pictures: a quicker model is measured with up to MOST


@dataclass(frozen=True)
class Forecast:
    """Parameters, multiply-accumulates a picture, bytes, and times of a whole run."""

    parameters: int
    macs: int
    memory_mb: float  # what training holds: weights, gradients, optimiser and one batch's activations
    images_per_second: float  # while training
    training_minutes: float
    minutes: float  # evaluation included
    device: str
    precision: str


@dataclass(frozen=True)
class _Measured:
    """A step's two parts in seconds, pictures a second in evaluation, and what is held meanwhile."""

    backward: float  # of the pictures that were measured
    update: float  # of the optimiser: once a batch, however large
    answers: float
    saved_bytes: int  # what autograd keeps of the pictures that were measured
    state_bytes: int  # the optimiser's

    def pictures_a_second(self, size: int, batch: int) -> float:
        """Of training by batches of `batch`, measured on `size`."""
        return batch / (self.backward * batch / size + self.update)


def forecast(spec: RunSpec, seconds: float = SECONDS) -> Forecast:
    """Build the spec's model, make a few steps on random pictures, and reckon the run's cost from them.

    The measurement uses torch's global generator and gives it back as it was. Where runs like this one are stored,
    their speed is the better guess: that is the caller's to know.

    Raises:
        Refusal: no such device, a combination that cannot be built, or too little memory for one step.
    """
    device = resolve(spec.device)
    precision = resolve_precision(spec.precision, device)
    dataset = workload.dataset(spec)
    side = spec.data.side or dataset.side
    kept = torch.get_rng_state()
    try:
        torch.manual_seed(spec.seed)
        model = build_model(spec, dataset.channels, side, len(dataset.classes))
        parameters, macs = count.parameters(model), count.macs(model, dataset.channels, side)
        batch = workload.batch(spec)
        size = min(batch, FEW)
        trial = partial(_measured, spec, model.to(device), device, precision, side=side, channels=dataset.channels)
        found = trial(size=size, seconds=seconds)
        if batch > FEW and found.backward + found.update < QUICK_SECONDS:
            size = min(batch, MOST)
            found = trial(size=size, seconds=seconds)
    except (MemoryError, RuntimeError) as error:
        refusal = too_large(error, spec)
        if refusal is None:
            raise
        raise refusal from error
    except ValueError as error:
        raise error if isinstance(error, Refusal) else Refusal(str(error)) from error
    finally:
        torch.set_rng_state(kept)
    speed = found.pictures_a_second(size, batch)
    training = workload.trained(spec) / speed
    evaluating = workload.evaluated(spec) / found.answers
    held = training_bytes(model, found.saved_bytes * batch / size, found.state_bytes)
    return Forecast(
        parameters=parameters,
        macs=macs,
        memory_mb=held / 2**20,
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
    side: int,
    channels: int,
    seconds: float,
) -> _Measured:
    """A few steps on random pictures."""
    draws = torch.Generator().manual_seed(0)
    pictures = torch.randint(256, (size, channels, side, side), dtype=torch.uint8, generator=draws).to(device)
    labels = torch.zeros(size, dtype=torch.long, device=device)
    normalise = Normalise((0.5,) * channels, (0.25,) * channels, device)
    augment = Augment(**dict(spec.augment), mean=(0.5,) * channels)
    optimisers, loss = Optimisers(model, spec.optimiser), make_loss(spec.training)

    def mean_loss(inputs: torch.Tensor, targets: Mixed) -> torch.Tensor:
        with torch.autocast(device.type, precision, enabled=precision != torch.float32):
            given = model(inputs)
        return loss(given, targets, inputs)

    def backward(portions: Portions) -> None:
        inputs, targets = augment.batch(normalise(augment.pictures(pictures, draws)), labels, draws)
        optimisers.clear()
        portions.backward(mean_loss, inputs, targets, 0)

    def answer() -> None:
        with torch.inference_mode(), torch.autocast(device.type, precision, enabled=precision != torch.float32):
            model(normalise(pictures))

    model.train()
    with Saved(model) as saved:
        backward(Portions(model, device, spec.seed, count=1))  # in this thread, which alone is seen
    kept = saved.bytes
    del saved
    portions = Portions(model, device, spec.seed)
    backward(portions)  # warms up
    optimisers.step()
    back = _median_seconds(partial(backward, portions), device, seconds * 0.6)
    update = _median_seconds(optimisers.step, device, seconds * 0.2)
    model.eval()
    answer()
    answers = size / _median_seconds(answer, device, seconds * 0.2)
    return _Measured(back, update, answers, kept, optimisers.held_bytes())


def _median_seconds(work: Callable[[], None], device: torch.device, seconds: float) -> float:
    """The median time of as many rounds as fit into `seconds`, two at least."""
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < 2 or time.perf_counter() - begun < seconds:
        start = time.perf_counter()
        work()
        synchronise(device)
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def main() -> None:
    """Forecasts the spec given as JSON, as JSON on standard output; a refusal is the last line of stderr."""
    try:
        found = forecast(RunSpec.parse(json.loads(sys.argv[1])))
    except Refusal as refusal:
        sys.exit(str(refusal))
    print(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
