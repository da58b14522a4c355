"""Files that are dropped into the page: kept below the data folder under their content's digest, once."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from pages.shared import format
from vitcore.data.storage.places import data_root
from vitcore.errors import UserError

MEGABYTES = 200  # of all files together
FOLDER = "uploaded"  # below the data folder
FIELD, UPLOAD, TROUBLE = "dataset-folder", "dataset-upload", "dataset-upload-refused"  # in the session


def uploader() -> None:
    """The field that files are dropped into; what was stored is then the path that is looked at."""
    st.file_uploader(
        "Or drop it here: a zip or tar of images, an .npz, parquet shards, idx files, or CSV",
        accept_multiple_files=True,
        max_upload_size=MEGABYTES,
        key=UPLOAD,
        on_change=_store,
        help=f"At most {MEGABYTES} MB; larger ones by their path. Stored below {data_root() / FOLDER}.",
    )
    if refused := st.session_state.get(TROUBLE):
        st.warning(refused)


def stored(files: Mapping[str, bytes]) -> Path:
    """The path at which the uploaded files lie now: of the one file, or of the folder of several.

    Raises:
        UserError: nothing, too much, an empty file, a name that is none, or no room on the disk.
    """
    size = sum(map(len, files.values()))
    if not files or size > MEGABYTES * 2**20:
        raise UserError(
            f"{len(files):,} files of {size / 2**20:,.0f} MB were given; {MEGABYTES} MB is the most; name their path"
        )
    empty = next((name for name, content in files.items() if not content), None)
    if empty is not None:
        raise UserError(f"{empty[:80]!r} is empty; is the download whole?")
    named = {_name(name): content for name, content in files.items()}
    if len(named) < len(files):
        raise UserError("two of the files have one name once signs that are no letters are left out; rename one")
    digest = hashlib.sha256()
    for name, content in sorted(named.items()):
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    place = data_root() / FOLDER / f"{Path(min(named)).stem[:40]}-{digest.hexdigest()[:12]}"
    try:
        if not place.is_dir():
            _write(place, named)
    except OSError as error:
        raise UserError(
            f"the files cannot be stored in {place.parent} ({error.strerror or error}); make room"
        ) from error
    return place / min(named) if len(named) == 1 else place


def _name(name: str) -> str:
    """A file's name that can lead nowhere, with its ending."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", Path(name.replace("\\", "/")).name)[-80:].lstrip(".") or "file"


def _write(place: Path, files: Mapping[str, bytes]) -> None:
    """All of them or none: they are written beside their place, which is then renamed."""
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".", dir=place.parent))
    try:
        for name, content in files.items():
            (draft / name).write_bytes(content)
        os.rename(draft, place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _store() -> None:
    st.session_state.pop(TROUBLE, None)
    uploads = st.session_state.get(UPLOAD) or []
    if not uploads:
        return
    try:
        st.session_state[FIELD] = str(stored({upload.name: upload.getvalue() for upload in uploads}))
    except UserError as error:
        st.session_state[TROUBLE] = format.plain(f"{error}.")
