"""A digit is drawn, looked through, kept under its label, asked about on Compare and deleted; many teach a model."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.driver import PATIENCE, TRAINED, served, settle, unfold, visit
from tests.browser.shapes import draw
from tests.data.images import stroke
from tests.pages.texts import give_weights, tell
from vitcore.runs import drawings
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec


def test_a_drawing_becomes_part_of_ones_own_test_set(page: Page, tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    give_weights(tell(results, RunSpec.of(architecture="cct-mini/3x3", epochs=1)))
    with served(results.root) as server:
        visit(page, f"{server.url}/draw", "Draw")
        draw(page, "3")
        page.locator(".st-key-answer-0").last.wait_for()
        page.locator(".st-key-looks-0 label").last.click()
        expect(page.locator('img[alt$="bright where it attends"]')).to_have_count(2, timeout=PATIENCE)

        save = page.locator(".st-key-save-drawing button").last
        expect(save).to_be_disabled(timeout=PATIENCE)
        page.locator(".st-key-label-digits input").last.fill("3")
        page.keyboard.press("Enter")
        expect(save).to_be_enabled(timeout=PATIENCE)
        save.click()
        expect(page.get_by_text("My drawings (1)")).to_be_visible(timeout=PATIENCE)
        dressed = "getComputedStyle(document.querySelector('[class*=st-key-answer-] h2')).fontSize"
        assert page.evaluate(dressed) == "52px"  # the toast has left the style sheet alone
        [stored] = drawings.stored(results, "digits")
        assert stored.label == "3"
        assert stored.path.read_bytes().startswith(b"\x89PNG")

        visit(page, f"{server.url}/compare", "Compare")
        page.locator('[data-testid="stDataFrame"] td', has_text="not asked").first.wait_for(state="attached")
        page.locator(".st-key-ask-drawings button:visible").last.click()
        page.locator('[data-testid="stDataFrame"] td', has_text="of 1").first.wait_for(state="attached")
        settle(page)

        visit(page, f"{server.url}/draw", "Draw")
        unfold(page, "kept-digits")
        page.locator(f".st-key-drop-{stored.id} button:visible").last.click()
        expect(page.get_by_text("My drawings (1)")).to_have_count(0, timeout=PATIENCE)
    assert drawings.stored(results, "digits") == []


def test_a_model_learns_from_own_drawings_and_the_error_on_those_held_out_is_told(page: Page, tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    origin = tell(results, RunSpec.of(architecture="cct-mini/3x3", epochs=1, name="first-model"))
    give_weights(origin)
    for label in "012345678":
        for place in range(2):
            drawings.save(results, "digits", stroke(int(label), 64 + place), label)
    with served(results.root) as server:
        visit(page, f"{server.url}/draw", "Draw")
        unfold(page, "fine-tuning")
        expect(page.get_by_text("of 9 fewer are kept")).to_be_visible()
        expect(page.locator(".st-key-fine-tune button")).to_have_count(0)
        for place in range(2):
            drawings.save(results, "digits", stroke(9, 64 + place), "9")

        visit(page, f"{server.url}/draw", "Draw")
        unfold(page, "fine-tuning")
        page.locator(".st-key-fine-tune button:visible").last.click()
        page.wait_for_url("**/live?runs=*")
        expect(page.get_by_text("finished", exact=True).first).to_be_visible(timeout=TRAINED)
        [tuned] = [id for id in results.ids() if id != origin.id]
        assert results.run(tuned).spec().init.init_from == origin.id

        visit(page, f"{server.url}/draw", "Draw")
        unfold(page, "fine-tuning")
        answered = page.locator(f".st-key-fine-tuned-{tuned}")
        expect(answered).to_contain_text("Error on the 10 held-out drawings, none of which was trained on")
        expect(answered).to_contain_text("after fine-tuning on the other 10")
