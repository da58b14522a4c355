"""Browsers come and go; what the server holds of them stays bounded."""

from __future__ import annotations

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.typing import Origin, Subprotocol

from pages.server.sessions import MOST, PatientStorage
from tests.browser.driver import served


def session(id: str, ended: list[str]) -> Any:
    return SimpleNamespace(session=SimpleNamespace(id=id, shutdown=lambda: ended.append(id)))


def test_who_must_make_room_is_shut_down() -> None:
    ended: list[str] = []
    now = [0.0]
    waiting = PatientStorage(2, lambda: now[0])
    for id in "abc":
        waiting.save(session(id, ended))
    assert ended == ["a"]
    assert waiting.get("a") is None
    assert waiting.get("b") is not None
    waiting.delete("b")
    assert ended == ["a"], "one that is taken up again lives on"
    now[0] = 1000.0
    assert waiting.list() == []
    assert ended == ["a", "c"]


async def come_and_go(url: str, page: str) -> None:
    """A browser's session: the page is drawn, then the tab is closed."""
    address = url.replace("http", "ws") + "/_stcore/stream"
    async with websockets.connect(
        address, subprotocols=[Subprotocol("streamlit")], max_size=None, origin=Origin(url)
    ) as socket:
        asked = BackMsg()
        asked.rerun_script.page_name = page
        await socket.send(asked.SerializeToString())
        while True:
            messages = ForwardMsg()
            messages.ParseFromString(await asyncio.wait_for(socket.recv(), 120))
            if messages.WhichOneof("type") == "script_finished":
                return


def visit(url: str, page: str) -> None:
    """In a thread of its own: where a browser test ran before, this one has an event loop already."""
    with ThreadPoolExecutor(1) as apart:
        apart.submit(lambda: asyncio.run(come_and_go(url, page))).result()


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
def test_a_server_that_many_have_visited_holds_few_descriptors(tmp_path: Path) -> None:
    with served(tmp_path / "results") as server:
        descriptors = Path(f"/proc/{server.process.pid}/fd")
        visit(server.url, "")
        before = len(os.listdir(descriptors))
        for place in range(2 * MOST + 8):
            visit(server.url, ("", "live", "compare", "draw")[place % 4])
        grown = len(os.listdir(descriptors)) - before
    assert grown <= 3 * MOST + 6, "each session holds an event loop: three descriptors"
