"""The command line in processes of its own: what it prints, its exit codes, and one sentence for whatever is wrong."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image, ImageDraw

from tests.runs.processes import end_all, epochs_of, wait_for_status, wait_until
from vitcore.cli.options import flag
from vitcore.events import Ended
from vitcore.models import ARCHITECTURES
from vitcore.runs import queue
from vitcore.runs.folder import Results
from vitcore.runs.journal import Journal
from vitcore.spec import RunSpec, fields
from vitcore.spec.presets import preset
from vitcore.store import exports, queries
from vitcore.store.index import Index

TINY = ["--architecture", "cnn", "--samples", "64", "--batch-size", "16"]


def vitcore(results: Results, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vitcore", *arguments],
        env={**os.environ, "VITCORE_RESULTS": str(results.root), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=200,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Results, dict[str, object], str]]:
    """A folder with one run trained by the command line, the JSON it ended with, and what it said meanwhile."""
    results = Results(tmp_path_factory.mktemp("command line") / "ergebnisse ü")
    done = vitcore(results, "train", *TINY, "--epochs", "2", "--name", "first", "--seed", "4", "--json")
    assert done.returncode == 0, done.stderr
    yield results, json.loads(done.stdout.splitlines()[-1]), done.stderr
    end_all(results)


def test_forecast_says_what_a_run_would_cost(trained: tuple[Results, dict[str, object], str]) -> None:
    results, _, _ = trained
    messages = vitcore(results, "forecast", *TINY, "--epochs", "2")
    assert messages.returncode == 0, messages.stderr
    assert "parameters" in messages.stdout
    assert "by stored runs of the same network" in messages.stdout
    found = json.loads(vitcore(results, "forecast", *TINY, "--epochs", "2", "--json").stdout)
    assert found["parameters"] > 10_000
    assert found["minutes"] >= found["training_minutes"] > 0
    assert found["memory_mb"] > 0
    assert found["minutes_by_stored_runs"] > 0
    refused = vitcore(results, "forecast", "--samples", "0")
    assert refused.returncode == 2
    assert "samples" in refused.stderr


def test_a_preset_is_a_beginning_that_other_options_change(tmp_path: Path) -> None:
    results = Results(tmp_path)
    done = vitcore(
        results, "train", "--preset", "mnist-1-percent", "--dataset", "digits", "--epochs", "1", "--samples", "64",
        "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    spec = results.run(json.loads(done.stdout.splitlines()[-1])["id"]).spec()
    assert spec == RunSpec.of(**{**preset("mnist-1-percent").fields, "dataset": "digits", "epochs": 1, "samples": 64})
    refused = vitcore(results, "train", "--preset", "best")
    assert refused.returncode == 2
    assert "there is no preset 'best'" in refused.stderr


def test_train_waits_and_ends_with_one_json_object(trained: tuple[Results, dict[str, object], str]) -> None:
    results, messages, text = trained
    errors = ["error_percent", "val_error", "val_error_best", "test_error_best", "best_epoch"]
    assert list(messages) == ["id", "status", *errors, "epochs", "training_seconds", "images_per_second"]
    assert messages["best_epoch"] in (1, 2)
    assert (messages["status"], messages["epochs"]) == ("finished", 2)
    assert 0 <= float(str(messages["error_percent"])) <= 100
    assert results.run(str(messages["id"])).spec() == RunSpec.begun(
        architecture="cnn", samples=64, batch_size=16, epochs=2, name="first", seed=4
    )
    assert "epoch 2/2" in text


def test_runs_writes_the_table_of_the_page(trained: tuple[Results, dict[str, object], str]) -> None:
    results, messages, _ = trained
    listed = vitcore(results, "runs")
    assert str(messages["id"]) in listed.stdout
    exported = vitcore(results, "runs", "--csv").stdout
    index = Index(results)
    index.poll()
    assert exported == exports.csv(queries.exact(index, queries.runs(index)))
    assert pd.read_csv(io.StringIO(exported)).loc[0, "status"] == "finished"
    assert vitcore(results, "runs", "--status", "failed", "--csv").stdout.count("\n") == 1


def test_predict_names_the_classes_likeliest_first(
    trained: tuple[Results, dict[str, object], str], tmp_path: Path
) -> None:
    results, messages, _ = trained
    image = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(image).line((100, 30, 100, 170), fill=0, width=20)
    image.save(tmp_path / "one – ü.png")
    done = vitcore(results, "predict", str(messages["id"]), str(tmp_path / "one – ü.png"), "--top", "10")
    assert done.returncode == 0, done.stderr
    shares = [float(line.split("%")[0]) for line in done.stdout.splitlines()]
    assert len(shares) == 10
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(100, abs=0.1)
    (tmp_path / "no.png").write_bytes(b"GIF89a rubbish")
    image.save(tmp_path / "program.eps")  # PIL would have Ghostscript run it
    text = dict.fromkeys(("no.png", "absent.png", "program.eps"), "cannot be read as an image")
    for path, words in {**text, ".": "is a folder where a file is wanted"}.items():
        done = vitcore(results, "predict", str(messages["id"]), str(tmp_path / path))
        assert done.returncode == 2
        assert words in done.stderr
        assert done.stderr.count("\n") == 1


def test_detached_runs_are_stopped_resumed_tagged_deleted_and_restored(
    trained: tuple[Results, dict[str, object], str],
) -> None:
    results, _, _ = trained
    done = vitcore(results, "train", *TINY, "--epochs", "10000", "--detach")
    id = done.stdout.strip()
    assert results.ids()[-1] == id or id in results.ids()
    waiting = vitcore(results, "train", *TINY, "--detach", "--json")
    other = json.loads(waiting.stdout)
    assert other["status"] == "queued"
    assert vitcore(results, "cancel", other["id"]).returncode == 0
    assert queue.status(results, other["id"]) == "cancelled"
    wait_until(lambda: epochs_of(results, id), "an epoch is told")
    refused = vitcore(results, "delete", id)
    assert (refused.returncode, "is running" in refused.stderr) == (2, True)
    assert vitcore(results, "stop", id).returncode == 0
    wait_for_status(results, id, "stopped")
    assert vitcore(results, "resume", id, "--detach").returncode == 0
    assert vitcore(results, "stop", id).returncode == 0
    wait_for_status(results, id, "stopped", "cancelled")
    assert vitcore(results, "tag", id, "good", "kept", "--note", "why not").stdout == "good kept\nwhy not\n"
    assert vitcore(results, "delete", id).returncode == 0
    assert id not in results.ids()
    assert vitcore(results, "restore", id).returncode == 0
    assert id in results.ids()


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to whole consoles")
def test_ctrl_c_leaves_the_run_going_and_says_so(trained: tuple[Results, dict[str, object], str]) -> None:
    results, _, _ = trained
    before = set(results.ids())
    command = [sys.executable, "-m", "vitcore", "--results", str(results.root), "train", *TINY, "--epochs", "10000"]
    # A shell's background job is born deaf to Ctrl-C, and so are its children: this one hears, whoever runs the tests.
    listens = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=listens
    ) as process:
        wait_until(lambda: set(results.ids()) - before, "the run is stored")
        [id] = set(results.ids()) - before
        wait_until(lambda: epochs_of(results, id), "an epoch is told")
        process.send_signal(signal.SIGINT)
        _, text = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"goes on in the background; `python -m vitcore stop {id}`" in text
    messages = epochs_of(results, id)[-1]
    wait_until(lambda: epochs_of(results, id)[-1] > messages, "it goes on")
    queue.stop(results, id)
    wait_for_status(results, id, "stopped")


def test_a_run_that_fails_ends_with_exit_code_one(trained: tuple[Results, dict[str, object], str]) -> None:
    results, messages, _ = trained
    draft = results.create(RunSpec.of())  # closed as finished, never trained: a teacher without weights
    journal = Journal(draft.events)
    journal.append(Ended("finished", "so it is"))
    journal.close()
    done = vitcore(results, "train", *TINY, "--teacher", draft.id, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["status"] == "failed"
    assert "no weights" in done.stderr
    assert messages


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["train", "--epochs", "0"], "epochs"),
        (["train", "--epochs", "many"], "epochs"),
        (["train", "--architecture", "gpt-4"], "gpt-4"),
        (["train", "--architecture", "cct-2/3x2", "--kernel", "nothing"], "nothing"),
        (["train", "--architecture", "cnn", "--kernel", "relu"], "cnn"),
        (["train", "--dataset", "digits", "--samples", "60000"], "60,000"),
        (["train", "--architecture", "vit-lite-7/4", "--patch", "60"], "60"),
        (["train", "--name", "turned \u202e round"], "name"),
        (["train", "--device", "toaster"], "device"),
        (["train", "--learning-rate", "nan"], "--learning-rate"),
        (["train", "--teacher", "nobody"], "nobody"),
        (["train", "--no-such-flag"], "--no-such-flag"),
        (["stop", "../../etc"], "no run's id"),
        (["resume", "nobody"], "nobody"),
        (["predict", "nobody", "x.png"], "nobody"),
        (["models", "gpt-4"], "gpt-4"),
        (["import", "cct-2/3x2", "absent.pth", "--dataset", "digits"], "absent.pth"),
        (["dance"], "dance"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_one_sentence_on_stderr_and_exit_code_two(
    tmp_path: Path, arguments: list[str], named: str
) -> None:
    results = Results(tmp_path / "results")
    done = vitcore(results, *arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert named in done.stderr
    assert results.ids() == [], "nothing is stored"


def test_every_option_of_a_run_is_a_flag(tmp_path: Path) -> None:
    shown = vitcore(Results(tmp_path), "train", "--help").stdout
    for field in fields():
        if field.derived:  # only the program fills it in
            assert flag(field) not in shown
            continue
        assert flag(field) in shown
        assert field.kind is not bool or f"--no-{flag(field)[2:]}" in shown


def test_models_are_counted_exactly(tmp_path: Path) -> None:
    counted = json.loads(vitcore(Results(tmp_path), "models", "cct-2/3x2", "vit-lite-7/4", "--json").stdout)
    assert [(item["name"], item["parameters"]) for item in counted] == [
        ("cct-2/3x2", 283_723),
        ("vit-lite-7/4", 3_716_874),
    ]
    assert all(isinstance(item["macs"], int) and item["configuration"] for item in counted)
    listed = vitcore(Results(tmp_path), "models").stdout
    assert all(name in listed for name in ARCHITECTURES)


def test_listing_needs_no_torch() -> None:
    program = """
