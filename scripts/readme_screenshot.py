"""Makes docs/app.png, the screenshot in README: the Performer report's page as a fresh clone shows it.

python -m scripts.readme_screenshot
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.browser.driver import PATIENCE, ROOT, chromium, served, visit

WIDTH, HEIGHT = 1280, 1240
MOST_BYTES = 300_000


def main() -> None:
    path = ROOT / "docs" / "app.png"
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as server, chromium() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        visit(page, f"{server.url}/report_performer")
        page.wait_for_function("() => !document.querySelector('[data-testid=\"stSkeleton\"]')", timeout=PATIENCE)
        page.wait_for_timeout(1_500)  # a table draws itself after the script has run
        page.screenshot(path=path)
    size = path.stat().st_size
    assert size < MOST_BYTES, f"{size:,} bytes are more than a README should load"
    print(f"{path}: {size:,} bytes")


if __name__ == "__main__":
    main()
