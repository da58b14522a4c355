"""Epochs, best weights and early stopping are chosen by the validation images; the test images wait for the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.runs import quick, same, weights
from vitcore.data.augment import Normalize
from vitcore.data.load import load
from vitcore.data.loader import Batches
from vitcore.data.splits import parted
from vitcore.errors import UserError
from vitcore.spec import RunSpec
from vitcore.training import scoring, stop_signal
from vitcore.training.checkpoint import load_model
from vitcore.training.evaluate import evaluate

LEARNS: dict[str, Any] = {"samples": 400, "batch_size": 32, "epochs": 6, "learning_rate": 3e-3, "validation": 0.1}


def measured(folder: Path, which: str) -> float:
    """As anybody would measure it from the stored weights."""
    model, _, _ = load_model(folder, which)
    images, cpu = load("digits"), torch.device("cpu")
    normalize = Normalize(images.mean, images.std, cpu)
    found = evaluate(model, images.test.images, images.test.labels, normalize, device=cpu, precision=torch.float32)
    assert found is not None
    return found.error_percent


@pytest.fixture
def every_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether to stop is asked at every step."""
    monkeypatch.setattr(stop_signal, "ASK_SECONDS", 0.0)


def test_each_epoch_has_its_validation_and_the_last_its_test(tmp_path: Path) -> None:
    outcome, messages = quick(tmp_path, **LEARNS)
    epochs = messages.events("epoch")
    assert [line["val_error"] is not None for line in epochs] == [True] * 6
    assert [line["error_percent"] is not None for line in epochs] == [False] * 5 + [True]
    [started] = messages.events("started")
    assert (started["train_samples"], started["val_samples"], started["test_samples"]) == (400, 144, 360)
    errors = [line["val_error"] for line in epochs]
    assert (outcome.best_epoch, outcome.val_error_best) == (1 + int(np.argmin(errors)), min(errors))
    assert outcome.error_percent == epochs[-1]["error_percent"] == measured(tmp_path, "last")
    assert outcome.test_error_best == measured(tmp_path, "best")
    assert any("144 of the 1,437 training images are held out" in line["text"] for line in messages.events("note"))


def test_what_is_held_out_is_never_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    known: list[torch.Tensor] = []
    once = Batches.batch
    monkeypatch.setattr(Batches, "batch", lambda self, order, at: (known.append(order), once(self, order, at))[1])
    quick(**LEARNS | {"samples": None, "epochs": 1})
    _, held_out = parted(load("digits"), 0.1, 0, "digits")
    assert held_out is not None
    assert held_out.rows is not None
    trained = set(torch.cat(known).tolist())
    assert trained.isdisjoint(held_out.rows.tolist())
    assert trained | set(held_out.rows.tolist()) == set(range(1437))


def test_runs_of_other_seeds_are_validated_on_the_same_images() -> None:
    truths = [quick(**LEARNS | {"epochs": 1, "seed": seed})[1].lines["val_predictions"][0] for seed in (0, 1)]
    assert truths[0] == truths[1]
    other = quick(**LEARNS | {"epochs": 1, "validation_seed": 1})[1].lines["val_predictions"][0]
    assert other != truths[0]


def test_validating_changes_nothing_of_the_training_but_its_images(tmp_path: Path) -> None:
    """How often is looked at what is held out leaves the weights bit for bit as they are."""
    for name, every in (("often", 1), ("seldom", 6)):
        quick(tmp_path / name, **LEARNS | {"evaluate_every": every})
    assert same(weights(tmp_path / "often"), weights(tmp_path / "seldom"))


def test_the_matrices_and_answers_say_which_images_they_are_of() -> None:
    _, messages = quick(**LEARNS)
    assert [line["epoch"] for line in messages.lines["val_confusion"]] == [1, 2, 3, 4, 5, 6]
    assert [line["epoch"] for line in messages.lines["confusion"]] == [6]
    assert all(np.sum(line["matrix"]) == 144 for line in messages.lines["val_confusion"])
    assert np.sum(messages.lines["confusion"][0]["matrix"]) == 360
    truth, *answers = messages.lines["val_predictions"]
    errors = [line["val_error"] for line in messages.events("epoch")]
    found = [100 * (1 - float(np.mean(np.equal(line["answers"], truth["truth"])))) for line in answers]
    assert found == pytest.approx(errors)


