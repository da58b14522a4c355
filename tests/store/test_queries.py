"""Questions and their tables: curves, groups, matrices, steps, and a CSV that no spreadsheet will execute."""

import csv
import io
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyarrow.parquet import read_table as arrow_table

from tests.store.writing import add, epoch_line, write_run
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.runs.journal import Journal
from vitcore.store import exports, queries
from vitcore.store.index import Index


def indexed(results: Results) -> Index:
    index = Index(results)
    index.poll()
    return index


def test_curves_come_in_the_order_asked_for(results: Results) -> None:
    ids = [write_run(results, epochs=2, seed=seed).id for seed in range(3)]
    asked = [ids[2], ids[0]]
    curves = queries.epochs(indexed(results), asked)
    assert curves["run_id"].tolist() == [ids[2], ids[2], ids[0], ids[0]]
    assert curves["epoch"].tolist() == [1, 2, 1, 2]
    assert len(queries.epochs(indexed(results), [])) == 0
    assert len(queries.epochs(indexed(results), ["'; DROP TABLE epochs; --"])) == 0


def test_seeds_are_put_together(results: Results) -> None:
    for seed in range(3):
        write_run(results, epochs=seed + 1, seed=seed, samples=500)
    write_run(results, epochs=1, kernel="relu")
    write_run(results, epochs=0, ending=None, kernel="relu")
    table: Any = queries.groups(indexed(results), ["kernel"]).set_index("kernel")
    errors = [50.0, 25.0, 12.5]
    assert table.loc["softmax", "n"] == 3
    assert table.loc["softmax", "error_percent_mean"] == pytest.approx(np.mean(errors))
    assert table.loc["softmax", "error_percent_std"] == pytest.approx(np.std(errors, ddof=1))
    assert list(table.loc["softmax", "seeds"]) == [0, 1, 2]
    assert table.loc["relu", "n"] == 1
    assert np.isnan(table.loc["relu", "error_percent_std"])
    assert queries.groups(indexed(results), [])["n"].tolist() == [4]


def test_matrices_of_every_epoch_the_last_by_default(results: Results) -> None:
    folder = write_run(results, epochs=3)
    with folder.confusion.open("ab") as file:
        file.write(b'{"epoch": 4, "matrix": [[1, 2], [3]]}\n{"epoch": 5, "matrix": "no"}\n{"epoch": 6, "matr')
    index = indexed(results)
    epoch, matrix = queries.confusion(index, folder.id)
    assert epoch == 3
    assert matrix.tolist() == [[3, 0], [1, 2]]
    assert queries.confusion(index, folder.id, 1)[1].tolist() == [[1, 0], [1, 2]]
    assert queries.confusion_epochs(index, folder.id)[:3] == [1, 2, 3]
    with pytest.raises(UserError, match="no confusion matrix of epoch 9"):
        queries.confusion(index, folder.id, 9)
    with pytest.raises(UserError, match="no confusion matrix yet"):
        queries.confusion(index, write_run(results, epochs=0).id)


def test_steps_come_from_the_run_s_own_file(results: Results) -> None:
    folder = write_run(results)
    steps = Journal(folder.steps, buffered=True)
    for step in (1, 2, 3, 2):
        steps.append({"step": step, "epoch": 1, "loss": 1 / step if step != 3 else float("nan"), "learning_rate": 0.1})
    for odd in ("four", float("-inf"), float("nan"), 10**400, 1.5, None, [1]):
        steps.append({"step": odd, "epoch": 1})
        steps.append({"step": 9, "epoch": odd})
    steps.append({"step": 6, "epoch": 1, "loss": 10**400, "learning_rate": "high"})
    steps.close()
    for source in (results, indexed(results)):
        table = queries.steps(source, folder.id)
        assert table["step"].tolist() == [1, 2, 6]  # 2 was told again, so 3 was of an attempt given up
        assert table["loss"].tolist()[:2] == [1.0, 0.5]
    assert len(queries.steps(results, write_run(results).id)) == 0
    with pytest.raises(UserError, match="no run's id"):
        queries.steps(results, "../../etc")


