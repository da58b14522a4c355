"""How long a run may be, so that it ends within some seconds on this machine."""

from __future__ import annotations

from dataclasses import dataclass

from vitcore.cost import workload
from vitcore.cost.speed import Speed
from vitcore.spec import RunSpec

MOST_EPOCHS = 300
FEW_EPOCHS = 3  # that a run has before its images are made fewer
FEWEST_SAMPLES = 200


@dataclass(frozen=True)
class Length:
    """Epochs, and samples of an epoch; None: all there are."""

    epochs: int
    samples: int | None = None


def fitting(spec: RunSpec, seconds: float, speed: Speed) -> Length | None:
    """The longest run of a spec that is over in `seconds`, as far as is known; None where nothing tells its speed.

    All samples where at least FEW_EPOCHS of them fit, else so many that these do, and never fewer than FEWEST_SAMPLES:
    then it takes longer. Raises UserError where one's own images cannot be read.
    """
    there = workload.samples(RunSpec.of(spec, samples=None, replacement=False))
    epochs = _epochs(spec, None, seconds, speed)
    if epochs is None:
        return None
    if epochs >= FEW_EPOCHS or there <= FEWEST_SAMPLES:
        return Length(max(epochs, 1))
    low, high = FEWEST_SAMPLES, there
    while high - low > max(low // 50, 1):
        middle = (low + high) // 2
        enough = (_epochs(spec, middle, seconds, speed) or 0) >= FEW_EPOCHS
        low, high = (middle, high) if enough else (low, middle)
    return Length(max(_epochs(spec, _round(low), seconds, speed) or 1, 1), _round(low))


def _epochs(spec: RunSpec, samples: int | None, seconds: float, speed: Speed) -> int | None:
    """How many epochs of so many samples fit; 0: not a single one."""
    single, double = (speed.seconds(RunSpec.of(spec, samples=samples, epochs=epochs, **_SHORT)) for epochs in (1, 2))
    if single is None or double is None:
        return None
    more: float = max(double - single, 1e-9)
    fits = 1 + int((seconds - single) / more)
    return 0 if single > seconds else min(MOST_EPOCHS, fits)


_SHORT: dict[str, int] = {"warmup_epochs": 0, "cooldown_epochs": 0, "evaluate_every": 1}
"""What could forbid a run of one epoch, or hide what an epoch costs."""


def _round(samples: int) -> int:
    """Two figures: 1,730 images are no better than 1,700."""
    size: int = 10 ** max(len(str(samples)) - 2, 0)
    return max(samples // size * size, FEWEST_SAMPLES)
