"""Runs into the queue: `submit` comes back at once, `train` when the run has ended."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from vitcore.front.run import Run
from vitcore.runs import named_data, queue
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec, fields
from vitcore.spec.presets import preset as known_preset


def submit(
    spec: RunSpec | None = None, /, *, preset: str | None = None, after: Sequence[str] = (), **options: Any
) -> Run:
    """Queues a run and returns at once; a worker of its own trains it, also after this program has ended.

    Args:
        spec: what to start from; else the preset of that name, else what form and command line begin with: a tenth of
            the training images is held out for validation.
        after: ids of runs that it waits for: what it starts from (`init_from`) or learns from may still be under way.
        options: a run's options by their names, as `python -m vitcore train --help` explains them.

    Raises:
        UserError: one sentence naming the option that does not do and what would.
    """
    results = Results()
    return Run(queue.enqueue(results, _chosen(spec, preset, options), after=after), results)


def train(
    spec: RunSpec | None = None, /, *, preset: str | None = None, after: Sequence[str] = (), **options: Any
) -> Run:
    """Queues a run as `submit` does and waits until it has ended, with a progress bar."""
    return submit(spec, preset=preset, after=after, **options).wait()


def _chosen(spec: RunSpec | None, preset: str | None, options: dict[str, Any]) -> RunSpec:
    if spec is not None and not isinstance(spec, RunSpec):
        raise TypeError(
            f"a run is made from a RunSpec or from named options, such as architecture={spec!r}; "
            f"given was a {type(spec).__name__}"
        )
    options = named_data.resolved(Results(), options)
    if preset is None:
        return RunSpec.begun(**options) if spec is None else RunSpec.of(spec, **options)
    if spec is not None:
        raise TypeError("a run starts from a spec or from a preset, not from both; give one of them")
    return RunSpec.of(**{**known_preset(preset).fields, **options})


def _with_every_option(call: Callable[..., Run]) -> None:
    """Shows the options of a run where editors and notebooks look for a function's parameters."""
    own = [each for each in inspect.signature(call).parameters.values() if each.kind is not each.VAR_KEYWORD]
    named = [
        inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=each.initial)
        for each in fields()
        if not each.derived
    ]
    call.__signature__ = inspect.Signature([*own, *named])  # type: ignore[attr-defined]


_with_every_option(submit)
_with_every_option(train)
