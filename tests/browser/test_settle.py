"""A person asks a question on the page Settle and sees it answered; on a phone nothing is wider than the screen."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.driver import PATIENCE, TRAINED, served, settle, visit, wait_for_points
from tests.pages.texts import tell
from vitcore.runs.folder import Results
from vitcore.settle.question import ask, load, questions
from vitcore.settle.wishes import end
from vitcore.spec import RunSpec

SETTINGS = tuple(
    RunSpec.of(architecture="cct-mini/3x3", kernel=kernel, dataset="digits", samples=64, batch_size=32, epochs=1)
    for kernel in ("softmax", "relu", "x^4")
)


@pytest.mark.timeout(600)
def test_a_question_is_asked_by_keyboard_and_answered_by_training(page: Page, tmp_path: Path) -> None:
    """Two stored seeds of each, far apart; the third and whatever else it takes are trained."""
    results = Results(tmp_path / "results")
    for seed in range(2):
        for setting, error in zip(SETTINGS, (80.0, 81.0), strict=False):
            tell(results, RunSpec.of(setting, seed=seed), error=error)
    with served(results.root) as server:
        visit(page, f"{server.url}/settle", "Settle")
        expect(page.get_by_text("Nothing was asked yet.")).to_be_visible()
        expect(page.get_by_role("button", name="Settle", exact=True)).to_be_disabled()
        chooser = page.locator(".st-key-settle-settings input").last
        for _ in range(2):
            chooser.click()
            page.get_by_role("option").first.wait_for()
            page.keyboard.press("Enter")
            settle(page)
        page.keyboard.press("Escape")
        margin = page.locator(".st-key-settle-margin input").last
        margin.fill("90")
        margin.press("Tab")
        budget = page.locator(".st-key-settle-budget input").last
        budget.fill("12")
        budget.press("Tab")
        settle(page)
        page.get_by_role("button", name="Settle", exact=True).click()
        card = page.locator('[class*="st-key-question-"]').last
        expect(card).to_contain_text("answered", timeout=3 * TRAINED)  # several runs, one after the other
        expect(card).to_contain_text("no difference as large as 90 points (")
        wait_for_points(page, f"narrowing-{questions(results)[0].key}-0", 3)
        expect(card.get_by_role("link", name="Watch the runs")).to_be_visible()
    (question,) = questions(results)
    assert load(results, question.key).ended == "answered"
    assert len(results.ids()) > 4, "what was not stored was trained"


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 390), ("light", 1440)])
def test_nothing_is_wider_than_the_screen(browser: Browser, tmp_path: Path, scheme: str, width: int) -> None:
    """Long names of three settings, intervals of every pair, all buttons: the page scrolls down only."""
    results = Results(tmp_path / "results")
    wide = [RunSpec.of(each, learning_rate=0.001 * (place + 1)) for place, each in enumerate(SETTINGS)]
    for place, setting in enumerate(wide):
        for seed in range(3):
            tell(results, RunSpec.of(setting, seed=seed), error=6.0 + place + seed % 2)
    question = ask(results, wide, 0.5, 9)
    end(results, question, "spent", "The budget of 9 runs is spent; what is open stays open.")
    with served(results.root) as server:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        visit(page, f"{server.url}/settle", "Settle")
        wait_for_points(page, f"narrowing-{question.key}-2", 2)
        main = page.get_by_test_id("stMain")
        assert main.evaluate("one => one.scrollWidth <= one.clientWidth")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        ways = page.locator(f".st-key-ways-{question.key}")
        link = ways.get_by_role("link", name="Watch the runs").bounding_box()
        button = ways.get_by_role("button", name=re.compile("Go on")).bounding_box()
        assert link
        assert button
        middles = [box["y"] + box["height"] / 2 for box in (link, button)]
        assert abs(middles[0] - middles[1]) < 3, "a link and the buttons beside it stand on one line"
        context.close()
