"""The stored runs that a new one can start from or learn from, chosen by what they are called instead of typed."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.server import store_cache
from pages.shared import naming
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.runs import origins
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

LINKS = ("teacher", "init_from")
"""Options that name a stored run."""

LINES = {
    "teacher": "The stored run to distil from; those of this dataset and image size are offered. Usual: none.",
    "init_from": "The stored run whose weights are taken over, the head's where the classes are the same; those of "
    "this network are offered. Usual: none.",
}

MOST = 100  # of the newest that fit, offered at once


def fitting_runs(link: str) -> list[str]:
    """Ids of the stored runs with weights that fit what the form asks for now, newest first."""
    table, state = store_cache.runs(), st.session_state
    if table.empty:
        return []
    table = table[(table["epochs_done"] > 0) | (table["status"] == "finished")]
    name = "dataset" if link == "teacher" else "architecture"
    table = table[table[name] == state.get(f"field-{name}", RunSpec.begun().flat()[name])]
    if link == "teacher":
        table = table[_same_images(table)]
    results, found = Results(), []
    for id in table["id"]:
        folder = results.run(id)
        if not (folder.checkpoint.is_file() if link == "teacher" else origins.has_weights(folder) and _fits(id)):
            continue
        found.append(str(id))
        if len(found) == MOST:
            break
    return found


def run_name(id: str) -> str:
    """What a stored run is called; of one that is not stored, its id."""
    return naming.everything().get(id, id)


def _same_images(table: pd.DataFrame) -> pd.Series:
    """Whether each learned images of the size and the place that the form asks for."""
    asked, folder = (_standing(name) for name in ("image_size", "folder"))
    size = table["image_size"].fillna(0).astype(float) == float(asked or 0)
    return size & (table["folder"].fillna("") == (folder or ""))


def _standing(name: str) -> Any:
    """What stands in a field; None where it is empty or no number."""
    text = st.session_state.get(f"field-{name}")
    return text if name == "folder" else int(text) if isinstance(text, str) and text.isdigit() else None


def _fits(id: str) -> bool:
    """Whether a network of the form's options can take over the weights of a run."""
    names = ("architecture", "dataset", "pos_embed", "patch", "tokenizer", "depth", "embed_dim", "num_heads")
    state = st.session_state
    chosen = {name: state[f"field-{name}"] for name in names[:3] if f"field-{name}" in state}
    numbers = {name: value for name in names[3:] if name != "tokenizer" and (value := _standing(name)) is not None}
    if (known := DATASETS.get(str(chosen.get("dataset")))) and known.at_path:
        chosen["folder"] = state.get("field-folder") or "."
    try:
        return origins.fits(Results().run(id).spec(), RunSpec.of(**chosen, **numbers))
    except (UserError, ValueError):
        return False
