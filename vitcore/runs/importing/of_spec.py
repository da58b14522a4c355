"""The spec that a person gives for runs of another program: read from a file, and held against what the runs say.

A run with a spec counts as one of its seeds, so a spec is believed only where nothing that the run tells contradicts
it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from vitcore.data.storage.regular import read_regular
from vitcore.errors import UserError
from vitcore.runs.elsewhere import Elsewhere
from vitcore.runs.importing.foreign import ForeignRun, listed
from vitcore.spec import RunSpec, fields

LARGEST = 1 << 20  # bytes of a spec's file
WANTED = "give a run's spec.json, or its `spec` alone"


def read_spec(path: Path) -> RunSpec:
    """The spec in a file: a stored run's spec.json, or what is under `spec` there.

    Raises:
        UserError: there is none, or it is not valid.
    """
    try:
        found = json.loads(read_regular(path, LARGEST))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}; {WANTED}") from None
    except UserError:
        raise
    except (ValueError, RecursionError):
        raise UserError(f"{path} is not JSON; {WANTED}") from None
    if isinstance(found, dict) and "spec" in found:
        found = found["spec"]
    if not isinstance(found, dict) or not found:
        raise UserError(f"{path} holds no spec; {WANTED}")
    try:
        return RunSpec.parse(found)
    except UserError as error:
        raise UserError(f"{path} is no spec: {error}") from None


def fitting(spec: RunSpec, run: ForeignRun, card: Elsewhere, epochs: Mapping[int, object]) -> RunSpec:
    """The spec with the run's own seed, where it tells one.

    Raises:
        UserError: the run tells of another setting, or of more or fewer epochs.
    """
    given = card.options()
    seed = given.pop("seed", spec.seed)
    own = spec.flat()
    choices = {each.name: each.choices for each in fields()}
    for name, value in given.items():
        if isinstance(value, str) and value not in (choices[name] or ()):
            continue  # a name of the other program's, which says nothing of ours
        if own[name] != value:
            raise UserError(
                f"{listed([run.name])} was trained with {name} {value!r}, and the spec has {own[name]!r}; give the "
                "spec that it was trained by, or import it without one"
            )
    last, planned = max(epochs, default=0), spec.training.epochs
    if last and (last > planned or (run.status == "finished" and last < planned)):
        raise UserError(
            f"{listed([run.name])} has {last:,} epochs, and the spec trains {planned:,}; give the spec that it was "
            "trained by, or import it without one"
        )
    return RunSpec.of(spec, seed=seed, name="")
