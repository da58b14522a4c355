"""Verifying: what counts as the same, what has changed since, which cells there are; and a real run trained twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.runs.processes import tiny, wait_for_status
from vitcore.cli import app
from vitcore.errors import UserError
from vitcore.published.tables import table, tables
from vitcore.reproduction import verify
from vitcore.reproduction.evidence import stored_runs, with_stored
from vitcore.reproduction.verify import Record
from vitcore.runs import queue
from vitcore.runs.folder import Results
from vitcore.store import queries
from vitcore.store.index import Index

EPOCHS = pd.DataFrame(
    {"train_loss": [0.5, 0.25], "error_percent": [6.0, 3.0], "accuracy": [0.94, 0.97], "val_error": [np.nan, np.nan]},
    index=[1, 2],
)
FACTS = {"torch": "2.13.0", "cpu": "p", "threads": 2, "data_digest": "a" * 12}


def record(changed: dict[str, list[float]] | None = None, **more: Any) -> Record:
    facts = {**FACTS, **more.pop("facts", {})}
    return Record("r", facts, EPOCHS.assign(**(changed or {})), **more)


def test_all_that_is_kept_the_same_is_equal_bit_for_bit() -> None:
    found = verify.compare(record(), record())
    assert found.outcome == "equal bit for bit"
    assert found.sentence == "equal bit for bit: 6 of 6 numbers of 2 epochs are the same; weights were not kept."
    first = record(weights={"w": b"1234"})
    assert verify.compare(first, record(weights={"w": b"1234"})).compared.endswith(", and all weights")
    other = verify.compare(first, record(weights={"w": b"1235"}))
    assert other.outcome == "equal within rounding"
    assert "but weights are not" in other.sentence


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"train_loss": [0.5, 0.2502]}, "equal within rounding"),
        ({"train_loss": [0.5, 0.2503]}, "different"),
        ({"error_percent": [6.0, 3.1], "accuracy": [0.94, 0.969]}, "equal within rounding"),
        ({"error_percent": [6.0, 3.2], "accuracy": [0.94, 0.968]}, "different"),
        ({"train_loss": [0.5, np.nan]}, "different"),
    ],
)
def test_rounding_is_a_thousandth(changed: dict[str, list[float]], outcome: str) -> None:
    assert verify.compare(record(), record(changed)).outcome == outcome


def test_it_says_what_differs_and_what_has_changed_since() -> None:
    answers = np.array([1, 2, 3, 4])
    then = record(answers=answers)
    now = record(
        {"train_loss": [0.5, 0.3], "error_percent": [6.0, 4.0]},
        answers=np.array([1, 2, 3, 5]),
        facts={"torch": "2.14.0", "vitcore_commit": "b" * 12},
    )
    messages = verify.compare(then, now).sentence
    assert messages.startswith("different: 4 of 6 numbers of 2 epochs are the same")
    assert "First apart: train_loss of epoch 2, 0.25 then and 0.3 now." in messages
    assert "Test error after epoch 2: 3.00 % then, 4.00 % now." in messages
    assert "1 of 4 test images are answered otherwise." in messages
    assert f"vitcore's commit not recorded, now {'b' * 12}; torch 2.13.0, now 2.14.0" in messages
    alike = verify.compare(record(), record({"train_loss": [0.5, 0.3]})).sentence
    assert "nothing that is recorded" in alike
    with pytest.raises(UserError, match="told 1 of 2 epochs"):
        verify.compare(record(), Record("s", FACTS, EPOCHS.head(1)))


def test_every_table_of_a_fresh_clone_with_kept_runs_can_be_verified() -> None:
    none = stored_runs().head(0)
    found = {
        key: verify.cells(entry, "scaled", with_stored(none))
        for key, entry in tables().items()
        if "scaled" in entry.protocols and key.startswith("performer-table")
    }
    assert len(found) == 3
    name, spec, row = next(each for each in found["performer-table-1"] if each[0] == "x2")
    assert (name, spec.model.kernel, spec.seed) == ("x2", "x^2", row["seed"])
    assert spec.fingerprint() == row["fingerprint"]
    record = verify.as_published(row)
    assert list(record.epochs.index) == [1, 2]
    assert record.facts["cpu"] == row["cpu"]
    assert type(record.facts["cores"]) is int
    (item,) = verify.cells(table("performer-table-1"), "scaled", with_stored(none), "x2:error")
    assert item[2]["id"] == row["id"]


def test_a_run_trained_again_is_equal_bit_for_bit_and_counts_in_no_table(named_results: Results) -> None:
    spec = tiny(seed=3)
    first = queue.enqueue(named_results, spec)
    queue.ensure_dispatcher(named_results)
    wait_for_status(named_results, first, "finished")
    second = verify.start(named_results, spec)
    place = verify.again(named_results)
    wait_for_status(place, second, "finished")
    records = []
    for folder, id in ((named_results, first), (place, second)):
        index = Index(folder)
        index.poll()
        records.append(verify.stored(index, id))
        assert len(queries.runs(index)) == 1
    found = verify.compare(*records)
    assert found.outcome == "equal bit for bit", found.sentence
    assert "and all weights" in found.sentence
    assert found.since == []
    assert named_results.ids() == [first]


def test_what_is_wrong_is_said(named_results: Results) -> None:
    for arguments, sentence in (
        (["no-table"], "no-table"),
        (["performer-table-1", "--cell", "x3"], "there is no cell 'x3' in performer-table-1; its rows are softmax"),
        (["performer-table-1", "--protocol", "own"], "has no protocol 'own'; it has report, scaled"),
        (["performer-table-1", "--protocol", "report"], "nothing to verify"),
    ):
        outcome = CliRunner().invoke(app, ["verify", *arguments])
        assert isinstance(outcome.exception, UserError)
        assert sentence in str(outcome.exception)
    assert not verify.again(named_results).root.exists()
