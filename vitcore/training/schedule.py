"""The learning rate at each step, as a share of the spec's highest."""

from __future__ import annotations

import math

from vitcore.spec import ScheduleSpec


def lr_factor(schedule: ScheduleSpec, step: int, steps: int, steps_per_epoch: int) -> float:
    """What the learning rate is multiplied by at `step` (from 0) of `steps`.

    All but "step" and "constant" fall to `final_lr_factor`; all rise from `initial_lr_factor` over the first `warmup`
    of the steps, or over `warmup_epochs`. In the last `cooldown_epochs` those that fall stay at `final_lr_factor`.
    OneCycle (Smith and Topin 2018) rises and falls along half cosines: 1e-4 rising to 1e-3 is a start rate of 0.1.
    """
    if schedule.schedule_unit == "epoch":
        return _by_epoch(schedule, step // steps_per_epoch, steps // steps_per_epoch)
    rise = round(schedule.warmup_epochs * steps_per_epoch) if schedule.warmup_epochs else round(schedule.warmup * steps)
    steps -= schedule.cooldown_epochs * steps_per_epoch
    if step < rise:
        done = step / rise if schedule.schedule == "onecycle" else (step + 1) / (rise + 1)
        bend = _half_cosine(done) if schedule.schedule == "onecycle" else done
        return schedule.initial_lr_factor + (1 - schedule.initial_lr_factor) * bend
    done = min(1.0, (step - rise) / max(1, steps - 1 - rise))
    return _fallen(schedule, done, step // steps_per_epoch)


def _by_epoch(schedule: ScheduleSpec, epoch: int, epochs: int) -> float:
    """One rate for all steps of `epoch` (from 0), as timm's training script has it.

    There (timm/scheduler/cosine_lr.py, step_lr.py without `warmup_prefix`) the curve runs from the first epoch on, its
    beginning hidden under the warm-up, and would reach the lowest rate in the epoch after the last before cool-down.
    """
    rise = schedule.warmup_epochs or round(schedule.warmup * epochs)
    if epoch < rise:
        return schedule.initial_lr_factor + (1 - schedule.initial_lr_factor) * epoch / rise
    return _fallen(schedule, min(1.0, epoch / max(1, epochs - schedule.cooldown_epochs)), epoch)


def _fallen(schedule: ScheduleSpec, done: float, epoch: int) -> float:
    """Where the curve has come to after a share of its way."""
    match schedule.schedule:
        case "cosine" | "onecycle":
            return 1 + (schedule.final_lr_factor - 1) * _half_cosine(done)
        case "linear":
            return 1 + (schedule.final_lr_factor - 1) * done
        case "step":
            return float(schedule.step_factor ** (epoch // schedule.step_epochs))
        case _:
            return 1.0


def _half_cosine(done: float) -> float:
    """From 0 to 1, level at both ends."""
    return (1 - math.cos(math.pi * done)) / 2
