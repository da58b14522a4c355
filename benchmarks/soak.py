"""Kills workers, dispatchers and readers at random moments and holds that nothing reported is lost.

`python benchmarks/soak.py --kills 200`. Ends with a summary and exit code 0, or with the first promise that was broken.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil

from vitcore.runs import journal, queue
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec
from vitcore.store import queries
from vitcore.store.index import Index

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
    time.sleep(0.02)
"""
# What is killed, and how often: `both` leaves an orphan's run with nobody to take it up but the next who looks.
TARGETS = {"worker": 10, "dispatcher": 3, "reader": 3, "both": 2}
PATIENCE = 300.0


class Soak:
    """One results folder under fire, and a witness of every epoch that was ever reported in it."""

    def __init__(self, results: Results, seed: int, epochs: int) -> None:
        self.results, self.epochs = results, epochs
        self.luck = random.Random(seed)
        self.witnessed: dict[str, dict[int, float]] = {}
        self.offsets: dict[str, int] = {}
        self.kills: Counter[str] = Counter()
        self.moments: Counter[str] = Counter()
        self.slowest = 0.0
        self.seed = 0
        self.reader = self._start_reader()

    def fire(self, kills: int) -> None:
        """Kills that many times, each a random while after the last."""
        while sum(self.kills.values()) < kills:
            self._keep_busy()
            if self.luck.random() < 0.7:  # the others are hit while they start
                self._await_epoch()
            self._watch(self.luck.choice((0.02, 0.1, 0.5)) * self.luck.random())
            self._kill(self.luck.choices(list(TARGETS), list(TARGETS.values()))[0])

    def settle(self) -> None:
        """Resumes whatever was interrupted until every run has finished, then compares with what was witnessed."""
        deadline = time.monotonic() + PATIENCE + 30 * len(self.results.ids())
        while unfinished := [id for id in self.results.ids() if queue.status(self.results, id) != "finished"]:
            assert time.monotonic() < deadline, f"{unfinished} never finished"
            for id in unfinished:
                if queue.status(self.results, id) == "interrupted":
                    queue.resume(self.results, id)
            queue.ensure_dispatcher(self.results)
            self._watch(0.3)
        self.end()
        self._check_files()
        for hydrate in (True, False):
            index = Index(self.results, hydrate=hydrate)
            index.poll()
            for id, seen in self.witnessed.items():
                table = queries.epochs(index, [id])
                assert table["epoch"].tolist() == list(range(1, self.epochs + 1)), f"{id}: {table['epoch'].tolist()}"
                told = dict(zip(table["epoch"], table["error_percent"], strict=True))
                assert all(told[epoch] == error for epoch, error in seen.items()), f"{id}: an epoch came out otherwise"
            index.close()

    def end(self) -> None:
        """Ends every process of this results folder."""
        self.reader.kill()
        self.reader.wait()
        for process in (*self._ours("dispatcher"), *self._ours("worker")):
            with suppress(psutil.NoSuchProcess):
                process.kill()
                process.wait(10)

    def _keep_busy(self) -> None:
        for id in self.results.ids():
            if queue.status(self.results, id) == "interrupted" and self.luck.random() < 0.7:
                queue.resume(self.results, id)
        if len(queue.queued(self.results)) < 2:
            self.seed += 1
            spec = RunSpec.of(architecture="cnn", samples=256, batch_size=32, epochs=self.epochs, seed=self.seed)
            queue.enqueue(self.results, spec)
        queue.ensure_dispatcher(self.results)
        if self.reader.poll() is not None:
            self.reader = self._start_reader()

    def _await_epoch(self) -> None:
        """Until another epoch is told, or it has taken too long to wait for one."""
        before, deadline = sum(map(len, self.witnessed.values())), time.monotonic() + 30
        while sum(map(len, self.witnessed.values())) == before and time.monotonic() < deadline:
            self._watch(0.05)

    def _kill(self, target: str) -> None:
        kinds = ("dispatcher", "worker") if target == "both" else (target,)
        victims = [self.reader] if target == "reader" else [p for kind in kinds for p in self._ours(kind)]
        running = [id for id in self.results.ids() if queue.status(self.results, id) == "running"]
        if not victims or (target in ("worker", "both") and not running):
            return
        moments = [self._moment(id) for id in running]
        for victim in victims:
            with suppress(psutil.NoSuchProcess):
                victim.kill()
                victim.wait(10)
        self.kills[target] += 1
        if target in ("worker", "both"):
            self.moments.update(moments)
            self._hold_status(running)
        self._watch(0)
        self._check_files()

    def _hold_status(self, ids: list[str]) -> None:
        """The run of a killed worker does not read "running" for long."""
        began = time.monotonic()
        while any(queue.status(self.results, id) == "running" for id in ids):
            assert time.monotonic() - began < 5, f"{ids} read running five seconds after the kill"
            time.sleep(0.02)
        self.slowest = max(self.slowest, time.monotonic() - began)

    def _moment(self, id: str) -> str:
        """What a run is about to be killed in, as far as its journal and folder tell."""
        folder = self.results.run(id)
        if list(folder.path.glob(".model.safetensors.*")) or list(folder.path.glob(".resume.pt.*")):
            return "checkpoint"
        lines, _ = journal.read(folder.events)
        last = lines[-1]["event"] if lines else "taken"
        return {"taken": "start", "started": "start", "epoch": "between epochs"}.get(last, "step or evaluation")

    def _watch(self, seconds: float) -> None:
        """Notes every epoch that is reported, and holds that what was noted is still there."""
        until = time.monotonic() + seconds
        while True:
            for id in self.results.ids():
                path, offset = self.results.run(id).events, self.offsets.get(id, 0)
                assert not offset or path.stat().st_size >= offset, f"{path} has become shorter"
                lines, self.offsets[id] = journal.read(path, offset)
                for line in lines:
                    if line["event"] == "epoch":
                        self.witnessed.setdefault(id, {})[line["epoch"]] = line["error_percent"]
            if time.monotonic() >= until:
                return
            time.sleep(0.05)

    def _check_files(self) -> None:
        """Every file that has its name is whole."""
        for id in self.results.ids():
            folder = self.results.run(id)
            folder.spec()
            told = {line["epoch"] for line in journal.read(folder.events)[0] if line.get("event") == "epoch"}
            assert self.witnessed.get(id, {}).keys() <= told, f"{id} has lost an epoch"
            if folder.checkpoint.exists():
                with folder.checkpoint.open("rb") as file:
                    header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
                end = max(one["data_offsets"][1] for name, one in header.items() if name != "__metadata__")
                rest = folder.checkpoint.stat().st_size - len(json.dumps(header, separators=(",", ":")))
                assert rest >= end, f"{folder.checkpoint} is cut short"
            if folder.resume_point.exists():
                with zipfile.ZipFile(folder.resume_point) as archive:
                    assert archive.testzip() is None, f"{folder.resume_point} is damaged"

    def _ours(self, kind: str) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                command = process.cmdline()
                if f"vitcore.runs.{kind}" in command and str(self.results.root) in command:
                    found.append(process)
        return found

    def _start_reader(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": sys.path[0]}
        return subprocess.Popen([sys.executable, "-c", READER, str(self.results.root)], env=environment)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit("ended before its time"))  # nothing is left running
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        soak = Soak(Results(Path(folder) / "results ü"), arguments.seed, arguments.epochs)
        began = time.monotonic()
        try:
            soak.fire(arguments.kills)
            soak.settle()
        finally:
            soak.end()
    told = sum(len(epochs) for epochs in soak.witnessed.values())
    killed = ", ".join(f"{count} x {target}" for target, count in soak.kills.items())
    moments = ", ".join(f"{count} in {moment}" for moment, count in soak.moments.items())
    print(f"{sum(soak.kills.values())} kills in {time.monotonic() - began:.0f} s: {killed}")
    print(f"runs were hit: {moments}; status right after at most {soak.slowest:.2f} s")
    print(f"{len(soak.witnessed)} runs, {told} epochs witnessed: none lost, none changed, no file half-written")


if __name__ == "__main__":
    main()
