"""A zip dropped in is understood, named, trained on and read on Draw; a formula typed is drawn and trained."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import PATIENCE, choose, served, settle, visit, wait_for_points
from tests.data.images import class_files, image, write_zip
from tests.runs.processes import epochs_of, wait_for_status, wait_until
from vitcore.runs import named_data, queue
from vitcore.runs.folder import Results

QUICK = "architecture=cnn&dataset=digits&epochs=1&image_size=28&batch_size=4&validation=0"


def pick(page: Page, key: str, name: str) -> None:
    """Choose from a list by its name."""
    page.locator(f".st-key-{key} input").last.click()
    page.get_by_role("option", name=name, exact=True).click()
    settle(page)


def test_a_zip_is_dropped_in_understood_named_trained_on_and_read(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITCORE_DATA", str(tmp_path / "data"))
    results, packed = Results(tmp_path / "results"), write_zip(tmp_path / "shades.zip", class_files())
    with served(results.root) as server:
        visit(page, f"{server.url}/datasets", "Datasets")
        pick(page, "dataset", "Custom dataset")
        page.locator(".st-key-dataset-upload input[type=file]").last.set_input_files(packed)
        understood = page.locator(".st-key-found-in-folders").last
        expect(understood).to_contain_text("10 images to train on and 10 to test on, of 2 classes", timeout=PATIENCE)
        page.locator(".st-key-inside-folder label").last.click()
        wait_for_points(page, "class-counts", 3)
        expect(page.locator(".samples figcaption").first).to_have_text("bright", timeout=PATIENCE)
        box = page.locator(".st-key-own-name input").last
        box.fill("Shades")
        box.press("Enter")
        settle(page)
        page.locator(".st-key-own-keep button").last.click()
        expect(page.locator(".st-key-named-data").last).to_contain_text("Digest", timeout=PATIENCE)
        [item] = named_data.listed(results)[0]

        visit(page, f"{server.url}/train?{QUICK}", "Train")
        pick(page, "field-dataset", "Shades")
        expect(page.get_by_text(f"digest {item.digest}").last).to_be_visible(timeout=PATIENCE)
        page.locator(".st-key-launch button").last.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Live", timeout=PATIENCE)
        [id] = results.ids()
        assert results.run(id).spec().data.folder == item.folder
        wait_for_status(results, id, "finished")

        visit(page, f"{server.url}/draw?runs={id}", "Draw")
        (tmp_path / "dark.png").write_bytes(image(22))
        choose(page, "Upload an image")
        settle(page)
        page.locator('[class*="st-key-upload"] input[type=file]').last.set_input_files(tmp_path / "dark.png")
        answer = page.locator('[class*="st-key-answer-"]')
        expect(answer).to_have_count(1, timeout=PATIENCE)
        wait_for_points(page, "draw-probabilities", 1)


def test_a_formula_is_typed_drawn_and_trained(page: Page, tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    with served(results.root) as server:
        visit(page, f"{server.url}/kernels", "Kernels")
        box = page.locator(".st-key-formula input").last
        box.fill("relu(x)**2 + 0.1")
        box.press("Enter")
        wait_for_points(page, "formula-curve", 10)
        page.locator(".st-key-formula-train button").last.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Live", timeout=PATIENCE)
        [id] = results.ids()
        assert results.run(id).spec().model.kernel.startswith("f:")
        wait_until(lambda: epochs_of(results, id), "it has learned an epoch")
        queue.stop(results, id)
        wait_for_status(results, id, "stopped", "finished")
        expect(page.get_by_text("relu(x)").first).to_be_attached(timeout=PATIENCE)
