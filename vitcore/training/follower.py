"""The processes of a run beside the first: they do each step that it names, and neither report nor write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from vitcore.errors import UserError, first_line
from vitcore.models.transfer import train_mode
from vitcore.spec import RunSpec
from vitcore.training.alike import hold_alike
from vitcore.training.checkpoint import load_resume
from vitcore.training.initial import Initial
from vitcore.training.memory import keep_pages, too_large
from vitcore.training.outcome import RankLost
from vitcore.training.ranks import LONGEST_SENTENCE, Ranks
from vitcore.training.state import TrainingState
from vitcore.training.step import Steps
from vitcore.training.stop_signal import StopSignal


def follow(
    spec: RunSpec,
    ranks: Ranks,
    *,
    folder: Path | None = None,
    resume: bool = False,
    teacher: nn.Module | None = None,
    initial: Initial | None = None,
) -> None:
    """Train along with process 0, as `train` is called there, until it says that it is over.

    Raises:
        RankLost: it ended without a word.
    """
    keep_pages()
    try:
        chosen = ranks.listen()  # once it has read the data: they are fetched and decoded once
        if not isinstance(chosen, dict):
            return
        steps = _ready(spec, ranks, folder if resume else None, teacher, initial, chosen)
        if steps is None:
            ranks.listen()  # that it is over
            return
        if spec.compile:
            steps.compile(0)
        _steps(steps, ranks)
    except RankLost:
        raise
    except Exception as error:
        refused = error if isinstance(error, UserError) else too_large(error, spec)
        ranks.fail(str(refused) if refused else f"{type(error).__name__}: {first_line(error)}")
        raise
    finally:
        ranks.leave()


def _ready(
    spec: RunSpec,
    ranks: Ranks,
    resumed: Path | None,
    teacher: nn.Module | None,
    initial: Initial | None,
    chosen: Mapping[str, Any],
) -> Steps | None:
    """The run made ready as process 0 has it; None where not all could, which that one tells."""
    try:
        state = load_resume(resumed, spec) if resumed else None
        parts = TrainingState(
            spec,
            lambda line: None,
            StopSignal(lambda: None),
            teacher,
            state,
            None if state else initial,
            ranks,
            chosen,
        )
        if state is not None:
            parts.restore(state)
    except (UserError, KeyError, TypeError, ValueError, AttributeError) as error:
        ranks.exchange({"error": str(error)[:LONGEST_SENTENCE]})
        return None
    parts.ema = None  # what is scored and stored is the business of process 0
    try:
        hold_alike(ranks, parts)
    except UserError:
        return None
    return Steps(spec, parts)


def _steps(steps: Steps, ranks: Ranks) -> None:
    """Every step that process 0 names."""
    batches, known = steps.parts.batches, -1
    order: Tensor | None = None
    train_mode(steps.parts.model, frozen=steps.spec.init.freeze)
    while isinstance(step := ranks.listen(), int):
        epoch, position = divmod(step, batches.steps)
        if order is None or epoch != known:
            order, known = batches.order(epoch), epoch
        steps.take(step, *batches.batch(order, position))
