"""From own drawings to a model that has learned from them: the run that is queued, and what it changed."""

from __future__ import annotations

import functools

import pandas as pd
import streamlit as st

from pages.draw.models import READERS
from pages.server import store_cache
from pages.shared import format, launch, naming
from vitcore.analysis import fine_tuned
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.runs import drawing_sets, drawings
from vitcore.runs.folder import Results

SHOWN = 3  # of the runs that learned from drawings, newest first


def panel(runs: pd.DataFrame) -> None:
    """The button, or why it cannot be pressed, and the error before and after of the latest runs; none of no drawings.

    Args:
        runs: those that the page asks, by id.
    """
    able = runs[runs["dataset"].isin(READERS)]
    try:
        found = drawings.stored(Results(), drawing_sets.LABEL_SET)
    except UserError:  # as "My drawings" has said
        return
    if able.empty or not found:
        return
    with st.expander("Fine-tune on my drawings", key="fine-tuning"):
        _ask(able[[not _taught(str(id)) for id in able.index]], found)
        for id in _done():
            _result(id)


def _ask(able: pd.DataFrame, found: list[drawings.Drawing]) -> None:
    """Which model, and the button; or the sentence that says what is missing."""
    if able.empty:
        st.caption("These models have learned from drawings already; choose the one that they began with.")
        return
    called = naming.of(able).names
    chosen = str(able.index[0])
    if len(able) > 1:
        chosen = st.selectbox("Model", list(able.index), format_func=lambda id: called[id], key="fine-tuned-model")
    try:
        parts = drawing_sets.parted(found, DATASETS[drawing_sets.LABEL_SET].classes)
    except UserError as error:
        st.caption(format.sentence(error))
        return
    st.caption(
        f"A new run goes on from {format.plain(called[chosen])} with {len(parts.train):,} of the drawings; the other "
        f"{len(parts.held_out):,} are held out, and the error on them is measured before and after."
    )
    if st.button("Fine-tune on my drawings", key="fine-tune"):
        try:
            spec = drawing_sets.spec(Results(), chosen)
        except UserError as error:
            st.warning(format.sentence(error))
            return
        if ids := launch.launch([spec]):
            launch.watch(ids)


def _taught(id: str) -> bool:
    """Whether a run has learned from drawings, so that none is left to tell its error before; one that is gone has."""
    try:
        return _learned(str(Results().root), id)
    except UserError:
        return True


@functools.lru_cache(maxsize=4_096)
def _learned(root: str, id: str) -> bool:
    """A spec never changes, and the page asks while a stroke grows."""
    return drawing_sets.taught(Results(root), Results(root).run(id).spec())


def _done() -> list[str]:
    """The latest runs that have learned from drawings and have weights to ask."""
    table = store_cache.runs()
    own = table[(table["dataset"] == drawing_sets.DATASET) & (table["status"] == "finished")]
    return [str(id) for id in own["id"].head(SHOWN)]


def _result(id: str) -> None:
    """What a run has changed, in two sentences; nothing of a run that began from no stored one."""
    run = Results().run(id)
    try:
        origin = run.spec().init.init_from
        if origin is None or not drawing_sets.is_set(Results(), run.spec()):
            return
        with st.spinner("Asking both models about the held-out drawings …"):
            found = _before_after(id, run.checkpoint.stat().st_mtime_ns)
        sentences = [format.plain(text) for text in found.sentences()]
    except (UserError, OSError) as error:
        sentences = [format.sentence(error)]
    with st.container(key=f"fine-tuned-{id}", gap="xxsmall"):
        st.markdown(f"**{format.plain(naming.everything().get(id, id))}**")
        for text in sentences:
            st.markdown(text)


@st.cache_data(show_spinner=False, max_entries=32)
def _before_after(id: str, stamp: int) -> fine_tuned.BeforeAfter:
    """`vitcore.analysis.fine_tuned.before_after`, once for each state (`stamp`) of the run's weights."""
    return fine_tuned.before_after(Results(), Results().run(id))
