"""Engines under fire: nodes, heads, dispatchers, servers are killed, jobs timed out; no epoch may be lost or changed.

    python -m benchmarks.robustness.engines [node stream images head app cancel slurm] [--seeds 3]

Each trial has a results folder of its own. What its runs tell is held against the same specs trained in this process by
no engine: every epoch once, with the same loss and test error.

    node    a Ray cluster of two nodes of one CPU, 12 settings of so many seeds; one raylet is killed in mid-run
    stream  the same on nodes that cannot see the results folder, which lies hidden from them: what runs learn comes
            back through Ray; how late an epoch comes, and how many bytes a run moves
    images  2 runs of a person's own images, at a path that the nodes cannot see: they are brought there once, and the
            runs tell the same as here
    head    as `node`, 12 runs: all that makes up the head is killed in mid-run, the cluster begun again at its address
    app     the same, 12 runs: the app's server and the dispatcher are killed, and the server is started again
    cancel  the same: two runs train, and the 100 that wait behind them are cancelled
    slurm   40 runs by submitit's executor for one machine, two of them timed out (USR2) in mid-run
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import psutil
from PIL import Image

from benchmarks.robustness.ray_nodes import HiddenNodes, Nodes, hidden_nodes, nodes
from benchmarks.robustness.undisturbed import compared, specs, undisturbed
from benchmarks.robustness.visitor import Visitor, start_server
from tests.runs.processes import end_all, started_here
from vitcore.runs import engine_settings, journal, queue
from vitcore.runs.engine_settings import EngineSettings
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

EPOCHS = 12
PATIENCE = 2_400.0
MIDDLE = range(2, 10)
"""Epochs told of a run that is in the midst of its 12."""


def until(happened: Callable[[], object], what: str) -> float:
    """Waits; the seconds that it took. Raises SystemExit where it does not happen."""
    began = time.monotonic()
    while not happened():
        if time.monotonic() - began > PATIENCE:
            raise SystemExit(f"waited {PATIENCE:.0f} s in vain until {what}")
        time.sleep(0.02)
    return time.monotonic() - began


def lines_of(results: Results, id: str, event: str) -> list[dict[str, object]]:
    """The lines of one kind that a run has told."""
    return [dict(line) for line in journal.stream(results.run(id).events)[0] if line.get("event") == event]


def finished(results: Results, ids: list[str]) -> list[str]:
    return [id for id in ids if queue.status(results, id) == "finished"]


def training(results: Results, ids: list[str], below: int | None = None) -> str | None:
    """A run in the midst of its epochs; of those below a process, as a node's raylet is, where one is named."""
    for id in ids:
        if queue.status(results, id) == "running" and len(lines_of(results, id, "epoch")) in MIDDLE:
            with suppress(psutil.NoSuchProcess):
                worker = psutil.Process(int(str(lines_of(results, id, "taken")[-1]["pid"])))
                if below is None or below in [parent.pid for parent in worker.parents()]:
                    return id
    return None


def queued(results: Results, runs: list[RunSpec]) -> list[str]:
    return [queue.enqueue(results, spec) for spec in runs]


def ended(results: Results, ids: list[str], runs: list[RunSpec]) -> bool:
    """Waits for all of them, and says how they compare."""
    seconds = until(lambda: len(finished(results, ids)) == len(ids), "all have finished")
    verdict = compared(results, ids, [undisturbed(spec) for spec in runs])
    again = sum(len(lines_of(results, id, "taken")) - 1 for id in ids)
    print(f"  {seconds:.0f} s later all had finished, {again} times taken up again")
    print(f"  {verdict}", flush=True)
    return verdict.well


