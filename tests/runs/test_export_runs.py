"""Stored runs as TensorBoard's and MLflow's files: what goes out comes in again, by our own readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.store.writing import add, epoch_line, write_run
from vitcore.cli import app
from vitcore.errors import UserError
from vitcore.runs import annotations as remarks
from vitcore.runs import metrics
from vitcore.runs.elsewhere import LOGGED, Elsewhere
from vitcore.runs.exporting import mlflow, tensorboard
from vitcore.runs.exporting.exported import Exported, exported
from vitcore.runs.folder import Results
from vitcore.runs.importing.bring import bring
from vitcore.runs.recorder import Recorder
from vitcore.store import queries
from vitcore.store.index import Index

WRITERS: Mapping[str, Callable[[Exported, Path], Path]] = {"tensorboard": tensorboard.write, "mlflow": mlflow.write}
NAMES = ("../../out", "a/b", "'; DROP", "\N{GRINNING FACE} 日本語", '"quoted": yes', "x" * 120)


def stored(results: Results) -> tuple[pd.DataFrame, pd.DataFrame]:
    index = Index(results)
    index.poll()
    try:
        runs = queries.runs(index)
        return runs, queries.epochs(index, list(runs["id"]))
    finally:
        index.close()


@pytest.mark.parametrize("form", WRITERS)
def test_what_goes_out_comes_in_again(form: str, results: Results, tmp_path: Path) -> None:
    folder = write_run(results, epochs=3, architecture="cct-2/3x2", dataset="digits", learning_rate=0.003)
    WRITERS[form](exported(folder), tmp_path / "out")
    WRITERS[form](exported(folder), tmp_path / "out")  # again: replaced
    into = Results(tmp_path / "again")
    assert len(bring(into, tmp_path / "out").added) == 1
    (runs, epochs), (runs_again, epochs_again) = stored(results), stored(into)
    for name in ("error_percent", "accuracy", "f1", "train_loss", "test_loss", "training_seconds"):
        assert epochs_again[name].tolist() == pytest.approx(epochs[name].tolist(), rel=1e-6), name
    assert epochs_again["epoch"].tolist() == [1, 2, 3]
    assert (epochs_again["at"] - epochs["at"]).abs().max() < pd.Timedelta("2ms")
    if form == "mlflow":
        again, here = runs_again.iloc[0], runs.iloc[0]
        for name in ("title", "status", "learning_rate", "architecture", "dataset", "seed", "batch_size"):
            assert again[name] == here[name], name


@pytest.mark.parametrize("form", WRITERS)
def test_a_loss_beyond_any_size_goes_out_and_leaves_no_draft(form: str, results: Results, tmp_path: Path) -> None:
    folder = write_run(results, epochs=0, ending=None, architecture="cct-2/3x2", dataset="digits")
    add(folder, epoch_line(1, test_loss=1e39, train_loss=-1e39))
    WRITERS[form](exported(folder), tmp_path / "out")
    assert not [path for path in (tmp_path / "out").rglob(".*")]
    assert len(bring(Results(tmp_path / "again"), tmp_path / "out").added) == 1


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("name", NAMES)
def test_no_name_leads_out_of_the_folder(form: str, name: str, results: Results, tmp_path: Path) -> None:
    settings: dict[str, Any] = {name: 1, "..": 2, "a/../../b": 3, "": 4}
    recorder = Recorder(results.create_elsewhere(Elsewhere(LOGGED, name, settings)))
    recorder.start()
    recorder.epoch(1, metrics.checked({"val_accuracy": 0.5}))
    recorder.end("failed", "It failed.")
    remarks.write(recorder.folder, name=name)
    out = tmp_path / "deep" / "out"
    WRITERS[form](exported(recorder.folder), out)
    assert [path.name for path in tmp_path.iterdir() if path != results.root] == ["deep"]
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    into = Results(tmp_path / "again")
    bring(into, out)
    runs, _ = stored(into)
    if form == "mlflow":
        assert (runs["title"].tolist(), runs["status"].tolist()) == ([name], ["failed"])


def test_a_run_without_an_epoch_is_a_sentence(results: Results) -> None:
    with pytest.raises(UserError, match="has no epoch yet"):
        exported(write_run(results, epochs=0, ending=None))


def test_the_command_line(results: Results, tmp_path: Path) -> None:
    ids = [write_run(results, seed=seed).id for seed in range(2)]
    write_run(results, epochs=0, ending=None)

    def asked(*words: str) -> Any:
        return CliRunner().invoke(app, ["--results", str(results.root), "export-runs", *words], standalone_mode=False)

    assert "where to is not said" in str(asked().exception)
    assert "there is no run" in str(asked("nonsense", "--mlflow", str(tmp_path / "m")).exception)
    assert not (tmp_path / "m").exists()
    found = asked("--mlflow", str(tmp_path / "m"), "--tensorboard", str(tmp_path / "t"))
    assert found.exception is None, found.exception
    assert found.output.count("Left out") == 1
    paths = [Path(line) for line in found.output.splitlines() if line.startswith(str(tmp_path))]
    assert len(paths) == 4
    assert all(path.exists() for path in paths)
    (tmp_path / "in the way").touch()
    assert "cannot be written" in str(asked(ids[0], "--mlflow", str(tmp_path / "in the way")).exception)
