"""Where queued runs execute: on this machine, or on others; one small interface."""

from __future__ import annotations

from collections.abc import Callable

from vitcore.engines.engine import Engine
from vitcore.runs import engine_settings
from vitcore.runs.folder import Results


def _local(results: Results, name: str) -> Engine:
    from vitcore.engines.local import LocalEngine

    return LocalEngine(results, name)


def _ray(results: Results, name: str) -> Engine:
    from vitcore.engines.ray import RayEngine

    return RayEngine(results, engine_settings.current(results))


def _slurm(results: Results, name: str) -> Engine:
    from vitcore.engines.slurm import SlurmEngine

    return SlurmEngine(results, engine_settings.current(results))


MADE: dict[str, Callable[[Results, str], Engine]] = {
    "cpu": _local,
    "mps": _local,
    "cuda": _local,
    "ray": _ray,
    "slurm": _slurm,
}
"""By the name of a dispatcher's queue: whoever takes its runs, or UserError where nobody can be reached."""
