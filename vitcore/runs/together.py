"""Several processes for one run on this machine: its worker is the first, starts the others, and ends with them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vitcore import processes
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.training.outcome import RankLost

if TYPE_CHECKING:
    from vitcore.training.ranks import Place, Ranks

_MODULE = "vitcore.runs.rank"
_LOOPBACK = {"linux": "lo", "darwin": "lo0"}
_GRACE_SECONDS = 10.0  # that the first has to end by itself, once another is gone
_LAST_WORDS_SECONDS = 3.0


@contextmanager
def together(results: Results, count: int, on_loss: Callable[[str], None]) -> Iterator[Ranks]:
    """The processes of a run, of which this is the first; those beside it are ended with the block.

    They meet at a file that this account alone can read, and speak over the loopback device.

    Args:
        on_loss: called from a thread where one has ended and the block has not been left a while later.

    Raises:
        RankLost: in one sentence, where another has ended before the block.
        UserError: they cannot meet.
    """
    if sys.platform in _LOOPBACK:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", _LOOPBACK[sys.platform])
    with tempfile.TemporaryDirectory(prefix="vitcore-", ignore_cleanup_errors=True) as folder:
        others = _Others(results, count, Path(folder) / "store")
        try:
            threading.Thread(target=others.watch, args=(on_loss,), daemon=True).start()
            yield meet(Path(folder) / "store", others.place(0), others.check)
        except RankLost as error:
            raise RankLost(others.sentence(_LAST_WORDS_SECONDS) or str(error)) from error
        finally:
            others.end()


def meet(store: Path, place: Place, lost: Callable[[], None] = lambda: None) -> Ranks:
    """Meet the other processes of a run at the file `store`. Raises UserError and what `lost` raises."""
    require_distributed()
    import torch.distributed as dist

    from vitcore.training.ranks import Ranks

    return Ranks(dist.FileStore(str(store), place.count), place, lost=lost)  # type: ignore[attr-defined]


def require_distributed() -> None:
    """Hold that torch can have several processes train together. Raises UserError."""
    import torch.distributed as dist

    if not dist.is_available() or not dist.is_gloo_available():
        raise UserError("this torch was built without torch.distributed and gloo; train with one process")


class _Others:
    """The processes beside the first, by rank from 1 on."""

    def __init__(self, results: Results, count: int, store: Path) -> None:
        self._count, self._left = count, threading.Event()
        log = sys.stdout.buffer if hasattr(sys.stdout, "buffer") else open(os.devnull, "wb")  # noqa: SIM115
        self._processes: list[subprocess.Popen[bytes]] = []
        for rank in range(1, count):
            numbers = ["--rank", str(rank), "--count", str(count), "--first", str(os.getpid())]
            arguments = [*numbers, "--store", str(store), "--results", str(results.root)]
            self._processes.append(processes.start(_MODULE, arguments, log, detached=False))

    def place(self, rank: int) -> Place:
        from vitcore.training.ranks import Place

        return Place(rank, self._count, rank, self._count)

    def check(self) -> None:
        """Raises RankLost where one has ended."""
        found = self.sentence()
        if found:
            raise RankLost(found)

    def sentence(self, seconds: float = 0.0) -> str | None:
        """Which has ended, and how, waited for a moment; None where all live."""
        deadline = time.monotonic() + seconds
        while True:
            for rank, process in enumerate(self._processes, 1):
                code = process.poll()
                if code is not None:
                    return f"Process {rank + 1} of {self._count} {_how(code)}; the run can be resumed."
            if time.monotonic() >= deadline:
                return None
            time.sleep(0.05)

    def watch(self, on_loss: Callable[[str], None]) -> None:
        """Until all are left; a first process that waits for a GPU never learns that another is gone."""
        while not self._left.wait(0.2):
            found = self.sentence()
            if found and not self._left.wait(_GRACE_SECONDS):
                on_loss(found)
                return

    def end(self) -> None:
        """End those that have not yet: what they knew the first knows too."""
        self._left.set()
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LAST_WORDS_SECONDS)
            process.kill()
            process.wait()


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with code {code} (worker.log in the run's folder may say why)"
    name = processes.signal_name(code)
    memory = ", perhaps since the machine ran out of memory" if name == "SIGKILL" else ""
    return f"was killed by {name}{memory}"
