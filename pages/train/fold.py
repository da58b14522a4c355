"""A fold whose label may change: it stays as open as it was, which a bare expander does not."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def fold(label: str, key: str) -> DeltaGenerator:
    """An expander by its key; what stands in it is drawn whether it is open or not."""
    return st.expander(label, expanded=bool(st.session_state.get(key)), key=key, on_change="rerun")
