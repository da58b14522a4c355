"""Runs of other programs: dropped in or named by their path, imported in a process of its own."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from pages.server import store_cache
from pages.shared import format
from vitcore import processes
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.runs.importing import tensorboard
from vitcore.runs.importing.of_spec import read_spec

MEGABYTES = 200  # of all files that are dropped in together
SPEC_MEGABYTES = 1  # as the command line reads of one
PATIENCE = 600  # seconds
SNIPPET = """import vitcore as vc

with vc.log(name="my-run", parameters={"learning_rate": 1e-3}) as run:
    for epoch in range(20):
        ...  # train
        run.epoch(loss=0.3, val_accuracy=0.91)"""


def bring_runs(*, empty: bool) -> None:
    """The way in for runs that were trained elsewhere; open where nothing is stored yet."""
    with st.expander("Bring runs of other programs", expanded=empty, key="bring-runs"):
        st.caption(
            "From TensorBoard, MLflow, Weights & Biases (offline) or CSV. They stand in the table and in charts with "
            "their origin, and in no group over seeds, verdict or report, unless you give the spec that they were "
            "trained by. A second time adds nothing."
        )
        with st.form("bring-form", border=False):
            files = st.file_uploader(
                "Event files (each a run), a .wandb, an MLflow .db, or CSV",
                accept_multiple_files=True,
                max_upload_size=MEGABYTES,
                key="bring-files",
            )
            path = st.text_input("Or their folder on this machine", key="bring-path", placeholder="~/lightning_logs")
            spec = st.file_uploader(
                "Their spec, where it is one of this library's: a run's spec.json (optional)",
                max_upload_size=SPEC_MEGABYTES,
                key="bring-spec",
                help="With it they count as seeds of that setting, each with its own parameter seed: in groups over "
                "seeds, reports' tables and verdicts. A run that says otherwise is not imported.",
            )
            pressed = st.form_submit_button("Import runs", key="bring")
        if pressed:
            dropped = {file.name: file.getvalue() for file in files or ()}
            _import(dropped, path.strip(), None if spec is None else (spec.name, spec.getvalue()))
        st.caption("Or log a run while any Python program trains it:")
        st.code(SNIPPET, language="python")


def _import(files: Mapping[str, bytes], path: str, spec: tuple[str, bytes] | None) -> None:
    try:
        with (
            st.spinner("Reading the runs …"),
            tempfile.TemporaryDirectory() as folder,
            tempfile.TemporaryDirectory() as beside,
        ):
            known = None if spec is None else given(spec, Path(beside))
            ids, sentences = brought(put(files, Path(folder)) if files else Path(named(path)), known)
    except UserError as error:
        st.warning(format.plain(str(error)))
        return
    store_cache.index(now=True)
    for sentence in sentences:
        st.text(sentence)
    if ids and spec is not None:
        st.text("They count as seeds of the spec that you gave: in groups over seeds, reports' tables and verdicts.")
    if ids:
        st.page_link("live/page.py", label="See what is new", query_params={"runs": ",".join(ids[:8])})


def named(path: str) -> str:
    """The path that was typed. Raises UserError where none was."""
    if not path:
        raise UserError("nothing was chosen; drop files in, or give the path of their folder")
    return str(Path(path).expanduser().absolute())


def given(spec: tuple[str, bytes], folder: Path) -> Path:
    """A dropped spec as a file in `folder`, read once: before any run is looked at.

    Raises:
        UserError: it is none, in the command line's words less the folder, which is nobody's.
    """
    file = folder / _plain_name(spec[0])
    file.write_bytes(spec[1])
    try:
        read_spec(file)
    except UserError as error:
        raise UserError(str(error).replace(str(file), file.name)) from None
    return file


def put(files: Mapping[str, bytes], folder: Path) -> Path:
    """Dropped files in a folder, under names that lead nowhere else; checked, since a browser is not.

    Raises:
        UserError: they are too large, one is empty, or two have one name.
    """
    size = sum(map(len, files.values()))
    if size > MEGABYTES * 2**20:
        raise UserError(
            f"the files have {size / 2**20:,.0f} MB, and {MEGABYTES} MB is the most; give their path instead"
        )
    for name, content in files.items():
        place = folder / _plain_name(name)
        if not content:
            raise UserError(f"{name[:80]!r} is empty; is the download whole?")
        if place.exists():
            raise UserError(f"two of the files are called {place.name!r}; drop them in one after the other")
        if tensorboard.is_events(place.name):  # which are told apart by their folders
            place.mkdir()
            place = place / place.name
        place.write_bytes(content)
    return folder


def _plain_name(name: str) -> str:
    """The name of a dropped file as one that leads nowhere else."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", Path(name).name)[-80:].lstrip(".") or "file"


def brought(path: Path, spec: Path | None = None) -> tuple[list[str], list[str]]:
    """The ids of runs that are new or went on, and what there is to say. Raises UserError in the library's words."""
    arguments = ["--results", str(Results().root), "import-runs", str(path)]
    arguments += [] if spec is None else ["--spec", str(spec)]
    written, text = processes.answer("vitcore", arguments, PATIENCE)
    return written.split(), [line for line in text.splitlines() if line.strip()]
