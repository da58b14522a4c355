"""A published table beside the stored runs: each cell published | ours | difference | verdict, by fingerprint."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pandas as pd

from vitcore.data.registry import DATASETS
from vitcore.errors import Refusal
from vitcore.published.counts import counts
from vitcore.published.tables import METRICS, Column, Metric, PublishedCell, Row, Table
from vitcore.reproduction.verdicts import Judgement, Verdict, judge_count, judge_result, published_floor
from vitcore.spec import RunSpec
from vitcore.statistics.intervals import Interval, NoiseFloor, mean_interval, pooled_floor
from vitcore.store import pooling

COUNTED = ("finished", "diverged")
"""Kinds of run whose result counts. A diverged run is a result too: the Performer report's ReLU row is one. But it is
no mean with those that learned: where a cell has both, `averaged` leaves it out. An imported run is no seed of ours."""

NOTHING = Interval(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Result:
    """One cell: the published number, our runs of it, and what they say. Values are in the published unit."""

    row: Row
    column: Column
    published: PublishedCell | None
    spec: RunSpec | None
    cannot: str  # why it cannot be run; empty where it can
    scaled: bool
    values: Mapping[int, float]  # seed -> value
    runs: Mapping[int, str]  # seed -> run id
    others: Mapping[str, list[str]]  # kind -> ids of runs that the mean leaves out
    diverged: int  # of the values: all of them or none
    machine: str
    ours: Interval
    judgement: Judgement

    @property
    def metric(self) -> Metric:
        """The metric of its column: what it measures and which way is better."""
        return METRICS[self.column.metric]

    @property
    def difference(self) -> float:
        """Ours minus published; NaN where either is not there, or where they are of different machines."""
        if self.published is None or self.metric.kind == "time":
            return math.nan
        return self.ours.mean - self.published.value

    @property
    def below_noise(self) -> bool:
        """Whether the difference is no more than noise explains: drawn grey."""
        return not math.isnan(self.judgement.noise) and abs(self.difference) <= self.judgement.noise

    @property
    def verdict(self) -> str:
        """The verdict as it stands in a table."""
        return self.judgement.verdict.label(self.scaled)

    def ours_text(self, *, count: bool = True) -> str:
        """Mean ± half the 95 % interval, how many seeds where `count` says so, and what became of the other runs."""
        told = [f"{len(ids)} {status}" for status, ids in self.others.items()]
        if math.isnan(self.ours.mean):
            return ", ".join(told) or "–"
        if self.metric.kind == "count":
            return self.mean_text()
        if self.diverged:
            told.insert(0, f"{self.diverged} of {len(self.values)} diverged")
        seeds = f" (n = {len(self.values)})" if count else ""
        return f"{self.mean_text()}{seeds}" + (f"; {', '.join(told)}" if told else "")

    def mean_text(self) -> str:
        """Mean ± half the 95 % interval, where there are several seeds; of what is counted, the number and its unit."""
        text = f"{self.ours.mean:.{self.metric.digits}f}"
        if self.metric.kind == "count":
            return f"{text} {self.column.unit}"
        return f"{text} ± {self.ours.half_width:.{self.metric.digits}f}" if len(self.values) > 1 else text


@dataclass(frozen=True)
class ResultTable:
    """All cells of a published table under one protocol."""

    table: Table
    protocol: str
    results: Sequence[Result]
    theirs: NoiseFloor  # of the published errors
    own: Mapping[str, NoiseFloor]  # by column metric, pooled over our seeds
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
        Refusal: the table has no such protocol.
    """
    if protocol not in table.protocols:
        raise Refusal(f"{table.place} has no protocol {protocol!r}; it has {', '.join(table.protocols)}")
    specs = cell_specs(table, protocol)
    runs = _narrowed(runs, [spec for spec, _ in specs.values() if spec])
    by_run = {spec: matching(spec, runs) for spec in dict.fromkeys(spec for spec, _ in specs.values())}
    matched = {place: by_run[spec] for place, (spec, _) in specs.items()}
    machine = machine or _commonest_machine(list(matched.values()))
    drafts = {
        (row.key, column.key): _draft(
            table, row, column, protocol, specs[row.key, column.key], matched[row.key, column.key], epochs, machine
        )
        for row in table.rows
        for column in table.columns
    }
    theirs = published_floor(table.report)
    own = {
        metric: pooled_floor([list(one.values.values()) for one in drafts.values() if _spreads(one, metric)])
        for metric in {column.metric for column in table.columns}
    }
    judged = {place: _judged(one, theirs, own[one.column.metric]) for place, one in drafts.items()}
    return ResultTable(table, protocol, list(judged.values()), theirs, own, machine, judged)


