"""What an empty page will show: a small static image of a real one, made by scripts/previews.py."""

from __future__ import annotations

import base64
from functools import cache
from html import escape
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent / "previews"


def preview(name: str, alt: str) -> None:
    """The image of that name in the colors of the page, faint, so that nobody takes it for what is stored here."""
    scheme = "dark" if st.context.theme.type == "dark" else "light"
    st.caption("What will stand here, drawn from runs on another machine:")
    st.html(
        f'<img class="preview" src="data:image/png;base64,{_data(name, scheme)}" alt="{escape(alt)}" '
        'style="width: 100%; max-width: 46rem; opacity: .8; border-radius: 6px">'
    )


@cache
def _data(name: str, scheme: str) -> str:
    return base64.b64encode((HERE / f"{name}-{scheme}.png").read_bytes()).decode()
