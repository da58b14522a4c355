"""Datasets: what is here, what is missing and how to get it; samples; and what a subset of rows holds."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.datasets import named, receiving
from pages.datasets.class_balance import class_balance
from pages.shared import format, frame
from pages.shared.chart import chart
from pages.shared.own_data import by_choice
from pages.shared.samples import DrawnSubset, drawn, opened, samples, subset_bars
from pages.train.fields import whole
from vitcore.data.load import available, described, downloads, load
from vitcore.data.registry import DATASETS
from vitcore.data.storage.decode_all import Broken
from vitcore.errors import UserError
from vitcore.runs import named_data
from vitcore.runs.named_data import NamedData

QUICK = ("digits", "mnist", "fashion-mnist")  # read in a second; others are decoded when asked
CLASSES = 10  # shown at a time
RESIZE = ("crop", "stretch")  # as a run's option `resize` has them


def state(name: str) -> str:
    """Where a dataset stands on this machine: here, to be downloaded, to be brought, or a folder to be named."""
    if DATASETS[name].at_path:
        return "give its path"
    if available(name) is None:
        return "here"
    return "can be downloaded" if downloads(name) else "bring it yourself"


def overview() -> None:
    """Every dataset in a line."""
    rows = [
        {
            "Dataset": known.label,
            "State": state(name),
            "Training samples": known.train_samples or None,
            "Test samples": known.test_samples or None,
            "Classes": len(known.classes) or None,
            "Image": f"{known.channels} × {known.image_size} × {known.image_size}",
            "Source": known.source,
        }
        for name, known in DATASETS.items()
    ] + named.rows()
    table = pd.DataFrame(rows)
    whole = st.column_config.NumberColumn(format="%,d", width=115)
    st.dataframe(
        table,
        hide_index=True,
        placeholder="",
        key="datasets",
        height=38 + 35 * len(table),
        column_config={name: whole for name in ("Training samples", "Test samples", "Classes")},
    )


def facts(sentences: Sequence[str], key: str = "found-in-folders") -> None:
    """What was understood of a person's own images: a run's notes say the same."""
    if sentences:
        with st.container(key=key, gap="xsmall"):
            for sentence in sentences:
                st.text(f"{sentence[0].upper()}{sentence[1:]}.")


def listed(broken: Broken) -> None:
    """Every image that cannot be read, with the reason."""
    st.warning(format.plain(str(broken)))
    table = pd.DataFrame({"Image": list(broken.reasons), "What is wrong": list(broken.reasons.values())})
    with st.container(key="broken-images"):
        st.dataframe(table, hide_index=True, placeholder="")


def bring(name: str, missing: str) -> None:
    """What to do about a dataset that is not here."""
    st.info(format.plain(missing))
    if downloads(name) and st.button("Download it now", type="primary", key="download-dataset"):
        bar = st.progress(0.0, "Connecting …")

        def tell(what: str, share: float) -> None:
            bar.progress(min(max(share, 0.0), 1.0), what)

        try:
            load(name, progress=tell)
        except UserError as error:
            st.error(format.plain(str(error)))
            return
        st.rerun()


def inside(name: str, folder: str | None, key: str, skip_broken: bool, resize: str, before: Sequence[str]) -> None:
    """Sizes and modes, copies in two splits, samples of every class, and what a subset would hold."""
    images = opened(name, folder, skip_broken=skip_broken, resize=resize)
    facts([sentence for sentence in images.notes if sentence not in before], "found-in-images")
    class_balance(images, key.rpartition("/")[2])
    st.subheader("Samples", anchor=False)
    first = 0
    if len(images.classes) > CLASSES:
        first = st.slider("From class", 1, len(images.classes) - CLASSES + 1, key=f"samples-{key}", width=420) - 1
    samples(images, range(first, min(first + CLASSES, len(images.classes))))
    if DATASETS[name].note:
        st.caption(DATASETS[name].note + ".")
    st.subheader("A subset of the training samples", anchor=False)
    subset(images.train.labels.tolist(), images.classes, key)


def subset(labels: list[int], classes: tuple[str, ...], key: str) -> None:
    """The same number of rows with and without replacement, side by side: class balance, and how many repeat."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rows = whole("Rows", f"subset-rows-{key}", 1, 10_000_000, min(1_000, len(labels)), width=180)
        seed = whole("Seed", "subset-seed", 0, 2**31 - 1, 0, width=140)
        stratified = st.checkbox("Stratified", key="subset-stratified", help="Keep the classes' shares.")
    if rows is None or seed is None:
        return
    found: dict[str, DrawnSubset] = {}
    left, right = st.columns(2, gap="large")
    for place, replacement, title in ((left, False, "Without replacement"), (right, True, "With replacement")):
        with place, st.container(border=True, gap="xsmall", height="stretch"):
            st.markdown(f"**{title}**")
            try:
                item = found[title] = drawn(labels, len(classes), rows, replacement, seed, stratified)
            except UserError as error:
                st.caption(format.plain(str(error)))
                continue
            with st.grid(3, min_column_width=100):
                st.metric("Different rows", f"{item.different:,}")
                st.metric("Repeats", f"{item.repeats:,}", help="Draws that bring a row which was drawn before.")
                st.metric("Most often", f"{item.most} ×" if item.most > 1 else "once")
    if found:
        chart(subset_bars(found, classes), key="subset-balance", name=f"vitcore-{key.rpartition('/')[2]}-subset")
        st.caption("Rows of each class. A run of this seed draws exactly these rows.")


