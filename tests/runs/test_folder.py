"""Run folders are made whole, found by id, and never outside the results folder."""

import json
import os
import secrets
import time
from pathlib import Path

import pytest

from tests.runs.processes import tiny
from vitcore.errors import UserError
from vitcore.runs import folder, queue
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec


def test_the_root_is_the_argument_else_the_environment_else_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VITCORE_RESULTS", raising=False)
    assert Results().root == tmp_path / "results"
    monkeypatch.setenv("VITCORE_RESULTS", str(tmp_path / "elsewhere"))
    assert Results().root == tmp_path / "elsewhere"
    assert Results(tmp_path / "here").root == tmp_path / "here"


def test_a_run_comes_back_as_it_was_chosen(results: Results) -> None:
    spec = RunSpec.of(architecture="vit-lite-7/4", kernel="x^4", samples=77, seed=5, name="mine")
    folder = results.create(spec)
    assert results.ids() == [folder.id]
    assert "-vit-lite-7-4-" in folder.id
    assert results.run(folder.id).spec() == spec


@pytest.mark.parametrize(
    "id", ["../secrets", "..", ".", "", "a/b", "a\\b", "UPPER", "a" * 65, "a b", "a\n", "ä", "a\x00"]
)
def test_an_id_cannot_lead_elsewhere(results: Results, id: str) -> None:
    (results.root / "secrets").mkdir(parents=True)
    (results.root / "secrets" / "spec.json").write_text("{}")
    with pytest.raises(UserError, match="no run's id"):
        results.run(id)


def test_an_absent_run_is_named(results: Results) -> None:
    with pytest.raises(UserError, match="no run 'nobody'"):
        results.run("nobody")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "holds no spec"),
        ('{"v": 1, "spec": 3}', "holds no spec"),
        (json.dumps({"v": 99, "spec": {}}), "format 99"),
        (json.dumps({"v": 1, "spec": {"seed": "x"}}), "seed"),
    ],
)
def test_a_broken_or_newer_spec_is_refused_by_name(results: Results, text: str, named: str) -> None:
    folder = results.create(tiny())
    (folder.path / "spec.json").write_text(text)
    with pytest.raises(UserError, match=named):
        folder.spec()


def test_a_results_folder_that_is_a_file_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("not a folder")
    with pytest.raises(UserError, match="cannot be stored"):
        queue.enqueue(Results(tmp_path / "results"), tiny())
    assert Results(tmp_path / "results").ids() == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may write everywhere")
def test_a_read_only_results_folder_is_one_clear_sentence(results: Results) -> None:
    results.root.mkdir()
    results.root.chmod(0o555)
    with pytest.raises(UserError, match="cannot be stored"):
        queue.enqueue(results, tiny())
    results.root.chmod(0o755)


def test_two_runs_of_one_second_never_share_an_id(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four letters of chance are not many where a thousand runs are made at once."""
    letters = iter(["aaaa", "aaaa", "aaaa", "bbbb"])
    monkeypatch.setattr(secrets, "token_hex", lambda count: next(letters, "cccc"))
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0)
    monkeypatch.setattr(folder, "write_json", lambda path, content: path.write_text(json.dumps(content)))
    first, second = results.create(tiny()), results.create(tiny(seed=1))
    assert first.id != second.id
    assert (first.spec().seed, second.spec().seed) == (tiny().seed, 1)
    assert [path.name for path in results.runs.iterdir() if path.name.startswith(".")] == [], "no draft is left"
