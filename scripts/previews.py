"""Makes the small images that stand on empty pages (pages/shared/previews), light and dark, from real runs.

python -m scripts.previews --results FOLDER

The newest runs of the folder are drawn on Live, and the newest two that read digits are asked on Draw.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from scripts.screenshots import DRAWN, two_readers
from tests.browser.driver import PATIENCE, ROOT, chromium, served, settle, visit
from tests.browser.shapes import draw
from vitcore.runs.folder import Results

FOLDER = ROOT / "pages" / "shared" / "previews"
TWO_OF_THREE = 0.655  # of the height of Live's curves: two rows of charts
WIDTH, MOST_BYTES = 736, 60_000  # pixels and bytes of an image


def live(page: Page, url: str, results: Path) -> bytes:
    """The curves of the newest runs."""
    visit(page, f"{url}/live?runs={','.join(Results(results).ids()[-5:-1])}")
    page.wait_for_function(DRAWN, timeout=PATIENCE)
    page.wait_for_timeout(1_500)
    return page.locator(".st-key-curves .vitcore-charts").last.screenshot()


def drawing(page: Page, url: str, results: Path) -> bytes:
    """A drawn digit and what two models say."""
    visit(page, f"{url}/draw{two_readers(results)}")
    draw(page, "3")
    page.locator(".st-key-answer-0").wait_for()
    page.wait_for_function(DRAWN, timeout=PATIENCE)
    settle(page)
    page.wait_for_timeout(1_500)
    return page.locator('[data-testid="stHorizontalBlock"]:has(.st-key-drawing)').last.screenshot()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True)
    chosen = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    with served(chosen.results.absolute()) as server, chromium() as browser:
        for scheme in ("light", "dark"):
            context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 1000})  # type: ignore[arg-type]
            page = context.new_page()
            for name, made in (("live", live), ("draw", drawing)):
                path = FOLDER / f"{name}-{scheme}.png"
                image = Image.open(io.BytesIO(made(page, server.url, chosen.results))).convert("RGB")
                if name == "live":
                    image = image.crop((0, 0, image.width, round(image.height * TWO_OF_THREE)))
                image.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
                image.quantize(48, dither=Image.Dither.NONE).save(path, optimize=True)
                size = path.stat().st_size
                assert size < MOST_BYTES, f"{path} has {size:,} bytes, more than a page should carry"
                print(f"{path.relative_to(ROOT)}: {size:,} bytes")
            context.close()


if __name__ == "__main__":
    main()
