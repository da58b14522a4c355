"""Choosing architectures and options, and what they come to, counted once for every session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from pages.shared import addressed, format
from pages.train.fields import kernel_label, typed_in, whole
from vitcore.cost.description import BATCH, Choice, Description, describe
from vitcore.errors import UserError
from vitcore.layers.kernels import KERNELS
from vitcore.models import ARCHITECTURES, timm_catalog
from vitcore.spec import SpecField, fields

FIRST = ["vit-lite-7/4", "cvt-7/4", "cct-7/3x1"]  # those of the slides' Figure 1
MOST = 6
TYPED = ("tokenizer", "depth", "embed_dim", "num_heads", "mlp_ratio")
CHOSEN = ("pool", "norm_order")
"""Dimensions of a spec's network that can be tried here too."""
POS_EMBEDS = ("learnable", "sinusoidal", "none")


def choose() -> list[str]:
    """The architectures to show; the address keeps them."""
    asked = [name for name in st.query_params.get_all("models") if timm_catalog.spelled(name)]
    timms = {*timm_catalog.names()} if asked else set()
    addressed.strays({"models": {*ARCHITECTURES, *timms}}, most={"models": MOST})
    return st.multiselect(
        "Architectures",
        list(ARCHITECTURES),
        default=FIRST,
        key="models",
        bind="query-params",
        max_selections=MOST,
        placeholder="Choose architectures",
        accept_new_options=True,
        help="Or type an image model of timm's, such as timm/resnet18, where timm is installed.",
    )


def options() -> tuple[Choice, int]:
    """What to change, and the batch whose memory is told; everything empty is the architecture's own."""
    with st.expander("Change options", icon=":material/tune:"), st.grid(4, min_column_width=130):
        kernel = st.selectbox(
            "Kernel",
            list(KERNELS),
            key="arch-kernel",
            format_func=kernel_label,
            accept_new_options=True,
            help="What stands between a query and a key; or a formula, such as f: relu(x)**3.",
            persist_state="session",
        )
        features = _whole("Random features", "features", 1, 4096, help="Of a linear kernel; empty: its own.")
        pos_embed = st.selectbox("Position embedding", POS_EMBEDS, key="arch-positions", persist_state="session")
        patch = _whole("Patch", "patch", 1, 64, help="Side of a patch in pixels; for models that cut patches.")
        tokenizer, depth, embed_dim, num_heads, mlp_ratio = map(_typed, TYPED)
        pool, norm_order = map(_chosen, CHOSEN)
        image_size = _whole("Image size", "image_size", 8, 512, help="Pixels.")
        channels = _whole("Channels", "channels", 1, 4, help="1: gray, 3: color.")
        classes = _whole("Classes", "classes", 2, 100_000)
        batch = _whole("Images a step", "batch", 1, 65_536, help="For the memory of a training step.", empty="128")
    choice = Choice(
        channels=channels,
        image_size=image_size,
        classes=classes,
        kernel=kernel,
        features=features,
        pos_embed=pos_embed,
        patch=patch,
        depth=depth,
        embed_dim=embed_dim,
        num_heads=num_heads,
        mlp_ratio=mlp_ratio,
        pool=pool,
        tokenizer=tokenizer,
        norm_order=norm_order,
    )
    return choice, batch or BATCH


def describe_all(names: list[str], choice: Choice, batch: int) -> tuple[list[Description], list[str]]:
    """Every network as built, and a sentence for each that cannot be."""
    found, refused = [], []
    for name in names:
        try:
            with st.spinner(f"Counting {name} …"):
                found.append(_described(name, choice, batch))
        except UserError as error:
            refused.append(str(error))
    return found, refused


def changes(before: Description, after: Description) -> None:
    """One architecture: what it is with the options, and from what that changed."""
    with st.container(border=True, key=f"change-{after.name}", gap="small"):
        st.markdown(f"**{after.name}**")
        with st.grid(4, min_column_width=120):
            _metric("Tokens", before.tokens, after.tokens, lambda value: f"{value:,.0f}")
            _metric("Parameters", before.parameters, after.parameters, format.count)
            _metric("MACs an image", before.macs, after.macs, format.count)
            _metric(f"Step of {after.batch:,}", before.memory, after.memory, size)


def size(value: float) -> str:
    """Bytes as people say them."""
    return f"{value / 2**30:,.1f} GB" if value >= 2**30 else f"{value / 2**20:,.0f} MB"


def _metric(label: str, before: float | None, after: float | None, text: Callable[[float], str]) -> None:
    if before is None or after is None:
        st.metric(label, format.NONE)
        return
    change = None if before == after else f"{100 * (after - before) / before:+,.1f} % from {text(before)}"
    st.metric(label, text(after), delta=change, delta_color="off")


def _whole(label: str, key: str, low: int, high: int, *, help: str | None = None, empty: str = "its own") -> int | None:
    return whole(label, f"arch-{key}", low, high, None, help=help or "", empty=empty)


def _field(name: str) -> SpecField:
    """A spec's option, kept apart from what stands in it on Train."""
    return replace(next(leaf for leaf in fields() if leaf.name == name), name=f"arch-{name}")


def _typed(name: str) -> Any:
    return typed_in(_field(name), empty="its own")


def _chosen(name: str) -> str:
    field = _field(name)
    found: str = st.selectbox(field.label, field.choices, key=field.name, help=field.help, persist_state="session")
    return found


@st.cache_data(show_spinner=False, max_entries=200)
def _described(name: str, choice: Choice, batch: int) -> Description:
    return describe(name, choice, batch)
