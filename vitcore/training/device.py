"""Which device trains, and what it is."""

from __future__ import annotations

import os
import platform

import psutil
import torch

from vitcore.errors import UserError
from vitcore.events import Host


def devices() -> list[str]:
    """Every device of this machine by the name a spec gives it, best first."""
    cuda = [f"cuda:{number}" if number else "cuda" for number in range(torch.cuda.device_count())]
    return [*cuda, *(["mps"] if torch.backends.mps.is_available() else []), "cpu"]


def resolve(device: str) -> torch.device:
    """The device meant by a spec's name; "auto" is CUDA where there is one, then Apple's MPS, then the CPU.

    Raises:
        UserError: this machine has no such device.
    """
    there = devices()
    if device == "auto":
        return torch.device(there[0])
    named = torch.device(device)
    if named.type not in {name.split(":")[0] for name in there} or (named.index or 0) >= max(
        1, torch.cuda.device_count()
    ):
        raise UserError(f"this machine has no device {device!r}; it has {', '.join(there)}")
    return named


def quick_in_bfloat16(device: torch.device) -> bool:
    """Whether the device has matrix units for bfloat16: CUDA from Ampere on, and CPUs with AMX."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and bool(torch.cpu.get_capabilities().get("amx_bf16", False))


def described(device: torch.device) -> str:
    """The device as a person would name it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)


def host() -> Host:
    """What this machine is, for the record of a run."""
    return Host(
        machine=platform.machine(),
        cpu=torch.cpu.get_capabilities().get("cpu_name") or platform.processor(),
        cores=os.cpu_count(),
        torch=torch.__version__,
        system=f"{platform.system()} {platform.release()}",
    )


def memory_mb(device: torch.device) -> float:
    """Memory held: the largest so far on a GPU, this process's own on a CPU."""
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device)) / 2**20
    return float(psutil.Process().memory_info().rss) / 2**20


def synchronize(device: torch.device) -> None:
    """Wait until the device has done what it was told; only ever between epochs and in measurements."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
