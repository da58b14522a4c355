"""The page that a browser is given at a deep link: Streamlit's own, told where its server is.

Untold, it first takes `/train` for the server's base, asks `/train/_stcore/health`, and writes two errors into the
browser's console at every load.
"""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from streamlit import file_util

from pages.contents import ADDRESSES

# Pages lie side by side, so whatever stands before a page's name is the base; a proxy may have put something there.
BASE = '<script>window.__streamlit = {BACKEND_BASE_URL: new URL(".", window.location.href).href}</script>'


def deep_links() -> list[Route]:
    """A route for every page but the first, whose address is the base itself."""
    return [Route(f"/{address}", _shell) for address in ADDRESSES]


def _shell(request: Request) -> HTMLResponse:
    text = (Path(file_util.get_static_dir()) / "index.html").read_text(encoding="utf-8")
    return HTMLResponse(text.replace("<head>", f"<head>{BASE}", 1), headers={"Cache-Control": "no-cache"})
