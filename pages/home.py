"""Home: what runs now, what was best, what is new, and one button for a first model."""

import pandas as pd
import streamlit as st

from pages.parts import frame, stored, wording
from pages.parts.launch import FIRST, launch, watch
from pages.parts.status import badge, progress_line
from vitcore.data.datasets import DATASETS

NEWEST = 6


def first_model() -> None:
    """The way in for someone who has nothing stored yet."""
    with st.container(border=True, key="first-model", gap="medium"):
        st.subheader("Nothing is stored yet", anchor=False)
        st.markdown(
            "One click trains a small compact transformer on 1,437 handwritten digits, in well under a minute and "
            "without any network. Then watch it learn, compare it with a second run, and draw a digit for it to read."
        )
        if st.button("Train a first model", type="primary", key="train-first") and (ids := launch([FIRST])):
            watch(ids)


def running(table: pd.DataFrame) -> None:
    """What runs and what waits, refreshed only while there is something."""
    st.subheader("Now", anchor=False)
    for _, run in stored.active(table).iloc[::-1].head(NEWEST).iterrows():
        with st.container(key=f"now-{run['id']}", gap="xxsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.page_link("live.py", label=run["title"], query_params={"runs": run["id"]})
                badge(run["status"])
            if run["status"] == "running":
                st.progress(wording.share(run["progress"]))
                st.caption(progress_line(run))
    waiting = int((table["status"] == "queued").sum())
    if waiting > 1:
        st.caption(f"{waiting} runs wait in the queue.")


def best(table: pd.DataFrame) -> None:
    """The lowest test error on each dataset."""
    known = table.dropna(subset=["best_error_percent"]).sort_values("best_error_percent", kind="stable")
    if known.empty:
        return
    st.subheader("Best so far", anchor=False)
    with st.grid("auto", min_column_width=270):
        for _, run in known.drop_duplicates("dataset").iterrows():
            with st.container(border=True, gap="xxsmall", height="stretch"):
                st.metric(
                    f"{DATASETS[run['dataset']].label if run['dataset'] in DATASETS else run['dataset']}, test error",
                    wording.percent(run["best_error_percent"], 2),
                )
                st.page_link("live.py", label=run["title"], query_params={"runs": run["id"]})


def newest(table: pd.DataFrame) -> None:
    """The last few runs that have ended."""
    ended = table[~table["status"].isin(stored.ACTIVE)].head(NEWEST)
    if ended.empty:
        return
    st.subheader("New", anchor=False)
    for _, run in ended.iterrows():
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"new-{run['id']}"):
            st.page_link("live.py", label=run["title"], query_params={"runs": run["id"]})
            badge(run["status"])
            said = (
                wording.percent(run["error_percent"], 2) + " error, "
                if run["error_percent"] == run["error_percent"]
                else ""
            )
            st.caption(said + wording.ago(run["created"]), width="content")
    st.page_link("compare.py", label=f"All {len(table):,} runs →")


def glance() -> None:
    table = stored.runs()
    busy = not stored.active(table).empty
    if busy != st.session_state.get("home-busy"):
        st.session_state["home-busy"] = busy
        st.rerun()
    if busy:
        running(table)
    best(table)
    newest(table)


frame.heading(
    "Vision transformers, side by side", "Train small ones on your own machine, watch, compare, draw, export."
)
everything = stored.runs()
st.session_state["home-busy"] = not stored.active(everything).empty
if everything.empty:
    first_model()
else:
    with st.container(horizontal=True):
        if st.button("Train a model", type="primary"):
            st.switch_page("train.py")
    st.fragment(glance, run_every=2 if st.session_state["home-busy"] else None)()
