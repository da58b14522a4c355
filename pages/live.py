"""Live: the runs that train now, or any chosen ones: progress, curves, the confusion matrix; pause, stop, the queue."""

import pandas as pd
import streamlit as st

from pages.parts import frame, stored, wording
from pages.parts.chart import chart
from pages.parts.classes import class_names
from pages.parts.picker import pick_runs
from pages.parts.status import actions, badge, progress_line
from pages.parts.waiting import waiting
from vitcore.reports import figures
from vitcore.store import queries

TICK = 1.5  # seconds between two looks while something runs
HEIGHT = 260
LOG_BYTES = 20_000


def head(run: pd.Series) -> None:
    """One run in a line: its name and status, how far it is, and what can be done to it."""
    with st.container(key=f"head-{run['id']}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{run['title']}**", width="content")
            badge(run["status"])
            st.space("stretch")
            actions(run)
        if run["status"] == "running":
            st.progress(wording.share(run["progress"]))
            st.caption(progress_line(run))
        elif run["status"] not in ("queued", "finished") and not wording.missing(run["reason"]):
            st.caption(run["reason"])


def numbers(run: pd.Series) -> None:
    with st.grid(5, min_column_width=120):
        st.metric("Test error", wording.percent(run["error_percent"], 2))
        st.metric("Epochs", f"{int(run['epochs_done'])} of {int(run['epochs'])}")
        st.metric("Training time", wording.duration(run["training_seconds"]))
        st.metric("Images/s", wording.count(run["images_per_second"]))
        st.metric("Parameters", wording.count(run["parameters"]))


def curves(chosen: pd.DataFrame) -> None:
    epochs = queries.epochs(stored.index(), list(chosen["id"]))
    steps = pd.concat([queries.steps(stored.index().results, run).assign(run_id=run) for run in chosen["id"]])
    st.space("small")
    with st.grid(2, min_column_width=330, gap=("medium", "large")):
        for title, y, rows, x in (
            ("Loss by step", "loss", steps, "step"),
            ("Accuracy by epoch", "accuracy", epochs, "epoch"),
            ("Test loss by epoch", "test_loss", epochs, "epoch"),
            ("F1 by epoch", "f1", epochs, "epoch"),
        ):
            with st.container(gap="xxsmall"):
                st.markdown(f"**{title}**")
                if rows.empty:
                    with st.container(height=HEIGHT, border=False):
                        st.caption("Nothing yet.")
                    continue
                figure = figures.curves(rows, chosen, x=x, y=y, height=HEIGHT)
                figure.update_layout(showlegend=len(chosen) > 1, xaxis_title="", yaxis_title="", margin_b=0)
                if len(chosen) == 1:
                    figure.update_layout(margin_t=8)
                chart(figure, key=f"curve-{y}", name=f"vitcore-{y}")


def confusion(run: pd.Series) -> None:
    """Which classes are taken for which, after the last epoch or a chosen one."""
    known = queries.confusion_epochs(stored.index(), run["id"])
    if not len(known):
        return
    st.subheader("Confusion matrix", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        shares = st.toggle("Percent of the true class", key="confusion-shares")
        last = st.toggle("Follow the last epoch", value=True, key="confusion-last")
    chosen = (
        None if last or len(known) < 2 else st.select_slider("Epoch", known, value=known[-1], key="confusion-epoch")
    )
    epoch, matrix = queries.confusion(stored.index(), run["id"], epoch=chosen)
    st.caption(f"{run['title']}, after epoch {epoch}")
    chart(
        figures.confusion(matrix, class_names(run, len(matrix)), normalise=shares),
        key="confusion",
        name="vitcore-confusion",
    )


def log(run: pd.Series) -> None:
    """What the trainer had to say, and the end of what its process wrote."""
    notes = queries.notes(stored.index(), run["id"])
    for text in notes["text"].drop_duplicates():
        st.caption(text)
    try:
        written = stored.index().results.run(run["id"]).log.read_bytes()[-LOG_BYTES:].decode(errors="replace").strip()
    except OSError:  # none: it was imported, or has not begun
        return
    if written:
        with st.expander("The worker's log"):
            st.code(written, language=None, height=240)


def live(ids: list[str]) -> None:
    table = stored.runs()
    if stored.active(table).empty == st.session_state["live-ticking"]:
        st.rerun()  # nothing moves any more, or something does again: without the timer, or with it
    chosen = table.set_index("id", drop=False).reindex([run for run in ids if run in set(table["id"])])
    st.space("small")
    for _, run in chosen.iterrows():
        head(run)
    if len(chosen) == 1:
        numbers(chosen.iloc[0])
    if (chosen["status"] != "queued").any():
        curves(chosen)
        confusion(chosen.iloc[0])
        log(chosen.iloc[0])
    others = table[(table["status"] == "running") & ~table["id"].isin(ids)]
    if len(others):
        st.subheader("Also running", anchor=False)
        for _, run in others.iterrows():
            head(run)
    waiting(table)


frame.heading("Live", "Runs as they learn. Close the page, stop the server: training goes on.")
everything = stored.runs(now=True)
if everything.empty:
    st.markdown("Nothing has been trained yet.")
    st.page_link("train.py", label="Train a model")
else:
    now = everything[everything["status"] == "running"]
    chosen = pick_runs(everything, key="live-runs", first=list((now if len(now) else everything.head(1))["id"]))
    st.session_state["live-ticking"] = not stored.active(everything).empty
    st.fragment(live, run_every=TICK if st.session_state["live-ticking"] else None)(chosen)
