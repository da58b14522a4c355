"""A view of Compare as plain data: what is filtered, shown, chosen and drawn; to query parameters and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import unquote

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vitcore.aliases import COLUMNS, current
from vitcore.data.registry import DATASETS
from vitcore.figures import COSTS, X_AXES, Y_AXES
from vitcore.figures.medians import BANDS
from vitcore.layers.kernels import KERNELS
from vitcore.models import ARCHITECTURES
from vitcore.runs.status import STATUSES
from vitcore.spec import fields
from vitcore.spec.options import OneOf
from vitcore.store.cells import as_text, entries
from vitcore.store.columns import GROUPS, columns

Chart = Literal["curves", "cost", "parallel", "difference"]
Short = Annotated[str, Field(max_length=200)]
Value = Annotated[str, Field(max_length=400)]  # of a filter: a number may have three hundred digits
Names = Annotated[tuple[Short, ...], Field(max_length=200)]

FILTERS = ("status", *(field.name for field in fields() if field.name not in ("name", "folder")))
"""What a view can be filtered by, besides its search and its tags."""

RANGES = tuple(name for name, column in columns().items() if column.sql in ("BIGINT", "DOUBLE"))
"""What a view can be limited to a range of: every column of numbers; in an address as from-… and to-…."""

ENDS = ("from", "to")
Bound = Annotated[float | None, Field(strict=False)]

VOCABULARY: Mapping[str, Iterable[str]] = {
    "status": STATUSES, "architecture": ARCHITECTURES, "kernel": KERNELS, "dataset": DATASETS,
}  # fmt: skip
"""Values that may be asked for although no run has them at the moment."""

STEP_LOSS = "loss"
VALUES: Mapping[str, str] = {**Y_AXES, STEP_LOSS: "Training loss, step by step"}
"""What curves can show: of the epochs, and of the steps."""

_OF_COLUMNS = {"columns", "hidden", "sort", "by", "group_sort", "axes", "cost"}  # hold names of columns

RUNS_IN_ADDRESS = 100
"""A server takes no request of more than some 16 kB: a longer choice of runs is left to a saved view."""


class View(BaseModel):
    """What Compare shows; every field has the default of a first visit, and only what differs is written down."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    search: Short = ""
    filters: dict[str, Annotated[tuple[Value, ...], Field(max_length=200)]] = {}
    ranges: dict[str, tuple[Bound, Bound]] = {}  # both ends belong to it; None: it has no end there
    tags: Names = ()
    columns: Names = ()  # shown besides those in which runs differ
    hidden: Names = ()
    sort: Short = ""  # a column; empty: newest first
    descending: bool = False
    grouped: bool = False
    by: Names = ()  # empty: the columns in which runs differ most plainly
    all_runs: bool = False  # means are over runs too that were not trained here to their end
    group_sort: Short = ""  # a column of the groups; empty: the lowest median validation error first
    group_descending: bool = False
    runs: Annotated[tuple[Short, ...], Field(max_length=20_000)] | None = None  # None: nothing is chosen
    chart: Chart = "curves"
    y: Annotated[str, OneOf(VALUES, "value")] = "held_out_accuracy"
    x: Annotated[str, OneOf(X_AXES, "axis")] = "epoch"
    smoothing: Annotated[float, Field(ge=0, le=0.95)] = 0.0
    log: bool = False  # the axis of values
    log_x: bool = False
    band: Annotated[str, OneOf(BANDS, "band")] = "interval"  # of groups
    cost: Annotated[str, OneOf(COSTS, "cost")] = "parameters"
    dataset: Short = ""  # of accuracy against cost; empty: the one most runs are of
    apart: bool = False  # every dataset in a chart of its own, instead of one
    linear: bool = False  # the cost's axis, which is logarithmic else
    axes: Names = ()  # of the parallel coordinates; empty: the options in which the runs differ
    a: Short = ""  # the two runs of a difference; empty: the newest chosen
    b: Short = ""

    @model_validator(mode="before")
    @classmethod
    def _by_todays_names(cls, raw: Any) -> Any:
        """What a view of format 1 names by its old name (`vitcore.aliases`), by today's."""
        if not isinstance(raw, Mapping):
            return raw
        now = dict(raw)
        for name in _OF_COLUMNS & raw.keys():
            if isinstance(raw[name], str):
                now[name] = COLUMNS.get(raw[name], raw[name])
            elif isinstance(raw[name], list | tuple):
                now[name] = [COLUMNS.get(each, each) if isinstance(each, str) else each for each in raw[name]]
        for name in ("filters", "ranges"):
            if isinstance(raw.get(name), Mapping):
                now[name] = current(raw[name], COLUMNS)
        return now


