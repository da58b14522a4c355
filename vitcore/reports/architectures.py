"""One architecture, built with chosen options on the meta device and described: size, cost, memory, layers, stages.

`python -m vitcore.reports.architectures` does the same in a process of its own, for the networks that take seconds.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from vitcore.errors import Refusal
from vitcore.models import ARCHITECTURES
from vitcore.reports.stages import Stage, stages, tokens
from vitcore.reports.statistics import mean_interval
from vitcore.runs import processes

BATCH = 128
PATIENCE = 120  # seconds that a count in another process may take


@dataclass(frozen=True)
class Choice:
    """What differs from the architecture's own configuration; None: its own."""

    channels: int | None = None
    side: int | None = None
    classes: int | None = None
    kernel: str = "softmax"
    features: int | None = None
    positions: str = "learnable"
    patch: int | None = None


@dataclass(frozen=True)
class Description:
    """An architecture as built: counts of one picture, bytes of a float32 training step with AdamW."""

    name: str
    channels: int
    side: int
    classes: int
    tokens: int | None
    parameters: int
    macs: int
    memory: int
    batch: int
    stages: tuple[Stage, ...] = field(repr=False)
    layers: tuple[Mapping[str, Any], ...] = field(repr=False)  # models.count.LayerRow as dicts


def describe(name: str, choice: Choice, batch: int = BATCH) -> Description:
    """Build the network without content and count it; what takes long is done in a process of its own.

    Raises:
        Refusal: a combination that cannot be built, in one sentence.
    """
    return described(name, choice, batch) if _quick(name) else _elsewhere(name, choice, batch)


def described(name: str, choice: Choice, batch: int) -> Description:
    """The same in this process, however long it takes."""
    import torch

    from vitcore.models import build, count

    own = ARCHITECTURES[name]
    channels, side = choice.channels or own.channels, choice.side or own.side
    classes = choice.classes or own.classes
    try:
        with torch.device("meta"):
            model = build(
                name,
                channels=channels,
                side=side,
                classes=classes,
                kernel=choice.kernel,
                features=choice.features,
                positions=choice.positions,
                patch=choice.patch,
            )
    except ValueError as error:
        raise Refusal(str(error)) from None
    rows = count.layers_table(model, channels, side)
    return Description(
        name=name,
        channels=channels,
        side=side,
        classes=classes,
        tokens=tokens(model, side),
        parameters=count.parameters(model),
        macs=sum(row.macs for row in rows if row.depth == 0),
        memory=count.training_memory(model, channels, side, batch),
        batch=batch,
        stages=tuple(stages(model, {row.name: row.output_shape for row in rows}, channels=channels, side=side)),
        layers=tuple(asdict(row) for row in rows),
    )


def printed_number(text: str) -> tuple[float, float] | None:
    """A published "3.85 M" as (3.85e6, 1e4): the number, and one unit of its last digit; None for "about 8 million"."""
    found = re.fullmatch(r"([\d,]+)(?:\.(\d+))? ?([MG]?)", text)
    if not found:
        return None
    size = {"": 1.0, "M": 1e6, "G": 1e9}[found[3]]
    digits = found[2] or ""
    return float(f"{found[1].replace(',', '')}.{digits or 0}") * size, 10.0 ** -len(digits) * size


def difference(ours: int, text: str) -> str:
    """Our count beside a printed one: "as printed" within one unit of its last digit, else by how many percent."""
    if text.startswith("<"):
        bound = printed_number(text[1:].strip())
        return "as printed" if bound and ours < bound[0] + bound[1] else "above it"
    known = printed_number(text)
    if known is None:
        return ""
    if abs(ours - known[0]) <= known[1]:
        return "as printed"
    return f"{100 * (ours - known[0]) / known[0]:+,.1f} %"


def totals(found: Sequence[Description]) -> pd.DataFrame:
    """Each architecture at its own configuration beside what the reports print; differences in words."""
    rows = []
    for one in found:
        printed = ARCHITECTURES[one.name].published or {}
        own, macs = printed.get("parameters", ""), printed.get("macs", "")
        rows.append(
            {
                "Architecture": one.name,
                "Counted at": f"{one.channels} × {one.side} × {one.side}, {one.classes:,} classes",
                "Parameters": one.parameters,
                "printed": own or "–",
                "difference": difference(one.parameters, own) or "–",
                "MACs": one.macs,
                "printed ": macs or "–",
                "difference ": difference(one.macs, macs) or "–",
            }
        )
    return pd.DataFrame(rows)


def layers(found: Description, *, parts_only: bool) -> pd.DataFrame:
    """The network's modules with shapes, parameters and MACs; its direct parts alone, or all of them."""
    rows = [row for row in found.layers if row["depth"] == 0 or not parts_only]
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

    Stored runs of one spec are one point, the mean over seeds with its 95 % interval (`low`, `high`).
    """
    from vitcore.reports.published import figures, table

    figure = figures()["slides-figure-2"]
    printed = table(figure.table)
    accuracies = [one for one in printed.columns if one.metric == figure.metric]
    column = next((one.key for one in accuracies if one.recipe["dataset"] == dataset), "")
    points: list[dict[str, Any]] = []
    for row in printed.rows:
        own, size = printed.cell(row.key, column), printed.cell(row.key, figure.size)
        if own and size and (figure.most is None or size.value <= figure.most):
            family = {"label": row.label, "family": row.group, "published": True}
            points.append({**family, "parameters": size.value * 1e6, "accuracy": own.value})
    mine = runs[(runs["dataset"] == dataset) & runs["error_percent"].notna() & runs["parameters"].notna()]
    for _, some in mine.groupby("fingerprint", sort=False):
        spread = mean_interval(100 - some["error_percent"])
        first = some.iloc[0]
        points.append(
            {
                "label": first["architecture"] + (f" (n = {len(some)})" if len(some) > 1 else ""),
                "family": "stored runs",
                "published": False,
                "parameters": float(first["parameters"]),
                "accuracy": spread.mean,
                "low": spread.low,
                "high": spread.high,
            }
        )
    names = ["label", "family", "published", "parameters", "accuracy", "low", "high"]
    return pd.DataFrame(points).reindex(columns=names)


def _quick(name: str) -> bool:
    """Whether a count takes well under a second: so few modules does it have."""
    own = ARCHITECTURES[name]
    return own.family == "small_cnn" or (own.family in ("compact", "vit") and own.config["layers"] <= 14)


def _elsewhere(name: str, choice: Choice, batch: int) -> Description:
    asked = json.dumps({"name": name, "choice": asdict(choice), "batch": batch})
    return _parsed(json.loads(processes.answer("vitcore.reports.architectures", [asked], PATIENCE)[0]))


def _parsed(raw: dict[str, Any]) -> Description:
    drawn = tuple(Stage(**{**stage, "details": tuple(stage["details"])}) for stage in raw.pop("stages"))
    return Description(**{**raw, "stages": drawn, "layers": tuple(raw.pop("layers"))})


def main() -> None:
    """Describes what the argument asks for, as JSON on standard output; a refusal is the last line of stderr."""
    asked = json.loads(sys.argv[1])
    try:
        found = described(asked["name"], Choice(**asked["choice"]), asked["batch"])
    except Refusal as refusal:
        sys.exit(str(refusal))
    print(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
