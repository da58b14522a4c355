"""Draws the ten digits by mouse in Chromium on the Draw page and counts how many a stored run reads rightly.

    python -m benchmarks.app.drawn_digits RUN [--results FOLDER]

Ends with 1 where fewer than eight of ten are right.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.driver import ROOT, chromium, served, settle, visit
from tests.browser.shapes import DIGITS, draw

ENOUGH = 8


def read(page: Page, digit: str) -> str:
    """Draw one digit on a clean canvas and return what the page says it is."""
    clear = page.locator(".st-key-drawing button.clear").last
    if clear.is_enabled():
        clear.click()
        page.locator(".st-key-answer-0").last.wait_for(state="detached")
    draw(page, digit)
    page.locator(".st-key-answer-0").last.wait_for()
    page.wait_for_timeout(1_000)  # the last stroke's answer follows the one before
    settle(page)
    return page.locator(".st-key-answer-0").last.get_by_role("heading").inner_text().strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    chosen = parser.parse_args()
    with served(chosen.results.absolute()) as server, chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        visit(page, f"{server.url}/draw?runs={chosen.run}", "Draw")
        answers = {digit: read(page, digit) for digit in DIGITS}
    right = sum(digit == answer for digit, answer in answers.items())
    for digit, answer in answers.items():
        print(f"{digit} read as {answer}" + ("" if digit == answer else "  <- wrong"))
    print(f"{right} of {len(DIGITS)} right")
    sys.exit(right < ENOUGH)


if __name__ == "__main__":
    main()
