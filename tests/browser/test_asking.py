"""One drawing, and then one image from a file, go to every chosen model; what they say together is told."""

import re
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.browser.driver import PATIENCE, choose, served, settle, visit, wait_for_points
from tests.browser.shapes import draw
from tests.pages.texts import give_weights, tell
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

SAID_BY_ALL = re.compile("They disagree|Both say")


def test_every_chosen_model_is_asked(page: Page, tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    runs = [
        tell(results, RunSpec.of(architecture=name, kernel=kernel, epochs=1), error=error)
        for name, kernel, error in (("cct-mini/3x3", "softmax", 5.0), ("cct-mini/3x3", "relu", 6.0))
    ]
    for run in runs:
        give_weights(run)
    chosen = ",".join(run.id for run in runs)
    with served(results.root) as server:
        visit(page, f"{server.url}/draw?runs={chosen}", "Draw")
        expect(page.locator('[class*="st-key-waits-"]')).to_have_count(2, timeout=PATIENCE)
        draw(page, "8")
        expect(page.locator('[class*="st-key-answer-"]')).to_have_count(2, timeout=PATIENCE)
        expect(page.get_by_text(SAID_BY_ALL).last).to_be_visible(timeout=PATIENCE)
        wait_for_points(page, "draw-probabilities", 19)  # ten classes of each

        image = Image.new("L", (80, 60), 255)
        ImageDraw.Draw(image).line([(40, 8), (40, 52)], fill=0, width=7)
        image.save(tmp_path / "one.png")
        choose(page, "Upload an image")
        settle(page)
        page.locator('[class*="st-key-upload"] input[type=file]').last.set_input_files(tmp_path / "one.png")
        expect(page.get_by_alt_text("The uploaded image")).to_be_visible(timeout=PATIENCE)
        expect(page.locator('[class*="st-key-answer-"]')).to_have_count(2, timeout=PATIENCE)  # the address names both

        (tmp_path / "text.png").write_text("no image")
        page.locator('[class*="st-key-upload"] input[type=file]').last.set_input_files(tmp_path / "text.png")
        expect(page.get_by_text("text.png cannot be read as an image").last).to_be_visible(timeout=PATIENCE)
