"""Starting our own modules as processes: those that outlive the one that starts them, and those it waits for."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

from vitcore.errors import UserError

_PACKAGES = str(Path(__file__).resolve().parents[1])
_started: list[subprocess.Popen[bytes]] = []


def start(
    module: str,
    arguments: list[str],
    log: IO[bytes],
    *,
    detached: bool,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """`python -m module arguments`, its output to `log`; detached: in a session of its own, out of reach of Ctrl-C.

    Args:
        environment: variables besides this process's own, or in their place.
    """
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | (subprocess.DETACHED_PROCESS if detached else 0)
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=_environment() | dict(environment or {}),
        start_new_session=detached,
        creationflags=flags,
    )


def piped(module: str, arguments: list[str]) -> subprocess.Popen[bytes]:
    """`python -m module arguments`, to which one writes and from which one reads; what it complains of is lost."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    )


def answer(module: str, arguments: list[str], seconds: float) -> tuple[str, str]:
    """What `python -m module arguments` writes to its output and to its errors; waits, in no-one's way, for its end.

    Raises:
        UserError: it failed, in the last line of its errors, or took longer than `seconds`.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", module, *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
            env=_environment(),
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"it took more than {seconds:.0f} seconds; try again when the machine is idle") from None
    if done.returncode:
        raise UserError((done.stderr.strip().splitlines() or [f"{module} ended with code {done.returncode}"])[-1])
    return done.stdout, done.stderr


def _environment() -> dict[str, str]:
    paths = [_PACKAGES, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"}
    # A thread that waits for another must sleep, not spin: beside any other work a spinning, niced worker loses
    # nearly all its speed (30 instead of 250 images/s on two busy cores), and takes the page's time as well.
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return environment


def forget(process: subprocess.Popen[bytes]) -> None:
    """Lets a detached process go its way, and takes leave of those that have ended (they would stay as zombies)."""
    _started[:] = [other for other in _started if other.poll() is None]
    _started.append(process)


def alive(module: str, arguments: list[str]) -> bool:
    """Whether one that this process started so, and took its leave of, still lives."""
    words = ["-m", module, *arguments]
    return any(other.poll() is None and list(other.args)[-len(words) :] == words for other in _started)  # type: ignore[arg-type]


_PR_SET_PDEATHSIG = 1  # prctl.h


def end_with(starter: int, code: int = 1) -> None:
    """Has the system end this process when the one that started it, of process id `starter`, ends; on Linux alone.

    Args:
        code: what it ends with where that one is gone already.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # no library to ask
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != starter:
        print(f"process {starter}, which started this one, is gone", file=sys.stderr)
        sys.exit(code)


def signal_name(code: int) -> str:
    """The name of the signal that ended a process, by the negative `code` it left; the number of an unknown one."""
    return signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)


NICENESS, OFFERED = 10, "500"


def lower_priority() -> None:
    """Lowers this process's priority so that pages stay quick, and offers it first where memory runs out.

    All of it is a courtesy: a machine that forbids any part of it, or where the process stands lower already, is none
    the worse for it.
    """
    for courtesy in (_be_nice, _offer_memory, _be_nice_as_a_group):
        with suppress(OSError, psutil.Error):
            courtesy()


def _be_nice() -> None:
    process = psutil.Process()
    if sys.platform == "win32":
        process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    elif process.nice() < NICENESS:  # from above it would be a raise, for which one needs a right
        process.nice(NICENESS)


def _offer_memory() -> None:
    if sys.platform == "linux":
        Path("/proc/self/oom_score_adj").write_text(OFFERED)


def _be_nice_as_a_group() -> None:
    # A session of its own is scheduled as a group: within it alone would niceness count. Another's is not ours to slow:
    # it may be the terminal, or the suite, that started this process.
    if sys.platform == "linux" and os.getsid(0) == os.getpid():
        Path("/proc/self/autogroup").write_text(str(NICENESS))
