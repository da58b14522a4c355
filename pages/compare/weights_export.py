"""A run's weights to take along: the checkpoint as it is, and ONNX, made when somebody asks for it."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import streamlit as st

from pages.shared import format, naming
from vitcore import processes
from vitcore.errors import UserError
from vitcore.runs.export import FILE
from vitcore.runs.files import open_own, read_own
from vitcore.runs.folder import Results, RunFolder, reason

PATIENCE = 900  # seconds


def weights_of(run: RunFolder) -> None:
    """The ways to take a run's model along; none where it has no checkpoint yet."""
    if not os.path.isfile(run.checkpoint):
        return
    if not _readable(run.checkpoint):
        return
    st.download_button(
        "Download checkpoint",
        partial(read_own, run.checkpoint),
        f"{naming.file_name(run.id)}.safetensors",
        key="download-checkpoint",
        on_click="ignore",
        help="The weights as safetensors, with the spec in its metadata.",
    )
    file = run.path / FILE
    if not _current(run):
        if not st.button("Make ONNX", key="make-onnx", help="For other programs; takes some ten seconds, once."):
            return
        try:
            with st.spinner("Writing the ONNX file …"):
                processes.answer(
                    "vitcore", ["--results", str(Results().root), "export", run.id, "--onnx", str(file)], PATIENCE
                )
        except UserError as error:
            st.warning(format.plain(str(error)))
            return
    if not _readable(file):
        return
    st.download_button(
        "Download ONNX",
        partial(read_own, file),
        f"{naming.file_name(run.id)}.onnx",
        mime="application/octet-stream",
        key="download-onnx",
        on_click="ignore",
        help="Takes images of 0 to 1, (b c y x); the normalization is within, the classes' names in its metadata.",
    )


def _readable(file: Path) -> bool:
    """Whether the file can be taken along, said in a sentence where not: a press on a button would tell nothing."""
    try:
        open_own(file).close()
    except OSError as error:
        way_on = "; its owner can make it readable (chmod a+r)" if isinstance(error, PermissionError) else ""
        st.warning(format.plain(f"{file.name} cannot be taken along: {reason(error)}{way_on}"))
        return False
    except UserError as user_error:
        st.warning(format.plain(f"{file.name} cannot be taken along: {user_error}"))
        return False
    return True


def _current(run: RunFolder) -> bool:
    """Whether the run's ONNX file is of its present checkpoint: a run that was resumed has newer weights."""
    try:
        return (run.path / FILE).stat().st_mtime_ns >= run.checkpoint.stat().st_mtime_ns
    except OSError:
        return False
