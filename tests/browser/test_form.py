"""The form in a browser: three questions by keyboard, folds that stay open, what is typed is launched or nothing is."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.driver import PATIENCE, Server, settle, unfold, visit
from vitcore.runs.folder import Results
from vitcore.spec.presets import presets

UNREADABLE = [
    ("epochs", "20000", "20000 is more than the most, 10,000"),
    ("epochs", "1e6", "more than the most"),
    ("learning_rate", "0,01", "write 0.01"),
    ("seed", "0 1 2", "cannot be read as it stands"),
]
FOLDS = ("fold-training", "fold-optimizer", "fold-seed")  # in which these fields stand


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
    for fold in FOLDS:
        unfold(page, fold)
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


def vary(page: Page, label: str) -> None:
    """Choose an option that varies."""
    page.locator(".st-key-sweep-over input").last.press_sequentially(label)
    page.get_by_role("option", name=label, exact=True).click()
    settle(page)
    page.keyboard.press("Escape")


def test_lists_are_read_as_they_stand(page: Page, server: Server) -> None:
    visit(page, f"{server.url}/train", "Train")
    unfold(page, "fold-sweep")
    vary(page, "Seed")
    for text, runs in (("0 1 2", 3), ("0-4", 5), ("0;1, 2", 3)):
        type_into(page, "seed-several", text)
        expect(page.get_by_role("button", name=f"Launch {runs} runs")).to_be_enabled()
    for text, messages in (("9-5", "write 5-9"), ("4-0", "write 0-4")):
        type_into(page, "seed-several", text)
        expect(page.locator(cell("seed-several")).last).to_contain_text(messages)
        expect(page.get_by_role("button", name="Launch").last).to_be_disabled()


def test_a_sweep_keeps_the_preset_and_what_was_chosen(page: Page, server: Server) -> None:
    """There and back: an option that varies begins with what stood in its field, and its field keeps that."""
    name = next(iter(presets()))
    given = presets()[name].fields
    visit(page, f"{server.url}/train", "Train")
    unfold(page, "fold-start")
    page.get_by_label("Which preset").last.click()
    page.get_by_role("option", name=name).click()
    settle(page)
    for fold in (*FOLDS, "fold-sweep"):
        unfold(page, fold)
    type_into(page, "seed", "7")
    vary(page, "Seed")
    expect(page.locator(f"{cell('seed-several')} input").last).to_have_value("7")
    expect(page.locator(f"{cell('architecture')} input").last).to_have_value(given["architecture"])
    expect(page.locator(f"{cell('epochs')} input").last).to_have_value(str(given["epochs"]))
    type_into(page, "seed-several", "7-9")
    expect(page.get_by_role("button", name="Launch 3 runs")).to_be_enabled()
    page.locator(".st-key-sweep-over").last.get_by_role("button", name="Clear").click()
    settle(page)
    expect(page.get_by_role("button", name="Launch", exact=True)).to_be_enabled()
    expect(page.locator(f"{cell('seed')} input").last).to_have_value("7")
    expect(page.locator(f"{cell('epochs')} input").last).to_have_value(str(given["epochs"]))
    expect(page.locator(f"{cell('architecture')} input").last).to_have_value(given["architecture"])


def test_a_first_visit_answers_three_questions_by_keyboard(page: Page, server: Server, tmp_path: Path) -> None:
    """Tab by Tab: data, network, how long, Launch; nothing else is asked for on the way."""
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, f"{server.url}/train", "Train")
    page.locator(f"{cell('dataset')} input").last.focus()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == "A minute":
            break
    page.keyboard.press("Enter")
    settle(page)
    expect(page.get_by_role("radio", name="A minute").last).to_be_checked()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == "Launch":
            break
    assert page.evaluate("document.activeElement.innerText") == "Launch"
    outline = page.evaluate("getComputedStyle(document.activeElement).boxShadow")
    assert outline != "none", "the focus is seen"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Live", timeout=PATIENCE)
    assert len(Results(tmp_path / "results").ids()) == 1


def test_a_fold_stays_open_while_what_is_changed_is_counted_on_it(page: Page, server: Server) -> None:
    name = next(iter(presets()))
    visit(page, f"{server.url}/train", "Train")
    unfold(page, "fold-start")
    page.get_by_label("Which preset").last.click()
    page.get_by_role("option", name=name).click()
    settle(page)
    expect(page.locator(".st-key-fold-start summary").last).to_contain_text(name)
    expect(page.locator(f"{cell('architecture')} input").last).to_have_value(presets()[name].fields["architecture"])
    before = page.locator(".st-key-fold-optimizer summary").last.inner_text()
    unfold(page, "fold-optimizer")
    type_into(page, "beta1", "0.8")
    expect(page.locator(".st-key-fold-optimizer summary").last).not_to_have_text(before)
    expect(page.locator(".st-key-fold-optimizer details").last).to_have_attribute("open", "")
    expect(page.locator(".st-key-fold-start details").last).to_have_attribute("open", "")
