"""A column that code names in a text is a column: one that is none would be passed over without a word."""

from collections.abc import Iterable

import pytest

from pages.compare import columns as shown
from pages.compare import filters, search, two_runs
from pages.shared import moments
from vitcore import events
from vitcore.figures import metrics, scatter
from vitcore.reproduction import evidence, tables, verify
from vitcore.store import pooling, queries
from vitcore.store.columns import columns

OF_A_RUN = {
    "runs of one evaluation": pooling.EVALUATION,
    "runs whose times compare": pooling.TIMING,
    "what may have changed since": verify.SINCE,
    "what is left out of kept runs": [name for name in evidence.PRIVATE if name not in ("pid", "classes")],
    "what a table's runs are mixed in": tables._MIXED,
    "moments": moments.COLUMNS,
    "filters": filters.ALWAYS,
    "always shown": [name for name in shown.RESULTS if name != "my_drawings"],
    "shown with validation": shown.VALIDATED,
    "searched": search.LOOKED_IN,
    "of two runs": two_runs.OUTCOME,
    "costs": scatter.COSTS,
    "over a group": queries.GROUPED,
}
OF_AN_EPOCH = {"compared bit for bit": verify.NUMBERS, "percents": metrics.PERCENTS}


@pytest.mark.parametrize("what", OF_A_RUN)
def test_what_is_named_is_a_column_of_a_run(what: str) -> None:
    named: Iterable[str] = OF_A_RUN[what]
    assert set(named) <= set(columns()), what


@pytest.mark.parametrize("what", OF_AN_EPOCH)
def test_what_is_named_is_told_of_an_epoch(what: str) -> None:
    known = {*events.metrics(), "held_out_error"}
    assert {name.removeprefix("val_") if name not in known else name for name in OF_AN_EPOCH[what]} <= known, what
