"""A drawing as inline SVG, in the page's own color and letters; st.html would take the SVG out."""

from __future__ import annotations

import streamlit as st

_component = st.components.v2.component(
    "vitcore_drawing",
    html='<div class="drawing"></div>\n',
    css=".drawing {\n  color: var(--st-text-color); font-family: var(--st-font); width: 100%;\n}",
    js="""const shown = new WeakMap()

export default function ({ parentElement, data }) {
  const host = parentElement.querySelector(".drawing")
  if (shown.get(host) === data.html) return
  host.innerHTML = data.html
  shown.set(host, data.html)
}
""",
)


def drawing(html: str, *, key: str) -> None:
    """Show `html`, which a figure of ours has made and in which every text is escaped."""
    _component(key=key, data={"html": html}, height="content")
