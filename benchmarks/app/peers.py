"""What MLflow and trackio need to hold and to draw as many runs as benchmarks.app.many_runs wrote for us.

They are not dependencies of this project: an environment that has both is named by its Python, and what stands in
LOG_MLFLOW and LOG_TRACKIO runs there.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser
from playwright.sync_api import TimeoutError as NotDrawn

from benchmarks.app.seconds import heap, say, timed

PATIENCE = 120.0  # seconds until a page counts as not drawn
LOGGING = 1500  # seconds that logging may take

LOG_MLFLOW = """
import sys, time
from mlflow import MlflowClient
from mlflow.entities import Metric
runs, epochs, uri = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
client = MlflowClient(uri)
experiment = client.create_experiment("vitcore", tags={"mlflow.experimentKind": "custom_model_development"})
names = ("train_loss", "test_loss", "accuracy", "error_percent", "f1", "learning_rate")
began = time.perf_counter()
for number in range(runs):
    run = client.create_run(experiment, run_name=f"run-{number}").info.run_id
    lines = [Metric(name, number / (epoch + 1), 0, epoch) for epoch in range(epochs) for name in names]
    client.log_batch(run, metrics=lines)
    client.set_terminated(run)
print(time.perf_counter() - began)
began = time.perf_counter()
found, token = 0, None
while True:
    page = client.search_runs([experiment], max_results=1000, page_token=token)
    found, token = found + len(page), page.token
    if not token:
        break
print(time.perf_counter() - began, found)
"""

LOG_TRACKIO = """
import sys, time
from trackio.sqlite_storage import SQLiteStorage
runs, epochs = int(sys.argv[1]), int(sys.argv[2])
names = ("train_loss", "test_loss", "accuracy", "error_percent", "f1", "learning_rate")
began = time.perf_counter()
for number in range(runs):
    lines = [{name: number / (epoch + 1) for name in names} for epoch in range(epochs)]
    SQLiteStorage.bulk_log("vitcore", f"run-{number}", lines)
print(time.perf_counter() - began)
began = time.perf_counter()
found = [SQLiteStorage.get_logs("vitcore", name)[-1] for name in SQLiteStorage.get_runs("vitcore")]
print(time.perf_counter() - began, len(found))
"""


READY = {  # whether a page stands, given how many runs there are
    "MLflow": "runs => document.querySelectorAll('[role=row]').length > Math.min(runs, 20)",
    "trackio": """runs => document.body.innerText.includes(`Runs (${runs})`)
        && document.querySelectorAll('.vega-embed canvas').length >= 6""",
}


def peers(browser: Browser, python: Path, folder: Path, runs: int, epochs: int, repeats: int) -> None:
    """Log, summarize and draw with both; a line each."""
    store = f"sqlite:///{folder / 'mlflow.db'}"
    home = {**os.environ, "TRACKIO_DIR": str(folder / "trackio"), "MLFLOW_TRACKING_URI": store}
    _log(python, LOG_MLFLOW, [str(runs), str(epochs), store], home, "MLflow")
    port = _free()
    command = [str(python.parent / "mlflow"), "ui", "--backend-store-uri", store, "--port", str(port)]
    with _server(command, home, port):
        _draw(browser, f"http://127.0.0.1:{port}/#/experiments/1/runs", "MLflow", runs, repeats)
    _log(python, LOG_TRACKIO, [str(runs), str(epochs)], home, "trackio")
    port = _free()
    show = f"import trackio; trackio.show('vitcore', server_port={port}, open_browser=False, block_thread=True)"
    with _server([str(python), "-c", show], home, port):
        _draw(browser, f"http://127.0.0.1:{port}/?project=vitcore", "trackio", runs, repeats)


def _log(python: Path, script: str, arguments: list[str], home: dict[str, str], who: str) -> None:
    done = subprocess.run(
        [str(python), "-c", script, *arguments], env=home, capture_output=True, text=True, timeout=LOGGING, check=False
    )
    if done.returncode:
        print(f"{who}: logging failed: {(done.stderr.strip().splitlines() or ['?'])[-1]}", flush=True)
        return
    logged, summary = done.stdout.strip().splitlines()[-2:]
    seconds, found = summary.split()
    say(f"{who}, all runs logged", [float(logged)])
    say(f"{who}, summary of all {found} runs", [float(seconds)])


def _draw(browser: Browser, url: str, who: str, runs: int, repeats: int) -> None:
    """Seconds from opening the address until the runs stand there: the first time, and again from a blank page."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(PATIENCE * 1000)

    def opened() -> None:
        page.goto(url, wait_until="commit")
        page.wait_for_function(READY[who], arg=runs)

    try:
        say(f"{who}, its page opened", [timed(opened)])
        again = []
        for _ in range(repeats):
            page.goto("about:blank")
            again.append(timed(opened))
            if sum(again) > PATIENCE:
                break
        say("the same once more", again)
        heap("heap of the page", page)
    except NotDrawn:
        print(f"{who + ', its page':<58}not drawn in {PATIENCE:.0f} s", flush=True)
    page.close()


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _server(command: list[str], home: dict[str, str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, env=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
                    break
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
        yield
    finally:
        process.terminate()
        process.wait(20)
