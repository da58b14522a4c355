"""Which device a run waits for, told without torch."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

DEVICE_QUEUE = re.compile(r"cpu|mps|cuda-\d{1,3}")


def device_queue(device: str) -> str:
    """The queue that a spec's device belongs to: `cpu`, `mps`, `cuda-0`, …; each runs one run at a time.

    `auto` is a guess from what the system shows; the worker asks torch, and waits for the true device's lane as well.
    """
    name = _likely() if device == "auto" else device
    return "cuda-0" if name == "cuda" else name.replace(":", "-")


def _likely() -> str:
    if sys.platform == "darwin":
        return "mps" if platform.machine() == "arm64" else "cpu"
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1")
    driver = Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None
    return "cuda" if driver and not hidden and "+cpu" not in metadata.version("torch") else "cpu"
