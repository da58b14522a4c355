"""A published table beside the stored runs: each cell published | ours | difference | verdict, by fingerprint."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.published.counts import counts
from vitcore.published.metrics import METRICS, Metric
from vitcore.published.parts import Column, PublishedCell, Row
from vitcore.published.tables import Table
from vitcore.reproduction.cell_runs import COUNTED, averaged, cell_specs, matching, narrowed
from vitcore.reproduction.verdicts import (
    Judgment,
    MeasuredCell,
    Verdict,
    judge_count,
    judge_result,
    published_floor,
    published_spread,
)
from vitcore.spec import RunSpec
from vitcore.statistics.divergence import rate
from vitcore.statistics.intervals import NOTHING, Interval, typical_interval
from vitcore.statistics.noise import NoiseFloor
from vitcore.statistics.spread import UNKNOWN, Spread, of_others, pooled
from vitcore.store import pooling

TOO_FEW = "too few to say"
WIDEST = math.log(100)
"""Odds of an error of which the upper are more than a hundred times the lower: two seeds can lie so far apart."""


@dataclass(frozen=True)
class Result:
    """One cell: the published number, our runs of it, and what they say. Values are in the published unit."""

    row: Row
    column: Column
    published: PublishedCell | None
    spec: RunSpec | None
    cannot: str  # why it cannot be run; empty where it can
    scaled: bool
    values: Mapping[int, float]  # seed -> value, of the runs that finished, did not diverge and are comparable
    runs: Mapping[int, str]  # seed -> run id
    others: Mapping[str, list[str]]  # kind -> ids of runs that the median leaves out
    diverged: Mapping[int, str]  # seed -> id of a run that diverged
    machine: str
    measured: Interval  # median over seeds and the interval of a typical run's value
    judgment: Judgment
    images: int | None = None  # of the test set, where a value is a share of them

    @property
    def metric(self) -> Metric:
        """The metric of its column: what it measures and which way is better."""
        return METRICS[self.column.metric]

    @property
    def divergence(self) -> Interval:
        """The share of the runs that came to an end in which training diverged, 0 to 1, with its exact interval."""
        return rate(len(self.diverged), len(self.diverged) + len(self.values))

    @property
    def tells(self) -> bool:
        """Whether the interval is known and narrow enough to say anything."""
        low, high = self.metric.scale.to([self.measured.low, self.measured.high], self.images)
        return self.measured.known and bool(high - low <= WIDEST)

    @property
    def difference(self) -> float:
        """Ours minus published; NaN where either is not there, or where the two are not to be compared."""
        if self.published is None or self.published.bound or self.metric.kind == "time" or self.scaled:
            return math.nan
        return self.measured.center - self.published.value

    @property
    def below_noise(self) -> bool:
        """Whether the difference is no more than noise explains: drawn gray."""
        noise = self.judgment.noise
        return noise is not None and noise.low <= self.measured.center <= noise.high

    @property
    def verdict(self) -> str:
        """The verdict as it stands in a table."""
        return str(self.judgment.verdict)

    def measured_text(self, *, count: bool = True) -> str:
        """Median and 95 % interval, how many seeds where `count` says so, and what became of the other runs."""
        others = [f"{len(ids)} {status}" for status, ids in self.others.items()]
        if self.diverged:
            many = len(self.diverged) + len(self.values)
            others.insert(0, f"{len(self.diverged)} of {many} diverged")
        if math.isnan(self.measured.center):
            return ", ".join(others) or "–"
        if self.metric.kind == "count":
            return self.center_text()
        seeds = f" (n = {len(self.values)})" if count else ""
        return f"{self.center_text()}{seeds}" + (f"; {', '.join(others)}" if others else "")

    def center_text(self) -> str:
        """Median and 95 % interval, or that there are too few; of what is counted, the number and its unit."""
        digits = self.metric.digits
        text = f"{self.measured.center:.{digits}f}"
        if self.metric.kind == "count":
            return f"{text} {self.column.unit}"
        if not self.tells:
            return f"{text}, {TOO_FEW}"
        return f"{text} [{self.measured.low:.{digits}f}, {self.measured.high:.{digits}f}]"


@dataclass(frozen=True)
class ResultTable:
    """All cells of a published table under one protocol."""

    table: Table
    protocol: str
    results: Sequence[Result]
    published_noise: NoiseFloor  # of the published errors, in points
    mixed: Mapping[str, Sequence[str]]  # what the runs are of more than one of -> its values, commonest first
    machine: str
    by_place: Mapping[tuple[str, str], Result] = field(repr=False)

    @property
    def scaled(self) -> bool:
        """Whether its protocol is a scaled one, whose numbers are never mixed with those of the report's own."""
        return self.table.protocols[self.protocol].scaled

    def at(self, row: str, column: str) -> Result:
        """The cell of a row and a column, by their keys. Raises KeyError where there is none."""
        return self.by_place[row, column]