def test_notes_are_kept_in_order(results: Results) -> None:
    folder = write_run(results, ending=None)
    journal = Journal(folder.events)
    for text in ("first", "second"):
        journal.append({"event": "note", "text": text})
    journal.append(epoch_line(9))
    journal.close()
    assert queries.notes(indexed(results), folder.id) == ["first", "second"]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "＋1", "－1", "＠1"]
)
def test_a_text_that_looks_like_a_formula_is_neutralized(text: str) -> None:
    exported = exports.csv(pd.DataFrame({"note": [text], text: [1.0]}))
    header, line = csv.reader(io.StringIO(exported, newline=""))
    assert line[0] == f"'{text}"
    assert header[1] == f"'{text}"


def test_a_csv_reads_back_as_the_table(results: Results) -> None:
    write_run(results, name="plain-name", learning_rate=1e-4)
    write_run(results, epochs=0, ending="failed")
    table = queries.runs(indexed(results))
    back = pd.read_csv(io.StringIO(exports.csv(table)))
    assert back.columns.tolist() == table.columns.tolist()
    assert back["id"].tolist() == table["id"].tolist()
    for name in ("error_percent", "learning_rate", "samples", "epochs"):
        assert back[name].fillna(-1).tolist() == table[name].astype(float).fillna(-1).tolist()


def test_what_is_not_known_and_what_is_no_number_are_told_apart(results: Results) -> None:
    diverged = write_run(results, epochs=1, ending=None)
    add(diverged, epoch_line(2, error_percent=math.nan, test_loss=math.inf, train_loss=-math.inf))
    add(diverged, {"event": "ended", "status": "diverged", "reason": "so"})
    failed = write_run(results, epochs=0, ending="failed")
    index = indexed(results)
    frame = queries.exact(index, queries.runs(index)[["id", "error_percent", "test_loss", "train_loss", "epochs"]])
    lines = {line.split(",")[0]: line.split(",")[1:] for line in exports.csv(frame).splitlines()}
    assert lines[diverged.id] == ["NaN", "inf", "-inf", "1"]
    assert lines[failed.id] == ["", "", "", "1"]
    back = arrow_table(io.BytesIO(exports.parquet(frame))).to_pydict()
    messages = dict(zip(back["id"], zip(back["error_percent"], back["test_loss"], strict=True), strict=True))
    assert messages[failed.id] == (None, None)
    assert math.isnan(messages[diverged.id][0])
    assert messages[diverged.id][1] == math.inf


def test_every_column_of_the_runs_goes_into_both_files(results: Results) -> None:
    write_run(results)
    write_run(results, epochs=0, ending="failed")
    index = indexed(results)
    table = queries.runs(index)
    frame = queries.exact(index, table)
    assert exports.csv(frame).splitlines()[0] == ",".join(table.columns)
    assert arrow_table(io.BytesIO(exports.parquet(frame))).column_names == list(table.columns)


def test_seeds_are_gathered_over_finished_runs_unless_all_are_asked_for(results: Results) -> None:
    for seed in range(2):
        write_run(results, seed=seed)
    write_run(results, epochs=1, ending="interrupted", seed=2)
    imported = write_run(results, epochs=0, ending=None, seed=3)
    add(imported, {"event": "ended", "status": "finished", "reason": "Imported.", "epochs": 0, "error_percent": 1.0})
    index = indexed(results)
    assert queries.groups(index, ["architecture"])["n"].tolist() == [2]
    assert queries.groups(index, ["architecture"], everything=True)["n"].tolist() == [4]


def test_negative_numbers_stay_numbers() -> None:
    exported = exports.csv(pd.DataFrame({"loss": [-1.5, float("nan"), float("-inf")], "n": [-3, 2, 1]}))
    assert exported == "loss,n\n-1.5,-3\nNaN,2\n-inf,1\n"
