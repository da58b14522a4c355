"""Kills workers, servers, commands, dispatchers and readers at random moments; nothing reported may be lost.

`python benchmarks/robustness/soak.py --kills 200`. Ends with a summary and exit code 0, or with
the first promise that was broken.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import psutil

from benchmarks.robustness import moments
from benchmarks.robustness.promised import Witness
from benchmarks.robustness.visited import Visited
from vitcore.runs import queue
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

READER = """
import sys, time
from vitcore.runs.folder import Results
from vitcore.store import queries
from vitcore.store.index import Index
index = Index(Results(sys.argv[1]))
while True:
    index.poll()
    queries.runs(index)
    index.publish()
    time.sleep(0.1)
"""
# What is killed, and how often: `both` leaves a run with nobody to take it up but the next who looks.
TARGETS = {"worker": 9, "command": 5, "server": 3, "dispatcher": 3, "reader": 3, "both": 2}
COMMANDS = (("runs", "--csv"), ("tag", "RUN", "soaked"), ("resume", "RUN"), ("pause", "RUN"), ("train", "--detach"))
AIMS = {
    "worker": ("checkpoint", "evaluation", "journal"),
    "command": ("storing",),
    "server": ("ingestion", "publishing"),
    "reader": ("ingestion", "publishing"),
}
PATIENCE = 600.0


class Soak:
    """One results folder under fire, and a witness of every epoch that was ever reported in it."""

    def __init__(self, folder: Path, seed: int, epochs: int) -> None:
        self.results, self.epochs = Results(folder / "results ü"), epochs
        self.stacks = folder / "stacks"
        self.environment = moments.environment(self.stacks)
        self.luck = random.Random(seed)
        self.witness = Witness(self.results)
        self.kills: Counter[str] = Counter()
        self.moments: dict[str, Counter[str]] = defaultdict(Counter)
        self.seed, self.began = 0, time.monotonic()
        self.reader: subprocess.Popen[bytes] | None = None
        self.server = Visited(self.results, folder / "server.log", self.environment)
        os.environ["PYTHONPATH"] = self.environment["PYTHONPATH"]  # what is queued from here inherits it

    def fire(self, kills: int) -> None:
        """Kills that many times, each a random while after the last."""
        while sum(self.kills.values()) < kills:
            self._keep_busy()
            target = self.luck.choices(list(TARGETS), list(TARGETS.values()))[0]
            if target == "command":
                self._kill_command()
                continue
            if self.luck.random() < 0.7:  # the others are hit while they start
                self.witness.await_epoch()
            self.witness.watch(self.luck.choice((0.02, 0.1, 0.5, 2)) * self.luck.random())
            self._kill(target)

    def settle(self) -> None:
        """Resumes whatever was interrupted until every run has finished, then compares with what was witnessed."""
        deadline = time.monotonic() + PATIENCE + 30 * len(self.results.ids())
        while unfinished := [id for id in self.results.ids() if queue.status(self.results, id) != "finished"]:
            assert time.monotonic() < deadline, f"{unfinished} never finished"
            for id in unfinished:
                if queue.status(self.results, id) in ("interrupted", "paused", "cancelled"):
                    queue.resume(self.results, id)
            queue.ensure_dispatcher(self.results)
            self.witness.watch(0.3)
        self.end()
        self.witness.check_files()
        self.witness.check_tables(self.epochs)

    def end(self) -> None:
        """Ends every process of this results folder."""
        self.server.end()
        if self.reader is not None:
            self.reader.kill()
            self.reader.wait()
        for process in (*self._queued_here("dispatcher"), *self._queued_here("worker")):
            with suppress(psutil.NoSuchProcess):
                process.kill()
                process.wait(10)

    def _keep_busy(self) -> None:
        for id in self.results.ids():
            if queue.status(self.results, id) in ("interrupted", "paused") and self.luck.random() < 0.7:
                queue.resume(self.results, id)
        if len(queue.queued(self.results)) < 2:
            self.seed += 1
            # Some spend their time in steps, some in evaluation and checkpoints.
            samples = self.luck.choice((32, 256))
            spec = RunSpec.of(architecture="cnn", samples=samples, batch_size=32, epochs=self.epochs, seed=self.seed)
            queue.enqueue(self.results, spec)
        queue.ensure_dispatcher(self.results)
        if self.reader is None or self.reader.poll() is not None:
            command = [sys.executable, "-c", READER, str(self.results.root)]
            environment = {
                **self.environment,
                "PYTHONPATH": f"{self.environment['PYTHONPATH']}{os.pathsep}{sys.path[0]}",
            }
            self.reader = subprocess.Popen(command, env=environment)
        self.server.keep_up()

    def _kill(self, target: str) -> None:
        kinds = ("dispatcher", "worker") if target == "both" else (target,)
        victims = [(kind, process) for kind in kinds for process in self._victims(kind)]
        running = self._running()
        if not victims or (target in ("worker", "both") and not running):
            return
        for kind, process in victims:
            moment = moments.kill(process, self.stacks, kind, self._aim(kind))
            if moment is not None:
                self.moments[kind][moment] += 1
                self._say(kind, moment)
        self.kills[target] += 1
        if target in ("worker", "both"):
            self.witness.hold_not_running(running)
        self.witness.watch(0)
        self.witness.check_files()

    def _kill_command(self) -> None:
        """Starts a command line and kills it on the way, or just after its end."""
        words = list(self.luck.choice(COMMANDS if len(queue.queued(self.results)) < 4 else COMMANDS[:-1]))
        known = self.results.ids()
        words = [self.luck.choice(known) if word == "RUN" else word for word in words]
        if words[0] == "train":
            words += ["--architecture", "cnn", "--samples", "64", "--epochs", str(self.epochs)]
        process = psutil.Popen(
            [sys.executable, "-m", "vitcore", "--results", str(self.results.root), *words],
            cwd=sys.path[0],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.witness.watch(2.0 * self.luck.random())
        moment = moments.kill(process, self.stacks, "command", self._aim("command")) if process.poll() is None else None
        if moment is not None:
            self.kills["command"] += 1
            self.moments["command"][moment] += 1
            self._say("command", f"{moment} ({words[0]})")
            self.witness.watch(0)
            self.witness.check_files()

    def _aim(self, kind: str) -> str:
        """Some moments are too short to be met by chance: every third kill waits for one of them."""
        return self.luck.choice(AIMS.get(kind, ("",))) if self.luck.random() < 1 / 3 else ""

    def _say(self, kind: str, moment: str) -> None:
        """For whoever follows a long soak."""
        done = sum(self.kills.values())
        print(f"{time.monotonic() - self.began:.0f} s, {done} kills: {kind}, {moment}", file=sys.stderr, flush=True)

    def _running(self) -> list[str]:
        return [id for id in self.results.ids() if queue.status(self.results, id) == "running"]

    def _victims(self, kind: str) -> list[psutil.Process]:
        if kind == "reader":
            return [psutil.Process(self.reader.pid)] if self.reader and self.reader.poll() is None else []
        return self.server.processes() if kind == "server" else self._queued_here(kind)

    def _queued_here(self, kind: str) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                command = process.cmdline()
                if (
                    any(f"vitcore.{room}.{kind}" in command for room in ("runs", "engines"))
                    and str(self.results.root) in command
                ):
                    found.append(process)
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit("ended before its time"))  # nothing is left running
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        soak = Soak(Path(folder), arguments.seed, arguments.epochs)
        try:
            soak.fire(arguments.kills)
            soak.settle()
        finally:
            soak.end()
    print(f"{sum(soak.kills.values())} kills in {time.monotonic() - soak.began:.0f} s: {_counted(soak.kills)}")
    for kind, found in soak.moments.items():
        print(f"  {kind}: {_counted(found)}")
    witness = soak.witness
    print(
        f"status right at most {witness.slowest:.2f} s after the kill; the server came back {soak.server.starts} times"
    )
    print(
        f"{len(witness.notes)} runs, {witness.count()} epochs witnessed: none lost, none changed, no file half-written"
    )


def _counted(found: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in found.most_common())


if __name__ == "__main__":
    main()
