"""Runs of other programs whose spec is given: they count as its seeds, and only where nothing contradicts it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.runs.test_import_runs import csv, table
from vitcore.cli import app
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.runs.importing.bring import bring
from vitcore.runs.importing.of_spec import read_spec
from vitcore.spec import RunSpec
from vitcore.store import pooling

SPEC = RunSpec.begun(architecture="cct-2/3x2", dataset="digits", epochs=2, weight_decay=0.03, seed=3, name="mine")


def rows(**runs: str) -> str:
    """A table of runs of two epochs, each with a seed and its settings."""
    lines = [f"{run},{epoch},0.{8 + epoch - 1},{settings}" for run, settings in runs.items() for epoch in (1, 2)]
    return "\n".join(["run,epoch,test_accuracy,seed,weight_decay,optimizer,dataset", *lines, ""])


def test_with_its_spec_an_imported_run_is_a_seed_and_keeps_its_origin(results: Results, tmp_path: Path) -> None:
    results.create(SPEC)
    path = csv(tmp_path, rows(a="4,0.03,adamw,digits", b="5,0.03,Adam,DIGITS"))
    found = bring(results, path, spec=SPEC)
    assert (len(found.added), found.sentences) == (2, [])
    runs = table(results).set_index("title")
    assert set(runs.loc[["a", "b"], "fingerprint"]) == {SPEC.fingerprint()}
    assert runs.loc[["a", "b"], "seed"].tolist() == [4, 5]
    assert set(runs.loc[["a", "b"], "origin"]) == {"imported from CSV"}
    counted = pooling.counts(table(results))
    assert counted.sum() == 2
    assert bring(results, path, spec=SPEC).known == 2
    assert bring(results, path).known == 2
    with pytest.raises(UserError, match="with another spec; delete that run"):
        bring(results, path, spec=RunSpec.of(SPEC, learning_rate=0.5))


def test_without_it_nothing_counts_and_it_cannot_be_slipped_in_later(results: Results, tmp_path: Path) -> None:
    path = csv(tmp_path, rows(a="4,0.03,adamw,digits"))
    bring(results, path)
    assert not pooling.counts(table(results)).any()
    with pytest.raises(UserError, match=r"imported before as .*, with none; delete that run"):
        bring(results, path, spec=SPEC)
    assert not pooling.counts(table(results)).any()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("4,0.1,adamw,digits", "weight_decay 0.1, and the spec has 0.03"),
        ("4,0.03,sgd,digits", "optimizer 'sgd', and the spec has 'adamw'"),
        ("4,0.03,adamw,mnist", "dataset 'mnist', and the spec has 'digits'"),
    ],
)
def test_a_run_that_says_otherwise_is_not_imported(
    settings: str, sentence: str, results: Results, tmp_path: Path
) -> None:
    found = bring(results, csv(tmp_path, rows(a="5,0.03,adamw,digits", b=settings)), spec=SPEC)
    assert len(found.added) == 1
    assert sentence in " ".join(found.sentences)
    assert table(results)["title"].tolist() == ["a"]


@pytest.mark.parametrize("epochs", [1, 3])
def test_other_epochs_than_the_spec_has_are_refused(epochs: int, results: Results, tmp_path: Path) -> None:
    spec = RunSpec.of(SPEC, epochs=epochs)
    with pytest.raises(UserError, match=f"has 2 epochs, and the spec trains {epochs}"):
        bring(results, csv(tmp_path, rows(a="4,0.03,adamw,digits")), spec=spec)
    assert results.ids() == []


def test_two_runs_of_one_seed_are_told_apart_or_refused(results: Results, tmp_path: Path) -> None:
    found = bring(results, csv(tmp_path, rows(a=",0.03,adamw,digits", b=",0.03,adamw,digits")), spec=SPEC)
    assert len(found.added) == 1
    assert "the seed 3 of a" in " ".join(found.sentences)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "not JSON"), ("[]", "holds no spec"), ("{}", "holds no spec"), ('{"spec": 3}', "holds no spec"),
        ('{"spec": {"model": {"architecture": "nonsense"}}}', "nonsense"),
        ('{"spec": {"elsewhere": "x"}}', "no option"),
        ("9" * (1 << 21), "larger|at most"),
    ],
)  # fmt: skip
def test_what_is_no_spec_is_one_sentence(content: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(content)
    with pytest.raises(UserError, match=sentence):
        read_spec(tmp_path / "spec.json")
    with pytest.raises(UserError, match="cannot be read"):
        read_spec(tmp_path / "absent.json")


def test_the_command_line_takes_a_stored_runs_file(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITCORE_RESULTS", str(results.root))
    stored = results.create(SPEC).path / "spec.json"
    assert read_spec(stored) == SPEC
    (tmp_path / "alone.json").write_text(json.dumps(SPEC.to_dict()))
    assert read_spec(tmp_path / "alone.json") == SPEC
    path = csv(tmp_path, rows(a="4,0.03,adamw,digits"))
    done = CliRunner().invoke(app, ["import-runs", str(path), "--spec", str(stored)])
    assert done.exit_code == 0, done.output
    assert pooling.counts(table(results)).sum() == 1
