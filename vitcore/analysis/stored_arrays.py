"""Arrays that an evaluation keeps with a run, as safetensors: written whole, read as if a stranger had made them."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vitcore.analysis import weights
from vitcore.errors import UserError, first_line
from vitcore.runs.files import read_own
from vitcore.runs.folder import RunFolder, reason

_KINDS = {"F32": np.float32, "I64": np.int64}


def read(run: RunFolder, path: Path, what: str) -> tuple[dict[str, np.ndarray], dict[str, str]] | None:
    """The arrays by name and what the file says of them; None where there is none, or it is of other weights or data.

    Args:
        what: the arrays are, for a sentence.

    Raises:
        UserError: the file cannot be read.
    """
    from safetensors import SafetensorError, deserialize

    try:
        content = read_own(path)
        found = {name: _array(parts) for name, parts in deserialize(content)}  # type: ignore[no-untyped-call]
        (length,) = struct.unpack_from("<Q", content)
        about = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise UserError(f"the {what} of run {run.id} cannot be read: {first_line(error)}") from None
    if any(about.get(name, "") != value for name, value in _of(run).items()):
        return None
    return found, {str(name): str(value) for name, value in about.items()}


def keep(run: RunFolder, path: Path, what: str, arrays: Mapping[str, np.ndarray], **about: str) -> None:
    """Write them with `about`: a reader sees what was there before or all of this.

    Raises:
        UserError: they cannot be written.
    """
    from safetensors.numpy import save_file

    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        whole = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
        save_file(whole, draft, metadata=_of(run) | about)
        os.replace(draft, path)
    except OSError as error:
        raise UserError(f"the {what} of run {run.id} cannot be kept: {reason(error)}") from None
    finally:
        draft.unlink(missing_ok=True)


def _of(run: RunFolder) -> dict[str, str]:
    """Which weights and data they are of."""
    return {"epoch": str(weights.epoch(run)), "data_digest": weights.data_digest(run) or ""}


def _array(parts: Mapping[str, Any]) -> np.ndarray:
    return np.frombuffer(parts["data"], _KINDS[parts["dtype"]]).reshape(parts["shape"])
