"""Architectures: what a network is made of, what it costs, what a changed option does to it; published weights."""

import streamlit as st

from pages.architectures.choice import changes, choose, describe_all, options, size
from pages.architectures.import_weights import weights_form
from pages.architectures.inline_svg import drawing
from pages.architectures.pipeline import Pipeline, pipelines
from pages.server import store_cache
from pages.shared import format, frame
from pages.shared.chart import chart
from pages.shared.format import count
from vitcore import figures
from vitcore.cost.description import Choice, Description
from vitcore.data.registry import DATASETS
from vitcore.models import architecture_of
from vitcore.reproduction import size_tables
from vitcore.store import pooling


def pipeline(found: list[Description]) -> None:
    """The slides' Figure 1, from the built models themselves."""
    text = [
        f"{count(item.parameters)} parameters · {count(item.macs)} MACs · {size(item.memory)} a step" for item in found
    ]
    drawn = [Pipeline(item.name, line, item.stages) for item, line in zip(found, text, strict=True)]
    drawing(pipelines(drawn), key="pipelines")


def printed(own: list[Description]) -> None:
    """Totals beside what the reports print, and where they are wrong."""
    st.subheader("Beside the published figures", anchor=False)
    st.dataframe(
        size_tables.totals(own),
        hide_index=True,
        key="totals",
        column_config={
            "Architecture": st.column_config.TextColumn(pinned=True),
            "Parameters": st.column_config.NumberColumn(format="localized"),
            "MACs (G)": st.column_config.NumberColumn(format="%.3f", help="Multiply-accumulates of one image, 10⁹"),
        },
    )
    for item in own:
        if note := architecture_of(item.name).note:
            st.markdown(f"**{item.name}**: {note}")
    st.caption(
        "MACs are those of convolutions, linear maps and attention's products. “As printed” means within one unit of "
        "the last printed digit."
    )


def layers(found: list[Description]) -> None:
    """The layers of one of the networks as a table: the modules that hold weights, or every one."""
    st.subheader("Layers", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = [entry.name for entry in found]
        name = st.selectbox("Architecture", names, key="layers-of", width=260) if len(names) > 1 else names[0]
        whole = st.toggle("Every module", key="layers-all")
    item = next(entry for entry in found if entry.name == name)
    table = size_tables.layers(item, parts_only=not whole)
    st.dataframe(
        table,
        hide_index=True,
        height=min(460, 38 + 35 * len(table)),
        key="layers",
        column_config={
            "Layer": st.column_config.TextColumn(pinned=True),
            "Parameters": st.column_config.NumberColumn(format="localized"),
            "MACs": st.column_config.NumberColumn(format="localized"),
        },
    )
    st.caption(
        f"Shapes are of one image. {format.number(len(table), 'row')}; "
        "parameters and MACs of a part include its own parts."
    )


def accuracy() -> None:
    """The slides' Figure 2, with what was trained here beside it."""
    st.subheader("Accuracy against size", anchor=False)
    table = store_cache.runs()
    known = ["cifar-10", *(name for name in DATASETS if name != "cifar-10" and (table["dataset"] == name).any())]
    dataset = st.selectbox(
        "Dataset", known, format_func=lambda name: DATASETS[name].label, key="accuracy-on", width=260
    )
    points = size_tables.sizes_and_accuracies(table, dataset)
    figure = figures.accuracy_against_size(points, y_title="Test accuracy (%)", revision=f"size:{dataset}")
    chart(figure, key="size", name="vitcore-accuracy-against-size")
    measured = int((points["published"] == False).sum())  # noqa: E712  a column of objects
    st.caption(
        "Hollow: as the slides print it (their Figure 2). Filled: runs stored here, the median over seeds with its "
        f"95 % interval; {measured or 'none'} so far on {DATASETS[dataset].label}. "
        + format.plain(pooling.left_out(size_tables.of_dataset(table, dataset)[1]))
    )


frame.heading(
    "Architectures", "What each network is made of and what it costs, counted from the built model; change an option "
    "and see what that does."
)  # fmt: skip
names = choose()
choice, batch = options()
found, refused = describe_all(names, choice, batch)
for sentence in refused:
    st.warning(format.plain(sentence))
if found:
    pipeline(found)
changed = choice != Choice()
own = describe_all(names, Choice(), batch)[0] if changed else found
if changed and found:
    st.subheader("What the options change", anchor=False)
    before = {item.name: item for item in own}
    for item in found:
        changes(before[item.name], item)
if own:
    printed(own)
if found:
    layers(found)
accuracy()
st.subheader("Published weights", anchor=False)
st.markdown(
    "Checkpoints of others become stored runs, to compare, to draw on and to start from: the authors' of ViT-Lite, CVT "
    "and CCT; timm's and Hugging Face's of ViT and DeiT; torchvision's of ResNet and MobileNet; timm's of its own "
    "networks."
)
weights_form()