def to_query(view: View) -> dict[str, str]:
    """Query parameters that hold the view; lists are joined by commas, a comma in a value is written %2C."""
    found: dict[str, str] = {}
    for name, value in written(view).items():
        if name == "filters":
            found |= {key: _joined(values) for key, values in value.items() if values}
        elif name == "ranges":
            ends = {f"{end}-{key}": bound for key, both in value.items() for end, bound in zip(ENDS, both, strict=True)}
            found |= {key: str(bound) for key, bound in ends.items() if bound is not None}
        elif name == "runs":
            found[name] = _joined(value[:RUNS_IN_ADDRESS])
        elif isinstance(value, list):
            found[name] = _joined(value)
        else:
            found[name] = "1" if value is True else str(value)
    return found


def from_query(parameters: Mapping[str, str]) -> tuple[View, str]:
    """The view that query parameters hold, and one sentence about those that are not understood; empty: all are."""
    raw: dict[str, Any] = {}
    doubts = []
    for name, text in current(parameters, COLUMNS).items():
        try:
            if name in FILTERS:
                part = View.model_validate({"filters": {name: _parted(text)}})
                raw["filters"] = {**raw.get("filters", {}), **part.filters}
            elif (column := name.partition("-")[2]) in RANGES and name.startswith(tuple(f"{end}-" for end in ENDS)):
                ends = dict(zip(ENDS, raw.setdefault("ranges", {}).get(column, (None, None)), strict=True))
                ends[name.partition("-")[0]] = text
                part = View.model_validate({"ranges": {column: tuple(ends.values())}})
                raw["ranges"] |= part.ranges
            else:
                part = View.model_validate({name: _parted(text) if name in _LISTS else text})
                raw[name] = getattr(part, name)
        except ValidationError as error:
            doubts.append(_doubt(name, text, error))
    return View.model_validate(raw), _sentence(doubts)


def written(view: View) -> dict[str, Any]:
    """What differs from the view of a first visit, as plain data."""
    return view.model_dump(mode="json", exclude_defaults=True)


def fitting(view: View, runs: pd.DataFrame) -> tuple[View, str]:
    """The view without what these runs do not have, and one sentence about what was left out; empty: nothing."""
    absent: list[str] = []

    def saved(values: Sequence[str], known: Iterable[str], what: str) -> tuple[str, ...]:
        stored = set(known)
        absent.extend(f"the {what} {_shown(value)}" for value in values if value not in stored)
        return tuple(value for value in values if value in stored)

    filters = {}
    for name, values in view.filters.items():
        if name not in runs:
            absent.append(f"the filter {_shown(name)}")
        elif left := saved(values, {*map(as_text, runs[name]), *VOCABULARY.get(name, ())}, name):
            filters[name] = left
    ranges = {name: ends for name, ends in view.ranges.items() if name in runs}
    absent.extend(f"the range of {_shown(name)}" for name in view.ranges if name not in runs)
    chosen = None
    if view.runs is not None:
        stored = set(runs["id"])
        chosen = tuple(run for run in view.runs if run in stored)
        if gone := len(view.runs) - len(chosen):
            absent.append(f"{gone:,} of its {len(view.runs):,} chosen runs")
    tags = {tag for subset in runs["tags"] for tag in entries(subset)}

    def item(value: str, known: Iterable[str], what: str) -> str:
        return next(iter(saved((value,) if value else (), known, what)), "")

    update = {
        "filters": filters,
        "ranges": ranges,
        "tags": saved(view.tags, tags, "tag"),
        "columns": saved(view.columns, runs.columns, "column"),
        "hidden": tuple(name for name in view.hidden if name in runs),
        "by": saved(view.by, FILTERS, "field"),
        "axes": saved(view.axes, runs.columns, "axis"),
        "sort": item(view.sort, runs.columns, "column"),
        "group_sort": item(view.group_sort, [*runs.columns, *(each.name for each in GROUPS)], "column"),
        "dataset": item(view.dataset, runs["dataset"], "dataset"),
        "runs": chosen,
        "a": item(view.a, runs["id"], "run"),
        "b": item(view.b, runs["id"], "run"),
    }
    left_out = f"This view also asks for {_and(absent)}, which is not stored here; the rest is shown." if absent else ""
    return view.model_copy(update=update), left_out


_LISTS = {name for name, info in View.model_fields.items() if "tuple" in str(info.annotation) and name != "filters"}


def _joined(values: Iterable[str]) -> str:
    return ",".join(value.replace("%", "%25").replace(",", "%2C") for value in values)


def _parted(text: str) -> list[str]:
    return [unquote(part) for part in text.split(",") if part]


def _doubt(name: str, text: str, error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    if first["type"] == "extra_forbidden":
        return f"{_shown(name)} (there is no such parameter)"
    wish = first["msg"].removeprefix("Value error, ")
    return f"{name}={_shown(text)} ({wish[0].lower() + wish[1:]})"


def _sentence(doubts: Sequence[str]) -> str:
    return f"The address says {_and(doubts)}, which Compare does not know; the rest is shown." if doubts else ""


def _and(parts: Sequence[str]) -> str:
    """At most four of them, and how many more."""
    more = [f"{len(parts) - 4:,} more"] if len(parts) > 4 else []
    shown = [*parts[:4], *more]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")
