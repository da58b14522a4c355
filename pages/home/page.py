"""Home: what runs and where, what ended since the last visit, what is open, what can be deleted; a first model."""

from datetime import datetime

import pandas as pd
import streamlit as st

from pages.home.disk import disk
from pages.home.open_questions import open_questions
from pages.home.tour import tour
from pages.home.visits import since
from pages.server import store_cache
from pages.shared import format, frame, moments, naming
from pages.shared.launch import FIRST, launch, watch
from pages.shared.preview import preview
from pages.shared.status import badge, progress_line
from vitcore.data.registry import DATASETS
from vitcore.runs import notify
from vitcore.spec import differing
from vitcore.store import choosing

NEWEST = 8
SHOWN = 6  # of what runs and waits


def first_model() -> None:
    """The way in for someone who has nothing stored yet."""
    with st.container(border=True, key="first-model", gap="medium", width=720):
        st.subheader("Nothing is stored yet", anchor=False)
        st.markdown(
            "One click trains a small compact transformer on 1,437 handwritten digits, in well under a minute and "
            "without any network. Then watch it learn, compare it with a second run, and draw a digit for it to read."
        )
        if st.button("Train a first model", type="primary", key="train-first") and (ids := launch([FIRST])):
            watch(ids)
        preview("live", "Curves of four runs: losses fall and accuracies rise over six epochs")


def link(run: pd.Series, called: str = "") -> None:
    """What a run is called, which leads to it on Live; by itself its title."""
    st.page_link("live/page.py", label=format.plain(called or run["title"]), query_params={"runs": run["id"]})


def above(called: differing.Called) -> None:
    """What the runs of a list share, said once above them."""
    if text := called.above():
        st.caption(format.plain(text))


def running(table: pd.DataFrame) -> None:
    """What runs and what waits, as cards, what runs first."""
    now = store_cache.active(table).iloc[::-1].sort_values("status", ascending=False, kind="stable")
    shown = now.head(SHOWN)
    called = naming.of(shown)
    st.subheader("Now", anchor=False)
    above(called)
    with st.grid("auto", min_column_width=270):
        for _, run in shown.iterrows():
            with st.container(border=True, gap="xxsmall", height="stretch", key=f"now-{run['id']}"):
                with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                    link(run, called.names[str(run["id"])])
                    badge(run["status"])
                if run["status"] == "running":
                    st.progress(format.share(run["progress"]))
                    st.caption(progress_line(run))
                    st.caption(format.plain(where(run)))
    if len(now) > SHOWN:
        st.caption(f"and {format.rest(list(now['status'])[SHOWN:])}")


def where(run: pd.Series) -> str:
    """'on cpu of this-machine', as far as the run says."""
    device, machine = (run.get(name) for name in ("device", "machine"))
    of = "" if format.missing(machine) else f" of {machine}"
    return "" if format.missing(device) else f"on {device}{of}"


def _all(count: int) -> str:
    return "The one run there is →" if count == 1 else f"All {format.number(count, 'run')} →"


def _dataset(run: pd.Series) -> str:
    return format.plain(DATASETS[run["dataset"]].label if run["dataset"] in DATASETS else run["dataset"])


def best(table: pd.DataFrame) -> None:
    """The lowest validation error on each dataset; where no run has validation, the newest run's last weights."""
    found = choosing.best(table)
    st.subheader("Best so far", anchor=False)
    for _, run in found.iterrows():
        with st.container(border=True, gap="xxsmall", key=f"best-{run['dataset']}"):
            of = f"best epoch {format.whole(run['best_epoch'])}"
            st.metric(f"{_dataset(run)}, validation error, {of}", format.percent(run["val_error_best"], 2))
            if not format.missing(run["test_error_best"]):
                st.caption(f"test error, {of}: {format.percent(run['test_error_best'], 2)}")
            link(run)
    table = choosing.eligible(table)
    others = table[table["error_percent"].notna() & ~table["dataset"].isin(found["dataset"])]
    for _, run in others.drop_duplicates("dataset").iterrows():
        with st.container(border=True, gap="xxsmall", key=f"best-{run['dataset']}"):
            st.metric(f"{_dataset(run)}, test error, last weights", format.percent(run["error_percent"], 2))
            st.caption("The newest run: none on this dataset has validation, so none is called the best.")
            link(run)
    if found.empty and others.empty:
        st.caption("No run has been evaluated yet.")


def newest(table: pd.DataFrame) -> None:
    """The runs that have ended since the last visit; where none has, the last few."""
    ended = table[~table["status"].isin(store_cache.ACTIVE)]
    before = since()
    fresh = _after(ended, before)
    shown = (ended if fresh.empty else fresh).head(NEWEST)
    many = "" if len(fresh) <= NEWEST else f", {len(fresh):,} in all"
    st.subheader("New" if fresh.empty else f"Ended since your last visit{many}", anchor=False)
    if ended.empty:
        st.caption("The first run has not ended yet.")
        return
    if fresh.empty and before is not None:
        st.caption(f"Nothing has ended since your last visit, {moments.ago(before)}; before that:")
    called = naming.of(shown)
    above(called)
    st.caption("Each with the test error of its last weights.")
    with st.container(border=True, gap="xsmall", key="new"):
        for _, run in shown.iterrows():
            _line(run, called.names[str(run["id"])])
    st.page_link("compare/page.py", label=_all(len(table)))


def _line(run: pd.Series, called: str) -> None:
    with st.container(
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
        gap="small",
        key=f"new-{run['id']}",
    ):
        link(run, called)
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            if run["status"] != "finished":
                badge(run["status"])
            if run["status"] != "diverged" and not format.missing(run["error_percent"]):
                st.caption(format.percent(run["error_percent"], 2), width="content")
            st.caption(moments.ago(run["created"]), width="content")


def _after(ended: pd.DataFrame, before: datetime | None) -> pd.DataFrame:
    """Those that ended after a moment; none where there was no visit before."""
    if before is None or ended.empty:
        return ended.head(0)
    return ended[pd.to_datetime(ended["ended"]) > pd.Timestamp(before).tz_localize(None)]


def glance() -> None:
    """Runs that train, the newest and the best ones; drawn anew as a whole where training has begun or ended."""
    table = store_cache.runs()
    busy = not store_cache.active(table).empty
    if busy != st.session_state.get("home-busy"):
        st.session_state["home-busy"] = busy
        st.rerun()
    if busy:
        running(table)
    left, right = st.columns([1.9, 1], gap="large")
    with left:
        newest(table)
    with right:
        best(table)


frame.heading(
    "Vision transformers, side by side", "Train small ones on your own machine, watch, compare, draw, export."
)
everything = store_cache.runs()
st.session_state["home-busy"] = not store_cache.active(everything).empty
for notice in store_cache.notices():
    st.warning(format.plain(notice))
if trouble := notify.trouble():
    st.warning(format.plain(f"No word could be sent when a run ended: {trouble}."))
tour()
if everything.empty:
    first_model()
else:
    with st.container(horizontal=True, gap="small", key="ways"):
        if st.button("Train a model", type="primary"):
            st.switch_page("train/page.py")
        if st.button("Draw a digit"):
            st.switch_page("draw/page.py")
    st.fragment(glance, run_every=2 if st.session_state["home-busy"] else None)()
    open_questions(everything)
    disk(everything)
