"""No default, "best" or stop reads a test metric where a validation one exists: every read of one is walked to.

A read is an attribute, a column or a word of SQL with the name of a test metric. Each stands in `MAY`, function by
function, with the reason; those that choose by one (sort, least, compare with a limit) in `CHOOSES` besides.
"""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.test_house import ROOT, SOURCES
from vitcore import events
from vitcore.store.columns import GROUPS

OF_THE_TEST = {
    *events.scores(),  # of an epoch
    *(each.name for each in events.fields(events.Ended) if each.name in events.scores() or "test" in each.name),
    *(each.column for each in events.fields(events.Ended) if each.column and "error_percent" in each.column),
    *(each.name for each in GROUPS if each.name.startswith("error_")),
}
SUMMARIES = ("", "_mean", "_std", "_median", "_best")
NAMES = {name + end for name in OF_THE_TEST for end in SUMMARIES} | {"best_error", "error_mean", "TEST_ERROR"}
SQL = re.compile(r"\b(SELECT|WHERE|ORDER BY|FILTER)\b")
WORD = re.compile(rf"\b({'|'.join(sorted(NAMES, key=len, reverse=True))})\b")
CHOOSING = {
    *("min", "max", "sorted", "sort", "sort_values", "sorted_by", "nsmallest", "nlargest"),
    *("idxmin", "idxmax", "argmin", "argmax", "cummin", "cummax", "better", "consider"),
}


class Read(NamedTuple):
    """A place that reads a test metric; `chooses` where the value decides something there."""

    place: str  # file::function
    line: int
    name: str
    chooses: bool