def midway(results: Results, ids: list[str], below: int | None = None) -> str:
    """Waits until a third has finished and another is in the midst of it; that one."""
    until(lambda: len(finished(results, ids)) >= len(ids) // 3, "a third has finished")
    found: list[str] = []
    until(lambda: found.extend(filter(None, [training(results, ids, below)])) or found, "a run is in its midst")
    return found[0]


def node(results: Results, seeds: int = 3) -> bool:
    runs = specs(12, seeds, EPOCHS)
    with nodes() as cluster:
        ids = on(results, cluster, runs)
        midway(results, ids, cluster.raylet())
        cluster.kill_other()
        print(f"  a raylet was killed when {len(finished(results, ids))} of {len(ids)} had finished", flush=True)
        return ended(results, ids, runs)


def stream(results: Results, seeds: int = 3) -> bool:
    runs = specs(12, seeds, EPOCHS)
    with hidden_nodes(results.root) as cluster, Lags(results) as lags:
        ids = on(results, cluster, runs)
        midway(results, ids, cluster.raylet())
        cluster.kill_other()
        print(f"  a raylet was killed when {len(finished(results, ids))} of {len(ids)} had finished", flush=True)
        well = ended(results, ids, runs)
    sent, back = moved(results)
    print(f"  an epoch was in the journal here {median(lags.found):.2f} s after its line was written there (median of "
          f"{len(lags.found)}; at most {max(lags.found):.2f} s)")  # fmt: skip
    print(f"  {median(sent):,.0f} bytes were sent to a node for a run and {median(back):,.0f} came back (medians of "
          f"{len(sent)}; at most {max(sent):,} and {max(back):,})", flush=True)  # fmt: skip
    return well and len(lags.found) >= len(ids) * EPOCHS


def images(results: Results) -> bool:
    hidden = results.root.parent / "hidden"
    place = own_images(hidden / "own images")
    runs = [RunSpec.of(spec, dataset="folder", folder=str(place), samples=None) for spec in specs(2, 1, EPOCHS)]
    with hidden_nodes(hidden, VITCORE_DATA=str(results.root.parent / "data of the nodes")) as cluster:
        ids = on(results, cluster, runs)
        well = ended(results, ids, runs)
    log = queue.dispatcher_lock(results, "ray").with_suffix(".log").read_text()
    sent = re.findall(r"was sent to node \S+: ([\d,]+) bytes", log)
    print(f"  sent once to a data folder that the nodes share: {', '.join(sent)} bytes", flush=True)
    return well and bool(sent)


def own_images(place: Path) -> Path:
    """Sixty images of two classes in folders of their own, a third of them to test on."""
    generator = np.random.default_rng(0)
    for split, count in (("train", 20), ("test", 10)):
        for name, level in (("dark", 0), ("light", 128)):
            folder = place / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(level, level + 128, (28, 28, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.png")
    return place


class Lags:
    """How many seconds after its writing each epoch's line is here; watched by a thread, clocks being one machine's."""

    def __init__(self, results: Results) -> None:
        self.found: list[float] = []
        self._results, self._over = results, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Lags:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        read: dict[Path, int] = {}
        while not self._over.wait(0.02):
            for path in self._results.runs.glob("*/events.jsonl"):
                if path.stat().st_size != read.get(path, 0):
                    lines, read[path] = journal.stream(path, read.get(path, 0))
                    self.found += [time.time() - line["at"] for line in lines if line.get("event") == "epoch"]


def moved(results: Results) -> tuple[list[int], list[int]]:
    """Bytes sent to nodes, and come back, of each attempt, as the dispatcher's log has them."""
    log = queue.dispatcher_lock(results, "ray").with_suffix(".log").read_text()
    found = re.findall(r"([\d,]+) bytes were sent to its node and ([\d,]+) came back", log)
    sent, back = zip(*[(int(sent.replace(",", "")), int(back.replace(",", ""))) for sent, back in found], strict=True)
    return [*sent], [*back]


def head(results: Results) -> bool:
    runs = specs(12, 1, EPOCHS)
    with nodes() as cluster:
        ids = on(results, cluster, runs)
        midway(results, ids)
        cluster.kill_head()
        print(f"  the head was killed when {len(finished(results, ids))} of {len(ids)} had finished", flush=True)
        time.sleep(10)
        cluster.begin()
        print("  and a cluster begun again at its address 10 s later", flush=True)
        return ended(results, ids, runs)


def app(results: Results) -> bool:
    runs = specs(12, 1, EPOCHS)
    log = results.root.parent / "server.log"
    with nodes() as cluster:
        server, port = start_server(results.root, log)
        wrong = Visitor(port).open("live")
        ids = on(results, cluster, runs)
        midway(results, ids)
        dispatchers = [each for each in started_here(results) if "vitcore.engines.dispatcher" in each.cmdline()]
        for each in (server, *dispatchers):
            each.kill()
        server.wait()
        print(f"  the server and {len(dispatchers)} dispatcher were killed when {len(finished(results, ids))} of "
              f"{len(ids)} had finished", flush=True)  # fmt: skip
        time.sleep(5)
        server, port = start_server(results.root, log)
        try:
            wrong += Visitor(port).open("live")
            print(f"  the server was started again; its pages said of errors: {wrong or 'nothing'}", flush=True)
            return ended(results, ids, runs) and not wrong
        finally:
            server.kill()
            server.wait()


def cancel(results: Results) -> bool:
    """What waits may be cancelled while a dispatcher hands it over."""
    with nodes() as cluster:
        busy = on(results, cluster, specs(2, 1, 10_000))
        until(lambda: all(lines_of(results, id, "epoch") for id in busy), "two train")
        waiting = queued(results, specs(5, 20, EPOCHS))
        queue.pause(results, busy[0])  # a place is free while the others go
        began = time.monotonic()
        queue.withdraw(results, waiting)
        took = time.monotonic() - began
        for id in busy:
            with suppress(Exception):
                queue.stop(results, id)
        until(lambda: not any(queue.status(results, id) in ("queued", "running") for id in busy), "the two have ended")
        until(lambda: not list(started_here(results)), "the dispatcher has gone")
        words = [queue.status(results, id) for id in waiting]
        begun = sum(bool(lines_of(results, id, "taken")) for id in waiting)
        left = len([id for id in (*waiting, *busy) if results.run(id).placed.exists()])
        print(f"  100 runs cancelled in {took:.1f} s: {words.count('cancelled')} read cancelled, {begun} had begun; "
              f"{left} marks of an engine left, no dispatcher left", flush=True)  # fmt: skip
        return words.count("cancelled") + begun >= 100 and not left and not queue.queued(results)


def slurm(results: Results) -> bool:
    runs = specs(20, 2, EPOCHS)
    engine_settings.store(results, EngineSettings(engine="slurm", cluster="local", cpus=1))
    ids = queued(results, runs)
    for _ in range(2):
        id = midway(results, [id for id in ids if not lines_of(results, id, "ended") or id in finished(results, ids)])
        job = psutil.Process(int(str(lines_of(results, id, "taken")[-1]["pid"]))).parent()
        assert job is not None
        job.send_signal(signal.SIGUSR2)
        print(f"  a job was timed out when {len(finished(results, ids))} of {len(ids)} had finished", flush=True)
        until(lambda id=id: lines_of(results, id, "ended"), "it has paused")  # type: ignore[misc]
    well = ended(results, ids, runs)
    twice = sum(len(lines_of(results, id, "epoch")) != EPOCHS for id in ids)
    print(f"  {twice} journals in which an epoch is missing or stands twice")
    return well and not twice


def on(results: Results, cluster: Nodes | HiddenNodes, runs: list[RunSpec]) -> list[str]:
    """Queues runs for a cluster."""
    engine_settings.store(results, EngineSettings(engine="ray", address=cluster.address))
    return queued(results, runs)


TRIALS: dict[str, Callable[[Results], bool]] = {
    "node": node,
    "stream": stream,
    "images": images,
    "head": head,
    "app": app,
    "cancel": cancel,
    "slurm": slurm,
}

SEEDED: dict[str, Callable[..., bool]] = {"node": node, "stream": stream}
"""Trials of as many seeds as one says."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trials", nargs="*", default=[*TRIALS], help=", ".join(TRIALS))
    parser.add_argument("--seeds", type=int, default=3, help="of `node` and `stream`; 3 where nothing is said")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit("ended before its time"))  # nothing is left running
    failed = []
    for name in chosen.trials:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
            results = Results(Path(place) / "results")
            began = time.monotonic()
            print(f"{name}:", flush=True)
            try:
                trial = partial(SEEDED[name], seeds=chosen.seeds) if name in SEEDED else TRIALS[name]
                if not trial(results):
                    failed.append(name)
            finally:
                end_all(results)
            print(f"  {time.monotonic() - began:.0f} s in all, load {os.getloadavg()[0]:.1f}", flush=True)
    raise SystemExit(f"not held: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
