"""A look every half second or so, while the page is in sight, that draws anew only what has changed.

A fragment's own `run_every` draws all of it each time, seen or not, and every run of a script costs the server far more
than a short answer does. Here the browser asks for two marks, by plain HTTP; where they differ from those that it was
drawn for, a beat runs the script, and the answer to it names the fragments to be drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

EVERY = 0.6  # seconds between two looks at the marks
SOON = 0.8  # seconds at least between two beats where the first mark has changed: what people wait for
LATER = 3.2  # where the second has: how far it is
REST = 10.0  # where nothing has
STILL = 3.0  # seconds between two looks at the marks where nothing moves, and beats follow changes alone
NEVER = 1e9

_component = st.components.v2.component(
    "vitcore_pulse",
    html="<i hidden></i>",
    js=(Path(__file__).parent / "change_poller.js").read_text(encoding="utf-8"),
)


def poll_changes(address: str, on_change: Callable[[], list[str]], *, key: str, still: bool = False) -> None:
    """Call `beat` where the marks `soon` and `later` at `address` tell of more; draw the fragments that it names.

    A page that is still keeps its pulse, a slow one: whoever makes it move, by a button of its own or from elsewhere,
    it is seen.
    """
    data = {"address": address, "every": EVERY, "soon": SOON, "later": LATER, "rest": REST}
    if still:
        data |= {"every": STILL, "soon": 0.0, "later": 0.0, "rest": NEVER}

    @st.fragment(key=f"{key}-fragment")
    def heart() -> None:
        _component(key=key, data=data, on_beat_change=lambda: _answer(on_change()))

    heart()


def _answer(keys: list[str]) -> None:
    if keys:
        st.rerun(keys)