ITSELF = "computes, names or hands on the metric itself"
MESSAGES = "tells or draws by its full name what the test images said once everything was chosen"
COMPARED = "compares settings by the test error of their last weights, which no epoch was chosen by"
MAY: dict[str, str] = {
    "vitcore/aliases.py": "an old column's name and today's",
    "vitcore/analysis/calibration.py::Calibrated.sentence": "a diagram is of the test images and says so",
    "vitcore/figures/reliability.py::reliability_diagram": "the share that was right of a bin, of the test images",
    "vitcore/reproduction/verify.py": "whether a second run of a seed gives the same numbers, whatever they are",
    "vitcore/reproduction/verify.py::_close": "the same",
    "vitcore/reproduction/verify.py::_apart": "the same",
    "vitcore/events.py": "HELD_OUT names what stands in for validation where a run has none",
    "vitcore/events.py::Ended": ITSELF,
    "pages/compare/curve_difference.py::differences": "draws the test metric by its name where a run has no other",
    "vitcore/figures/curves.py": "names the axes that can be asked for",
    "vitcore/figures/curves.py::curve_plot": "a frame made by hand that has no other accuracy",
    "vitcore/figures/metrics.py": "of which images a drawn share is",
    "vitcore/figures/scatter.py::accuracy_against_size": "the axis of Figure 2 of the slides; it says 'test accuracy'",
    "vitcore/lab/approximation.py::same_pairs": COMPARED,
    "vitcore/published/metrics.py": "the reports' own columns, which are of the test images",
    "vitcore/published/metrics.py::Metric.counts_images": ITSELF,
    "vitcore/reproduction/charts.py::_scatter": COMPARED,
    "vitcore/reproduction/paragraph.py::_published_noise": COMPARED,
    "vitcore/reproduction/size_tables.py::sizes_and_accuracies": COMPARED,
    "vitcore/reproduction/size_tables.py::of_dataset": "leaves out the runs that were never tested",
    "vitcore/reproduction/tables.py::_published_spread": COMPARED,
    "vitcore/reproduction/verdicts.py::_same_pairs": COMPARED,
    "vitcore/runs/answered.py::scores": ITSELF,
    "vitcore/runs/metrics.py": ITSELF,
    "vitcore/runs/recorder.py::Recorder.end": ITSELF,
    "vitcore/runs/importing/names.py": "what other programs call them",
    "vitcore/runs/importing/names.py::Naming._understood": "names that do not say of which images they are",
    "vitcore/runs/importing/epochs.py::_ends": "of a run without validation: at which steps it was evaluated at all",
    "vitcore/runs/fold.py::Fold.best": "hands on the test error of the epoch that validation chose",
    "vitcore/runs/import_checkpoint.py::store": ITSELF,
    "vitcore/runs/watch.py::Watched.words": MESSAGES,
    "vitcore/runs/watch.py::Watched.errors": MESSAGES,
    "vitcore/runs/watch.py::Watched.summary": MESSAGES,
    "vitcore/cli/listing.py": MESSAGES,
    "vitcore/settle/standing.py::_Race.take": COMPARED,
    "vitcore/store/of_seeds.py": "hands a run's test error on to Settle; a search asks for its validation error alone",
    "vitcore/store/columns.py": "names the columns of groups",
    "vitcore/store/queries.py": "HELD_OUT's SQL: a test value only of a run that has no validation",
    "vitcore/store/provenance.py::of_curves": "HELD_OUT's SQL, as in queries.py: shown, nothing is chosen by it",
    "vitcore/store/provenance.py::_of_epochs": "the same",
    "vitcore/store/queries.py::groups": COMPARED,
    "vitcore/store/tables.py": ITSELF,
    "vitcore/training/best.py": "names the metric of runs without validation",
    "vitcore/training/evaluate.py::Scores.error_percent": ITSELF,
    "vitcore/training/loop.py::Run.__init__": "of a run without validation: its best is marked, and no page shows it",
    "vitcore/training/loop.py::Run._assess": "scores of `split`, which is validation where the run has any",
    "vitcore/training/loop.py::Run._tell_epoch": ITSELF,
    "vitcore/training/reporting.py::epoch": ITSELF,
    "vitcore/training/scoring.py::outcome": ITSELF,
    "vitcore/training/scoring.py::_error": ITSELF,
    "vitcore/study/document.py": MESSAGES,
    "vitcore/study/drawn.py::_of_runs": "the axis says 'test accuracy, last weights'",
    "pages/compare/columns.py": MESSAGES,
    "pages/compare/page.py": MESSAGES,
    "pages/settle/standing_panel.py::_provenance": MESSAGES,
    "pages/compare/cost_chart.py::against": MESSAGES,
    "pages/compare/cost_chart.py::_drawable": MESSAGES,
    "pages/compare/cost_chart.py::gathered": COMPARED,
    "pages/compare/curves.py": "says under test curves that runs with validation have one point",
    "pages/compare/parallel.py": MESSAGES,
    "pages/compare/parallel.py::parallel": "the last axis where no run has validation",
    "pages/compare/run_table.py::grouped": "the order of groups without validation; of others the validation error",
    "pages/compare/run_table.py::gathered": COMPARED,
    "pages/compare/two_runs.py": MESSAGES,
    "pages/draw/page.py::cards": MESSAGES,
    "pages/home/page.py::best": MESSAGES,
    "pages/home/page.py::_line": MESSAGES,
    "pages/live/learning_curves.py": "by it the page knows that there is more to draw",
    "pages/live/live_updates.py": MESSAGES,
    "pages/live/run_header.py::numbers": MESSAGES,
    "pages/live/run_table.py": MESSAGES,
    "pages/shared/simplest.py::simplest": MESSAGES,
    "pages/reports/run_missing.py::_side": MESSAGES,
}
CHOOSES = {
    "vitcore/training/loop.py::Run._assess": "target error and best epoch read `split`",
    "vitcore/store/queries.py::groups": "after the validation error, of groups that have none",
    "pages/compare/run_table.py::grouped": "before the validation error, by which they are then sorted",
}
"""Where a value decides: in each a validation metric goes before, and the test metric is of runs that have none."""