def results(
    table: Table,
    runs: pd.DataFrame,
    protocol: str,
    *,
    epochs: pd.DataFrame | None = None,
    machine: str | None = None,
) -> ResultTable:
    """The table with our runs in it.

    Args:
        runs: as store.queries.runs gives them (empty is fine).
        epochs: as store.queries.epochs gives them; needed where rows are epochs of a run.
        machine: whose processing times are shown; by default that with most of the table's runs.

    Raises:
        UserError: the table has no such protocol.
    """
    if protocol not in table.protocols:
        raise UserError(f"{table.place} has no protocol {protocol!r}; it has {', '.join(table.protocols)}")
    specs = cell_specs(table, protocol)
    runs = narrowed(runs, [spec for spec, _ in specs.values() if spec])
    by_run = {spec: matching(spec, runs) for spec in dict.fromkeys(spec for spec, _ in specs.values())}
    matched = {place: by_run[spec] for place, (spec, _) in specs.items()}
    every = pd.concat([value for value in by_run.values() if len(value)] or [runs.iloc[:0]])
    timed = every if machine is None else every[every["machine"] == machine]
    timed = timed[pooling.counts(timed) & ~pooling.trained_elsewhere(timed)]
    timing = pooling.commonest(timed, list(pooling.TIMING))
    timing = timing if machine is None else {"machine": machine, **timing}
    drafts: dict[tuple[str, str], Result] = {}
    for column in table.columns:
        down = pd.concat([matched[row.key, column.key] for row in table.rows])
        down = down[pooling.counts(down)]
        item = pooling.commonest(down, list(pooling.EVALUATION))
        if METRICS[column.metric].kind == "time":
            item |= timing
        for row in table.rows:
            place = (row.key, column.key)
            drafts[place] = _draft(table, row, column, protocol, specs[place], matched[place], epochs, item)
    spreads = {column.key: _column_spreads(table, column, drafts) for column in table.columns}
    places = [(row.key, column.key) for row in table.rows for column in table.columns]
    judged = {(row, column): _judged(table, drafts[row, column], spreads[column][row]) for row, column in places}
    mixed = {name: values for name in _MIXED if len(values := _values(every, name)) > 1}
    machine = str(timing.get("machine", ""))
    return ResultTable(table, protocol, list(judged.values()), published_floor(table.report), mixed, machine, judged)


_MIXED = ("machine", "device_used", "precision_used", "torch", "timm_version", "vitcore_version", "data_digest")


def _values(runs: pd.DataFrame, name: str) -> list[str]:
    """What finished runs have in a column, commonest first."""
    done = runs[pooling.counts(runs)] if len(runs) else runs
    return [str(value) for value in done[name].dropna().value_counts().index] if name in done else []


def _column_spreads(table: Table, column: Column, drafts: Mapping[tuple[str, str], Result]) -> dict[str, Spread]:
    """By row the prior of its spread over seeds, from the column metric's other cells; of one function the first only.

    Spreads are pooled over columns of one metric: on the metric's scale a cell's spread does not follow its height. A
    cell of one seed has the prior that all make.
    """
    twice = {second for _, second in table.equivalent}
    alike = [item.key for item in table.columns if item.metric == column.metric]
    cells = [item for (row, key), item in drafts.items() if key in alike and row not in twice and len(item.values) > 1]
    groups = [cell.metric.scale.to(list(cell.values.values()), cell.images) for cell in cells]
    found = dict(zip(((cell.row.key, cell.column.key) for cell in cells), of_others(groups), strict=True))
    together = pooled(groups)
    spreads = {row.key: found.get((row.key, column.key), together) for row in table.rows}
    for first, second in table.equivalent:
        spreads[second] = spreads[first]
    return spreads


def _draft(
    table: Table,
    row: Row,
    column: Column,
    protocol: str,
    recipe: tuple[RunSpec | None, str],
    own: pd.DataFrame,
    epochs: pd.DataFrame | None,
    item: Mapping[str, object],
) -> Result:
    """A cell with its runs, not yet judged; `one`: what runs must have in common to be compared in its column."""
    metric = METRICS[column.metric]
    counts = metric.kind == "count"
    empty = Result(
        row=row,
        column=column,
        published=table.cell(row.key, column.key),
        spec=recipe[0],
        cannot=recipe[1],
        scaled=table.protocols[protocol].scaled and not counts,
        values={},
        runs={},
        others={},
        diverged={},
        machine=str(item.get("machine", "")) if metric.kind == "time" else "",
        measured=_counted_interval(table, row, column, protocol) if counts else NOTHING,
        judgment=Judgment(Verdict.NOT_RUN, ""),
        images=None,
    )
    return empty if counts or own.empty else _with_runs(empty, own, epochs, item)


