"""The launcher: `streamlit run app.py` serves pages/navigation.py, plotly.js from the installed plotly package, and the
marks by which Live's browsers know that there is more to see.

Why a launcher: beside a script called app.py Streamlit takes a folder called pages/ for its legacy multipage layout
and answers a cold deep link with the bare page. The real entry stands inside that folder, so the question never comes.
"""

import os
from pathlib import Path

import plotly
import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from pages.server.guard import OnlyFromHere
from pages.server.sessions import few_sessions
from pages.server.shell import deep_links

ROOT = Path(__file__).resolve().parent

# Streamlit hot-reloads the modules beside its script and those in folders that PYTHONPATH names, by pattern too.
# Not the root itself ("?*" asks for a folder in it): every file below would be followed, the environment included.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(ROOT / "?*")]))


async def plotly_js(request: object) -> FileResponse:
    """The charts' library, from this machine: no page asks another host for anything."""
    script = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    return FileResponse(script, media_type="text/javascript", headers={"Cache-Control": "public, max-age=86400"})


def etags(request: Request) -> Response:
    """What there is to see of some runs, in short; by a module that Streamlit may have loaded anew since it began."""
    from pages.live import live_updates

    return live_updates.etags(request)


app = st.App(
    ROOT / "pages" / "navigation.py",
    routes=[Route("/assets/plotly.min.js", plotly_js), Route("/watch/marks", etags), *deep_links()],
    middleware=[Middleware(OnlyFromHere)],
    lifespan=few_sessions,
)