def reads(path: Path) -> Iterator[Read]:
    """Every read of a test metric in a file, docstrings and what is only named (keywords, fields) left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    where = path.relative_to(ROOT).as_posix()
    yield from _reads(tree, where, "", False)


def _reads(node: ast.AST, where: str, within: str, chooses: bool) -> Iterator[Read]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        within = f"{within}.{node.name}" if within else node.name
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    chooses = chooses or _compares(node) or _called(node) in CHOOSING
    place = f"{where}::{within}" if within else where
    if isinstance(node, ast.Attribute) and node.attr in NAMES and isinstance(node.ctx, ast.Load):
        yield Read(place, node.lineno, node.attr, chooses)
    elif isinstance(node, ast.Attribute) and node.attr in ("scores", "HELD_OUT") and _is(node.value, "events"):
        yield Read(place, node.lineno, f"events.{node.attr}", chooses)
    elif isinstance(node, ast.Name) and node.id == "TEST_ERROR" and isinstance(node.ctx, ast.Load):
        yield Read(place, node.lineno, node.id, chooses)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        for name in _named(node.value):
            ordered = re.search(rf"ORDER BY[^;]*\b{name}\b", node.value)
            yield Read(place, node.lineno, name, chooses or bool(ordered))
    for child in ast.iter_child_nodes(node):
        yield from _reads(child, where, within, chooses)


def _is(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _compares(node: ast.AST) -> bool:
    return isinstance(node, ast.Compare) and any(
        isinstance(item, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for item in node.ops
    )


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _named(text: str) -> list[str]:
    if text in NAMES:
        return [text]
    return list(dict.fromkeys(WORD.findall(text))) if SQL.search(text) else []


@functools.cache
def every_read() -> tuple[Read, ...]:
    """Those of all files."""
    return tuple(read for path in SOURCES for read in reads(path))


def test_every_read_of_a_test_metric_stands_in_the_table() -> None:
    unknown = [f"{read.place} (line {read.line}) reads {read.name}" for read in every_read() if read.place not in MAY]
    assert not unknown, "\n".join(["say in MAY why it may, or read the validation metric:", *unknown])


def test_only_these_choose_by_one() -> None:
    choosing = {f"{read.place} (line {read.line}: {read.name})" for read in every_read() if read.chooses}
    unknown = [item for item in choosing if item.split(" ")[0] not in CHOOSES]
    assert not unknown, "\n".join(["a test metric decides here:", *unknown])
    for place in CHOOSES:
        path, _, function = place.partition("::")
        [node] = [
            item
            for item in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
            if isinstance(item, ast.FunctionDef) and item.name == function.rpartition(".")[2]
        ]
        code = "\n".join(map(ast.unparse, node.body[1:]))  # without its docstring
        assert re.search(r"val_error|validation|split", code), f"{place} asks for no validation first"


def test_the_table_has_no_place_that_is_gone() -> None:
    assert set(MAY) <= {read.place for read in every_read()}
    assert set(CHOOSES) <= {read.place for read in every_read() if read.chooses}


PLANTED = {
    "a default": ("def draw(y='accuracy'):\n    pass", "accuracy", False),
    "the least of a column": ("def f(t):\n    return t['error_percent'].min()", "error_percent", True),
    "a sort": ("def f(t):\n    return t.sort_values('test_error_best')", "test_error_best", True),
    "the least of all": (
        "def f(runs):\n    return min(runs, key=lambda run: run.error_percent)",
        "error_percent",
        True,
    ),
    "a stop": ("def f(s, limit):\n    return s.error_percent <= limit", "error_percent", True),
    "SQL": ("Q = 'SELECT id FROM runs ORDER BY error_percent'", "error_percent", True),
    "a column within SQL": ("Q = f'SELECT {1} FROM runs WHERE f1 > 0'", "f1", False),
    "the schema's list": ("from vitcore import events\nS = events.scores()", "events.scores", False),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_the_walk_finds_each_kind_of_read(kind: str) -> None:
    code, name, chooses = PLANTED[kind]
    found = list(_reads(ast.parse(code), "planted.py", "", False))
    assert [(read.name, read.chooses) for read in found] == [(name, chooses)]


def test_names_and_docstrings_are_no_reads() -> None:
    code = 'def f():\n    """By accuracy."""\n    return Epoch(accuracy=1, error_percent=2)'
    assert not list(_reads(ast.parse(code), "planted.py", "", False))
