"""The document and its bundle, made by a press and kept until something else is chosen."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from pages.server import store_cache
from vitcore.runs.folder import Results, slug
from vitcore.study import bundle, document
from vitcore.study.contents import Study
from vitcore.study.drawn import drawn
from vitcore.study.material import gather


class Made(NamedTuple):
    """A study's two files, and what of them a person may want to know before saving them."""

    study: Study
    name: str
    page: bytes
    packed: bytes
    figures: int
    runs: int


def hand_in(choice: dict[str, Any]) -> None:
    """The button; then, of what is chosen now, both files.

    Raises:
        UserError: what is chosen makes no study.
    """
    ready = bool(choice["title"].strip())
    if st.button("Make the study", type="primary", key="study-make", disabled=not ready):
        with st.spinner("Drawing its figures …"):
            st.session_state["study-made"] = _made(Study.of(**choice))
    if not ready:
        st.caption("Give it a title; then it can be made.")
        return
    made: Made | None = st.session_state.get("study-made")
    if made is not None and made.study == Study.of(**choice):
        _offer(made)
    elif made is not None:
        st.caption("Something else is chosen since it was made; make it again.")


def _made(study: Study) -> Made:
    material = gather(study, store_cache.index())
    figures, name = drawn(material), slug(study.title) or "study"
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / f"{name}.zip"
        bundle.write(packed, material, figures, Results())
        page = document.render(material, figures, bundle=packed.name).encode()
        return Made(study, name, page, packed.read_bytes(), len(figures), len(material.runs))


def _offer(made: Made) -> None:
    with st.container(border=True, key="study-files"):
        counts = {"table": len(made.study.tables), "figure": made.figures, "run": made.runs}
        parts = [f"{count} {what}{'s' * (count != 1)}" for what, count in counts.items() if count] or ["text alone"]
        st.markdown(f"**{made.name}**: {', '.join(parts)}. The document needs no network; the bundle holds the specs "
                    "and journals, never weights, notes or tags.")  # fmt: skip
        with st.container(horizontal=True):
            st.download_button(
                "Save the document", made.page, file_name=f"{made.name}.html", mime="text/html", key="study-page"
            )
            st.download_button(
                "Save the bundle", made.packed, file_name=f"{made.name}.zip", mime="application/zip", key="study-packed"
            )