def _with_runs(cell: Result, own: pd.DataFrame, epochs: pd.DataFrame | None, item: Mapping[str, object]) -> Result:
    """A cell with its values by seed, and the runs that are not among them by why."""
    values: dict[int, float] = {}
    ids: dict[int, str] = {}
    done = averaged(own)
    why = pooling.comparable(done, item, {**pooling.EVALUATION, **pooling.TIMING})
    if cell.metric.kind == "time":
        why = why.mask(pooling.trained_elsewhere(done) & why.eq(""), "another program")
    counted = done[why.eq("")]
    for _, run in counted.iterrows():
        value = _value(run, cell.metric, cell.row, epochs)
        if math.isfinite(value):
            values[int(run["seed"])] = value * cell.metric.factor
            ids[int(run["seed"])] = str(run["id"])
    kinds = pooling.kinds(own)
    rest = own[~kinds.isin(COUNTED)]
    others = {str(kind): list(subset["id"]) for kind, subset in rest.groupby(pooling.kinds(rest))} if len(rest) else {}
    for reason, group in done[why.ne("")].groupby(why[why.ne("")]):
        others[f"of {reason}"] = list(group["id"])
    diverged = {int(run["seed"]): str(run["id"]) for _, run in own[kinds.eq("diverged")].iterrows()}
    sizes = [int(size) for size in counted.get("test_samples", pd.Series(dtype=float)).dropna()]
    return replace(
        cell,
        values=values,
        runs=ids,
        others=others,
        diverged=diverged if cell.row.epoch is None else {},
        images=max(sizes) if sizes and cell.metric.counts_images else None,
    )


def _counted_interval(table: Table, row: Row, column: Column, protocol: str) -> Interval:
    """A count as an interval of no width; NOTHING where the network was not counted."""
    metric, size = METRICS[column.metric], counted_size(table, row, column, protocol)
    return NOTHING if size is None else Interval(*[size[metric.source] * metric.factor] * 3)


def _value(run: pd.Series, metric: Metric, row: Row, epochs: pd.DataFrame | None) -> float:
    """A run's own figure, as stored; of one epoch where the row is one."""
    if row.epoch is None:
        value = run.get(metric.source)
    elif epochs is None:
        return math.nan
    else:
        line = epochs[(epochs["run_id"] == run["id"]) & (epochs["epoch"] == row.epoch)]
        value = line[metric.source].iloc[-1] if len(line) else None
    return math.nan if value is None or pd.isna(value) else float(value)


def _judged(table: Table, item: Result, spread: Spread) -> Result:
    """The cell with its interval and its verdict, by the spread of the comparable cells."""
    if item.metric.kind == "count":
        return replace(item, judgment=_judgment(table, item, UNKNOWN))
    values = list(item.values.values())
    filled = replace(item, measured=typical_interval(values, item.metric.scale, spread=spread, images=item.images))
    return replace(filled, judgment=_judgment(table, filled, spread))


def _judgment(table: Table, item: Result, spread: Spread) -> Judgment:
    if math.isnan(item.measured.center) and not item.diverged:
        return Judgment(Verdict.NOT_RUN, f"cannot be run yet: {item.cannot}" if item.cannot else "")
    if item.published is None:
        return Judgment(Verdict.NOT_PUBLISHED, "the report prints no number here")
    if item.metric.kind == "time":
        return Judgment(
            Verdict.NOT_COMPARED, f"seconds of {item.machine or 'another machine'}; compare down the column"
        )
    if math.isnan(item.measured.center):
        return Judgment(Verdict.DIVERGED, f"all {len(item.diverged)} runs of ours diverged")
    if item.metric.kind == "count":
        return judge_count(item.published, item.measured.center, item.column.metric)
    if item.scaled:
        return Judgment(Verdict.NOT_COMPARED, "a scaled run tests the report's claims, never its numbers")
    return judge_result(item.published, _measured(item, spread), _published_spread(table, item))


def _measured(item: Result, spread: Spread) -> MeasuredCell:
    """A cell's runs for a verdict; a single seed has the spread of the comparable cells, if any is known."""
    scale, values = item.metric.scale, list(item.values.values())
    if len(values) > 1:
        variance, degrees = spread.moderated(float(scale.to(values, item.images).var(ddof=1)), len(values) - 1)
    else:
        variance, degrees = spread.variance, min(spread.degrees, spread.most)
    return MeasuredCell(item.measured, len(values), scale, variance, degrees, item.images)


def _published_spread(table: Table, item: Result) -> Spread:
    return published_spread(table.report) if item.metric.source == "error_percent" else UNKNOWN


def counted_size(table: Table, row: Row, column: Column, protocol: str) -> dict[str, int] | None:
    """Parameters and MACs of a cell's network (vitcore/published/data/counts.json); None where it was not counted."""
    key = size_key(table, row, column, protocol)
    return counts().get(key) if key else None


def size_key(table: Table, row: Row, column: Column, protocol: str) -> str:
    """A network and the image it is counted at: "cct-7/3x1 3x32x32 10 learnable"; empty where that is not known.

    A scaled protocol may shrink images: sizes are counted at the report's own.
    """
    own = "report" if "report" in table.protocols else protocol
    recipe: dict[str, Any] = table.recipe(row.key, column.key, own)
    data = DATASETS.get(recipe.get("dataset", ""))
    size = row.count
    if size is None and data is None:
        return ""
    channels, image_size, classes = (
        (size.channels, size.image_size, size.classes)
        if size
        else (data.channels, recipe.get("image_size") or data.image_size, len(data.classes))  # type: ignore[union-attr]
    )
    pixels = f"{channels}x{image_size}x{image_size}"
    return f"{recipe.get('architecture')} {pixels} {classes} {recipe.get('pos_embed', 'learnable')}"
