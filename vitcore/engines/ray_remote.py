"""A run on a node that does not see the results folder: an actor with a folder of its own, which tells what it gains.

The run's files are put there first. Whoever asks (`take`) is answered once for each number, so that an answer that was
lost on the way is given again and nothing twice.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from vitcore import processes
from vitcore.engines.local import log
from vitcore.engines.mirror import Mirror, Piece
from vitcore.errors import UserError
from vitcore.runs import locks, notify
from vitcore.runs.folder import Results, checked

PREFIX = "vitcore-run-"
PATIENCE = 0.5  # seconds that a question is kept where there is nothing new: so late does a wish come at most
POLL_SECONDS = 0.03
YOUNG = 300.0  # seconds in which a folder without a lock may be about to get one


class Answer(NamedTuple):
    """What is new, and what the worker ended with once all has been told."""

    pieces: list[Piece]
    code: int | None


class Remote:
    """Made by Ray on the node; its folder lies where TMPDIR says, and goes with it."""

    def __init__(self, run_id: str) -> None:
        self.run_id = checked(run_id)
        self._worker: subprocess.Popen[bytes] | None = None
        self._mirror: Mirror | None = None
        self._given = 0, Answer([], None)
        self._wish = ""

    def open(self) -> None:
        """Makes its folder, under a lock that tells those who sweep up that it is in use."""
        place = Path(tempfile.gettempdir())
        _sweep(place)
        self._root = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        self._lock = locks.lock(self._root / "alive.lock")
        self._lock.acquire(timeout=0)
        self.results = Results(self._root)

    def put(self, run_id: str, name: str, offset: int, data: bytes) -> None:
        """The bytes from an offset on of a file of a run: this one, or one whose weights it takes.

        Raises:
            UserError: the name is none of a file in a run's folder.
        """
        folder = self.results.runs / checked(run_id)
        folder.mkdir(parents=True, exist_ok=True)
        if Path(name).name != name:
            raise UserError(f"{name[:80]!r} is no name of a run's file")
        with (folder / name).open("ab") as file:
            file.truncate(offset)
            file.write(data)

    def begin(self, arguments: list[str], environment: Mapping[str, str]) -> None:
        """Starts the run's worker, once its files are here."""
        folder = self.results.run(self.run_id)
        self._mirror = Mirror(folder)
        own = {notify.NAMED: str(self._root / "nobody.toml")}  # whoever asked for word lives elsewhere
        with log(folder) as file:
            self._worker = processes.start(
                "vitcore.runs.worker",
                [self.run_id, *arguments, "--results", str(self._root)],
                file,
                detached=True,
                environment={**environment, **own},
            )

    def take(self, number: int, wish: str) -> Answer:
        """What is new since the last number; waits for a moment where nothing is.

        Args:
            wish: "stop" or "pause", for the worker to read; empty: none.

        Raises:
            UserError: the run has not begun here.
        """
        if self._worker is None or self._mirror is None:
            raise UserError(f"run {self.run_id} has not begun here")
        if number != self._given[0]:
            self._ask(wish)
            self._given = number, self._next(self._worker, self._mirror)
        return self._given[1]

    def close(self) -> None:
        """Ends what is left, and removes the folder."""
        if self._worker is not None:
            self._worker.kill()
            self._worker.wait()
        if self._mirror is not None:
            self._mirror.close()
        self._lock.release()
        shutil.rmtree(self._root, ignore_errors=True)

    def _ask(self, wish: str) -> None:
        if wish and wish != self._wish:
            self._wish = wish
            request = self.results.run(self.run_id).request
            draft = request.with_name(".request")
            draft.write_text(wish, encoding="utf-8")
            os.replace(draft, request)

    def _next(self, worker: subprocess.Popen[bytes], mirror: Mirror) -> Answer:
        deadline = time.monotonic() + PATIENCE
        while True:
            code = worker.poll()
            pieces = mirror.take(over=code is not None)
            if pieces or code is not None:
                return Answer(pieces, None if pieces else code)
            if time.monotonic() > deadline:
                return Answer([], None)
            time.sleep(POLL_SECONDS)


def _sweep(place: Path) -> None:
    """Removes the folders of runs whose node was killed."""
    for folder in place.glob(f"{PREFIX}*"):
        try:
            about = folder.lstat()
            own = folder.is_dir() and not folder.is_symlink() and about.st_uid == os.getuid()
            if own and time.time() - about.st_mtime > YOUNG and not locks.is_locked(folder / "alive.lock"):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue
