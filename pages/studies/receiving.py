"""A bundle from somebody else: looked into with care, its runs added beside those that are here."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from pages.server import store_cache
from pages.shared import format
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.study import bundle, document, opening
from vitcore.study.contents import Study
from vitcore.study.drawn import drawn

LARGEST_UPLOAD = 200  # MB
SHOWN = 8  # runs that the link to Compare names where the study names none


class Opened(NamedTuple):
    """What came of a bundle; `upload` is the file's id, by which it is shown as long as that is chosen."""

    upload: str
    study: Study
    runs: tuple[str, ...]
    new: int
    sentence: str
    page: bytes


def form() -> None:
    """A file, a button, and what came of it."""
    upload = st.file_uploader("Bundle", type=["zip"], max_upload_size=LARGEST_UPLOAD, key="study-upload")
    if upload is None:
        st.caption("A bundle that `vitcore study make` or this page has made. Its runs are added to yours.")
        return
    if st.button("Open it", key="study-open"):
        try:
            with st.spinner("Reading the bundle …"):
                st.session_state["study-opened"] = _opened(upload.file_id, upload.name, upload.getvalue())
        except UserError as error:
            st.warning(format.plain(str(error)))
            return
    opened: Opened | None = st.session_state.get("study-opened")
    if opened is not None and opened.upload == upload.file_id:
        _show(opened, Path(upload.name).stem)


def _opened(upload: str, name: str, content: bytes) -> Opened:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(name.replace("\\", "/")).name
        path.write_bytes(content)
        found = bundle.read(path)
    new = bundle.unpack(found, Results())
    material = opening.material(found, store_cache.index(now=True))
    figures = drawn(material)
    sentence = opening.compare(figures, found.digests)
    page = document.render(material, figures, bundle=name).encode()
    return Opened(upload, found.study, tuple(found.files), len(new), sentence, page)


def _show(opened: Opened, name: str) -> None:
    study = opened.study
    by = f" by {study.author}" if study.author else ""
    st.markdown(format.plain(f"{study.title}{by}: {opened.sentence}."))
    st.caption(f"{opened.new} of its {len(opened.runs)} runs are new here.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Save its document", opened.page, file_name=f"{name}.html", mime="text/html", key="study-opened-page"
        )
        if opened.runs:
            ids = ",".join(study.runs or opened.runs[:SHOWN])
            st.page_link("compare/page.py", label="See its runs on Compare", query_params={"runs": ids})
