"""What chosen runs' networks represent: a map of the test images, layers beside layers, how far heads look."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from pages.diagnostics import evaluations
from pages.server import store_cache
from pages.shared import format, run_colors
from pages.shared.chart import chart
from pages.shared.class_names import class_names
from pages.shared.image_elements import image_elements
from vitcore.analysis import neighbor_map, representations
from vitcore.analysis.representations import Representations
from vitcore.errors import UserError
from vitcore.figures.representations import attention_distance, feature_map, layer_similarity
from vitcore.runs.folder import Results
from vitcore.statistics.intervals import Interval

COLORS = ("Right or wrong", "Class")
LAYOUTS = {
    "Principal components": "What the head reads of each image, on its first two principal components: distances "
    "within one map mean something, across maps nothing. Two of many dimensions: images that overlap here can lie "
    "apart in the others.",
    "UMAP": f"UMAP, {neighbor_map.NEIGHBORS} neighbors, seed {neighbor_map.SEED}, of what the head reads of each image "
    "(McInnes et al. 2018): who lies beside whom means something; distances between far groups, and their sizes, mean "
    "nothing.",
}


def panel(names: Mapping[str, str]) -> None:
    """The whole part for these runs (ids -> names)."""
    evaluations.panel(names, representations.KIND, _panel)


def _panel(names: Mapping[str, str]) -> None:
    evaluations.ways(names, representations.KIND, "Look inside", _done)
    found = {id: lines for id in names if (lines := _found(id)) is not None}
    if not found:
        st.caption(
            "Where test images lie by what the network makes of them, which layers of two networks do alike, and how "
            f"far attention looks. One pass over up to {representations.MAPPED:,} test images."
        )
        return
    _maps(names, found)
    _layers(names, found)
    _reach(names, found)


def _maps(names: Mapping[str, str], found: Mapping[str, Representations]) -> None:
    st.markdown("**Test images by their last features**")
    with st.container(horizontal=True, gap="medium"):
        way = st.segmented_control(
            "Colored by", COLORS, required=True, default=COLORS[0], key="map-colors", label_visibility="collapsed"
        )
        layout = next(iter(LAYOUTS))
        if any(inside.neighbors is not None for inside in found.values()):
            layout = st.segmented_control(
                "Laid out by", list(LAYOUTS), required=True, default=layout, key="map-layout",
                label_visibility="collapsed",
            )  # fmt: skip
    with st.grid(2, min_column_width=330, gap="medium"):
        for id, inside in found.items():
            with st.container(gap="xxsmall"):
                st.markdown(format.plain(names[id]))
                by_neighbors = layout == "UMAP"
                if by_neighbors and inside.neighbors is None:
                    st.caption("Not laid out by UMAP yet: look inside again.")
                    continue
                figure = feature_map(
                    inside.places if inside.neighbors is None or not by_neighbors else inside.neighbors,
                    inside.labels.tolist(), inside.answers.tolist(), _classes(id, inside),
                    None if by_neighbors else inside.shares.tolist(), by_class=way == COLORS[1],
                    revision=f"map-{id}-{layout}",
                )  # fmt: skip
                chart(figure, key=f"map-{id}", name="vitcore-map", on_pick=partial(_pick, id))
                _picked(id, inside)
    st.caption(f"{LAYOUTS[layout]} A click on a point shows the image.")


def _pick(id: str, point: object) -> None:
    st.session_state[f"map-picked-{id}"] = point


def _picked(id: str, inside: Representations) -> None:
    """The image that was clicked last, with what is true and what was answered."""
    point = st.session_state.get(f"map-picked-{id}")
    if not isinstance(point, int) or not 0 <= point < len(inside.rows):
        return
    row, classes = int(inside.rows[point]), _classes(id, inside)
    runs = store_cache.runs()
    (run,) = runs[runs["id"] == id].to_dict("records")
    (element,) = image_elements(run, Results().run(id), [row])
    true, given = (classes[int(each[point])] for each in (inside.labels, inside.answers))
    st.html(element)
    st.caption(format.plain(f"Test image {row + 1:,}: {true}, answered {given}"))


def _layers(names: Mapping[str, str], found: Mapping[str, Representations]) -> None:
    st.markdown("**Layers beside layers**")
    ids = list(found)
    with st.container(horizontal=True, gap="medium"):
        first = st.selectbox("Rows", ids, format_func=names.__getitem__, key="layers-rows")
        second = st.selectbox(
            "Columns", ids, index=min(1, len(ids) - 1), format_func=names.__getitem__, key="layers-columns"
        )
    try:
        alike = _similar(str(first), str(second), *(_changed(str(id)) for id in (first, second)))
    except UserError as error:
        st.warning(format.plain(str(error)))
        return
    revision = f"layers-{first}-{second}"
    chart(
        layer_similarity(alike, found[str(first)].layers, found[str(second)].layers, revision=revision),
        key="layers", name="vitcore-layers",
    )  # fmt: skip
    images = found[str(first)].kernels.shape[1] * found[str(first)].kernels.shape[2]
    st.caption(
        f"Centered kernel alignment with a linear kernel (Kornblith et al. 2019), unbiased, over {images:,} test "
        "images in blocks: 1 where two layers differ by a rotation and a scale alone, 0 where they have no more in "
        "common than chance. The interval at the pointer is over images, not over seeds: lay two seeds of one setting "
        "side by side to see what seeds alone make."
    )


def _reach(names: Mapping[str, str], found: Mapping[str, Representations]) -> None:
    far = {id: (names[id], inside.distances) for id, inside in found.items() if inside.distances is not None}
    if not far:
        return
    st.markdown("**How far attention looks**")
    chart(
        attention_distance(far, places=run_colors.places(names, page="diagnostics")),
        key="distance",
        name="vitcore-attention-distance",
    )
    st.caption(
        "The distance between a token and those it attends to, weighted by attention, a point a head (Dosovitskiy et "
        "al. 2021, Figure 7); of linear kernels by the weights that they imply. Networks without attention are not in "
        "it."
    )


def _classes(id: str, inside: Representations) -> tuple[str, ...]:
    runs = store_cache.runs()
    return class_names(next(iter(runs[runs["id"] == id].to_dict("records")), {}), inside.classes)


def _done(id: str) -> tuple[int, int]:
    try:
        inside = representations.read(Results().run(id))
        whole = inside is not None and (inside.neighbors is not None or not neighbor_map.possible(len(inside.rows)))
        return int(whole), 1
    except UserError:
        return 0, 1


def _changed(id: str) -> int:
    return representations.path(Results().run(id)).stat().st_mtime_ns


def _found(id: str) -> Representations | None:
    """What is kept of the run; None where there is nothing, or it cannot be read."""
    try:
        return _read(str(Results().root), id, _changed(id))
    except (OSError, UserError):
        return None


@st.cache_resource(show_spinner=False, max_entries=16)
def _read(root: str, id: str, changed: int) -> Representations | None:
    return representations.read(Results(root).run(id))


@st.cache_data(show_spinner=False, max_entries=32)
def _similar(first: str, second: str, first_changed: int, second_changed: int) -> list[list[Interval]]:
    rows, columns = _found(first), _found(second)
    if rows is None or columns is None:
        raise UserError("one of the runs has to be looked into again")
    return representations.similarities(rows, columns)
