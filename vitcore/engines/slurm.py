"""SLURM as an engine, by submitit: a run is a job, runs that are submitted together are an array.

How far a run is its own folder tells; SLURM is asked only about one of which nothing is heard. A job that reaches its
time limit is begun again by SLURM and goes on from its checkpoint (slurm_node). submitit's files are pickles that its
jobs read: they lie in this account's own folder, never among results.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from vitcore.data.storage.places import user_state
from vitcore.engines.engine import Capacity, State, Wait
from vitcore.engines.slurm_node import Task
from vitcore.errors import UserError, first_line
from vitcore.runs import cost_estimate, placed, queue, slots
from vitcore.runs import status as states
from vitcore.runs.engine_settings import EngineSettings
from vitcore.runs.folder import Results, RunFolder

MISSING = "submitit is not installed here; `pip install 'vitcore[slurm]'` brings it"
ASKED = 30.0  # seconds between two questions to SLURM about jobs
UNKNOWN, OVER = "UNKNOWN", "OVER"
WAITS = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "RESIZING", "SUSPENDED", UNKNOWN)
TRAINS = ("RUNNING", "COMPLETING", "STAGE_OUT", "SIGNALING")
SIGNAL_SECONDS = 90
REQUEUES = 10_000  # time limits that a run may reach
SPARE_GB = 2.0  # beside what a run is expected to hold


class SlurmEngine:
    """Jobs of this account.

    Raises:
        UserError: submitit is absent, or there is no SLURM here.
    """

    def __init__(self, results: Results, settings: EngineSettings) -> None:
        check(settings.cluster)
        self.results, self.settings = results, settings
        self._threads = settings.cpus or 4
        self._gathered: list[tuple[RunFolder, int]] = []
        self._jobs: dict[str, Any] = {}
        self._asked: dict[str, tuple[float, str]] = {}

    def submit(self, run_id: str) -> Wait | None:
        """Gathers the run for the next `flush`."""
        folder = self.results.run(run_id)
        busy = len(self._jobs) + len(self._gathered)
        if self.settings.cluster != "slurm" and busy >= max(1, slots.cores() // self._threads):
            return Wait(f"{self._threads} free CPUs of this machine", others_too=True)
        device = folder.spec().device
        wants_gpu = device.startswith("cuda") or (device == "auto" and self.settings.gpu)
        self._gathered.append((folder, queue.process_count(folder) if wants_gpu else 0))
        return None

    def flush(self) -> None:
        """Submits what was gathered: one job, or an array of those that need the same.

        Raises:
            UserError: SLURM refuses; nothing was submitted of that array.
        """
        gathered, self._gathered = self._gathered, []
        for gpus in sorted({count for _, count in gathered}):
            self._send([folder for folder, count in gathered if count == gpus], gpus)

    def cancel(self, run_id: str) -> None:
        """Takes the job of a run back that was cancelled."""
        if job := self._job(run_id):
            job.cancel(check=False)

    def state(self, run_id: str) -> State:
        """By the run's own folder, and by SLURM's word where nothing is heard of it."""
        folder = RunFolder(self.results.runs / run_id)
        if any(folder.id == each.id for each, _ in self._gathered):
            return State("submitted")
        now = states.now(folder) if folder.path.is_dir() else "cancelled"
        found = self._stands(run_id, now)
        if found.now != "submitted":
            self._jobs.pop(run_id, None)
            self._asked.pop(run_id, None)
        return found

    def _stands(self, run_id: str, now: str) -> State:
        """The same, of a run of this status."""
        if now == "running":
            return State("submitted")
        word = self._word(run_id)
        under_way = word in WAITS or word in TRAINS
        if now == "cancelled" and under_way:
            self.cancel(run_id)
        if now not in ("queued", "interrupted", "paused"):
            return State("ended")
        if under_way:  # being begun again after its time limit, or about to end
            return State("submitted")
        if now == "paused":
            return State("ended")
        if word == "absent":
            return State("absent")
        how = "ended" if word == OVER else f"ended as {word}"
        if now == "queued":
            return State("ended", 1, f"Its job {how} before it began; its log lies in {self._folder()}.")
        return State("lost", why=f"Its job {how}.")

    def capacity(self) -> Capacity:
        """SLURM takes what it is given."""
        where = self.settings.partition or "the default partition"
        return Capacity(1, 1, f"SLURM ({where}): {len(self._jobs)} jobs of this queue")

    def close(self) -> None:
        """Jobs go on by themselves."""

    def _send(self, folders: list[RunFolder], gpus: int) -> None:
        arguments = ["--engine", "slurm", "--device", "cuda-0" if gpus else "cpu", "--threads", str(self._threads)]
        tasks = [Task(folder.id, str(self.results.root), arguments) for folder in folders]
        asked = [queue.processes_asked(folder) for folder in folders]  # a job that begins at once takes its entry away
        try:
            executor = self._executor(folders, gpus)
            jobs = executor.submit_array(tasks) if len(tasks) > 1 else [executor.submit(tasks[0])]
        except (
            OSError,
            RuntimeError,
            ValueError,
            AssertionError,
            NameError,
        ) as error:  # what submitit makes of sbatch's
            raise UserError(f"SLURM does not take the runs: {first_line(error)}") from None
        for folder, job, count in zip(folders, jobs, asked, strict=True):
            self._jobs[folder.id] = job
            placed.write(folder, "slurm", str(job.job_id), count)

    def _executor(self, folders: list[RunFolder], gpus: int) -> Any:
        import submitit

        settings = self.settings
        expected = [(cost_estimate.read(folder), queue.process_count(folder)) for folder in folders]
        known = [count * each.memory_mb / 1024 for each, count in expected if each and each.memory_mb]
        executor = submitit.AutoExecutor(
            folder=self._folder(), cluster=settings.cluster, slurm_max_num_timeout=REQUEUES
        )
        executor.update_parameters(
            name="vitcore",
            timeout_min=settings.minutes,
            cpus_per_task=self._threads,
            mem_gb=settings.memory_gb or SPARE_GB + max(known, default=SPARE_GB),
            gpus_per_node=gpus or None,
            slurm_partition=settings.partition or None,
            slurm_account=settings.account or None,
            slurm_signal_delay_s=SIGNAL_SECONDS,
        )
        return executor

    def _folder(self) -> Path:
        """submitit's scripts, pickles and logs of this results folder's jobs."""
        digest = hashlib.sha256(os.fsencode(self.results.root)).hexdigest()[:12]
        return user_state() / "slurm" / digest

    def _job(self, run_id: str) -> Any:
        """The run's job, of an earlier dispatcher too; None where none is known."""
        if run_id not in self._jobs:
            found = placed.read(RunFolder(self.results.runs / run_id)) or {}
            number = found.get("job")
            if not isinstance(number, str) or not number or self.settings.cluster != "slurm":
                return None
            import submitit

            self._jobs[run_id] = submitit.SlurmJob(folder=self._folder(), job_id=number)
        return self._jobs[run_id]

    def _word(self, run_id: str) -> str:
        """SLURM's word for the state of the run's job, asked anew twice a minute."""
        job = self._job(run_id)
        if job is None:
            return "absent"
        at, word = self._asked.get(run_id, (-ASKED, ""))
        if self.settings.cluster == "slurm" and time.monotonic() - at < ASKED:
            return word
        try:
            word = str(job.get_info(mode="force").get("State") or job.state).split(" ")[0].upper()
        except Exception:  # noqa: BLE001  sacct that does not answer is asked again
            word = UNKNOWN
        if word == UNKNOWN and self.settings.cluster == "slurm":
            word = _of_queue(str(job.job_id))
        self._asked[run_id] = time.monotonic(), word
        return word


def _of_queue(number: str) -> str:
    """The word of squeue, for a SLURM that keeps no accounts: it knows a job until a while after its end."""
    words = ["squeue", "--noheader", "--jobs", number, "--format", "%T"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return UNKNOWN
    if done.returncode == 0:
        return (done.stdout.split() or [OVER])[0].upper()
    return OVER if "Invalid job id" in done.stderr else UNKNOWN


def check(cluster: str) -> None:
    """Holds that jobs can be submitted from here. Raises UserError."""
    import shutil
    from importlib.util import find_spec

    if find_spec("submitit") is None:
        raise UserError(MISSING)
    if cluster == "slurm" and shutil.which("sbatch") is None:
        raise UserError(
            "there is no SLURM on this machine (no sbatch); choose this engine where jobs are submitted from"
        )
