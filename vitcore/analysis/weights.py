"""Which weights and which data an evaluation of a stored run is of, told without torch."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

from vitcore.data.identity import digest
from vitcore.errors import UserError
from vitcore.runs import journal
from vitcore.runs.files import open_own
from vitcore.runs.folder import RunFolder

if TYPE_CHECKING:
    from vitcore.data.load import Images
    from vitcore.spec import RunSpec

_LONGEST = 64 << 20  # bytes of a safetensors file's head


def epoch(run: RunFolder) -> int | None:
    """The epoch that the run's last weights are of; None where there are none, or they do not say."""
    try:
        with open_own(run.checkpoint) as file:
            (length,) = struct.unpack("<Q", file.read(8))
            head = json.loads(file.read(min(length, _LONGEST)))
        return int(head["__metadata__"]["epoch"])
    except (OSError, UserError, struct.error, ValueError, KeyError, TypeError, RecursionError):
        return None


def data_digest(run: RunFolder) -> str | None:
    """The digest of the data that the run last saw; None where it is from before that was kept."""
    return _begun(run, "data_digest")


def _precision(run: RunFolder) -> str | None:
    """What the run last trained in; None for weights from elsewhere."""
    found = _begun(run, "precision")
    return found if found in ("float32", "bfloat16") else None


def _begun(run: RunFolder, field: str) -> str | None:
    """What the run's last attempt says of itself, where that is text."""
    try:
        lines, _ = journal.stream(run.events)
        values = [line.get(field) for line in lines if line.get("event") == "started"]
    except (OSError, UserError):
        return None
    last = values[-1] if values else None
    return last if isinstance(last, str) else None


def images_of(run: RunFolder, spec: RunSpec) -> Images:
    """The data that a run was trained and tested on.

    Raises:
        UserError: they are not on this machine, or others lie there now.
    """
    from vitcore.data.load import available, load

    data = spec.data
    missing = available(data.dataset, data.folder)
    if missing is not None:
        raise UserError(missing)
    images = load(data.dataset, **data.reading())
    scored_on = data_digest(run)
    if scored_on is not None and scored_on != digest(images):
        raise UserError(f"the data on this machine are not those that run {run.id} was tested on")
    return images


def ways(run: RunFolder, spec: RunSpec) -> dict[str, Any]:
    """How a run is evaluated: on its `device`, in the `precision` it was trained in, with its dataset's `normalize`."""
    from vitcore.data.augment import Normalize
    from vitcore.data.registry import pixel_scale
    from vitcore.training.device import resolve
    from vitcore.training.precision import DTYPES

    device = resolve(spec.device)
    normalize = Normalize(*pixel_scale(spec.data.dataset, spec.data.normalize), device)
    return {"normalize": normalize, "device": device, "precision": DTYPES[_precision(run) or "float32"]}
