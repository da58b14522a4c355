"""How many answers a second the Draw page gives while somebody draws, in Chromium, and the model alone without a page.

    python -m benchmarks.app.drawn_answers [RUN] [--results FOLDER] [--seconds 10]

Without a run a CCT-2 with fresh weights is asked: what it answers does not change how long it takes. An answer counts
once the image as the model sees it stands on the page, which follows each stretch of the stroke. Ends with 1 below
five a second.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from pathlib import Path

import psutil
from playwright.sync_api import Page

from pages.draw.canvas import IMAGE_SIZE, drawn_image
from tests.browser.driver import ROOT, chromium, served, visit
from tests.pages.texts import give_weights, tell
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.predict import load, predict
from vitcore.spec import RunSpec

ENOUGH = 5.0
COUNT = """() => {
    const seen = (window.answers = [])
    let last = ""
    new MutationObserver(() => {
        const image = document.querySelector('img[alt="The image as the model sees it"]')
        if (image && image.src !== last) { last = image.src; seen.push(performance.now()) }
    }).observe(document.body, { childList: true, subtree: true, attributes: true })
}"""


def path(share: float) -> tuple[float, float]:
    """A spiral on a square of 0 to 1 that never crosses its own last turn, so that every answer's image is new."""
    turn, radius = 14 * math.pi * share, 0.08 + 0.34 * share
    return 0.5 + radius * math.cos(turn), 0.5 + radius * math.sin(turn)


def on_the_page(page: Page, seconds: float) -> float:
    """Answers a second from the first to the last, while one stroke grows all the time."""
    canvas = page.locator(".st-key-drawing canvas").last
    box = canvas.bounding_box()
    assert box is not None

    def move(share: float) -> None:
        x, y = path(share)
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])

    move(0)
    page.mouse.down()
    began = time.monotonic()
    while (gone := time.monotonic() - began) < seconds:
        move(gone / seconds)
        time.sleep(0.02)
    moments: list[float] = page.evaluate("window.answers")
    page.mouse.up()
    page.locator(".st-key-answer-0").last.wait_for()  # the first time torch is loaded on the way
    return 1000 * (len(moments) - 1) / (moments[-1] - moments[0]) if len(moments) > 1 else 0.0


def alone(run: RunFolder, seconds: float) -> tuple[float, float]:
    """Predictions a second by vitcore.runs.predict, an image's preparation included, and CPU ms of one.

    The second figure stands also where other work takes the cores meanwhile.
    """
    loaded, drawing = (
        load(run),
        drawn_image([[[IMAGE_SIZE * x, IMAGE_SIZE * y] for x, y in map(path, (0.0, 0.1, 0.2, 0.3))]]),
    )
    predict(loaded, drawing)
    count, began, spent = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        predict(loaded, drawing)
        count += 1
    return count / (time.perf_counter() - began), 1000 * (time.process_time() - spent) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?")
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--seconds", type=float, default=10.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        results = Results(chosen.results if chosen.run else place)
        run = results.run(chosen.run) if chosen.run else tell(results, RunSpec.of(architecture="cct-2/3x2", epochs=1))
        if not chosen.run:
            give_weights(run)
        name = run.spec().title()
        model, milliseconds = alone(run, min(chosen.seconds, 3.0))
        with served(results.root) as server, chromium() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            visit(page, f"{server.url}/draw?runs={run.id}", "Draw")
            page.evaluate(COUNT)
            on_the_page(page, 2.0)
            page.locator(".st-key-drawing button.clear").last.click()
            page.wait_for_timeout(1_000)
            page.evaluate("window.answers.length = 0")
            before = sum(psutil.Process(server.process.pid).cpu_times()[:2])
            known = on_the_page(page, chosen.seconds)
            spent = sum(psutil.Process(server.process.pid).cpu_times()[:2]) - before
            answers = page.evaluate("window.answers.length")
    print(f"{name}: {known:.1f} answers/s on the page, {1000 * spent / max(1, answers):.0f} ms of the server each")
    print(f"the model alone: {model:.0f}/s, {milliseconds:.1f} ms of CPU each")
    sys.exit(known < ENOUGH)


if __name__ == "__main__":
    main()
