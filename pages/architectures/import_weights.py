"""Bringing in weights of others, from an uploaded file, a path or the hub, through the command line's own way in.

It is done in a process of its own: reading and measuring a network takes the CPU for seconds, which is the
pages' own meanwhile.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import streamlit as st

from pages.shared import format
from vitcore import processes
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.models import ARCHITECTURES
from vitcore.runs import hub
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

LARGEST_UPLOAD, LARGEST_FILE = 200, 2_000  # MB
PATIENCE = 1_800  # seconds


def weights_form() -> None:
    """The form, and what came of it."""
    with st.form("import-weights", border=True):
        with st.grid(3, min_column_width=170, vertical_alignment="bottom"):
            architecture = st.selectbox(
                "Architecture",
                list(ARCHITECTURES),
                index=list(ARCHITECTURES).index("cct-7/3x1"),
                key="import-model",
                accept_new_options=True,
                help="The network that the weights are of; or one of timm's, such as timm/resnet18.",
            )
            dataset = st.selectbox(
                "Trained on",
                list(DATASETS),
                index=list(DATASETS).index("cifar-10"),
                format_func=lambda name: DATASETS[name].label,
                key="import-dataset",
            )
            pos_embed = st.selectbox("Position embedding", ("learnable", "sinusoidal", "none"), key="import-positions")
        upload = st.file_uploader(
            "Checkpoint",
            max_upload_size=LARGEST_UPLOAD,
            key="import-upload",
            help="Told by its content, whatever its name ends in: safetensors, or what torch.save wrote.",
        )
        path = st.text_input(
            "Or its path on this machine, or hf:OWNER/NAME",
            key="import-path",
            max_chars=1_000,
            placeholder=hub.EXAMPLE,
            help="hf: fetches one file of weights from a repository on huggingface.co, timm's or Hugging Face's, where "
            "this machine has a network.",
        )
        averaged = st.checkbox(
            "Averaged weights",
            key="import-averaged",
            help="Some checkpoints hold the weights as trained and an average of them (EMA); what was taken, and what "
            "else is there, is said.",
        )
        measured = st.checkbox(
            "Measure it on the test samples", key="import-measure", help="Takes a minute or two for 10,000 images."
        )
        pressed = st.form_submit_button("Import", type="primary", key="import")
    if not pressed:
        return
    try:
        spec = RunSpec.of(architecture=architecture, dataset=dataset, pos_embed=pos_embed)
        with st.spinner("Reading the checkpoint …"), tempfile.TemporaryDirectory() as folder:
            given = None if upload is None else (upload.name, upload.getvalue())
            run, text = bring_in(spec, located(given, path, Path(folder)), measured, averaged)
    except UserError as error:
        st.warning(format.plain(str(error)))
        return
    for sentence in text:
        st.text(sentence)
    st.page_link("live/page.py", label="Stored as a run: see it", query_params={"runs": run})


def located(upload: tuple[str, bytes] | None, path: str, folder: Path) -> Path | str:
    """The upload written into `folder` as a file, else the path or the hub's name; checked, since a browser is not.

    Raises:
        UserError: there is neither, or it is empty or too large.
    """
    if upload is None and not path.strip():
        raise UserError(
            "nothing was chosen; upload a .pt, .pth or .safetensors checkpoint, give its path, "
            "or name a repository as hf:OWNER/NAME"
        )
    if upload is not None:
        name, content = re.sub(r"[^A-Za-z0-9._-]", "_", Path(upload[0]).name)[-80:], upload[1]
        _check(name, len(content), LARGEST_UPLOAD)
        file = folder / name
        file.write_bytes(content)
        return file
    if hub.is_name(path.strip()):
        hub.parsed(path)
        return path.strip()
    file = Path(path.strip()).expanduser()
    try:
        if not file.is_file():
            raise UserError(f"there is no file {file.name[:80]!r} at that path; give the path of a checkpoint")
        _check(file.name, file.stat().st_size, LARGEST_FILE)
    except OSError as error:
        raise UserError(f"the file cannot be read: {error.strerror or error}") from None
    return file.absolute()


def bring_in(spec: RunSpec, file: Path | str, measured: bool, averaged: bool = False) -> tuple[str, list[str]]:
    """Store the checkpoint as a run; its id, and what was done. Raises UserError in the library's words."""
    arguments = ["--results", str(Results().root), "import", spec.model.architecture, str(file)]
    arguments += ["--dataset", spec.data.dataset, "--pos-embed", spec.model.pos_embed]
    arguments += ["--evaluate" if measured else "--no-evaluate"]
    arguments += ["--weights", "averaged"] if averaged else []
    written, text = processes.answer("vitcore", arguments, PATIENCE)
    return written.split()[-1], [line for line in text.splitlines() if line.strip()]


def _check(name: str, size: int, most: int) -> None:
    if not size:
        raise UserError(f"{name[:80]!r} is empty; is the download whole?")
    if size > most * 2**20:
        raise UserError(f"{name[:80]!r} has {size / 2**20:,.0f} MB, and {most:,} MB is the most; give its path instead"
                      if most == LARGEST_UPLOAD
                      else f"{name[:80]!r} has {size / 2**20:,.0f} MB, and {most:,} MB is the most")  # fmt: skip
