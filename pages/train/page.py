"""Train: choose, see what it will cost, launch one run or every combination of several choices."""

from collections.abc import Sequence

import streamlit as st

from pages.server import store_cache
from pages.shared import format, frame
from pages.shared.launch import launch, watch
from pages.shared.measured_speeds import measure_button, speeds
from pages.train import address
from pages.train.fields import shown
from pages.train.form import FormChoices, changed, spec_form
from pages.train.network_size import sizes
from vitcore import plugins
from vitcore.cost.speed import Speed, estimate
from vitcore.data.load import available
from vitcore.errors import UserError
from vitcore.spec import RunSpec, fields

MESSAGES = 3  # sentences that say what is wrong, at once
COUNTED = 12  # networks of different sizes that are counted before a launch of many


def between(values: Sequence[float]) -> str:
    """One number, or the smallest and the largest."""
    low, high = min(values), max(values)
    return format.count(low) if low == high else f"{format.count(low)} – {format.count(high)}"


def cost(specs: list[RunSpec]) -> None:
    """Parameters, arithmetic, time and memory of what would be launched: counted, or as stored runs and steps tell."""
    networks = list({spec.model.model_dump_json() + spec.data.dataset: spec for spec in specs}.values())[:COUNTED]
    with st.spinner("Counting …"):
        counted = [sizes(spec) for spec in networks]
    runs = store_cache.runs()
    speed, needed = Speed(runs, measured=speeds()), estimate(specs, runs, measured=speeds())
    memory = [megabytes for spec in networks if (megabytes := speed.memory_mb(spec)) is not None]
    with st.grid(2, min_column_width=110):
        st.metric("Parameters", between([parameters for parameters, _ in counted]))
        st.metric("MACs per image", between([macs for _, macs in counted]))
        st.metric("Time" if len(specs) == 1 else "Time, all", format.duration(60 * needed.minutes), help=f"{needed}.")
        st.metric("Memory", format.megabytes(max(memory, default=None)), help="Of the largest, while it trains.")
    measure_button(needed.guessed)


def recap(specs: list[RunSpec]) -> None:
    """What is about to be launched, in words: the title, or how many; and what was changed."""
    if len(specs) == 1:
        st.markdown("**One run**")
        st.text(specs[0].title())
    else:
        st.markdown(f"**{format.number(len(specs), 'run')}**")
        st.text(
            "\n".join(spec.title() for spec in specs[:6]) + (f"\nand {len(specs) - 6:,} more" if len(specs) > 6 else "")
        )
    leaves = {leaf.label: leaf for leaf in fields()}
    always = {"Architecture", "Attention kernel", "Dataset", "Training samples", "Seed", "Name"}
    options = [
        f"{label}: {shown(leaves[label], value)}" for label, value in changed(specs[0]).items() if label not in always
    ]
    if options:
        st.caption(format.plain("Changed: " + ", ".join(options)))


def before_launch(asked: FormChoices) -> None:
    """What is about to run and what speaks against it, the button that launches it, and what it costs."""
    specs = asked.specs
    missing = sorted({reason for spec in specs if (reason := available(spec.data.dataset, spec.data.folder))})
    label = "Launch" if len(specs) == 1 else f"Launch {format.number(len(specs), 'run')}"
    if specs:
        recap(specs)
        slot = st.container()
    for sentence in asked.refused[:MESSAGES]:
        st.warning(format.plain(sentence))
    if more := len(asked.refused[MESSAGES:]):
        st.caption(f"and {format.number(more, 'more reason')} why something that is asked for cannot be run")
    for sentence in missing:
        st.info(format.plain(sentence))
    pressed = st.button(label if specs else "Launch", type="primary", key="launch", width="stretch", disabled=not specs)
    if pressed and specs and (ids := launch(specs)):
        watch(ids)
    if specs:
        try:
            with slot:
                cost(specs)
        except UserError as error:
            slot.warning(format.plain(str(error)))


frame.heading(
    "Train", "Choose, see what it costs, launch. Training goes on in the background, even with this page closed."
)
for trouble in plugins.troubles():
    st.warning(format.plain(trouble[0].upper() + trouble[1:] + "."))
form, card = st.columns([2.6, 1], gap="large")
with form:
    address.take()
    asked = spec_form()
address.write(asked.specs, asked.several)
with card, st.container(border=True, key="before-launch"):
    before_launch(asked)
