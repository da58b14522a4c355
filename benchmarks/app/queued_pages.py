"""Home and Live with ten queued runs and with a thousand: the server's CPU time for a page, and the ratio of the two.

    python -m benchmarks.app.queued_pages [10 1000] [--repeats 7]

Pages are run as the server runs them, by Streamlit's AppTest, on two results folders in turn. What they send is the
same first few runs either way, so what could grow is the server's part; its CPU time hardly depends on what else the
machine does. One run trains by its journal; nobody takes the queue up.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from streamlit.testing.v1 import AppTest

from benchmarks.app.seconds import say
from tests.pages.opening import PAGES, ROOT
from tests.pages.texts import tell
from vitcore.runs import locks, queue
from vitcore.runs.folder import ENVIRONMENT, Results
from vitcore.spec import RunSpec


def filled(results: Results, count: int, stack: ExitStack) -> None:
    """So many runs wait behind one that trains; a dispatcher seems to live until the stack is left."""
    stack.enter_context(locks.lock(queue.dispatcher_lock(results, "cpu")).acquire())
    began = time.process_time()
    for seed in range(count):
        queue.enqueue(results, RunSpec.of(seed=seed, epochs=3))
    took = time.process_time() - began
    print(f"{count:,} runs queued one by one: {1000 * took / count:.1f} ms of CPU time each", flush=True)
    folder = tell(results, RunSpec.of(epochs=100), status=None, epochs=5)
    stack.enter_context(locks.lock(folder.alive).acquire())


def opened(results: Results, page: str) -> AppTest:
    """A page of this results folder, twice run: what is imported or read once is there."""
    os.environ[ENVIRONMENT] = str(results.root)
    app = AppTest.from_file(str(ROOT / "pages" / "navigation.py"), default_timeout=300)
    app.run()
    if page != "home":
        app.switch_page(PAGES[page])
    app.run()
    assert not app.exception, [error.value for error in app.exception]
    return app


def cost(results: Results, app: AppTest) -> float:
    """CPU seconds of this process for the page once more."""
    os.environ[ENVIRONMENT] = str(results.root)
    began = time.process_time()
    app.run()
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", type=int, nargs="*", default=[10, 1000])
    parser.add_argument("--repeats", type=int, default=7)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place, ExitStack() as stack:
        folders = [Results(Path(place) / str(count)) for count in chosen.counts]
        for results, count in zip(folders, chosen.counts, strict=True):
            filled(results, count, stack)
        for name in ("live", "home"):
            apps = [opened(results, name) for results in folders]
            times: list[list[float]] = [[] for _ in folders]
            for _ in range(chosen.repeats):
                for results, app, found in zip(folders, apps, times, strict=True):
                    found.append(cost(results, app))
            for count, found in zip(chosen.counts, times, strict=True):
                say(f"{name} with {count:,} queued runs, CPU time", found)
            print(f"{name}: {statistics.median(times[-1]) / statistics.median(times[0]):.2f} times", flush=True)


if __name__ == "__main__":
    main()
