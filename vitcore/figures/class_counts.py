"""How many images each class has in each split: a bar a class, and where they are many two lines over their ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from vitcore.figures.bars import Series, bars
from vitcore.figures.style import color, plain, style, uid

NAMED = 40  # classes whose names can stand below their bars


def class_counts(classes: Sequence[str], splits: Mapping[str, Sequence[int]], *, height: int = 320) -> go.Figure:
    """The counts of each class: in their order with their names, or, of many, from the largest class to the smallest.

    Args:
        splits: a split's name -> the images of each class in it; the first of them decides the order.

    Raises:
        ValueError: a split has another number of counts than there are classes.
    """
    for name, counts in splits.items():
        if len(counts) != len(classes):
            raise ValueError(f"{name} has {len(counts)} counts for {len(classes)} classes")
    if len(classes) <= NAMED:
        series = [Series(name, [float(count) for count in counts]) for name, counts in splits.items()]
        return bars(list(classes), series, y="Images", height=height, revision="class-counts")
    order = np.argsort(-np.asarray(next(iter(splits.values()))), kind="stable")
    called = [plain(classes[number]) for number in order]
    figure = go.Figure()
    for place, (name, counts) in enumerate(splits.items()):
        figure.add_scatter(
            x=np.arange(1, len(order) + 1),
            y=np.asarray(counts, dtype=float)[order],
            name=plain(name),
            uid=uid("class-counts", place),
            mode="lines",
            line={"color": color(place), "shape": "hvh"},
            customdata=called,
            hovertemplate="%{customdata}: %{y:,.0f}",
        )
    return style(
        figure,
        revision="class-counts",
        x="Classes, from the largest to the smallest",
        y="Images",
        height=height,
        y_axis={"rangemode": "tozero"},
    )
