"""What was measured of the attention kernels on this machine, and from how many tokens on one beats another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from vitcore import untrusted
from vitcore.errors import UserError
from vitcore.lab import measure, plan
from vitcore.layers.kernels import kernel_of
from vitcore.runs import journal
from vitcore.runs.folder import Results

_LARGEST = 1e18  # of anything measured
COLUMNS = ("series", "head_width", "tokens", "forward_ms", "backward_ms", "memory_bytes", "batch")


@dataclass(frozen=True)
class Measurement:
    """One measurement: where it was made (`about`, its first line), its points, and how far it is."""

    about: Mapping[str, Any]
    points: pd.DataFrame  # COLUMNS and milliseconds, forward and backward together
    total: int
    status: str  # "running", "finished", "stopped" or "interrupted"

    @property
    def progress(self) -> float:
        """The share of its points that are measured, from 0 to 1."""
        return min(1.0, len(self.points) / max(1, self.total))

    @property
    def moment(self) -> datetime:
        """When it began, UTC."""
        return (untrusted.time(self.about.get("at")) or datetime.fromtimestamp(0, UTC)).replace(tzinfo=UTC)

    @property
    def place(self) -> str:
        """Device, CPU, threads and torch, in one line."""
        found = self.about.get("host")
        host = found if isinstance(found, dict) else {}
        threads = untrusted.whole(self.about.get("threads")) or 1
        parts = [
            untrusted.text(host.get("cpu"))
            or untrusted.text(host.get("processor"))
            or untrusted.text(host.get("machine")),
            "" if self.about.get("device") == "cpu" else untrusted.text(self.about.get("device")),
            f"{threads} thread{'s' * (threads != 1)}",
            f"torch {untrusted.text(host.get('torch'))}",
        ]
        return ", ".join(filter(None, parts))


def latest(results: Results) -> Measurement | None:
    """The measurement under way, else the newest whole one, else the newest with points; None where there is none."""
    running, partial = measure.measuring(results), None
    for path in reversed(measure.journals(results)):
        try:
            lines, _ = journal.read(path)
        except (OSError, UserError):  # one that cannot be read is passed over: another may be
            continue
        about = next((line for line in lines if line.get("event") == "started"), None)
        if about is None:
            continue
        points = [point for point in map(_point, lines) if point is not None]
        ended = next((str(line.get("status")) for line in lines if line.get("event") == "ended"), None)
        if not points and not (running and ended is None):
            continue
        table = pd.DataFrame(points, columns=[*COLUMNS])
        table["milliseconds"] = table["forward_ms"] + table["backward_ms"]
        status = ended or ("running" if running else "interrupted")
        found = Measurement(about, table, untrusted.whole(about.get("points")) or len(points), status)
        if status in ("running", "finished"):
            return found
        partial = partial or found
    return partial


def _point(line: Mapping[str, Any]) -> dict[str, Any] | None:
    """A point's columns, or None where the line is none: nothing in a journal is trusted."""
    if line.get("event") != "point" or not isinstance(line.get("series"), str):
        return None
    series, *sizes = COLUMNS
    found: dict[str, Any] = {series: line["series"]}
    for name in sizes:
        value = untrusted.number(line.get(name))
        if value is None or not 0 <= value < _LARGEST or (value == 0 and name != "memory_bytes"):
            return None
        found[name] = int(value) if value.is_integer() else value
    return found


def label(series: str) -> str:
    """What a series is called on the page."""
    if series == plan.WINDOW:
        return f"softmax, window {plan.WINDOW_TOKENS}"
    try:
        return kernel_of(series).label
    except ValueError:  # of another version, or by another hand
        return series


@dataclass(frozen=True)
class Crossover:
    """From how many tokens on a kernel is quicker than softmax, between two measured lengths.

    `tokens` is NaN where it never is up to the longest sequence, and the shortest measured one where it always is.
    """

    series: str
    head_width: int
    tokens: float
    always: bool
    milliseconds: float  # at the crossover
    longest: int
    factor: float  # softmax's time over the kernel's at the longest sequence

    @property
    def words(self) -> str:
        """The crossover for a sentence: 'about 512 tokens', or that there is none."""
        if math.isnan(self.tokens):
            return f"nowhere up to {self.longest:,} tokens"
        return f"the shortest, {self.tokens:,.0f} tokens" if self.always else f"about {self.tokens:,.0f} tokens"


def crossovers(points: pd.DataFrame, value: str = "milliseconds") -> list[Crossover]:
    """One for each kernel and head width that was measured beside softmax."""
    found = []
    for width, subset in points.groupby("head_width"):
        curves = subset.pivot_table(index="tokens", columns="series", values=value)
        if "softmax" not in curves:
            continue
        for series in dict.fromkeys(subset["series"]):
            both = curves[["softmax", series]].dropna() if series != "softmax" else curves.iloc[:0]
            if len(both):
                crossing = _crossing(list(both.index), list(both["softmax"]), list(both[series]))
                factor = float(both["softmax"].iloc[-1] / both[series].iloc[-1])
                found.append(Crossover(str(series), int(str(width)), *crossing, int(both.index[-1]), factor))
    return found


def _crossing(tokens: Sequence[float], softmax: Sequence[float], other: Sequence[float]) -> tuple[float, bool, float]:
    """Where the other stays below softmax from there on, straight lines between points on logarithmic axes."""
    ahead = [own < published for own, published in zip(other, softmax, strict=True)]
    if not ahead[-1]:
        return math.nan, False, math.nan
    first = len(ahead) - next((at for at, item in enumerate(reversed(ahead)) if not item), len(ahead))
    if first == 0:
        return float(tokens[0]), True, float(other[0])
    before, after = (math.log(softmax[at] / other[at]) for at in (first - 1, first))
    share = before / (before - after)
    low, high = math.log(tokens[first - 1]), math.log(tokens[first])
    time_low, time_high = math.log(other[first - 1]), math.log(other[first])
    return math.exp(low + share * (high - low)), False, math.exp(time_low + share * (time_high - time_low))


def at_tokens(points: pd.DataFrame, tokens: int, head_width: int) -> dict[str, float]:
    """Milliseconds of each series at a measured length; empty where it was not measured."""
    subset = points[(points["tokens"] == tokens) & (points["head_width"] == head_width)]
    return dict(zip(subset["series"], subset["milliseconds"], strict=True))


def verdict(points: pd.DataFrame, tokens: int) -> list[str]:
    """Whether a linear kernel pays at that many tokens, from the measured times; a sentence a head width."""
    sentences = []
    for width in sorted(int(width) for width in points["head_width"].unique()):
        times = at_tokens(points, tokens, width)
        others = {series: time for series, time in times.items() if series not in ("softmax", plan.WINDOW)}
        if "softmax" not in times or not others:
            continue
        best = min(others, key=lambda series: others[series])
        share = others[best] / times["softmax"]
        worth = (
            f"**pays**: {label(best)}, the quickest, takes {share:.0%} of softmax's time"
            if share < 0.95
            else f"**does not pay**: even {label(best)}, the quickest, takes {share:.0%} of softmax's time"
        )
        sentences.append(
            f"At {tokens:,} tokens (CIFAR's 64 patches and a class token), heads {width} wide, linear {worth}."
        )
    return sentences
