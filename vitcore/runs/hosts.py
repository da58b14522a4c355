"""What this machine is called in a results folder that several machines may share."""

from __future__ import annotations

import functools
import platform
import re


@functools.cache
def name() -> str:
    """The machine's name in small letters, digits and dashes; what is locked for one machine lies in a folder of it."""
    return re.sub(r"[^a-z0-9]+", "-", platform.node().lower()).strip("-")[:48] or "unnamed"
