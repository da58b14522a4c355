"""Takes every page at 390, 1440 and 2560 px, light and dark, into build/screenshots, to be looked at by a person.

python -m scripts.screenshots [--results FOLDER] [--only train,live] [--widths 390,1440]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.browser.driver import PAGES, PATIENCE, ROOT, address, chromium, served, visit
from tests.browser.shapes import draw
from vitcore.runs.folder import Results

DRAWN = """() => !document.querySelector('[data-testid="stSkeleton"]')
    && [...document.querySelectorAll('.vitcore-charts')].every(wall => wall.children.length)
    && [...document.querySelectorAll('.vitcore-chart')].every(chart => 'points' in chart.dataset)"""


def two_readers(results: Path) -> str:
    """The address's end that names the two newest runs that can read a drawn digit; empty where there are none."""
    runs = [Results(results).run(id) for id in reversed(Results(results).ids())]
    able = [run.id for run in runs if run.checkpoint.is_file() and run.spec().data.dataset in ("digits", "mnist")]
    return f"?runs={','.join(able[:2])}" if able else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--only", default="")
    parser.add_argument("--widths", default="390,1440,2560")
    parser.add_argument("--schemes", default="light,dark")
    chosen = parser.parse_args()
    folder = ROOT / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    names = [name for name in PAGES if not chosen.only or name in chosen.only.split(",")]
    asked = two_readers(chosen.results)
    with served(chosen.results) as server, chromium() as browser:
        for scheme in chosen.schemes.split(","):
            for width in map(int, chosen.widths.split(",")):
                height = 844 if width < 600 else 1000
                context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
                page = context.new_page()
                for name in names:
                    visit(page, f"{server.url}/{address(name)}{asked if name == 'draw' else ''}")
                    if name == "draw" and asked:
                        draw(page, "3")
                        page.locator(".st-key-answer-0").wait_for()
                    page.wait_for_function(DRAWN, timeout=PATIENCE)
                    page.wait_for_timeout(900)
                    inside = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
                    page.set_viewport_size({"width": width, "height": max(height, min(inside + 20, 4000))})
                    page.wait_for_timeout(500)
                    page.screenshot(path=folder / f"{name}-{width}-{scheme}.png")
                    page.set_viewport_size({"width": width, "height": height})
                    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
                    if wide > width:
                        print(f"{name} is {wide} px wide at {width}")
                context.close()
    print(folder)


if __name__ == "__main__":
    main()
