"""A bundle from somebody else: looked into with care, its runs added beside those that are here."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from pages.shared import format
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.store.index import Index
from vitcore.study import bundle, document, opening
from vitcore.study.drawn import drawn

LARGEST_UPLOAD = 200  # MB


def form() -> None:
    """A file, a button, and what came of it."""
    upload = st.file_uploader("Bundle", type=["zip"], max_upload_size=LARGEST_UPLOAD, key="study-upload")
    if upload is None:
        st.caption("A bundle that `vitcore study make` or this page has made. Its runs are added to yours.")
        return
    if not st.button("Open it", key="study-open"):
        return
    try:
        with st.spinner("Reading the bundle …"), tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / upload.name.replace("/", "-").replace("\\", "-")
            path.write_bytes(upload.getvalue())
            found = bundle.read(path)
            added = bundle.unpack(found, Results())
            index = Index(Results())
            index.poll()
            material = opening.material(found, index)
            figures = drawn(material)
            page = document.render(material, figures, bundle=upload.name)
    except UserError as error:
        st.warning(format.plain(str(error)))
        return
    study = found.study
    by = f" by {study.author}" if study.author else ""
    st.markdown(format.plain(f"{study.title}{by}: {opening.compare(figures, found.digests)}."))
    st.caption(f"{len(added)} of its {len(found.files)} runs are new here.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Save its document", page.encode(), file_name=f"{Path(upload.name).stem}.html", mime="text/html",
            key="study-opened",
        )  # fmt: skip
        if found.files:
            ids = ",".join(study.runs or list(found.files)[:8])
            st.page_link("compare/page.py", label="See its runs on Compare", query_params={"runs": ids})
