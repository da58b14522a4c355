"""What a process was doing at the moment it was killed: it is made to write its stack first, in the instant before.

Processes that inherit `environment()` register a C-level handler when Python starts; `kill` asks for the stack, and
then kills with SIGKILL. A process killed before its interpreter is up tells nothing, and counts as starting.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil

REGISTER = """
import faulthandler, os, signal
file = open(os.path.join(os.path.dirname(__file__), str(os.getpid())), "w")
faulthandler.register(signal.SIGUSR1, file=file, all_threads=True)
"""
# The first that stands in the stack names the moment.
WORKER = {
    "checkpoint": ("checkpoint.py", "in _checkpoint"),
    "evaluation": ("in _assess", "training/evaluate.py"),
    "journal": ("runs/journal.py",),
    "step": ("in _step", "in _epoch", "in go"),
}
READER = {
    "publishing": ("store/snapshot.py",),
    "ingestion": ("store/ingest.py", "store/index.py", "runs/journal.py"),
    "query": ("store/queries.py",),
    "page": ("streamlit/runtime/scriptrunner/script_runner.py",),
}
COMMAND = {"storing": ("runs/folder.py", "runs/queue.py", "runs/annotations.py"), **READER}
KINDS = {"worker": WORKER, "server": READER, "reader": READER, "command": COMMAND, "dispatcher": {}}


def environment(folder: Path) -> dict[str, str]:
    """The environment of processes that are to tell; their stacks come to lie in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(REGISTER, encoding="utf-8")
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def kill(process: psutil.Process, folder: Path, kind: str, aim: str = "", patience: float = 20.0) -> str | None:
    """Kills a process with SIGKILL; in what moment of its `kind`, or None where it had gone already.

    Args:
        aim: a moment to wait for, looking every few milliseconds, for at most `patience` seconds.
    """
    deadline = time.monotonic() + patience
    try:
        moment = _moment(process, folder, kind)
        while aim and moment != aim and time.monotonic() < deadline:
            time.sleep(0.003)
            moment = _moment(process, folder, kind)
        process.kill()
    except psutil.NoSuchProcess:
        return None
    _await_end(process)
    return moment


def _moment(process: psutil.Process, folder: Path, kind: str) -> str:
    """What the process does now, by its own stack."""
    if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
        raise psutil.NoSuchProcess(process.pid)
    stack, stack_text = folder / str(process.pid), ""
    if stack.exists():
        before = stack.stat().st_size
        process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + 0.05
        while not stack_text and time.monotonic() < deadline:
            time.sleep(0.0005)
            with stack.open("rb") as file:
                file.seek(before)
                stack_text = file.read().decode("utf-8", "replace")
    for moment, signs in KINDS[kind].items():
        if any(sign in stack_text for sign in signs):
            return moment
    return "rest" if stack_text and kind in ("dispatcher", "server", "reader") else "start"


def _await_end(process: psutil.Process) -> None:
    """Until it runs no more; whose parent has gone may stay as a zombie, where nobody takes leave of it."""
    deadline = time.monotonic() + 10
    with suppress(psutil.NoSuchProcess):
        while process.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, f"{process} outlived SIGKILL"
            time.sleep(0.005)
