"""What a SLURM job does on its node: lives as long as the run's worker beside it, and pauses it at the time limit."""

from __future__ import annotations

import subprocess
import time
from typing import Any

from vitcore import processes
from vitcore.engines.local import log
from vitcore.runs import heartbeat, queue, status
from vitcore.runs.folder import Results

POLL_SECONDS = 0.2
LAST_WORD = 60.0  # seconds of the 90 between the signal and the end in which the worker has to keep a checkpoint
LIMIT = "The time limit of its job was reached, or the job was preempted."
WENT = "The machine that trained it has gone."


class Task:
    """A run's worker in a process of its own; submitit calls it, and `checkpoint` when the job is about to be ended.

    It polls: submitit's handler runs in this thread, and one that waits within a wait would wait for ever.
    """

    def __init__(self, run_id: str, root: str, arguments: list[str]) -> None:
        self.run_id, self.root, self.arguments = run_id, root, arguments
        self.worker: subprocess.Popen[bytes] | None = None

    def __call__(self) -> int:
        """The worker's life; what it ended with."""
        self._recover()
        folder = Results(self.root).run(self.run_id)
        arguments = [self.run_id, *self.arguments, "--results", self.root]
        with log(folder) as file:
            self.worker = processes.start("vitcore.runs.worker", arguments, file, detached=True)
        try:
            while (code := self.worker.poll()) is None:
                time.sleep(POLL_SECONDS)
        except BaseException:  # cancelled: the worker keeps its place, and goes
            self._end()
            raise
        return code

    def checkpoint(self) -> Any:
        """Lets the worker keep a checkpoint, queues the run again, and tells submitit how the job is to go on."""
        import submitit

        self._end()
        results = Results(self.root)
        if status.now(results.run(self.run_id)) in ("paused", "interrupted"):  # else a person has ended it
            queue.again(results, self.run_id, LIMIT)
        return submitit.helpers.DelayedSubmission(Task(self.run_id, self.root, self.arguments))

    def _end(self) -> None:
        if self.worker is None:
            return
        self.worker.terminate()
        deadline = time.monotonic() + LAST_WORD
        while self.worker.poll() is None and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        self.worker.kill()
        self.worker.wait()

    def _recover(self) -> None:
        """SLURM begins a job again whose node went: the run is queued again, once nothing more is heard of it."""
        results = Results(self.root)
        deadline = time.monotonic() + 2 * heartbeat.FRESH
        while (now := status.now(results.run(self.run_id))) == "running" and time.monotonic() < deadline:
            time.sleep(1)
        if now == "interrupted":
            queue.again(results, self.run_id, WENT)
