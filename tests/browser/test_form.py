"""The form in a browser: what is typed is launched or nothing is, and a switch to several choices loses nothing."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.driver import Server, settle, visit
from vitcore.runs.folder import Results
from vitcore.spec.presets import presets

UNREADABLE = [
    ("epochs", "20000", "20000 is more than the most, 10,000"),
    ("epochs", "1e6", "more than the most"),
    ("learning_rate", "0,01", "write 0.01"),
    ("seed", "0 1 2", "cannot be read as it stands"),
]


def cell(name: str) -> str:
    return f".st-key-cell-{name}"


def type_into(page: Page, name: str, text: str) -> None:
    """As a person does, key by key, and on to the next field."""
    box = page.locator(f"{cell(name)} input").last
    box.click()
    box.press("ControlOrMeta+a")
    box.press_sequentially(text)
    box.press("Tab")
    settle(page)


def launch(page: Page) -> None:
    page.get_by_role("button", name="Launch").last.click(force=True)
    settle(page)


def test_what_cannot_be_read_is_said_beside_its_field_and_not_launched(
    page: Page, server: Server, tmp_path: Path
) -> None:
    visit(page, f"{server.url}/train", "Train")
    for name, text, messages in UNREADABLE:
        box = page.locator(f"{cell(name)} input").last
        box.click()
        box.press("ControlOrMeta+a")
        box.press_sequentially(text)
        launch(page)  # straight from the field, so that its text and the press come to the server together
        expect(page.locator(cell(name)).last).to_contain_text(messages)
        expect(box).to_have_value(text)
        expect(page.get_by_role("button", name="Launch").last).to_be_disabled()
        assert Results(tmp_path / "results").ids() == []
        type_into(page, name, "3")
        expect(page.get_by_role("button", name="Launch").last).to_be_enabled()
        expect(page.locator(cell(name)).last).not_to_contain_text(messages)


def test_lists_are_read_as_they_stand(page: Page, server: Server) -> None:
    visit(page, f"{server.url}/train", "Train")
    page.get_by_text("Several choices at once", exact=True).click()
    settle(page)
    for text, runs in (("0 1 2", 3), ("0-4", 5), ("0;1, 2", 3)):
        type_into(page, "seed", text)
        expect(page.get_by_role("button", name=f"Launch {runs} runs")).to_be_enabled()
    for text, messages in (("9-5", "write 5-9"), ("4-0", "write 0-4")):
        type_into(page, "seed", text)
        expect(page.locator(cell("seed")).last).to_contain_text(messages)
        expect(page.get_by_role("button", name="Launch").last).to_be_disabled()


def test_several_choices_keep_the_preset_and_what_was_chosen(page: Page, server: Server) -> None:
    name = next(iter(presets()))
    given = presets()[name].fields
    visit(page, f"{server.url}/train", "Train")
    page.get_by_label("Start from").last.click()
    page.get_by_role("option", name=name).click()
    settle(page)
    type_into(page, "seed", "7")
    page.get_by_text("Several choices at once", exact=True).click()
    settle(page)
    expect(page.locator(cell("architecture")).last).to_contain_text(given["architecture"])
    expect(page.locator(f"{cell('seed')} input").last).to_have_value("7")
    expect(page.locator(f"{cell('epochs')} input").last).to_have_value(str(given["epochs"]))
    type_into(page, "seed", "7-9")
    page.get_by_text("Several choices at once", exact=True).click()
    settle(page)
    expect(page.locator(f"{cell('seed')} input").last).to_have_value("7")
    page.get_by_text("Several choices at once", exact=True).click()
    settle(page)
    expect(page.locator(f"{cell('seed')} input").last).to_have_value("7-9")
    expect(page.get_by_role("button", name="Launch 3 runs")).to_be_enabled()
