"""The browser's own notification when a run that Live shows has ended or diverged: off until a person asks for it.

The wish is kept in the browser, since it is the browser that grants it; the server only says which runs have ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from pages.live.live_updates import address

HERE = Path(__file__).parent
EVERY = 3.0  # seconds between two looks, also while the page is out of sight

HTML = """
<div class="vitcore-notifier">
  <label><input type="checkbox" role="switch"> Notify me in this browser when one of these runs ends</label>
  <span role="status"></span>
</div>
"""

_component = st.components.v2.component(
    "vitcore_notifier",
    html=HTML,
    css=(HERE / "notifier.css").read_text(encoding="utf-8"),
    js=(HERE / "notifier.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def notifier(ids: Sequence[str]) -> None:
    """The switch; where it is on, each of these runs that ends from now on is told of."""
    _component(key="live-notifier", data={"address": address(ids), "every": EVERY}, height="content")
