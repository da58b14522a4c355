"""Those who use one results folder at once in together.py beside this: each goes on until told that it is over."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from websockets.exceptions import WebSocketException

from benchmarks.robustness.visitor import ROOT, Visitor
from vitcore import processes
from vitcore.runs import queue
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

if TYPE_CHECKING:
    from benchmarks.robustness.witness import Heard

PAGES = ("live", "compare", "", "train")
PAUSE = 1.0  # seconds between two looks of a person


@contextmanager
def workers(results: Results, count: int) -> Iterator[list[str]]:
    """So many runs that train at once: one a lane, as on a machine with as many devices, all on the CPU."""
    spec = RunSpec.of(architecture="cnn", samples=64, batch_size=16, epochs=10_000, device="cpu")
    ids, started = [], []
    for seed in range(count):
        folder = results.create(
            spec.model_copy(update={"seed": seed}), {"queued.json": {"at": time.time(), "device_queue": f"cuda-{seed}"}}
        )
        ids.append(folder.id)
        with folder.log.open("ab") as log:
            arguments = [folder.id, "--device", f"cuda-{seed}", "--results", str(results.root)]
            started.append(processes.start("benchmarks.robustness.side_by_side", arguments, log, detached=True))
    try:
        yield ids
    finally:
        for id in ids:
            if queue.status(results, id) == "running":
                queue.stop(results, id)
        for process in started:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def visits(results: Results, over: threading.Event, heard: Heard, port: int) -> None:
    """A person's tour of one server."""
    visitor = Visitor(port)
    warm = False
    while not over.is_set():
        for page in PAGES:
            began = time.monotonic()
            try:
                wrong = visitor.open(page)
            except (OSError, WebSocketException) as error:
                wrong = [f"no answer: {error!r}"]
                visitor = Visitor(port)
            if warm:  # the first round imports what pages need
                heard.took("a page", time.monotonic() - began)
            heard.wrong += [f"page {page or 'home'}: {text}" for text in wrong]
            over.wait(PAUSE)
        warm = True
    visitor.close()


def notebook(results: Results, over: threading.Event, heard: Heard) -> None:
    """Reads a copy of runs.duckdb, as results/README.md tells notebooks to."""
    while not over.wait(PAUSE):
        if not results.snapshot.exists():
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as place:
            copy = Path(place) / "runs.duckdb"
            shutil.copyfile(results.snapshot, copy)
            try:
                with duckdb.connect(str(copy), read_only=True) as con:
                    con.execute("SELECT run_id, max(epoch) FROM epochs GROUP BY run_id").fetchall()
            except duckdb.Error as error:
                heard.wrong.append(f"notebook: {error}")
        heard.took("the notebook", time.monotonic() - began)


def command_line(results: Results, over: threading.Event, heard: Heard) -> None:
    """`vitcore runs --csv`, again and again."""
    while not over.wait(PAUSE):
        began = time.monotonic()
        command = [sys.executable, "-m", "vitcore", "--results", str(results.root), "runs", "--csv"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        heard.took("the command line", time.monotonic() - began)
        if done.returncode:
            heard.wrong.append(f"command line: {done.stderr.strip()}")
