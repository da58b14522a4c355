"""What a training keeps: finite weights alone, the best epoch's beside the last, of the umask's mode, or a sentence."""

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from tests.training.runs import after, quick, same, weights
from vitcore import processes
from vitcore.errors import UserError
from vitcore.runs import system_load
from vitcore.spec import RunSpec
from vitcore.training import best, disk, loop, stop_signal
from vitcore.training.checkpoint import load_model, load_resume, save_model, save_resume
from vitcore.training.network import build_model

SPEC = RunSpec.of(architecture="cnn")
CLASSES = tuple("0123456789")
DIVERGES = {"samples": None, "batch_size": 128, "optimizer": "sgd", "learning_rate": 10, "warmup": 0.9}
DIVERGES |= {"schedule": "constant", "epochs": 6}


def line_of(folder: Path) -> dict[str, str]:
    with safe_open(folder / "best.safetensors", framework="pt") as file:
        return dict(file.metadata())


@pytest.mark.parametrize("average", [0, 0.9], ids=["plain", "averaged"])
def test_a_training_that_diverges_leaves_the_last_good_weights(
    tmp_path: Path, average: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", 1e9)  # after every epoch, however short
    outcome, _ = quick(tmp_path, **DIVERGES, ema_decay=average)
    assert outcome.status == "diverged"
    assert "are kept" in outcome.reason
    for name in ("model.safetensors", "best.safetensors"):
        assert all(tensor.isfinite().all() for tensor in load_file(tmp_path / name).values())
    load_model(tmp_path)
    state = torch.load(tmp_path / "resume.pt", weights_only=True)
    for model in (state["model"], state["average"] or {}):
        assert all(tensor.isfinite().all() for tensor in model.values())


def test_weights_that_break_in_the_very_last_step_do_not_finish(tmp_path: Path) -> None:
    """The loss of that step is still a number, so only the weights tell."""

    class Breaking(loop.Run):
        def _step(self, images: torch.Tensor, labels: torch.Tensor) -> None:
            super()._step(images, labels)
            if self.progress_state.epoch == 1 and self.progress_state.position == self.parts.batches.steps:
                with torch.no_grad():
                    next(self.parts.model.parameters()).view(-1)[0] = float("inf")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "Run", Breaking)
        outcome, _ = quick(tmp_path, epochs=2)
    assert outcome.status == "diverged"
    assert "the weights stopped being numbers" in outcome.reason
    assert all(tensor.isfinite().all() for tensor in weights(tmp_path).values())


