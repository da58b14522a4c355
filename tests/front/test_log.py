"""`vc.log`: a run that any program trains is stored epoch by epoch, and is running while that program lives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import psutil
import pytest

import vitcore as vc
from tests.runs.processes import PATIENCE, wait_for_status, wait_until
from vitcore.errors import UserError
from vitcore.runs import journal, predictions, queue
from vitcore.runs.folder import Results
from vitcore.runs.recorder import Recorder
from vitcore.runs.watch import watched

ROOT = Path(__file__).parents[2]
TRUTH = np.arange(40) % 4


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    monkeypatch.setenv("VITCORE_RESULTS", str(tmp_path / "results"))
    return Results()


@contextmanager
def another_program(code: str, results: Results) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """A program of somebody's own, and the lines that it prints; it is killed in the end."""
    command, environment = [sys.executable, "-u", "-c", code], {**os.environ, "VITCORE_RESULTS": str(results.root)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        try:
            yield program, program.stdout
        finally:
            program.kill()


def test_it_is_stored_with_all_that_was_said(results: Results) -> None:
    with vc.log(name="keras-vit", parameters={"learning_rate": 1e-3, "blocks": 12}, truth=TRUTH) as run:
        for epoch in range(1, 4):
            answers = TRUTH.copy()
            answers[: 8 // epoch] = (answers[: 8 // epoch] + 1) % 4
            assert run.epoch(loss=1 / epoch, val_accuracy=0.7, learning_rate=0.1, predictions=answers) == epoch
            run.step(10 * epoch, loss=0.5)
        assert vc.run(run.id).status == "running"
    found = vc.run(run.id)
    assert (found.status, found.row["title"], found.row["learning_rate"]) == ("finished", "keras-vit", 0.001)
    assert json.loads(found.row["logged_parameters"]) == {"learning_rate": 0.001, "blocks": 12}
    assert found.curves["train_loss"].tolist() == pytest.approx([1, 0.5, 1 / 3])
    assert found.curves["error_percent"].tolist() == pytest.approx([20, 10, 5])
    assert found.curves["val_error"].tolist() == pytest.approx([30, 30, 30])
    assert found.confusion.trace() == 38
    assert predictions.read(results.run(run.id)).epochs == [1, 2, 3]
    assert "keras-vit" in repr(found)
    lines, _ = journal.read(results.run(run.id).steps)
    assert [(line["step"], line["epoch"], line.get("learning_rate")) for line in lines] == [
        (10, 2, None),
        (20, 3, None),
        (30, 4, None),
    ]


def test_scores_of_predictions_are_those_of_the_trainer(results: Results) -> None:
    import torch

    from vitcore.data.augment import Normalize
    from vitcore.training.evaluate import evaluate

    generator, cpu = torch.Generator().manual_seed(0), torch.device("cpu")
    truth, answers = (torch.randint(5, (200,), generator=generator) for _ in range(2))  # of seven classes

    class Answering(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.one_hot((255 * images).round().long().flatten(), 7).float()

    trainers = evaluate(
        Answering(),
        answers.to(torch.uint8).reshape(200, 1, 1, 1),
        truth,
        Normalize((0.0,), (1.0,), cpu),
        device=cpu,
        precision=torch.float32,
        softmax_before_loss=False,
        stop_requested=lambda: False,
    )
    assert trainers is not None
    with vc.log("a", truth=truth, classes=list("abcdefg")) as run:
        run.epoch(predictions=answers)
    found = vc.run(run.id)
    assert found.curves[["f1", "error_percent"]].iloc[0].tolist() == pytest.approx(
        [trainers.f1, trainers.error_percent]
    )
    assert (found.confusion == trainers.confusion).all()


def test_very_many_classes_fill_no_memory(results: Results) -> None:
    """Their matrix would have 34 GB."""
    tracemalloc.start()
    try:
        with vc.log("a", truth=[0, 65_535]) as run:
            run.epoch(predictions=[0, 0])
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()
    assert vc.run(run.id).curves["error_percent"].tolist() == [50.0]


SHAPES: dict[str, Any] = {
    "list": lambda scores: scores.argmax(1).tolist(),
    "int32": lambda scores: scores.argmax(1).astype(np.int32),
    "uint8": lambda scores: scores.argmax(1).astype(np.uint8),
    "a column": lambda scores: scores.argmax(1)[:, None],
    "scores": lambda scores: scores,
    "float32 scores": lambda scores: scores.astype(np.float32),
    "nested lists of scores": lambda scores: scores.tolist(),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_predictions_come_as_any_array(shape: str, results: Results) -> None:
    scores = np.random.default_rng(0).normal(size=(40, 4))
    with vc.log("a", truth=TRUTH[:, None].tolist() if "column" in shape else TRUTH) as run:
        run.epoch(predictions=SHAPES[shape](scores))
    expected = (scores.argmax(1) == TRUTH).mean()
    assert vc.run(run.id).curves["accuracy"].tolist() == pytest.approx([expected])


def test_tensors_come_too(results: Results) -> None:
    import torch

    scores = torch.nn.functional.one_hot(torch.tensor(TRUTH), 4).float().requires_grad_()
    with vc.log("a", truth=torch.tensor(TRUTH), classes=["cat", "dog", "bird", "fish"]) as run:
        run.epoch(loss=torch.tensor(0.25), accuracy=np.float32(1), predictions=scores)
    assert vc.run(run.id).curves[["accuracy", "train_loss"]].iloc[0].tolist() == [1, 0.25]
    assert list(vc.run(run.id).row["classes"]) == ["cat", "dog", "bird", "fish"]


def test_a_loss_that_is_no_number_is_left_out_as_the_trainer_leaves_it_out(results: Results) -> None:
    with vc.log("a") as run:
        run.epoch(accuracy=0.5, loss=float("nan"), test_loss=float("inf"))
    assert vc.run(run.id).curves[["train_loss", "test_loss"]].isna().all(axis=None)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "misspelled": ({"acuracy": 0.5}, "no metric 'acuracy'; the nearest are accuracy"),
    "percent": ({"accuracy": 93.5}, "a share from 0 to 1, and 93.5 was given; for percent give 0.935"),
    "above all": ({"error_percent": 193.5}, "100 is the most"),
    "below zero": ({"accuracy": -0.1}, "none is below 0"),
    "text": ({"accuracy": "high"}, "accuracy is a number; given was 'high'"),
    "true": ({"f1": True}, "f1 is a number"),
    "nan": ({"accuracy": float("nan")}, "accuracy is nan"),
    "huge": ({"images_seen": 10**400}, "too many digits"),
    "twice": ({"loss": 1, "train_loss": 1}, "given twice"),
    "at odds": ({"accuracy": 0.9, "error_percent": 20}, "do not go together"),
    "epoch 0": ({"epoch": 0}, "a whole number from 1 on"),
    "epoch 1.5": ({"epoch": 1.5}, "a whole number from 1 on"),
    "epoch again": ({"epoch": 1}, "above 1, the last"),
    "epoch too far": ({"epoch": 10_001}, "at most 10,000"),
    "too few": ({"predictions": TRUTH[:10]}, "10 predictions were given, and truth has 40 images; give one for each"),
    "another class": ({"predictions": TRUTH + 1}, "hold class 4, and there are 4"),
    "negative class": ({"predictions": TRUTH - 1}, "hold class -1"),
    "of words": ({"predictions": ["cat"] * 40}, "are the class of each test image"),
    "of floats": ({"predictions": TRUTH + 0.5}, "are the class of each test image"),
    "scores of nan": ({"predictions": np.full((40, 4), np.nan)}, "scores that are no numbers"),
    "another order": ({"predictions": (TRUTH + 1) % 4, "accuracy": 0.98}, "must be of the images of truth"),
    "ragged": ({"predictions": [[1, 2], [3]]}, "cannot be read as an array"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_is_one_sentence_and_nothing_of_it_is_stored(wrong: str, results: Results) -> None:
    values, text = WRONG[wrong]
    with vc.log("a", truth=TRUTH) as run:
        run.epoch(accuracy=0.5)
        before = sorted((path.name, path.read_bytes()) for path in results.run(run.id).path.glob("*.*"))
        with pytest.raises(UserError) as caught:
            run.epoch(**values)
        assert text in str(caught.value)
        assert "\n" not in str(caught.value)
        assert sorted((path.name, path.read_bytes()) for path in results.run(run.id).path.glob("*.*")) == before
        run.epoch(accuracy=0.75)  # and it can go on
    assert vc.run(run.id).curves["accuracy"].tolist() == [0.5, 0.75]


BEGUN_WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": ""}, "needs a name"),
    "unseen": ({"name": "a\nb"}, "cannot be seen"),
    "long": ({"name": "a" * 121}, "too long"),
    "no dict": ({"name": "a", "parameters": [1]}, "parameters are a dict"),
    "many": ({"name": "a", "parameters": {f"p{n}": n for n in range(1_001)}}, "are too many"),
    "long value": ({"name": "a", "parameters": {"p": "x" * 3_000}}, "longer than"),
    "spec of words": ({"name": "a", "spec": {"architecture": "cnn"}}, "a dict was given"),
    "truth of words": ({"name": "a", "truth": ["cat", "dog"]}, "its true class"),
    "truth of nothing": ({"name": "a", "truth": []}, "its true class"),
    "truth below zero": ({"name": "a", "truth": [-1, 2]}, "truth hold class -1"),
    "fewer names": ({"name": "a", "truth": [0, 1, 2], "classes": ["x", "y"]}, "truth hold class 2"),
    "epochs": ({"name": "a", "epochs": -1}, "epochs is a whole number"),
}


@pytest.mark.parametrize("wrong", BEGUN_WRONG)
def test_a_run_that_cannot_be_begun_is_one_sentence_and_none_is_stored(wrong: str, results: Results) -> None:
    values, text = BEGUN_WRONG[wrong]
    with pytest.raises(UserError) as caught:
        vc.log(**values)
    assert text in str(caught.value)
    assert results.ids() == []


@pytest.mark.parametrize("at", [1, 3], ids=["in the first epoch", "in the third"])
def test_truth_is_given_once_and_remembered(at: int, results: Results) -> None:
    answers = np.where(np.arange(40) < 10, 5, TRUTH)  # class 5 is true of no image
    with vc.log("a", classes=list("abcdef") if at == 1 else None) as run:
        for epoch in range(1, 5):
            run.epoch(val_accuracy=0.5, predictions=answers, truth=TRUTH.tolist() if epoch == at else None)
    found = vc.run(run.id)
    stored = predictions.read(results.run(run.id))
    assert stored.epochs == [1, 2, 3, 4], "those from before are laid beside it too"
    assert stored.truth.tolist() == TRUTH.tolist()
    assert all(stored.of(epoch).tolist() == answers.tolist() for epoch in stored.epochs)
    assert found.curves["error_percent"].dropna().tolist() == [25.0] * (5 - at)
    assert found.confusion.trace() == 30
    assert found.confusion.shape == (6, 6)
    assert len(journal.read(results.run(run.id).confusion)[0]) == 4
    assert not results.run(run.id).unscored_predictions.exists()


def test_predictions_whose_truth_nobody_tells_are_kept_and_nothing_is_made_of_them(results: Results) -> None:
    scores = np.random.default_rng(0).normal(size=(40, 300))
    with vc.log("a") as run:
        run.epoch(val_accuracy=0.5, predictions=scores)
        run.epoch(predictions=scores.argmax(1), accuracy=0.9)
    folder = results.run(run.id)
    waiting = predictions.unscored(folder)
    assert waiting is not None
    assert [waiting.of(epoch).tolist() for epoch in (1, 2)] == [scores.argmax(1).tolist()] * 2
    assert not folder.confusion.exists()
    assert vc.run(run.id).curves["accuracy"].dropna().tolist() == [0.9], "what the program says, unchecked"
    with pytest.raises(UserError, match=r"predictions of 2 epochs and no true classes .* truth=labels"):
        predictions.read(folder)


LENGTHS: dict[str, tuple[dict[str, Any], str]] = {
    "fewer than before": (
        {"predictions": TRUTH[:10]},
        "10 predictions were given, and the epochs before had 40 images",
    ),
    "none": ({"predictions": TRUTH[:0]}, "0 predictions were given, and the epochs before had 40 images"),
    "a shorter truth": ({"truth": TRUTH[:30]}, "truth has 30 images, and the epochs before had 40 predictions"),
    "a longer one": ({"predictions": TRUTH, "truth": np.zeros(41, int)}, "truth has 41 images, and the epochs before"),
}


@pytest.mark.parametrize("wrong", LENGTHS)
def test_lengths_that_differ_are_one_sentence(wrong: str, results: Results) -> None:
    values, text = LENGTHS[wrong]
    with vc.log("a") as run:
        run.epoch(predictions=TRUTH)
        with pytest.raises(UserError, match=text):
            run.epoch(**values)
        run.epoch(predictions=TRUTH, truth=TRUTH)
        with pytest.raises(UserError, match="truth was given before, of 40 images, and is another now"):
            run.epoch(predictions=TRUTH, truth=TRUTH[::-1])
        run.epoch(predictions=TRUTH, truth=TRUTH)
    assert vc.run(run.id).curves["epoch"].tolist() == [1, 2, 3]


def test_any_value_of_a_parameter_can_be_stored(results: Results) -> None:
    values = {"path": Path("a/b"), "number": np.float32(0.5), "many": 2**100, "inf": float("inf"), "list": [1, 2]}
    values |= {"nothing": None, "half": "\ud800", "on": True, "optimizer": {"name": "adam"}}
    with vc.log("a", parameters=values) as run:
        pass
    found = json.loads(vc.run(run.id).row["logged_parameters"])
    assert found.keys() == values.keys()
    assert (found["number"], found["inf"], found["list"], found["on"]) == (0.5, "inf", "[1, 2]", True)


def test_an_exception_is_told_and_goes_on(results: Results) -> None:
    run = vc.log("a")
    run.epoch(accuracy=0.5)
    with pytest.raises(RuntimeError), run:
        raise RuntimeError("out of memory\nand more")
    found = vc.run(run.id)
    assert (found.status, found.row["reason"]) == ("failed", "RuntimeError: out of memory.")
    assert len(found.curves) == 1
    with pytest.raises(UserError, match="has ended"):
        run.epoch(accuracy=0.6)
    with pytest.raises(KeyboardInterrupt), vc.log("b") as run:
        raise KeyboardInterrupt
    assert vc.run(run.id).status == "stopped"


def test_a_wish_to_stop_reaches_the_program(results: Results) -> None:
    with vc.log("a") as run:
        assert not run.stop_requested
        queue.stop(results, run.id)
        assert run.stop_requested
    assert vc.run(run.id).status == "stopped"


KILLED = """
import sys, time, vitcore as vc
with vc.log("killed", epochs=50) as run:
    for epoch in range(30):
        run.epoch(accuracy=0.5, loss=1.0)
    print(run.id, "torch" in sys.modules)
    time.sleep(1000)
"""


def test_a_program_that_is_killed_leaves_all_it_logged_and_the_right_status(results: Results) -> None:
    with another_program(KILLED, results) as (program, lines):
        id, torch = lines.readline().split()
        assert torch == "False", "logging must not bring torch into another library's program"
        assert queue.status(results, id) == "running"
        assert vc.run(id).row["progress"] == 30 / 50
        with pytest.raises(UserError, match="is being written by another process"):
            Recorder(results.run(id))
        program.kill()
        program.wait(PATIENCE)
    wait_for_status(results, id, "interrupted")
    found = vc.run(id)
    assert len(found.curves) == 30
    assert found.row["reason"] == "The program that logged it ended without a word; what it had logged is kept."
    looked_at = watched(results, id)
    looked_at.poll()
    assert looked_at.reason == found.row["reason"]


FORKED = """
import os, signal, time, vitcore as vc
with vc.log("forked") as run:
    run.epoch(accuracy=0.5)
    child = os.fork()
    if child == 0:
        try:
            run.epoch(accuracy=0.6)
        except vc.errors.UserError as error:
            print(run.id, os.getpid(), error)
        time.sleep(1000)
    time.sleep(1000)
""".replace("import os", "import vitcore.errors, os", 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_neither_logs_nor_keeps_the_run_alive(results: Results) -> None:
    with another_program(FORKED, results) as (program, lines):
        id, child, *sentence = lines.readline().split()
        try:
            assert "is logged by the process that began it" in " ".join(sentence)
            assert queue.status(results, id) == "running"
            program.kill()
            program.wait(PATIENCE)
            wait_until(lambda: queue.status(results, id) == "interrupted", "the child alone keeps no run alive")
            assert psutil.Process(int(child)).is_running()
        finally:
            os.kill(int(child), signal.SIGKILL)
    assert len(vc.run(id).curves) == 1


def test_two_programs_log_at_once(results: Results) -> None:
    code = KILLED.replace("time.sleep(1000)", "pass")
    with another_program(code, results) as (first, _), another_program(code, results) as (second, _):
        assert [first.wait(PATIENCE), second.wait(PATIENCE)] == [0, 0]
    table = vc.runs()
    assert table["epochs_done"].tolist() == [30, 30]
    assert set(table["status"]) == {"finished"}


def test_a_full_disk_or_a_folder_in_the_way_is_one_sentence(results: Results, tmp_path: Path) -> None:
    results.root.mkdir()
    results.runs.write_text("in the way")
    with pytest.raises(UserError, match="a run cannot be stored"):
        vc.log("a")
