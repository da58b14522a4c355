"""Queue runs and see to it that somebody takes them up."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.server import store_cache
from pages.shared import format
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.runs.queue import ensure_dispatcher
from vitcore.spec import RunSpec

FIRST = RunSpec.begun(
    architecture="cct-mini/3x3", dataset="digits", epochs=8, batch_size=32, learning_rate=3e-3, name="first-model"
)
"""A small run that is good at once: scikit-learn's digits need no network, and the smallest CCT reads 97 of 100 of them
after ten seconds of one core."""


def launch(specs: Sequence[RunSpec]) -> list[str]:
    """Queue every spec and start whoever runs them; the new ids, or none when the results folder refuses.

    A run that takes another's weights waits for it: that one is stored, or stands before it.
    """
    from pages.shared.measured_speeds import speeds
    from vitcore.cost.speed import Speed  # brings scipy, for which Home's first paint need not wait
    from vitcore.reproduction.chains import queue_all

    store = Results()
    try:
        speed = Speed(store_cache.runs(), measured=speeds())
        ids = queue_all(store, specs, store_cache.runs(now=True), speed.expected)
        ensure_dispatcher(store)
    except UserError as error:
        st.error(format.plain(str(error)))
        return []
    return ids


def watch(ids: Sequence[str]) -> None:
    """Go to Live with these runs chosen."""
    st.session_state.pop("live-runs", None)
    st.switch_page("live/page.py", query_params={"runs": ",".join(ids)})
