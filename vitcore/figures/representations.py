"""What networks represent: test images by their last features, layers beside layers, how far heads look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from vitcore.apart import apart
from vitcore.figures.style import PALETTE, color, plain, style, uid
from vitcore.statistics.intervals import Interval

NAMED = 20  # classes up to which their names stand on the map
WRITTEN = 12  # layers up to which numbers stand in the cells
RIGHT, WRONG = PALETTE[0], PALETTE[1]


def feature_map(
    places: np.ndarray,
    labels: Sequence[int],
    answers: Sequence[int],
    classes: Sequence[str],
    shares: Sequence[float] | None,
    *,
    by_class: bool,
    revision: str,
) -> go.Figure:
    """Test images where their last features lie; a cross is a wrong answer. A click hands back the image's number.

    Args:
        places: (n 2), principal components, or where UMAP lays them.
        shares: of the variance that each component has; None: of UMAP, whose axes mean nothing.
        by_class: colored by the true class; else by right and wrong.
    """
    true, given = np.asarray(labels), np.asarray(answers)
    right = true == given
    shades = [color(int(each)) for each in true] if by_class else [RIGHT if each else WRONG for each in right]
    names = [plain(name) for name in classes]
    texts = [
        f"true {names[a]}, answered {names[b]}" if max(a, b) < len(names) else ""
        for a, b in zip(true, given, strict=True)
    ]
    figure = go.Figure()
    figure.add_scatter(
        x=places[:, 0], y=places[:, 1], mode="markers", uid=uid("images", revision), showlegend=False,
        marker={
            "color": shades, "size": np.where(right, 5, 8).tolist(), "opacity": 0.75,
            "symbol": np.where(right, "circle", "x").tolist(),
        },
        text=texts, hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    there = [place for place in range(len(names)) if (true == place).any()]
    if by_class and len(names) <= NAMED and there:
        middle = np.array([np.median(places[true == place], axis=0) for place in there])
        figure.add_scatter(
            x=middle[:, 0], y=middle[:, 1], mode="text", text=[names[place] for place in there], showlegend=False,
            uid=uid("names", revision), hoverinfo="skip", textfont={"size": 15},
        )  # fmt: skip
    titles = (
        ["UMAP 1", "UMAP 2"]
        if shares is None
        else [f"component {place} ({100 * share:.0f} % of the variance)" for place, share in enumerate(shares, 1)]
    )
    return style(figure, revision=revision, x=titles[0], y=titles[1], height=440)


def layer_similarity(
    found: Sequence[Sequence[Interval]], rows: Sequence[str], columns: Sequence[str], *, revision: str
) -> go.Figure:
    """Heat map of centered kernel alignment, the layers of one run against another's, first layer at the lower left."""
    centers = np.array([[each.center for each in line] for line in found], dtype=float)
    ends = [[f"{each.low:.2f} to {each.high:.2f}" if each.known else "" for each in line] for line in found]
    written = max(centers.shape) <= WRITTEN
    across, up = (apart([plain(name) for name in names]) for names in (columns, rows))
    figure = go.Figure(
        go.Heatmap(
            z=centers, x=across, y=up, zmin=0, zmax=1, colorscale="Cividis", uid=uid("alignment"), name="",
            customdata=ends, texttemplate="%{z:.2f}" if written else None, xgap=1, ygap=1,
            colorbar={"thickness": 12, "outlinewidth": 0},
            hovertemplate="%{y} against %{x}<br>%{z:.3f} (%{customdata})",
        )
    )  # fmt: skip
    height = min(720, 180 + 34 * len(up)) if written else 560
    return style(figure, revision=revision, x="", y="", height=height)


def attention_distance(
    runs: Mapping[str, tuple[str, np.ndarray]], *, revision: str = "distance", places: Mapping[str, int] | None = None
) -> go.Figure:
    """Mean attention distance by block: a point a head, a line through each block's mean.

    Args:
        runs: in the order of their colors, ids -> what a run is called, and its distances in pixels (blocks heads).
        places: of each run's color in the palette; by default their order.
    """
    figure = go.Figure()
    for order, (run, (name, found)) in enumerate(runs.items()):
        place = order if places is None else places[run]
        blocks, heads = found.shape
        shade = color(place)
        figure.add_scatter(
            x=np.repeat(np.arange(1, blocks + 1), heads), y=found.ravel(), mode="markers", uid=uid("heads", run),
            marker={"color": shade, "size": 6, "opacity": 0.6}, showlegend=False, name=plain(name),
            hovertemplate="block %{x}: a head looks %{y:.1f} pixels far",
        )  # fmt: skip
        figure.add_scatter(
            x=np.arange(1, blocks + 1), y=found.mean(axis=1), mode="lines", uid=uid("mean", run), name=plain(name),
            line={"color": shade, "width": 2.2}, hovertemplate="block %{x}: %{y:.1f} pixels on average",
        )  # fmt: skip
    axis = {"dtick": 1} if max((len(found) for _, found in runs.values()), default=0) <= 16 else {}
    return style(
        figure, revision=revision, x="block", y="attention distance in pixels", height=400, x_axis=axis,
        y_axis={"rangemode": "tozero"},
    )  # fmt: skip
