"""A beat every second or so, while the page is looked at, that draws anew only what has changed.

A fragment's own `run_every` draws all of it each time, seen or not; here the browser asks, and the answer to a beat
names the fragments to be drawn, none where nothing has changed.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

_component = st.components.v2.component(
    "vitcore_pulse",
    html="<i hidden></i>",
    js="""
const beats = new WeakMap()

export default function ({ parentElement, data, setTriggerValue }) {
  const beat = beats.get(parentElement)
  if (beat) {
    beat.send = setTriggerValue
    return
  }
  const one = { send: setTriggerValue }
  const ask = () => document.hidden || one.send("beat", Date.now())
  setTimeout(ask, 200) // what happened while the page was being built
  const timer = setInterval(ask, data.seconds * 1000)
  document.addEventListener("visibilitychange", ask)
  beats.set(parentElement, one)
  return () => {
    clearInterval(timer)
    document.removeEventListener("visibilitychange", ask)
    beats.delete(parentElement)
  }
}
""",
)


def pulse(seconds: float, beat: Callable[[], list[str]], *, key: str) -> None:
    """Call `beat` every so many seconds while the page is in sight; draw the fragments anew whose keys it gives."""

    @st.fragment(key=f"{key}-fragment")
    def heart() -> None:
        _component(key=key, data={"seconds": seconds}, on_beat_change=lambda: _answer(beat()))

    heart()


def _answer(keys: list[str]) -> None:
    if keys:
        st.rerun(keys)
