"""The page that a browser is given at a deep link: Streamlit's own, told where its server is.

Untold, it first takes `/train` for the server's base, asks `/train/_stcore/health`, and writes two errors into the
browser's console at every load.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from streamlit import file_util

# Pages lie side by side, so whatever stands before a page's name is the base; a proxy may have put something there.
BASE = '<script>window.__streamlit = {BACKEND_BASE_URL: new URL(".", window.location.href).href}</script>'


def deep_links(folder: Path) -> list[Route]:
    """A route for every page but the first, whose address is the base itself."""
    return [Route(f"/{name}", _shell) for name in names(folder)]


def names(folder: Path) -> Iterable[str]:
    """The pages' addresses, which are their files' names."""
    return sorted(path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "navigation", "home"))


def _shell(request: Request) -> HTMLResponse:
    text = (Path(file_util.get_static_dir()) / "index.html").read_text(encoding="utf-8")
    return HTMLResponse(text.replace("<head>", f"<head>{BASE}", 1), headers={"Cache-Control": "no-cache"})
