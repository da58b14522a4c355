"""What a run tells, how it ends, and that it learns."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.runs import QUICK, Guide, Lines, after, quick, same, weights
from vitcore.errors import UserError
from vitcore.events import Answers, Line
from vitcore.spec import RunSpec
from vitcore.training import loop, stop_signal
from vitcore.training.checkpoint import load_model


def test_the_small_network_learns_digits(tmp_path: Path) -> None:
    outcome, messages = quick(tmp_path, samples=None, epochs=6, batch_size=64, learning_rate=5e-3)
    assert outcome.status == "finished"
    assert outcome.error_percent is not None
    assert outcome.error_percent < 12
    epochs = messages.events("epoch")
    assert [line["epoch"] for line in epochs] == [1, 2, 3, 4, 5, 6]
    assert epochs[-1]["train_loss"] < 0.5 < epochs[0]["train_loss"]
    assert epochs[-1]["error_percent"] == pytest.approx(100 - 100 * epochs[-1]["accuracy"])
    assert epochs[-1]["f1"] == pytest.approx(epochs[-1]["accuracy"], abs=0.05)
    matrix = torch.tensor(messages.lines["confusion"][-1]["matrix"])
    assert matrix.sum() == 360
    assert float(matrix.diagonal().sum()) / 360 == pytest.approx(epochs[-1]["accuracy"])
    assert matrix.sum(1).tolist() == torch.bincount(_test_labels()).tolist()  # rows are true classes


def _test_labels() -> torch.Tensor:
    from vitcore.data.load import load

    return load("digits").test.labels


def test_what_is_told(tmp_path: Path) -> None:
    outcome, messages = quick(tmp_path, samples=41)  # the last batch would be a single image
    started, last = messages.events("started")[0], messages.events("epoch")[-1]
    assert (started["train_samples"], started["test_samples"], started["steps_per_epoch"], started["epochs"]) == (
        41,
        360,
        5,
        2,
    )
    assert started["parameters"] == 29_822
    assert started["device"] == "cpu"
    assert started["precision"] in ("float32", "bfloat16")
    assert len(started["classes"]) == 10
    steps = messages.lines["steps"]
    assert [line["step"] for line in steps] == list(range(1, 11))
    assert [line["epoch"] for line in steps] == [1] * 5 + [2] * 5
    assert all(0 < line["loss"] < 10 and 0 < line["learning_rate"] <= 1e-3 for line in steps)
    assert last["images_seen"] == 80
    assert 0 < last["training_seconds"] == outcome.training_seconds
    assert last["cpu_seconds"] > 0
    json.dumps(messages.lines, allow_nan=False)
    model, spec, classes = load_model(tmp_path)
    assert not model.training
    assert spec.data.samples == 41
    assert classes == tuple("0123456789")


def test_a_long_run_thins_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vitcore.training.progress.JOURNALED_STEPS", 4)
    _, messages = quick()
    assert [line["step"] for line in messages.lines["steps"]] == [3, 6, 9, 10]


def test_evaluation_every_k_epochs_and_at_the_end() -> None:
    _, messages = quick(epochs=5, evaluate_every=2)
    assert [line["accuracy"] is not None for line in messages.events("epoch")] == [False, True, False, True, True]
    assert len(messages.lines["confusion"]) == 3
    truth, *answers = messages.lines["predictions"]
    assert truth == {"truth": _test_labels().tolist(), "classes": 10}
    assert [line["epoch"] for line in answers] == [2, 4, 5]
    right = sum(given == true for given, true in zip(answers[-1]["answers"], truth["truth"], strict=True))
    assert right / 360 == messages.events("epoch")[-1]["accuracy"]


def test_early_stop_on_a_target() -> None:
    outcome, messages = quick(epochs=50, target_error=99.0)
    assert outcome.status == "finished"
    assert outcome.epochs == len(messages.events("epoch")) < 50
    assert "99 %" in outcome.reason


@pytest.mark.parametrize("answer", ["stop", "pause"])
def test_stop_keeps_what_was_learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(stop_signal, "ASK_SECONDS", 0.0)
    outcome, messages = quick(tmp_path, epochs=100, control=after(18, answer))
    assert outcome.status == {"stop": "stopped", "pause": "paused"}[answer]
    assert outcome.epochs == len(messages.events("epoch")) < 100
    assert outcome.error_percent == messages.events("epoch")[-1]["error_percent"]
    learned = weights(tmp_path)
    quick(tmp_path / "fresh", control=after(2))  # asked once while loading, once before the first step
    assert not same(learned, weights(tmp_path / "fresh"))
    load_model(tmp_path)


@pytest.mark.parametrize("answer", ["stop", "pause"])
def test_a_run_that_was_ended_before_its_first_step_says_so_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """Whether it still reads its data then or all is there: no epoch is spoken of as long as nothing is learned."""
    monkeypatch.setattr(stop_signal, "ASK_SECONDS", 0.0)
    status = {"stop": "stopped", "pause": "paused"}[answer]
    quick(tmp_path / "whole")
    for moment in ("reading", "there"):
        with pytest.MonkeyPatch.context() as patch:
            if moment == "reading":  # digits are there at once, so that nobody would ask meanwhile
                patch.setattr(loop, "TrainingState", reading)
            outcome, messages = quick(tmp_path / moment, control=after(0, answer))
        assert not messages.losses()
        assert (outcome.status, outcome.epochs) == (status, 0)
        assert outcome.reason == f"{status} on request before the first step; resume it to train it"
        assert quick(tmp_path / moment, resume=True)[0].status == "finished"
        assert same(weights(tmp_path / moment), weights(tmp_path / "whole"))
    outcome, messages = quick(tmp_path / "begun", control=after(1, answer))
    assert messages.losses()
    assert outcome.reason == f"{status} on request after 0 whole epochs; what was learned is kept"


def reading(spec: RunSpec, report: object, ask: Callable[[], bool], *others: object) -> None:
    """Parts whose data are long in coming: somebody asks for an end before they are there."""
    assert ask()
    raise stop_signal.StopRequested


def test_stop_is_answered_soon_even_within_a_long_evaluation(tmp_path: Path) -> None:
    stop_signal = threading.Event()
    threading.Timer(1.0, stop_signal.set).start()
    answered: list[float] = []

    def control() -> str | None:
        if not stop_signal.is_set():
            return None
        answered.append(time.monotonic())
        return "stop"

    outcome, _ = quick(tmp_path, architecture="cct-7/3x1", samples=2, epochs=100, control=control)
    assert outcome.status == "stopped"
    assert len(answered) == 1  # the first answer stands


def test_a_loss_that_is_no_number_ends_the_run_in_plain_words(tmp_path: Path) -> None:
    outcome, messages = quick(tmp_path, learning_rate=10, optimizer="sgd", schedule="constant", warmup=0, epochs=30)
    assert outcome.status == "diverged"
    assert "stopped being a number" in outcome.reason
    last = messages.events("epoch")[-1]
    assert last["accuracy"] == pytest.approx(float((_test_labels() == 0).double().mean()))  # it always answers 0
    assert last["test_loss"] is None
    assert [row[1:] for row in messages.lines["confusion"][-1]["matrix"]] == [[0] * 9] * 10
    json.dumps(messages.lines, allow_nan=False)


def test_drawing_from_the_test_rows_too_is_told() -> None:
    _, messages = quick(samples=1600, draw_from="all", epochs=1, batch_size=400)
    assert any("flatters" in line["text"] for line in messages.events("note"))
    assert messages.events("started")[0]["train_samples"] == 1600


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd", "muon"])
@pytest.mark.parametrize("architecture", ["cnn", "cct-2/3x2"])
def test_every_optimizer_lowers_the_loss(optimizer: str, architecture: str) -> None:
    rate = {"cnn": 0.1, "cct-2/3x2": 0.02}[architecture] if optimizer == "sgd" else 3e-3
    _, messages = quick(
        architecture=architecture,
        samples=16,
        batch_size=8,
        epochs=15,
        evaluate_every=100,
        optimizer=optimizer,
        learning_rate=rate,
        beta1=0.9,
        schedule="constant",
    )
    epochs = [line["train_loss"] for line in messages.events("epoch")]
    assert epochs[-1] < 0.85 * epochs[0]


def test_softmax_before_the_loss_confines_it() -> None:
    _, messages = quick(softmax_before_loss=True, epochs=1)
    low = -math.log(math.e / (math.e + 9))  # 1.4612: sure and right
    high = -math.log(1 / (math.e + 9))  # 2.4612: sure and wrong
    assert all(low <= loss <= high for loss in [*messages.losses().values(), messages.events("epoch")[-1]["test_loss"]])


@pytest.mark.parametrize("distillation", ["hard", "soft"])
def test_a_teacher_is_followed(tmp_path: Path, distillation: str) -> None:
    options: dict[str, Any] = {"samples": None, "batch_size": 64, "epochs": 3, "learning_rate": 5e-3}
    _, alone = quick(**options)
    _, taught = quick(guide=Guide(7), distillation=distillation, **options)
    sevens = [sum(row[7] for row in messages.lines["confusion"][-1]["matrix"]) for messages in (alone, taught)]
    assert sevens[1] > sevens[0]


def test_a_teacher_that_is_not_there_is_refused() -> None:
    with pytest.raises(UserError, match="'nobody'"):
        quick(teacher="nobody")


def test_weight_average_is_what_is_kept_and_scored(tmp_path: Path) -> None:
    quick(tmp_path / "plain"), quick(tmp_path / "averaged", ema_decay=0.9)
    assert not same(weights(tmp_path / "plain"), weights(tmp_path / "averaged"))
    stored = torch.load(tmp_path / "averaged" / "resume.pt", weights_only=True)
    assert same(stored["average"], weights(tmp_path / "averaged"))
    assert same(stored["model"], weights(tmp_path / "plain"))  # averaging does not touch training


def test_a_device_that_is_not_there_is_refused() -> None:
    absent = "cuda:9"
    with pytest.raises(UserError, match=f"no device '{absent}'"):
        quick(device=absent)


def test_too_little_memory_is_told_with_a_way_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> None:
        torch.empty(2**55)

    monkeypatch.setattr(loop.Run, "_step", exhausted)
    with pytest.raises(UserError, match="batch size of 4"):
        quick()
    monkeypatch.setattr(loop.Run, "_step", lambda *_: (_ for _ in ()).throw(MemoryError))
    with pytest.raises(UserError, match="batch size of 4"):
        quick()


def test_a_folder_that_is_not_there_is_refused_at_once(tmp_path: Path) -> None:
    messages = Lines()
    with pytest.raises(UserError, match=r"there is no folder .*absent to keep checkpoints in; make it first"):
        loop.train(RunSpec.of(**QUICK), messages, folder=tmp_path / "absent")
    assert not messages.lines
    assert not (tmp_path / "absent").exists()


def test_a_folder_that_goes_just_before_its_checkpoint_stays_away(tmp_path: Path) -> None:
    """The narrowest moment: an epoch is told, its weights are not yet kept, and nobody asks in between."""
    folder, elsewhere = tmp_path / "results" / "run", tmp_path / "elsewhere"
    folder.mkdir(parents=True)

    def move(line: Line) -> None:
        if isinstance(line, Answers) and line.epoch == 1:
            folder.parent.rename(elsewhere)

    with pytest.raises(UserError, match=r"the checkpoint cannot be kept in .*run: "):
        loop.train(RunSpec.of(**QUICK), move, folder=folder)
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]


def test_other_errors_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop.Run, "_step", lambda *_: (_ for _ in ()).throw(RuntimeError("a mistake of ours")))
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        quick()


def test_distilled_model_trains_with_and_without_a_teacher() -> None:
    for guide in (None, Guide(3)):
        outcome, _ = quick(architecture="deit-s/16", image_size=32, samples=4, batch_size=2, epochs=1, guide=guide)
        assert outcome.status == "finished"