@pytest.mark.parametrize("answer", ["stop", "pause"])
def test_a_stop_after_the_weights_broke_does_not_say_that_what_was_learned_is_kept(
    tmp_path: Path, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for in the moment between the step that broke them and the look at its loss."""
    broken: list[int] = []

    class Breaking(loop.Run):
        def _step(self, images: torch.Tensor, labels: torch.Tensor) -> None:
            super()._step(images, labels)
            if self.progress_state.epoch == 1 and self.progress_state.position == 2:
                with torch.no_grad():
                    next(self.parts.model.parameters()).view(-1)[0] = float("inf")
                broken.append(2)

    monkeypatch.setattr(loop, "Run", Breaking)
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", 1e9)
    monkeypatch.setattr(stop_signal, "ASK_SECONDS", 0.0)
    outcome, _ = quick(tmp_path, epochs=2, control=lambda: answer if broken else None)
    assert outcome.status == "diverged"
    assert "in epoch 2" in outcome.reason
    assert "the weights after 1 epoch are kept" in outcome.reason
    assert all(tensor.isfinite().all() for tensor in weights(tmp_path).values())


def test_the_best_epoch_stands_beside_the_last_and_says_what_chose_it(tmp_path: Path) -> None:
    _, lines = quick(tmp_path, samples=200, epochs=6, learning_rate=3e-3)
    errors = [line["error_percent"] for line in lines.events("epoch")]
    chosen = json.loads(line_of(tmp_path)["chosen_by"])
    assert chosen == {
        "name": "error_percent",
        "of": "test",
        "direction": "least",
        "value": pytest.approx(min(errors)),
        "epoch": 1 + errors.index(min(errors)),
    }
    assert line_of(tmp_path)["epoch"] == str(chosen["epoch"])
    assert not (tmp_path / best.NEXT).exists()
    assert load_model(tmp_path, "best")[2] == load_model(tmp_path)[2]


def test_a_metric_that_is_to_grow_chooses_the_most_and_never_what_is_no_number() -> None:
    accuracy = best.Metric("accuracy", "validation", "most")
    assert accuracy.better(0.5, None)
    assert accuracy.better(0.6, 0.5)
    assert not accuracy.better(0.5, 0.5)
    assert not accuracy.better(float("nan"), None)
    assert not best.TEST_ERROR.better(float("nan"), 3.0)


def test_a_resumed_run_has_the_best_weights_of_an_unbroken_one(tmp_path: Path) -> None:
    options = {"samples": 200, "epochs": 6, "learning_rate": 3e-3}
    quick(tmp_path / "whole", **options)
    quick(tmp_path / "cut", control=after(30, "pause"), **options)
    quick(tmp_path / "cut", resume=True, **options)
    assert line_of(tmp_path / "cut") == line_of(tmp_path / "whole")
    assert same(*(load_file(tmp_path / name / "best.safetensors") for name in ("cut", "whole")))


def test_best_weights_of_an_abandoned_attempt_are_withdrawn(tmp_path: Path) -> None:
    quick(tmp_path, epochs=2)
    about = line_of(tmp_path)
    save_file(load_file(tmp_path / "best.safetensors"), tmp_path / "best.safetensors", metadata=about | {"epoch": "9"})
    found = best.Best(best.TEST_ERROR)
    state = load_resume(tmp_path, RunSpec.parse(json.loads(about["spec"])))
    assert state is not None
    found.restore(tmp_path, state["best"])
    assert found.epoch is None
    assert not (tmp_path / "best.safetensors").exists()


def test_no_best_weights_are_asked_for_in_a_sentence(tmp_path: Path) -> None:
    save_model(tmp_path, build_model(SPEC, 1, 28, 10), SPEC, CLASSES, 28, 1)
    with pytest.raises(UserError, match="there are no best weights"):
        load_model(tmp_path, "best")


def test_a_model_that_is_not_finite_is_refused_by_name(tmp_path: Path) -> None:
    model: Any = build_model(SPEC, 1, 28, 10)
    with torch.no_grad():
        model[0].weight.view(-1)[3] = float("nan")
    save_model(tmp_path, model, SPEC, CLASSES, 28, 1)
    with pytest.raises(UserError, match=r"model\.safetensors is not finite: 1 of its 10 tensors .* such as 0\.weight"):
        load_model(tmp_path)


@pytest.mark.parametrize("umask", [0o002, 0o022, 0o077], ids=oct)
def test_checkpoints_have_the_mode_of_any_file(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        quick(tmp_path / "run", epochs=1)
    finally:
        os.umask(before)
    found = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "run").iterdir()}
    assert found == dict.fromkeys(("model.safetensors", "best.safetensors", "resume.pt"), 0o666 & ~umask)


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[None]:
    """Somebody who may not read what this account keeps to itself."""
    if os.geteuid():
        yield
        return
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        if folder.stat().st_uid == 0 and "pytest" in str(folder):
            folder.chmod(0o755)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_may_not_be_read_is_not_called_broken(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    save_model(tmp_path, build_model(SPEC, 1, 28, 10), SPEC, CLASSES, 28, 1)
    save_resume(tmp_path, {"spec": SPEC.to_dict()})
    for name in ("model.safetensors", "resume.pt"):
        (tmp_path / name).chmod(0)
    request.getfixturevalue("stranger")
    for read in (lambda: load_model(tmp_path), lambda: load_resume(tmp_path, SPEC)):
        with pytest.raises(UserError, match="cannot be read: Permission denied; its owner can") as refused:
            read()
        assert "whole safetensors" not in str(refused.value)


@pytest.mark.parametrize("save", ["model", "resume"])
def test_too_little_room_is_said_with_both_amounts(tmp_path: Path, save: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = build_model(SPEC, 1, 28, 10)
    keep = {
        "model": lambda: save_model(tmp_path, model, SPEC, CLASSES, 28, 1),
        "resume": lambda: save_resume(tmp_path, {"model": model.state_dict()}),
    }[save]
    keep()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(disk, "free", lambda folder: 1000)
    with pytest.raises(UserError, match=r"the disk is full: it has 1\.0 kB free and [0-9.]+ kB are needed; free some"):
        keep()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_the_system_said_while_torch_wrote_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(disk.Remembering):
        def write(self, data: bytes) -> int:
            self.error = OSError(errno.ENOSPC, "No space left on device")
            raise self.error

    monkeypatch.setattr(disk, "Remembering", Full)
    with pytest.raises(UserError, match="the disk is full"):
        save_resume(tmp_path, {"weight": torch.zeros(9)})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "error", [PermissionError(errno.EPERM, "no"), OSError(errno.ENOENT, "none"), psutil.AccessDenied(1)]
)
@pytest.mark.parametrize("courtesy", ["_be_nice", "_offer_memory", "_be_nice_as_a_group"])
def test_no_courtesy_is_a_condition(courtesy: str, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    done = []
    for name in ("_be_nice", "_offer_memory", "_be_nice_as_a_group"):
        monkeypatch.setattr(processes, name, lambda name=name: done.append(name))

    def forbidden() -> None:
        raise error

    monkeypatch.setattr(processes, courtesy, forbidden)
    processes.lower_priority()
    assert len(done) == 2


def test_a_process_that_is_nicer_already_is_left_so(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Nice:
        def nice(self, value: int | None = None) -> int:
            asked.append(value)
            return 12

    monkeypatch.setattr(psutil, "Process", Nice)
    processes._be_nice()
    assert asked == [None]
    assert system_load.busy()