def epoch_runs(table: Table, protocol: str, runs: pd.DataFrame) -> list[str]:
    """The stored runs whose epochs `results` needs: none unless rows of the table are epochs."""
    if all(row.epoch is None for row in table.rows):
        return []
    specs = dict.fromkeys(spec for spec, _ in cell_specs(table, protocol).values() if spec)
    return [str(id) for spec in specs for id in matching(spec, runs)["id"]]


def _narrowed(runs: pd.DataFrame, specs: Sequence[RunSpec]) -> pd.DataFrame:
    """The rows and columns that a table can need: a store of thousands of runs is looked through once."""
    if runs.empty:
        return runs
    needed = [
        "id",
        "status",
        "fingerprint",
        "seed",
        "machine",
        "epochs_done",
        *(metric.source for metric in METRICS.values()),
    ]
    columns = [name for name in dict.fromkeys(needed) if name in runs]
    return runs.loc[runs["fingerprint"].isin({fingerprint(spec) for spec in specs}), columns]


def cell_specs(table: Table, protocol: str) -> dict[tuple[str, str], tuple[RunSpec | None, str]]:
    """The run behind each (row, column), or None and why it cannot be run yet."""
    found: dict[tuple[str, str], tuple[RunSpec | None, str]] = {}
    for row in table.rows:
        for column in table.columns:
            try:
                found[row.key, column.key] = table.spec(row.key, column.key, protocol), ""
            except Refusal as error:
                found[row.key, column.key] = None, str(error)
    return found


def matching(spec: RunSpec | None, runs: pd.DataFrame) -> pd.DataFrame:
    """The stored runs of a spec: one a seed (the latest that counts, else the latest), by seed."""
    if spec is None or runs.empty:
        return runs.iloc[:0]
    mine = runs[runs["fingerprint"] == fingerprint(spec)]
    if mine.empty:
        return mine
    order = mine.assign(counts=counting(mine)).sort_values(["counts", "id"])
    return order.drop_duplicates("seed", keep="last").drop(columns="counts").sort_values("seed")


def counting(runs: pd.DataFrame) -> pd.Series:
    """Whether each run is a result of ours, so that its seed need not be trained again."""
    return pooling.kinds(runs).isin(COUNTED)


def averaged(mine: pd.DataFrame) -> pd.DataFrame:
    """Of a spec's runs those that its mean is taken over: the finished; where all diverged, these."""
    finished = mine[pooling.counts(mine)]
    return finished if len(finished) else mine[counting(mine)]


@lru_cache(maxsize=4096)
def fingerprint(spec: RunSpec) -> str:
    """A spec's fingerprint, remembered: a table asks for the same ones at every look."""
    return spec.fingerprint()


def _commonest_machine(matched: list[pd.DataFrame]) -> str:
    names = [name for frame in matched if len(frame) for name in frame["machine"].dropna()]
    return max(sorted(set(names)), key=names.count) if names else ""


