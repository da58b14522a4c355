"""A search drawn: what is expected of each budget, the trials as they came, and which options matter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from vitcore.figures.style import NEUTRAL, color, faint, plain, style, uid
from vitcore.statistics.expected_best import Course
from vitcore.statistics.importance import Importance

SYMBOLS = {"complete": "circle", "pruned": "triangle-down-open", "diverged": "x"}
WORDS = {"complete": "trained whole", "pruned": "pruned", "diverged": "diverged"}


def expected_best(courses: Sequence[tuple[str, Course]], *, sampled: str) -> go.Figure:
    """The expected validation error of the best trial against how many there are, an arm a line.

    Its interval is a band as far as there is one; beyond it the line is dotted.

    Args:
        courses: of each arm its name and its course.
        sampled: what the trials are, in a word, for the axis: "random".
    """
    figure = go.Figure()
    for place, (name, course) in enumerate(courses):
        budget, shade = np.arange(1, len(course.center) + 1), color(place)
        known = int(np.isfinite(course.low).cumprod().sum())  # from the first on
        if known:
            around = [*course.high[:known], *course.low[:known][::-1]]
            at = [*budget[:known], *budget[:known][::-1]]
            figure.add_scatter(
                x=at, y=around, fill="toself", mode="lines", line={"width": 0}, fillcolor=faint(shade, 0.18),
                hoverinfo="skip", showlegend=False, uid=uid("band", place),
            )  # fmt: skip
        for part, dashed in ((slice(0, known), "solid"), (slice(max(known - 1, 0), None), "dot")):
            if len(budget[part]) < 1 + (dashed == "dot" and known > 0):
                continue
            figure.add_scatter(
                x=budget[part], y=course.center[part], mode="lines+markers", name=plain(name),
                legendgroup=str(place), showlegend=dashed == "solid" or not known, marker={"size": 6},
                line={"color": shade, "width": 2.5, "dash": dashed}, uid=uid("best", place, dashed),
                hovertemplate="%{y:.2f} % after %{x} trials<extra>" + plain(name) + "</extra>",
            )  # fmt: skip
    longest = max((len(course.center) for _, course in courses), default=1)
    axis = {"range": [0.5, longest + 0.5], "dtick": 1 if longest < 16 else None}
    label = f"{sampled} trials"
    return style(figure, revision="expected", x=label, y="expected best validation error, %", height=360, x_axis=axis)


def history(trials: pd.DataFrame, names: Sequence[str]) -> go.Figure:
    """Each trial's validation error in the order drawn, an arm a color, and the best so far as a line.

    Args:
        trials: `arm` (its place), `order` (from 1, within its arm), `val_error` in percent, `ended`, `words` (hover).
        names: of the arms.
    """
    figure = go.Figure()
    for place, name in enumerate(names):
        own = trials[trials["arm"] == place].sort_values("order")
        for ended, symbol in SYMBOLS.items():
            subset = own[own["ended"] == ended]
            if len(subset):
                figure.add_scatter(
                    x=subset["order"], y=subset["val_error"], mode="markers", legendgroup=str(place),
                    name=plain(name if ended == "complete" else f"{name}, {WORDS[ended]}"), uid=uid(ended, place),
                    marker={"color": color(place), "size": 9, "symbol": symbol},
                    text=[plain(words) for words in subset["words"]],
                    hovertemplate="trial %{x}: %{y:.2f} %<br>%{text}<extra>" + plain(name) + "</extra>",
                )  # fmt: skip
        whole = own[own["ended"] == "complete"]
        if len(whole) > 1:
            line = {"color": color(place), "width": 1.5, "shape": "hv"}
            figure.add_scatter(
                x=whole["order"], y=whole["val_error"].cummin(), mode="lines", hoverinfo="skip", showlegend=False,
                legendgroup=str(place), line=line, uid=uid("so far", place),
            )  # fmt: skip
    return style(figure, revision="history", x="trial", y="validation error, %", height=340)


def importances(found: Sequence[tuple[str, Sequence[tuple[str, Importance]]]]) -> go.Figure:
    """The share of the errors' spread that each option accounts for, beside what chance makes, an arm a color.

    Args:
        found: of each arm its name, and of each option its label and importance; a hollow mark lies within the noise.
    """
    figure = go.Figure()
    labels = list(dict.fromkeys(label for _, items in found for label, _ in items))
    for place, (name, items) in enumerate(found):
        known = [(label, item) for label, item in items if item.share == item.share]
        if not known:
            continue
        offset = 0.0 if len(found) == 1 else 0.36 * (place / (len(found) - 1) - 0.5)
        rows = [labels.index(label) + offset for label, _ in known]
        figure.add_scatter(
            x=[item.share for _, item in known], y=rows, mode="markers", name=plain(name), uid=uid("share", place),
            marker={
                "color": color(place), "size": 11, "line": {"width": 2, "color": color(place)},
                "symbol": ["circle" if item.shown else "circle-open" for _, item in known],
            },
            hovertemplate="%{x:.0%}<extra>" + plain(name) + "</extra>",
        )  # fmt: skip
        figure.add_scatter(
            x=[item.noise for _, item in known], y=rows, mode="markers", uid=uid("noise", place), hoverinfo="skip",
            marker={"color": NEUTRAL, "size": 12, "symbol": "line-ns-open", "line": {"width": 2}},
            name="noise", legendgroup="noise", showlegend=place == 0, legendrank=2000,
        )  # fmt: skip
    ticks = {"tickvals": list(range(len(labels))), "ticktext": [plain(label) for label in labels]}
    return style(
        figure,
        revision="importance",
        x="share of the spread of errors",
        height=120 + 64 * max(1, len(labels)),
        x_axis={"range": [-0.03, 1.03], "tickformat": ".0%"},
        y_axis={**ticks, "range": [len(labels) - 0.5, -0.5], "zeroline": False},
    )
