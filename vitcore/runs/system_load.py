"""How busy this machine is, in one sentence."""

from __future__ import annotations

import psutil

GIGABYTE = 2**30


def busy() -> str:
    """'load 1.4 on 2 cores, 3.1 of 15.6 GB of memory in use': the mean number of tasks at work in the last minute."""
    memory = psutil.virtual_memory()
    used, whole = (memory.total - memory.available) / GIGABYTE, memory.total / GIGABYTE
    cores = psutil.cpu_count() or 1
    return (
        f"load {psutil.getloadavg()[0]:.1f} on {cores} core{'s' * (cores != 1)}, "
        f"{used:.1f} of {whole:.1f} GB of memory in use"
    )
