"""One run in full: how to start it again, its tags and note, its weights, the way to the trash and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from pages.compare.weights_export import weights_of
from pages.server import store_cache
from pages.shared import format, naming
from pages.shared.confusion_panel import SPLITS, confusions
from pages.shared.simplest import simplest
from pages.shared.start_from import start_from
from pages.shared.status import answered
from vitcore.errors import UserError
from vitcore.runs import annotations as annotations_of
from vitcore.runs import cost_estimate, trash
from vitcore.runs.folder import Results, RunFolder
from vitcore.spec import command_line
from vitcore.store import queries
from vitcore.store.cells import entries


def details(table: pd.DataFrame, ids: list[str]) -> None:
    """One of these runs, by its own choice where there are several: of the chosen, else of all in the table."""
    rows = table[table["id"].isin(ids)].set_index("id", drop=False)
    if rows.empty:
        return
    st.subheader("One run", anchor=False)
    titles = naming.of(rows).names
    id = st.selectbox(
        "Run",
        list(rows.index),
        format_func=lambda run: titles.get(run, run),
        key="details-run",
        label_visibility="collapsed",
    )
    run = Results().run(str(id))
    _how(run)
    _kept_to(run, rows.loc[id, "training_seconds"])
    simplest(rows.loc[id])
    _text(run, all_tags(table))
    drawn = any(queries.confusion_epochs(store_cache.index(), run.id, split) for split in SPLITS)
    if drawn and st.toggle("Confusion matrix", key="details-matrix"):
        st.fragment(confusions)(rows.loc[id], titles[str(id)], key="details-confusion")
    with st.container(horizontal=True, gap="small", key="details-ways"):
        weights_of(run)
        start_from(run, key="details-start-from")
        if st.button("Open on Live", key="details-live"):
            st.session_state.pop("live-runs", None)
            st.switch_page("live/page.py", query_params={"runs": id})


def delete_chosen(ids: list[str]) -> None:
    """The chosen runs into the trash, after a second click."""
    with st.popover(f"Delete {len(ids):,}", key="delete"):
        st.markdown(f"{format.number(len(ids), 'run')} would be moved to the trash, whole, to be restored there.")
        st.button("Move to the trash", key="delete-chosen", on_click=_each, args=(trash.delete, ids))


def bin_of_runs() -> None:
    """What was deleted, newest first, each with its way back."""
    store = Results()
    ids = store.trashed()[::-1]
    if not ids:
        return
    with st.expander(f"Trash ({len(ids):,})", key="trash"):
        st.caption(f"Whole run folders in {format.plain(str(store.trash))}; nothing empties it but you.")
        for id in ids[:20]:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.text(f"{_title(RunFolder(store.trash / id))} · {id}", width="stretch")
                st.button("Restore", key=f"restore-{id}", on_click=_each, args=(trash.restore, [id]))


def _how(run: RunFolder) -> None:
    try:
        st.code(command_line(run.spec()), language="bash", wrap_lines=True)
    except UserError as error:  # a spec that is no longer valid can be looked at all the same
        st.caption(format.plain(str(error)))


def _kept_to(run: RunFolder, seconds: float | None) -> None:
    """What the training was expected to take, beside what it took."""
    estimate = cost_estimate.read(run)
    if estimate is not None:
        guess = ", a guess" if estimate.guessed else ""
        st.caption(
            f"Training was expected to take {format.duration(estimate.training_seconds)}{guess}; "
            f"it took {format.duration(seconds)}."
        )


def _text(run: RunFolder, known: list[str]) -> None:
    """Name, tags and note, stored as soon as they change here; what another browser wrote meanwhile stays."""
    annotated = annotations_of.read(run)
    with st.grid(3, min_column_width=200):
        st.text_input(
            "Name",
            annotated.name,
            key=f"name-{run.id}",
            placeholder=_title(run),
            help="Shown wherever the run is; empty: the one it was started with.",
            on_change=_keep_name,
            args=(run.id,),
        )
        st.multiselect(
            "Tags",
            sorted({*known, *annotated.tags}),
            default=list(annotated.tags),
            accept_new_options=True,
            key=f"tags-{run.id}",
            placeholder="Type a tag and press Enter",
            on_change=_keep_tags,
            args=(run.id,),
        )
        st.text_area(
            "Note",
            annotated.note,
            key=f"note-{run.id}",
            max_chars=10_000,
            height=68,
            on_change=_keep_note,
            args=(run.id,),
        )


def _keep_name(id: str) -> None:
    key = f"name-{id}"
    name = str(st.session_state[key])
    if not answered(lambda results: annotations_of.write(results.run(id), name=name)):
        st.session_state[key] = annotations_of.read(Results().run(id)).name  # what is no name is not left standing


def _keep_tags(id: str) -> None:
    key = f"tags-{id}"
    tags = list(st.session_state[key])
    if not answered(lambda results: annotations_of.write(results.run(id), tags=tags)):
        st.session_state[key] = list(annotations_of.read(Results().run(id)).tags)  # what is no tag is not left standing


def _keep_note(id: str) -> None:
    note = str(st.session_state[f"note-{id}"])
    answered(lambda results: annotations_of.write(results.run(id), note=note))


def all_tags(table: pd.DataFrame) -> list[str]:
    """Every tag that some run of the table has, in alphabetical order."""
    return sorted({tag for tags in table["tags"] for tag in entries(tags)})


def _title(run: RunFolder) -> str:
    try:
        return annotations_of.title(run)
    except UserError:
        return "a run of another version"


def _each(what: Callable[..., object], ids: list[str]) -> None:
    for id in ids:
        answered(partial(what, id=id))
