"""Draw: one digit, and what every chosen model makes of it."""

import pandas as pd
import streamlit as st

from pages.parts import asking, frame, stored
from pages.parts.canvas import canvas, picture
from pages.parts.chart import chart
from pages.parts.picker import pick_runs
from vitcore.data.datasets import DATASETS
from vitcore.predict import Prediction
from vitcore.reports import figures
from vitcore.runs.folder import Results

READERS = [name for name, known in DATASETS.items() if known.made == "digit"]  # datasets whose models read digits


def readers(table: pd.DataFrame) -> pd.DataFrame:
    """The runs that can read a drawn digit: they have weights, and learnt digits."""
    if table.empty:
        return table
    store = Results()
    reading = table[table["dataset"].isin(READERS) & (table["epochs_done"] > 0)]
    return reading[[store.run(run).checkpoint.is_file() for run in reading["id"]]]


def answers(found: dict[str, Prediction | str]) -> None:
    """Every model's answer side by side, and all their probabilities."""
    with st.grid("auto", min_column_width=170, gap="small"):
        for place, (title, answer) in enumerate(found.items()):
            with st.container(border=True, gap="xxsmall", key=f"answer-{place}", height="stretch"):
                st.caption(title)
                if isinstance(answer, str):
                    st.markdown(answer)
                    continue
                st.header(answer.best, anchor=False)
                st.caption(f"{max(answer.probabilities):.0%} sure · {answer.milliseconds:.0f} ms")
    read = {title: answer for title, answer in found.items() if not isinstance(answer, str)}
    if read:
        classes = next(iter(read.values())).classes
        figure = figures.probabilities({title: list(answer.probabilities) for title, answer in read.items()}, classes)
        chart(figure, key="draw-probabilities", name="vitcore-probabilities")


@st.fragment
def easel(runs: pd.DataFrame) -> None:
    """The canvas and the answers: a stroke redraws this part alone."""
    st.space("small")
    left, right = st.columns([1, 2.4], gap="large")
    with left:
        strokes = canvas("drawing")
    drawing = picture(strokes)
    titles = zip(runs["id"], runs["title"], strict=True)
    found = {title: asking.ask(run, drawing) for run, title in titles} if strokes else {}
    with left:
        for answer in [answer for answer in found.values() if not isinstance(answer, str)][:1]:
            st.caption("As the model sees it")
            asking.seen(answer)
    with right:
        if found:
            answers(found)
        elif len(runs):
            st.caption("Large and in the middle, or small and in a corner: it is centred and scaled as MNIST's were.")


frame.heading("Draw", "Draw a digit and see, stroke by stroke, what every chosen model makes of it.")
able = readers(stored.runs())
if able.empty:
    with st.container(border=True, key="draw-empty"):
        st.subheader("No model can read yet", anchor=False)
        st.markdown("Train one on digits or MNIST first; a first model takes less than a minute.")
        if st.button("Go to Home", type="primary"):
            st.switch_page("home.py")
else:
    best = able.sort_values("best_error_percent", kind="stable").head(1)
    ids = pick_runs(able, key="draw-runs", first=list(best["id"]), label="Models")
    easel(able[able["id"].isin(ids)].set_index("id", drop=False).reindex(ids))