@pytest.mark.parametrize("ends_by", ["its last epoch", "its target error", "a stop"])
def test_test_images_that_are_left_alone_are_evaluated_by_nothing(
    ends_by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every_poll: None
) -> None:
    """And the weights are bit for bit those of the run that is tested."""
    evaluated: list[str] = []
    once = scoring.scored
    monkeypatch.setattr("vitcore.training.loop.scored", lambda *given: (evaluated.append(given[3]), once(*given))[1])
    monkeypatch.setattr(scoring, "_error", lambda *given: pytest.fail("a test image was looked at"))
    chosen = LEARNS | {"epochs": 2, "evaluate_test": False} | ({"target_error": 100} if "target" in ends_by else {})
    outcome, messages = quick(tmp_path / "alone", control=after(15 if ends_by == "a stop" else 10_000), **chosen)
    assert outcome.status == ("stopped" if ends_by == "a stop" else "finished")
    assert set(evaluated) <= {"validation"}
    assert (outcome.error_percent, outcome.test_error_best) == (None, None)
    assert not {"confusion", "predictions"} & messages.lines.keys()
    assert all(line["error_percent"] is None for line in messages.events("epoch"))
    assert any("the test images are not looked at at all" in line["text"] for line in messages.events("note"))
    if ends_by == "its last epoch":
        monkeypatch.undo()
        quick(tmp_path / "tested", **chosen | {"evaluate_test": True})
        assert same(weights(tmp_path / "alone"), weights(tmp_path / "tested"))


def test_without_validation_the_test_images_cannot_be_left_alone() -> None:
    with pytest.raises(UserError, match="without validation a run has the test images alone"):
        RunSpec.of(evaluate_test=False, validation=0)
    assert RunSpec.begun().fingerprint() != RunSpec.begun(evaluate_test=False).fingerprint(), "they are not pooled"


def test_it_stops_at_the_validation_error(tmp_path: Path) -> None:
    _, messages = quick(**LEARNS)
    aim = messages.events("epoch")[2]["val_error"]
    outcome, messages = quick(tmp_path, **LEARNS | {"target_error": aim})
    assert outcome.status == "finished"
    assert outcome.reason.startswith(f"the validation error is {outcome.val_error:.2f} %, no more than")
    assert outcome.epochs <= 3
    assert outcome.error_percent == measured(tmp_path, "last"), "the test error of where it stopped"


def test_without_validation_the_stop_by_test_error_is_told() -> None:
    outcome, messages = quick(samples=40, target_error=100.0)
    assert outcome.reason.startswith("the test error is")
    assert any("it is the test error that ends this run early" in line["text"] for line in messages.events("note"))
    assert (outcome.best_epoch, outcome.val_error, outcome.test_error_best) == (None, None, None)


@pytest.mark.parametrize("at", [3, 11, 20, 26, 40])
def test_a_run_that_was_cut_ends_as_if_it_had_not_been(tmp_path: Path, at: int, every_poll: None) -> None:
    whole, messages = quick(tmp_path / "whole", **LEARNS)
    asked = 0

    def control() -> str | None:
        nonlocal asked
        asked += 1
        return "pause" if asked == at else None

    cut, first = quick(tmp_path / "cut", control=control, **LEARNS)
    assert (cut.status, cut.test_error_best) == ("paused", None), "a paused run goes on: nothing is tested yet"
    resumed, second = quick(tmp_path / "cut", resume=True, **LEARNS)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "cut"))
    assert first.measured() | second.measured() == messages.measured()
    assert second.lines["val_predictions"][0] == messages.lines["val_predictions"][0], "the same images are held out"
    for name in ("error_percent", "val_error", "best_epoch", "val_error_best", "test_error_best"):
        assert getattr(resumed, name) == getattr(whole, name), name


def after(styles: int) -> Callable[[], str | None]:
    """Somebody who asks for a stop at the second look after so many."""
    known = iter(range(10**9))
    return lambda: "stop" if next(known) > styles else None


def test_a_stopped_run_is_tested_with_what_it_has_learned(tmp_path: Path, every_poll: None) -> None:
    outcome, _ = quick(tmp_path, control=after(40), **LEARNS)
    assert (outcome.status, outcome.best_epoch is not None) == ("stopped", True)
    assert outcome.error_percent == measured(tmp_path, "last")
    assert outcome.test_error_best == measured(tmp_path, "best")


def test_a_test_that_takes_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch, every_poll: None) -> None:
    monkeypatch.setattr(scoring, "STOPPED_SECONDS", -1.0)
    outcome, _ = quick(control=after(40), **LEARNS)
    assert (outcome.status, outcome.error_percent, outcome.test_error_best) == ("stopped", None, None)
    assert outcome.reason.startswith("stopped on request after")


def test_a_diverged_run_keeps_its_best_weights(tmp_path: Path) -> None:
    outcome, _ = quick(
        tmp_path,
        **LEARNS | {"optimizer": "sgd", "learning_rate": 10.0, "schedule": "constant", "warmup": 0, "epochs": 30},
    )
    assert outcome.status == "diverged"
    assert outcome.error_percent is not None, "a collapsed model is scored, not hidden"
    if outcome.best_epoch is not None:
        assert outcome.test_error_best == measured(tmp_path, "best")


def test_spec_and_checkpoint_hold_it(tmp_path: Path) -> None:
    quick(tmp_path, **LEARNS | {"epochs": 1})
    _, spec, _ = load_model(tmp_path)
    assert spec == RunSpec.of(**{"architecture": "cnn", "device": "cpu"} | LEARNS | {"epochs": 1})
