"""What stands round every page: the wordmark, the finishing touches that no theme option reaches, the warm-up."""

import importlib
import sys
import threading
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent


def dress() -> None:
    """Draw the wordmark and hand the browser the style sheet.

    Not as a style alone: Streamlit would put that among the toasts, the first of which takes its place for good when it
    comes from a fragment.
    """
    st.logo(str(HERE / "wordmark.svg"), size="large")
    st.html(f'<i class="dress"></i><style>{(HERE / "frame.css").read_text(encoding="utf-8")}</style>')


def heading(title: str, lead: str = "") -> None:
    """A page's title, with one quiet sentence under it."""
    with st.container(key="page-heading", gap="xxsmall"):
        st.title(title, anchor=False)
        if lead:
            st.caption(lead)


SOON, LATER = 1.0, 10.0  # seconds after a page was sent


@st.cache_resource(show_spinner=False)
def warm_up(after: float = LATER) -> threading.Thread:
    """Import torch in a thread some seconds after a page has been sent, so that the first prediction or count is quick.

    Never sooner: an import of torch shares the interpreter with the first paint, and with whatever a person does next.
    """
    thread = threading.Timer(after, _import_torch)
    thread.daemon = True
    thread.start()
    return thread


def alone() -> AbstractContextManager[object]:
    """What a page runs within: until torch has been imported, not while the warm-up imports it.

    Two threads that import torch by different ways at once can leave one of them with half a module.
    """
    torch = sys.modules.get("torch")
    whole = torch is not None and not getattr(torch.__spec__, "_initializing", False)
    return nullcontext() if whole else _importing


def _import_torch() -> None:
    with _importing:
        importlib.import_module("torch")


_importing = threading.Lock()