def _draft(
    table: Table,
    row: Row,
    column: Column,
    protocol: str,
    recipe: tuple[RunSpec | None, str],
    mine: pd.DataFrame,
    epochs: pd.DataFrame | None,
    machine: str,
) -> Result:
    """A cell with its runs, not yet judged."""
    metric = METRICS[column.metric]
    values: dict[int, float] = {}
    ids: dict[int, str] = {}
    counted = within = averaged(mine)
    if metric.kind == "time" and len(counted):
        counted = counted[counted["machine"] == machine]
    for _, run in counted.iterrows():
        value = _value(run, metric, row, epochs)
        if not math.isnan(value):
            values[int(run["seed"])] = value * metric.factor
            ids[int(run["seed"])] = str(run["id"])
    rest = mine[~mine["id"].isin(within["id"])] if len(mine) else mine
    others = {str(kind): list(some["id"]) for kind, some in rest.groupby(pooling.kinds(rest))} if len(rest) else {}
    ours = mean_interval(list(values.values()))
    if metric.kind == "count":
        values, ids, others = {}, {}, {}
        one = counted_size(table, row, column, protocol)
        ours = NOTHING if one is None else Interval(*[one[metric.source] * metric.factor] * 3)
    return Result(
        row=row,
        column=column,
        published=table.cell(row.key, column.key),
        spec=recipe[0],
        cannot=recipe[1],
        scaled=table.protocols[protocol].scaled and metric.kind != "count",
        values=values,
        runs=ids,
        others=others,
        diverged=int((counted["status"] == "diverged").sum()) if len(counted) else 0,
        machine=machine if metric.kind == "time" else "",
        ours=ours,
        judgement=Judgement(Verdict.NOT_RUN, ""),
    )


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


def _spreads(one: Result, metric: str) -> bool:
    """Whether a cell tells of noise: learning runs do, collapsed ones all end at one number."""
    return one.column.metric == metric and len(one.values) > 1 and one.diverged == 0


def _judged(one: Result, theirs: NoiseFloor, own: NoiseFloor) -> Result:
    floor = theirs if one.metric.source == "error_percent" else NoiseFloor(math.nan, math.nan, math.nan, 0)
    return Result(**{**one.__dict__, "judgement": _judgement(one, floor, own)})


def _judgement(one: Result, theirs: NoiseFloor, own: NoiseFloor) -> Judgement:
    if math.isnan(one.ours.mean):
        return Judgement(Verdict.NOT_RUN, f"cannot be run yet: {one.cannot}" if one.cannot else "")
    if one.published is None:
        return Judgement(Verdict.NOT_PUBLISHED, "the report prints no number here")
    if one.metric.kind == "count":
        return judge_count(one.published, one.ours.mean, one.column.metric)
    if one.metric.kind == "time":
        return Judgement(
            Verdict.NOT_COMPARED, f"seconds of {one.machine or 'another machine'}; compare down the column"
        )
    return judge_result(one.published, one.ours, len(one.values), theirs, own)


def counted_size(table: Table, row: Row, column: Column, protocol: str) -> dict[str, int] | None:
    """Parameters and MACs of a cell's network (vitcore/published/data/counts.json); None where it was not counted."""
    key = size_key(table, row, column, protocol)
    return counts().get(key) if key else None


def size_key(table: Table, row: Row, column: Column, protocol: str) -> str:
    """A network and the picture it is counted at: "cct-7/3x1 3x32x32 10 learnable"; empty where that is not known.

    A scaled protocol may shrink pictures: sizes are counted at the report's own.
    """
    own = "report" if "report" in table.protocols else protocol
    recipe: dict[str, Any] = table.recipe(row.key, column.key, own)
    data = DATASETS.get(recipe.get("dataset", ""))
    size = row.count
    if size is None and data is None:
        return ""
    channels, side, classes = (
        (size.channels, size.side, size.classes)
        if size
        else (data.channels, recipe.get("side") or data.side, len(data.classes))  # type: ignore[union-attr]
    )
    return f"{recipe.get('architecture')} {channels}x{side}x{side} {classes} {recipe.get('positions', 'learnable')}"
