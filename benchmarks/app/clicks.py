"""How many clicks it takes from Home to a settled question, counted while a browser makes them.

    python -m benchmarks.app.clicks

Two ways, each with the mouse alone and nothing typed: with a sweep of two settings stored, and from an empty results
folder, where the sweep is launched first, as Train proposes it. Runs of the second are real and may take half an hour;
how long they take is not counted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.driver import PATIENCE, chromium, served, settle, visit
from tests.pages.texts import tell
from tests.runs.processes import end_all
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

MOST = 1_800_000  # milliseconds in which the real runs of a question end
SMALL = RunSpec.of(architecture="cct-mini/3x3", samples=64, batch_size=32, epochs=1)


class Hand:
    """A mouse that counts its presses and says each."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks = page, 0

    def press(self, target: Locator, what: str) -> None:
        target.click()
        settle(self.page)
        self.clicks += 1
        print(f"  {self.clicks}. {what}", flush=True)


def ask(hand: Hand) -> None:
    """From any page to a question about the two settings that are stored."""
    page = hand.page
    hand.press(page.get_by_test_id("stSidebarNavLink").get_by_text("Settle", exact=True), "Settle in the sidebar")
    expect(page.get_by_role("heading", level=1)).to_have_text("Settle")
    field = page.locator(".st-key-settle-settings input").last
    hand.press(field, "the field Settings")
    for which in ("first", "second"):
        if not page.get_by_role("option").count():
            hand.press(field, "the field again")
        hand.press(page.get_by_role("option").first, f"its {which} setting")
    page.keyboard.press("Escape")
    answered(hand)


def launch(hand: Hand) -> None:
    """From Home to Live with a sweep over two kernels, all else as it stands, and on to the question about them."""
    page = hand.page
    hand.press(page.get_by_test_id("stSidebarNavLink").get_by_text("Train", exact=True), "Train in the sidebar")
    expect(page.get_by_role("heading", level=1)).to_have_text("Train")
    hand.press(page.locator(".st-key-fold-sweep summary").last, "the fold Sweep")
    hand.press(page.locator(".st-key-sweep-over input").last, "the field Options that vary")
    hand.press(page.get_by_role("option", name="Attention kernel", exact=True), "its option Attention kernel")
    page.keyboard.press("Escape")
    hand.press(page.locator(".st-key-field-kernel-several input").last, "the field Attention kernel")
    hand.press(page.get_by_role("option").nth(1), "another kernel")  # the first offers all of them
    page.keyboard.press("Escape")
    hand.press(page.get_by_role("button", name="Launch 2 runs"), "the button Launch 2 runs")
    expect(page.get_by_role("heading", level=1)).to_have_text("Live")
    hand.press(page.get_by_role("link", name="Settle which"), "the link Settle which of these 2 settings is better")
    expect(page.get_by_role("heading", level=1)).to_have_text("Settle")
    answered(hand)


def answered(hand: Hand) -> None:
    """The question is asked as the form has it, and runs until it ends."""
    hand.press(hand.page.get_by_role("button", name="Settle", exact=True), "the button Settle")
    card = hand.page.locator('[class*="st-key-question-"]').last
    expect(card).to_contain_text("answered", timeout=MOST)
    print("  " + " ".join(card.inner_text().split())[:200])


def counted(way: Callable[[Hand], None], stored: bool) -> int:
    """Clicks of one way, in a browser and a results folder of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, chromium() as browser:
        results = Results(Path(folder))
        for kernel in ("softmax", "relu") if stored else ():
            for seed in range(8):
                error = 30.0 + 20 * (kernel == "relu") + seed % 3
                tell(results, RunSpec.of(SMALL, kernel=kernel, seed=seed), error=error)
        try:
            with served(results.root) as server:
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                page.set_default_timeout(PATIENCE)
                visit(page, server.url)
                hand = Hand(page)
                way(hand)
        finally:
            end_all(results)
    return hand.clicks


def main() -> None:
    print("a sweep of two kernels with eight seeds is stored:")
    print(f"from Home to a settled question: {counted(ask, stored=True)} clicks")
    print("nothing is stored, the sweep is launched first:")
    print(f"from Home to a settled question: {counted(launch, stored=False)} clicks")


if __name__ == "__main__":
    main()
