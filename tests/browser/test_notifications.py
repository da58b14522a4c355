"""The browser's own notification of a run that ends while Live shows it: off until asked for, and refused in words.

What the browser shows cannot be read back, so a recorder stands in for its Notification.
"""

from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import served, visit
from tests.pages.texts import tell
from vitcore.runs import locks
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.journal import Journal
from vitcore.spec import RunSpec

RECORDER = """
window.notified = []
window.Notification = class {
  static permission = "STATE"
  static requestPermission = async () => (window.Notification.permission = "ANSWER")
  constructor(title, options) { window.notified.push([title, options.body]) }
}
"""
SWITCH = ".vitcore-notifier input"


def recorded(page: Page, permission: str = "default", answer: str = "granted") -> None:
    page.add_init_script(RECORDER.replace("STATE", permission).replace("ANSWER", answer))


def end(run: RunFolder, status: str, reason: str) -> None:
    events = Journal(run.events)
    events.append({"event": "ended", "status": status, "reason": reason, "epochs": 2, "training_seconds": 9.0})
    events.close()


def test_runs_that_end_are_told_of_once_asked_for_and_no_others(page: Page, tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    recorded(page)
    before = tell(results, RunSpec.of(name="ended long ago", epochs=2))
    names = ("unasked", "diverging", "later")
    runs = [tell(results, RunSpec.of(name=name, epochs=9, seed=1), status=None, epochs=2) for name in names]
    unasked, diverging, later = runs
    with ExitStack() as locked, served(results.root) as server:
        for run in runs:
            locked.enter_context(locks.lock(run.alive).acquire())
        visit(page, f"{server.url}/live?runs={','.join(run.id for run in (before, *runs))}", "Live")
        switch = page.locator(SWITCH)
        expect(switch).not_to_be_checked()
        end(unasked, "finished", "all done")
        expect(page.locator(f'tr[data-run="{unasked.id}"] .status')).to_have_text("finished")

        switch.check()
        expect(switch).to_have_attribute("data-ended", "2")
        end(diverging, "diverged", "the loss is no number")
        page.wait_for_function("window.notified.length")
        assert page.evaluate("window.notified") == [["vitcore", "diverging diverged: the loss is no number"]]

        recorded(page, "granted")
        page.reload()  # the wish is the browser's, and what has ended by then is no news
        expect(page.locator(SWITCH)).to_be_checked()
        expect(page.locator(SWITCH)).to_have_attribute("data-ended", "3")
        end(later, "finished", "all done")
        page.wait_for_function("window.notified.length")
        assert page.evaluate("window.notified") == [["vitcore", "later finished"]]


@pytest.mark.parametrize(
    ("permission", "answer", "says"),
    [("denied", "denied", "has notifications blocked"), ("default", "default", "was not given leave")],
)
def test_a_browser_that_may_not_is_said_and_stays_off(
    page: Page, tmp_path: Path, permission: str, answer: str, says: str
) -> None:
    results = Results(tmp_path / "results")
    tell(results, RunSpec.of(epochs=2))
    recorded(page, permission, answer)
    with served(results.root) as server:
        visit(page, f"{server.url}/live", "Live")
        page.locator(SWITCH).click()
        expect(page.locator(".vitcore-notifier [role=status]")).to_contain_text(says)
        expect(page.locator(SWITCH)).not_to_be_checked()
        assert page.evaluate("localStorage.getItem('vitcore-notify')") is None