import sys
import vitcore.cli, vitcore.store.queries, vitcore.engines.dispatcher, vitcore.runs.worker, vitcore.runs.predict
sys.exit(" ".join(name for name in ("torch", "torchvision", "streamlit") if name in sys.modules))
"""
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stderr.strip() == ""


def test_a_run_is_renamed_and_its_name_stays_text_in_every_table(tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    folder = results.create(RunSpec.of(architecture="cnn", epochs=1))
    assert vitcore(results, "rename", folder.id, "=1+1, größer").stdout == "=1+1, größer\n"
    assert vitcore(results, "tag", folder.id, "a b", "c", 'say "x"').stdout == '"a b" c "say ""x"""\n'
    [row] = csv.DictReader(io.StringIO(vitcore(results, "runs", "--csv").stdout))
    assert row["title"] == "'=1+1, größer", "no spreadsheet takes it for a formula"
    assert row["name"] == ""
    assert row["tags"] == '"a b" c "say ""x"""'
    assert folder.spec() == RunSpec.of(architecture="cnn", epochs=1)
    assert "[b]" in vitcore(results, "rename", folder.id, "[b]").stdout
    assert "[b]" in vitcore(results, "runs").stdout
    refused = vitcore(results, "rename", folder.id, "x" * 121)
    assert refused.returncode == 2
    assert "120" in refused.stderr
    assert vitcore(results, "rename", folder.id, "").stdout == f"{folder.spec().title()}\n"
