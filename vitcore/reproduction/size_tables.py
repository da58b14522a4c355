"""Networks' sizes as tables: beside the printed figures, layer by layer, and against what they reach."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from vitcore.cost.description import Description, direct_parts
from vitcore.models import architecture_of
from vitcore.statistics.intervals import typical_interval
from vitcore.statistics.scales import PERCENT
from vitcore.store import pooling


def totals(found: Sequence[Description]) -> pd.DataFrame:
    """Each architecture at its own configuration beside what the reports print; differences in words."""
    rows = []
    for item in found:
        printed = architecture_of(item.name).published or {}
        own, macs = printed.get("parameters", ""), printed.get("macs", "")
        rows.append(
            {
                "Architecture": item.name,
                "Counted at": f"{item.channels} × {item.image_size} × {item.image_size}, {item.classes:,} classes",
                "Parameters": item.parameters,
                "printed": own or "–",
                "difference": difference(item.parameters, own) or "–",
                "MACs (G)": item.macs / 1e9,
                "printed ": macs or "–",
                "difference ": difference(item.macs, macs) or "–",
            }
        )
    return pd.DataFrame(rows)


def layers(found: Description, *, parts_only: bool) -> pd.DataFrame:
    """The network's modules with shapes, parameters and MACs; its direct parts alone, or all of them."""
    parts = direct_parts([row["name"] for row in found.layers])
    rows = [row for row in found.layers if row["name"] in parts or not parts_only]
    return pd.DataFrame(
        {
            "Layer": [row["name"] for row in rows],
            "Kind": [row["kind"] for row in rows],
            "In": [" × ".join(map(str, row["input_shape"])) for row in rows],
            "Out": [" × ".join(map(str, row["output_shape"])) for row in rows],
            "Parameters": [row["parameters"] for row in rows],
            "MACs": [row["macs"] for row in rows],
        }
    )


def sizes_and_accuracies(runs: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """The slides' Figure 2 as points, and stored runs on the same dataset: `label`, `family`, `parameters`, `accuracy`.

    Stored runs of one spec are one point, the median over seeds with its 95 % interval (`low`, `high`); `of_dataset`
    tells which runs count.
    """
    from vitcore.published.tables import figures, table

    figure = figures()["slides-figure-2"]
    printed = table(figure.table)
    accuracies = [item for item in printed.columns if item.metric == figure.metric]
    column = next((accuracy.key for accuracy in accuracies if accuracy.recipe["dataset"] == dataset), "")
    points: list[dict[str, Any]] = []
    for row in printed.rows:
        own, size = printed.cell(row.key, column), printed.cell(row.key, figure.size)
        if own and size and (figure.most is None or size.value <= figure.most):
            family = {"label": row.label, "family": row.group, "published": True}
            points.append({**family, "parameters": size.value * 1e6, "accuracy": own.value})
    measured, _ = of_dataset(runs, dataset)
    for _, subset in measured.groupby("fingerprint", sort=False):
        images = subset["test_samples"].max() if "test_samples" in subset else math.nan
        reached = typical_interval(
            100 - subset["error_percent"], PERCENT, images=None if pd.isna(images) else int(images)
        )
        first = subset.iloc[0]
        points.append(
            {
                "label": first["architecture"] + (f" (n = {len(subset)})" if len(subset) > 1 else ""),
                "family": "stored runs",
                "published": False,
                "parameters": float(first["parameters"]),
                "accuracy": reached.center,
                "low": reached.low,
                "high": reached.high,
            }
        )
    names = ["label", "family", "published", "parameters", "accuracy", "low", "high"]
    return pd.DataFrame(points).reindex(columns=names)


def of_dataset(runs: pd.DataFrame, dataset: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The runs behind the points, and those with a result that no mean is taken over."""
    known = runs["error_percent"].notna() & runs["parameters"].notna()
    return pooling.pooled(runs[(runs["dataset"] == dataset) & known])


def printed_number(text: str) -> tuple[float, float] | None:
    """A published "3.85 M" as (3.85e6, 1e4): the number, and one unit of its last digit; None for "about 8 million"."""
    found = re.fullmatch(r"([\d,]+)(?:\.(\d+))? ?([MG]?)", text)
    if not found:
        return None
    size = {"": 1.0, "M": 1e6, "G": 1e9}[found[3]]
    digits = found[2] or ""
    return float(f"{found[1].replace(',', '')}.{digits or 0}") * size, 10.0 ** -len(digits) * size


def difference(measured: int, text: str) -> str:
    """Our count beside a printed one: "as printed" within one unit of its last digit, else by how many percent."""
    if text.startswith("<"):
        bound = printed_number(text[1:].strip())
        return "as printed" if bound and measured < bound[0] + bound[1] else "above it"
    known = printed_number(text)
    if known is None:
        return ""
    if abs(measured - known[0]) <= known[1]:
        return "as printed"
    return f"{100 * (measured - known[0]) / known[0]:+,.1f} %"
