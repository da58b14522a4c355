"""Plotly figures of runs and reports: no Streamlit, and transparent, so that the page's theme shows."""

from vitcore.figures.bars import Series, bars, probabilities
from vitcore.figures.class_counts import class_counts
from vitcore.figures.confusion import confusion, confusion_difference, most_confused
from vitcore.figures.curves import X_AXES, Y_AXES, curve_plot, curves
from vitcore.figures.overlay import overlay
from vitcore.figures.parallel import parallel
from vitcore.figures.scatter import COSTS, accuracy_against_size, pareto
from vitcore.figures.style import DASHES, NEUTRAL, PALETTE, color, colors, dash, drawable, faint

__all__ = [
    "COSTS",
    "DASHES",
    "NEUTRAL",
    "PALETTE",
    "X_AXES",
    "Y_AXES",
    "Series",
    "accuracy_against_size",
    "bars",
    "class_counts",
    "color",
    "colors",
    "confusion",
    "confusion_difference",
    "curve_plot",
    "curves",
    "dash",
    "drawable",
    "faint",
    "most_confused",
    "overlay",
    "parallel",
    "pareto",
    "probabilities",
]