def look(name: str, folder: str | None, key: str, own: NamedData | None = None) -> None:
    """What is at hand of a dataset, or the way to it; `key` tells its widgets from those of others."""
    missing = available(name, folder)
    if missing is not None:
        bring(name, missing)
        return
    try:
        known = described(name, folder)
        st.caption(
            f"{known.train_samples:,} training and {known.test_samples:,} test images of {len(known.classes):,} "
            "classes."
        )
        facts(known.found)
        if name in QUICK or st.toggle("Look inside", key=f"inside-{key}", help="Decodes it once, which may take time."):
            skip_broken, resize = reading(name, key, own)
            with st.spinner("Reading the images …"):
                opened(name, folder, skip_broken=skip_broken, resize=resize)
            if name == named_data.FOLDER and own is None and folder:
                named.naming(folder, resize, skip_broken)
            inside(name, folder, key, skip_broken, resize, known.found)
    except Broken as user_error:
        listed(user_error)
    except UserError as user_error:
        st.warning(format.plain(str(user_error)))


def reading(name: str, key: str, own: NamedData | None) -> tuple[bool, str]:
    """Whether broken images are left out, and what is done to those that are not square; of a name both are known."""
    if own is not None:
        return own.skip_broken, own.resize
    skip_broken = name not in QUICK and st.checkbox(
        "Leave out broken images", key=f"skip-broken-{key}", help="Those that cannot be read; a run can too."
    )
    resize = RESIZE[0]
    if DATASETS[name].any_shape:
        resize = st.selectbox("Images that are not square", RESIZE, key=f"resize-{key}", width=220)
    return skip_broken, resize


frame.heading("Datasets", "What is on this machine, what is missing and how to get it, and what a subset of it holds.")
overview()
st.space("small")
own = by_choice()
if st.session_state.get("dataset") not in (None, *DATASETS, *own):  # it was forgotten, here or elsewhere
    st.session_state["dataset"] = named_data.FOLDER
name = st.selectbox(
    "Look at",
    [*DATASETS, *own],
    format_func=lambda key: own[key].name if key in own else DATASETS[key].label if key in DATASETS else key,
    key="dataset",
    width=420,
    persist_state="session",
)
named.messages()
if name in own:
    named.card(own[name])
    look(named_data.FOLDER, own[name].folder, name, own[name])
elif DATASETS[name].at_path:
    folder = st.text_input("Path of a folder, archive or file of images", key=receiving.FIELD, max_chars=1_000)
    if name == named_data.FOLDER:
        receiving.uploader()
    look(name, folder or None, name)
else:
    look(name, None, name)
