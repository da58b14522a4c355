"""What the browser may load, and who may ask: this server's own pages alone, whatever stands on one.

A page of another site whose name is made to lead to this machine (DNS rebinding) sends that name as its Host; a page
that opens a WebSocket or sends a form here sends its own Origin. Neither is answered.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

# Streamlit and Plotly make styles, workers and code of their own at run time; no one else's address is ever allowed.
POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "frame-src 'self' data: blob:",
        "connect-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


SETTING = "VITCORE_ALLOWED_HOSTS"
OWN = frozenset({"127.0.0.1", "localhost", "::1"})
ANY = ("0.0.0.0", "::", "*")  # no names: every one would do


class OnlyFromHere:
    """Answers this server's own pages alone, and puts the policy on every answer: a run's name may ask for a remote
    image, and never gets it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        if scope["type"] in ("http", "websocket") and (why := refused(Headers(scope=scope))):
            await _refuse(scope, receive, guarded, why)
        else:
            await self.app(scope, receive, guarded)


def refused(headers: Headers) -> str | None:
    """Why a request is not answered, in a sentence; None where it may be.

    Several Host lines, or none, are nobody's honest request. A browser's own navigation sends no Origin.
    """
    hosts, known = headers.getlist("host"), allowed()
    if len(hosts) != 1 or _name(f"//{hosts[0]}") not in known:
        asked = hosts[0][:80] if hosts else "no name"
        return f"This server does not answer to {asked!r}; names besides this machine's own are set by {SETTING}."
    for origin in headers.getlist("origin"):
        name = _name(origin)
        if name not in known or (name in OWN and not _equal(origin, hosts[0])):
            return f"A page of {origin[:80]!r} may not ask this server; names of one's own are set by {SETTING}."
    return None


def allowed() -> frozenset[str]:
    """The names by which this server may be called, without ports."""
    named = os.environ.get(SETTING, "").replace(",", " ").split()
    addresses = [config.get_option("server.address"), config.get_option("browser.serverAddress"), *named]
    names = (_name(f"//{item}") for item in addresses if item and item not in ANY)
    return OWN | {name for name in names if name}


def _equal(origin: str, host: str) -> bool:
    """Whether a page's own address is the one that it asks: another program's page on this machine is another site."""
    other, measured = urlsplit(origin), urlsplit(f"//{host}")
    if _name(origin) != _name(f"//{host}"):
        return False
    return (other.port or 80) == (measured.port or 80)


def _name(address: str) -> str | None:
    """The host of an address in small letters, without its port; None where it is no address of one."""
    try:
        found = urlsplit(address)
        found.port  # noqa: B018  raises where it is no number
    except ValueError:
        return None
    if found.username is not None or found.path or found.query or found.fragment:
        return None
    return found.hostname


async def _refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the browser is told 403
    else:
        await PlainTextResponse(why, status_code=403)(scope, receive, send)
