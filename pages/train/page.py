"""Train: three questions, what the answer will cost, launch; every other option of a run unfolds."""

from collections.abc import Sequence

import streamlit as st

from pages.server import store_cache
from pages.shared import format, frame
from pages.shared.launch import launch, watch
from pages.shared.measured_speeds import measure_button, speeds
from pages.train import address
from pages.train.fields import shown
from pages.train.form import FormChoices, changed, spec_form
from pages.train.network_size import Size, macs, size
from vitcore import plugins
from vitcore.cost.speed import Estimate, Speed, estimate
from vitcore.data.load import available
from vitcore.errors import UserError
from vitcore.spec import RunSpec, differing, fields

MESSAGES = 3  # sentences that say what is wrong, at once
COUNTED = 12  # networks of different sizes that are counted before a launch of many
ASKS = 50  # runs above which a launch is asked for once more
NAMED = 6  # runs of many that are named
COUNTED_MEMORY = (
    "Counted for this batch size: weights, gradients, AdamW's state and what the backward pass needs, in float32. "
    "Python and torch come on top."
)
KNOWN_MEMORY = "The most that stored runs of this network and batch size held, or a few measured steps."


def between(values: Sequence[float]) -> str:
    """One number, or the smallest and the largest."""
    low, high = min(values), max(values)
    return format.count(low) if low == high else f"{format.count(low)} – {format.count(high)}"


def cost(specs: list[RunSpec]) -> None:
    """Time, memory, parameters and arithmetic of what would be launched: counted, or as stored runs and steps say."""
    networks = list({_network(spec): spec for spec in specs}.values())[:COUNTED]
    with st.spinner("Counting …"):
        sizes = [size(spec) for spec in networks]
    runs = store_cache.runs()
    speed = Speed(runs, measured=speeds(), counted=macs)
    needed = estimate(specs, runs, measured=speeds(), counted=macs)
    with st.grid(2, min_column_width=80):
        _time(needed, len(specs))
        _memory(networks, sizes, speed)
        st.metric("Parameters", between([each.parameters for each in sizes]))
        st.metric("MACs per image", between([each.macs for each in sizes]))
    if needed.guessed:
        st.caption("The time is guessed by the network's size; a measurement of seconds tells it better.")
    measure_button(needed.guessed)


def _network(spec: RunSpec) -> tuple[str, str, int]:
    return spec.model.model_dump_json(), spec.data.dataset, spec.training.batch_size


def _time(needed: Estimate, count: int) -> None:
    guessed = ", guessed" if needed.guessed else ""
    st.metric(f"Time{guessed}" if count == 1 else f"Time of all{guessed}", format.duration(60 * needed.minutes))


def _memory(networks: list[RunSpec], sizes: list[Size], speed: Speed) -> None:
    """Of the largest, one run at a time: as it is known, else counted."""
    known = [speed.memory_mb(spec) for spec in networks]
    found = [stored or counted.memory_mb for stored, counted in zip(known, sizes, strict=True)]
    text = KNOWN_MEMORY if known[found.index(max(found))] else COUNTED_MEMORY
    st.metric("Memory" if len(networks) == 1 else "Memory, largest", format.megabytes(max(found)), help=text)


def recap(specs: list[RunSpec]) -> None:
    """What is about to be launched: its title, or how many and what tells them apart; and what was changed."""
    if len(specs) == 1:
        st.markdown("**One run**")
        st.text(specs[0].title())
    else:
        st.markdown(f"**{format.number(len(specs), 'run')}**")
        rows = [{"id": place, "title": spec.title(), **spec.flat()} for place, spec in enumerate(specs)]
        called = differing.called(rows)
        if called.common:
            st.caption(format.plain(called.common))
        names = list(called.names.values())
        st.text("\n".join(names[:NAMED]) + (f"\nand {len(specs) - NAMED:,} more" if len(specs) > NAMED else ""))
    leaves = {leaf.label: leaf for leaf in fields()}
    always = {"Architecture", "Attention kernel", "Dataset", "Training samples", "Seed", "Name"}
    first, *others = map(changed, specs)
    options = [
        f"{label}: {shown(leaves[label], value)}"
        for label, value in first.items()
        if label not in always and all(label in each and each[label] == value for each in others)
    ]
    if options:
        st.caption(format.plain("Changed: " + ", ".join(options)))


def launched(specs: list[RunSpec]) -> bool:
    """The button; above ASKS runs a second one, behind it. Whether it was pressed."""
    label = "Launch" if len(specs) < 2 else f"Launch {format.number(len(specs), 'run')}"
    if len(specs) <= ASKS:
        return st.button(label, type="primary", key="launch", width="stretch", disabled=not specs)
    with st.popover(label, type="primary", width="stretch", key="launch-many"):
        st.markdown(f"{format.number(len(specs), 'run')} would be queued at once, one after another on each device.")
        return st.button(f"Queue all {len(specs):,}", key="launch")


def before_launch(asked: FormChoices) -> None:
    """What is about to run and what speaks against it, the button that launches it, and what it costs."""
    address.write(asked.specs, asked.several)
    specs = asked.specs
    missing = sorted({reason for spec in specs if (reason := available(spec.data.dataset, spec.data.folder))})
    if specs:
        recap(specs)
        slot = st.container()
    for sentence in asked.refused[:MESSAGES]:
        st.warning(format.plain(sentence))
    if more := len(asked.refused[MESSAGES:]):
        st.caption(f"and {format.number(more, 'more reason')} why something that is asked for cannot be run")
    for sentence in missing:
        st.info(format.plain(sentence))
    if launched(specs) and specs and (ids := launch(specs)):
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
address.take()
spec_form(before_launch)
