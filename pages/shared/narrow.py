"""Whether the browser's window is as narrow as a phone's, for what only the server can lay out."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

WIDTH = 640  # pixels; as in frame.css
_KNOWN, _KEY = "narrow-window", "narrow-window-watch"  # of the session

_component = st.components.v2.component(
    "vitcore_narrow",
    html="<i hidden></i>",
    js=(Path(__file__).parent / "narrow.js").read_text(encoding="utf-8"),
)


def narrow() -> bool:
    """Whether the window is narrow; taken for wide until the browser has said something else."""
    return bool(st.session_state.get(_KNOWN))


def watch() -> None:
    """Have the browser say where that changes; at the end of a page, which it takes a line of."""
    _component(key=_KEY, data={"width": WIDTH, "narrow": narrow()}, on_narrow_change=_heard)


def _heard() -> None:
    st.session_state[_KNOWN] = st.session_state[_KEY].narrow is True
