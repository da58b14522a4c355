"""The learning rate at each step, as a share of the spec's highest."""

from __future__ import annotations

import math

from vitcore.spec import ScheduleSpec


def share(schedule: ScheduleSpec, step: int, steps: int, steps_per_epoch: int) -> float:
    """What the learning rate is multiplied by at `step` (from 0) of `steps`.

    All but "step" and "constant" fall to `final_rate`; all rise from `start_rate` over the first `warmup` of the steps.
    OneCycle (Smith and Topin 2018) rises and falls along half cosines: 1e-4 rising to 1e-3 is a start rate of 0.1.
    """
    rise = round(schedule.warmup * steps)
    if step < rise:
        done = step / rise if schedule.schedule == "onecycle" else (step + 1) / (rise + 1)
        bend = _half_cosine(done) if schedule.schedule == "onecycle" else done
        return schedule.start_rate + (1 - schedule.start_rate) * bend
    done = (step - rise) / max(1, steps - 1 - rise)
    match schedule.schedule:
        case "cosine" | "onecycle":
            return 1 + (schedule.final_rate - 1) * _half_cosine(done)
        case "linear":
            return 1 + (schedule.final_rate - 1) * done
        case "step":
            return float(schedule.step_factor ** (step // (schedule.step_epochs * steps_per_epoch)))
        case _:
            return 1.0


def _half_cosine(done: float) -> float:
    """From 0 to 1, level at both ends."""
    return (1 - math.cos(math.pi * done)) / 2
