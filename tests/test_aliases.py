"""What format 1 called differently is still understood: in specs, journals, flags, views and the queue."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pages.compare.view import View, from_query
from vitcore import aliases, events
from vitcore.cli import app
from vitcore.errors import UserError
from vitcore.runs import queue
from vitcore.runs.fold import read
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec, fields
from vitcore.store.columns import columns

GIVEN = {
    "optimizer": "sgd", "pos_embed": "none", "image_size": 32, "drop_path": 0.2, "ema_decay": 0.9,
    "initial_lr_factor": 0.5, "final_lr_factor": 0.25,
}  # fmt: skip


def of_format_1(raw: dict[str, object]) -> dict[str, object]:
    return {name: dict(value) if isinstance(value, dict) else value for name, value in aliases.format_1(raw).items()}


def test_every_alias_is_of_something_that_is_here() -> None:
    known = {field.name for field in fields()}
    assert {*aliases.OPTIONS.values()} <= known == known - {*aliases.OPTIONS}
    assert {*GIVEN} == {*aliases.OPTIONS.values()}, "each is tried below"
    assert {*aliases.EVENTS.values()} <= {each.name for each in events.fields(events.Started)}
    assert {*aliases.COLUMNS.values()} - {"error_median"} <= {*columns()}


@pytest.mark.parametrize(("old", "new"), aliases.OPTIONS.items())
def test_an_option_is_taken_by_its_old_name(old: str, new: str) -> None:
    spec = RunSpec.of(architecture="cct-2/3x2", **{new: GIVEN[new]})
    assert RunSpec.of(architecture="cct-2/3x2", **{old: GIVEN[new]}) == spec
    assert RunSpec.parse(of_format_1(spec.to_dict())) == spec
    assert old not in json.dumps(spec.to_dict())


def test_a_fingerprint_is_of_the_names_of_format_1() -> None:
    """tests/spec/test_fingerprints_stay.py holds those of 165 stored specs; this one says of what they are made."""
    raw = {"optimizer": {"optimizer": "sgd"}, "data": {"image_size": 16}}
    assert aliases.format_1(raw) == {"optimiser": {"optimiser": "sgd"}, "data": {"side": 16}}
    assert aliases.current(aliases.format_1(raw)).keys() == raw.keys()


@pytest.mark.parametrize("old", aliases.OPTIONS)
@pytest.mark.parametrize("joined", [False, True])
def test_an_old_flag_is_taken_and_not_shown(old: str, joined: bool) -> None:
    flag, value = f"--{old.replace('_', '-')}", str(GIVEN[aliases.OPTIONS[old]])
    words = ["forecast", "--architecture", "cct-2/3x2", *([f"{flag}={value}"] if joined else [flag, value])]
    wrong = CliRunner().invoke(app, [*words, "--epochs", "0"])  # refused for the epochs, not for the flag
    assert wrong.exit_code != 0
    assert flag not in wrong.output
    assert "No such option" not in wrong.output
    assert f" {flag} " not in CliRunner().invoke(app, ["train", "--help"], terminal_width=200).output


def test_what_follows_two_dashes_is_no_flag() -> None:
    assert aliases.flags(["rename", "--", "--side"]) == ["rename", "--", "--side"]
    assert aliases.flags(["train", "--side=32", "--name", "side"]) == ["train", "--image-size=32", "--name", "side"]


def test_a_journal_of_format_1_reads_the_same() -> None:
    line = {"event": "started", "train_samples": 60, "test_samples": 40, "val_samples": 20, "host": {"cpu": "AMD EPYC"}}
    older = {names: value for names, value in line.items() if names not in aliases.EVENTS.values() and names != "host"}
    older |= {"train_rows": 60, "test_rows": 40, "val_rows": 20, "host": {"processor": "AMD EPYC"}}
    assert read(events.Started, line) == read(events.Started, older)
    assert read(events.Started, older)["cpu"] == "AMD EPYC"


def test_a_view_of_format_1_shows_the_same() -> None:
    old = {"columns": ["side", "processor"], "sort": "train_rows", "filters": {"optimiser": ["sgd"]}, "by": ["side"]}
    new = {
        "columns": ["image_size", "cpu"],
        "sort": "train_samples",
        "filters": {"optimizer": ["sgd"]},
        "by": ["image_size"],
    }
    assert View.model_validate(old) == View.model_validate(new)
    assert from_query({"optimiser": "sgd", "sort": "side"}) == from_query({"optimizer": "sgd", "sort": "image_size"})
    assert View.model_validate({"group_sort": "error_mean"}).group_sort == "error_median"


def test_a_run_that_format_1_queued_waits_and_is_taken(tmp_path: Path) -> None:
    results = Results(tmp_path)
    run = results.create(RunSpec.of(epochs=1), {aliases.QUEUE_ENTRY: {"at": 1.0, "lane": "cuda:1", "resume": False}})
    assert queue.queued(results) == [run.id]
    assert queue.queued(results, "cuda-1") == queue.queued(results, "cuda:1") or queue.queued(results, "cpu") == []
    assert queue.dequeue(run)
    assert queue.queued(results) == []
    assert not run.queue_entry.exists()


def test_a_name_of_no_format_is_refused() -> None:
    with pytest.raises(UserError, match="no option 'optimisor'"):
        RunSpec.of(optimisor="sgd")
