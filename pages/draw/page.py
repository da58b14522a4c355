"""Draw: one digit, or one image of one's own, and what every chosen model makes of it."""

from collections import Counter

import pandas as pd
import streamlit as st
from PIL import Image

from pages.draw import answers as asking
from pages.draw import fine_tuning
from pages.draw import upload as uploading
from pages.draw.canvas import MADE_FOR, canvas, drawn_image
from pages.draw.confidence import confidence
from pages.draw.models import READERS, grouped, under, with_weights
from pages.draw.steps import as_prepared, steps
from pages.server import store_cache
from pages.shared import attention_maps, format, frame, naming, own_drawings, run_colors
from pages.shared.chart import chart
from pages.shared.preview import preview
from pages.shared.run_picker import asked_anew, gone, pick_runs
from vitcore import figures
from vitcore.errors import UserError
from vitcore.runs.predict import Prediction
from vitcore.store import choosing

WAYS = ("Draw a digit", "Upload an image", "Take a photo")


def silent(run: str) -> str:
    """Why a run that the address names cannot be asked."""
    if run in set(able["id"]):
        return "reads no drawn digits; it can be asked about an uploaded image"
    return "has no weights to ask yet" if run in set(store_cache.runs()["id"]) else gone(run)


def cards(
    runs: pd.DataFrame, called: dict[str, str], found: dict[str, Prediction | str], image: Image.Image | None
) -> None:
    """Every model's answer side by side; before there is one, how good the model is."""
    with st.grid(min(max(len(runs), 2), 4), min_column_width=150, gap="small"):
        for place, (id, run) in enumerate(runs.iterrows()):
            answer = found.get(str(id))
            key = f"answer-{place}" if answer else f"waits-{place}"
            with st.container(border=True, gap="xxsmall", key=key, height="stretch"):
                st.caption(format.plain(called[str(id)]))
                if isinstance(answer, str):
                    st.markdown(format.plain(answer))
                elif answer is None:
                    st.header("?", anchor=False)
                    st.caption(f"{format.percent(run['error_percent'])} test error, last weights")
                else:
                    st.header(format.plain(answer.best), anchor=False)
                    st.caption(f"{confidence(str(id), answer)} · {answer.milliseconds:.0f} ms")
                    if image is not None and st.toggle("Attention maps", key=f"looks-{place}"):
                        attention_maps.maps(str(run["id"]), run["architecture"], answer, image)


def votes(read: dict[str, Prediction]) -> None:
    """What several models say together."""
    counted = Counter(answer.best for answer in read.values()).most_common()
    if len(counted) == 1:
        st.markdown(f"{'Both' if len(read) == 2 else f'All {len(read)}'} say **{format.plain(counted[0][0])}**.")
    else:
        st.markdown(
            "They disagree: " + ", ".join(f"**{format.plain(best)}** by {count}" for best, count in counted) + "."
        )


def answers(runs: pd.DataFrame, image: Image.Image | None) -> dict[str, Prediction]:
    """Ask every model and show what it says; the answers there are."""
    found = {} if image is None else {run: asking.ask(run, image) for run in runs.index}
    called, colors = naming.of(runs).names, run_colors.places(list(runs.index), page="draw")
    cards(runs, called, found, image)
    if any(st.session_state.get(f"looks-{place}") for place in range(len(runs))):
        attention_maps.scale()
    read = {run: answer for run, answer in found.items() if not isinstance(answer, str)}
    if len(read) > 1:
        votes(read)
    for place, classes in enumerate(dict.fromkeys(answer.classes for answer in read.values())):
        alike = {called[run]: list(answer.probabilities) for run, answer in read.items() if answer.classes == classes}
        places = [colors[run] for run, answer in read.items() if answer.classes == classes]
        figure = figures.probabilities(alike, classes, places=places)
        figure.update_traces(textposition="outside", cliponaxis=False).update_xaxes(range=[0, 1.13])
        chart(figure, key=f"draw-probabilities{place or ''}", name="vitcore-probabilities")
    return read


@st.fragment
def easel(runs: pd.DataFrame) -> None:
    """The canvas and the answers: a stroke redraws this part alone."""
    left, right = st.columns([1, 1.9], gap="large")
    with left:
        strokes = canvas("drawing")
    image = drawn_image(strokes) if strokes else None
    with right:
        read = answers(runs, image)
        if not strokes and len(runs):
            st.caption(
                "Draw on the canvas: the answers come while you draw. Large and in the middle, or small and in a "
                "corner, a digit is centered and scaled as MNIST's were."
            )
    with left:
        as_prepared(read)
        own_drawings.saving(image, list(runs["dataset"]) or READERS[:1])
        fine_tuning.panel(runs)


def given(way: str) -> Image.Image | None:
    """An image from the person's own files or camera, shown small; None before there is one."""
    if way == WAYS[2]:
        file = st.camera_input("Photo", key="camera")
        st.caption("The browser asks before it uses the camera; the photo stays on this machine.")
    else:
        file = st.file_uploader("Image", uploading.ENDINGS, key="upload", max_upload_size=uploading.MEGABYTES)
    if file is None:
        return None
    try:
        image = uploading.opened(file.name, file.getvalue())
        if way == WAYS[1]:
            asking.thumbnail(image)
    except UserError as error:
        st.warning(format.plain(str(error)))
        return None
    return image


def photo(runs: pd.DataFrame, way: str) -> None:
    """An image from outside, the answers, and what was made of it on the way."""
    left, right = st.columns([1, 1.9], gap="large")
    with left:
        image = given(way)
    with right:
        read = answers(runs, image)
        if image is None and len(runs):
            st.caption(
                "A digit on paper is found whatever light falls on it; photographs are cut to the middle square. "
                "PNG, JPEG, WebP, BMP or GIF. It stays on this machine."
            )
    with left:
        if image is not None and read:
            steps(runs, read, image)
        own_drawings.saving(image, list(runs["dataset"]))
        fine_tuning.panel(runs)


frame.heading("Draw", "Draw a digit, or show one on paper, and see what every chosen model makes of it.")
able = with_weights(store_cache.runs(now=all(map(asked_anew, ("draw-runs", "upload-runs")))))
if able.empty:
    with st.container(border=True, key="draw-empty"):
        st.subheader("No model can read yet", anchor=False)
        st.markdown("Train one on digits or MNIST first; a first model takes less than a minute.")
        if st.button("Go to Home", type="primary"):
            st.switch_page("home/page.py")
        preview("draw", "A drawn 3, what two models say it is, and their probabilities of each digit")
else:
    digits = able[able["dataset"].isin(READERS)]
    way = st.segmented_control(
        "Way", WAYS, default=WAYS[digits.empty], required=True, key="draw-way", label_visibility="collapsed"
    )
    drawn = way == WAYS[0]
    asked = grouped(digits if drawn else able)
    first = choosing.default(digits if drawn else able, MADE_FOR if drawn else None)
    ids = pick_runs(
        asked,
        key="draw-runs" if drawn else "upload-runs",
        first=first,
        label="Models",
        why=silent,
        under=under(asked),
    )
    if asked.empty:
        st.caption("No stored model reads digits; upload an image for those that read others.")
    chosen = grouped(asked[asked["id"].isin(ids)].set_index("id", drop=False).reindex(ids))
    st.space("small")
    if drawn:
        easel(chosen)
    else:
        photo(chosen, way)
