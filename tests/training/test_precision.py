"""Precision `auto`: measured once for a network on a machine, remembered, and the one that a resumed run goes on in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.training.runs import QUICK, after, quick
from vitcore.analysis import weights
from vitcore.models import build
from vitcore.runs.folder import RunFolder
from vitcore.spec import RunSpec
from vitcore.training import precision, stop_signal
from vitcore.training.precision import Measured, choose, measure

IMAGE, MACS = (1, 8, 8), 1e6


def network() -> nn.Module:
    """One with statistics of its own and draws of its own, so that a measurement has something to disturb."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Flatten(), nn.Linear(144, 10))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that multiplies bfloat16, and nothing remembered; where the measurements lie."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    monkeypatch.setattr(precision, "has_instructions", lambda: True)
    return tmp_path / "cache" / "vitcore" / "precision"


def remember(cache: Path, gain: float) -> None:
    """Have every measurement that lies there say that bfloat16 is `gain` times as quick."""
    for path in cache.glob("*.json"):
        path.write_text(json.dumps({"images": 1, "float32": gain, "bfloat16": 1.0}))


def test_a_measurement_changes_nothing() -> None:
    model = network().eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    threads, random = torch.get_num_threads(), torch.get_rng_state()
    found = measure(model, IMAGE, MACS)
    assert found.float32 > 0 < found.bfloat16
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(part.training for part in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), random)


@pytest.mark.parametrize("name", ["cct-mini/3x3", "performer", "hybrid", "cnn", "resnet56", "cifar-vit"])
def test_every_family_can_be_measured(name: str) -> None:
    model = build(name, channels=1, image_size=16, classes=3)
    assert measure(model, (1, 16, 16), 1e9).gain > 0


def test_what_was_measured_once_is_asked_no_more(cache: Path) -> None:
    first = choose("auto", network(), IMAGE, MACS)
    assert first.gain is not None
    remember(cache, 3.0)
    assert choose("auto", network(), IMAGE, MACS) == precision.Choice(torch.bfloat16, 3.0)
    remember(cache, 1.1)  # no more than a measurement errs by
    assert choose("auto", network(), IMAGE, MACS) == precision.Choice(torch.float32, 1.1)


def test_another_network_is_measured_anew_and_another_number_of_threads_chooses_the_same(cache: Path) -> None:
    first = choose("auto", network(), IMAGE, MACS)
    choose("auto", nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), IMAGE, MACS)
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        assert choose("auto", network(), IMAGE, MACS) == first
    finally:
        torch.set_num_threads(threads)
    assert len(list(cache.glob("*.json"))) == 2


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"images": 1}', '{"images": 0, "float32": 1, "bfloat16": 1}'])
def test_a_damaged_measurement_is_made_anew(cache: Path, damage: str) -> None:
    choose("auto", network(), IMAGE, MACS)
    (path,) = cache.glob("*.json")
    path.write_text(damage)
    assert choose("auto", network(), IMAGE, MACS).gain is not None
    assert Measured(**json.loads(path.read_text())).gain > 0


def test_where_nothing_can_be_kept_it_is_measured_each_time(cache: Path) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_text("a file where a folder should be")
    assert choose("auto", network(), IMAGE, MACS).gain is not None


def test_a_persons_choice_and_a_processor_without_instructions_are_not_measured(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert choose("bfloat16", network(), IMAGE, MACS) == precision.Choice(torch.bfloat16)
    monkeypatch.setattr(precision, "has_instructions", lambda: False)
    assert choose("auto", network(), IMAGE, MACS) == precision.Choice(torch.float32)
    assert not cache.exists()


def test_a_resumed_run_goes_on_in_what_it_began_in(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the machine now measures otherwise."""
    monkeypatch.setattr(stop_signal, "ASK_SECONDS", 0.0)
    assert quick(**QUICK)[1].events("started")[0]["bfloat16_gain"] > 0
    remember(cache, 5.0)
    _, lines = quick(tmp_path / "run", control=after(3, "pause"), **QUICK)
    assert lines.events("started")[0]["precision"] == "bfloat16"
    remember(cache, 1.0)
    outcome, lines = quick(tmp_path / "run", resume=True, **QUICK)
    (started,) = lines.events("started")
    assert (outcome.status, started["precision"], started["bfloat16_gain"]) == ("finished", "bfloat16", 5.0)


def test_a_run_of_before_this_was_measured_goes_on_by_the_rule_it_began_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop_signal, "ASK_SECONDS", 0.0)
    quick(tmp_path / "run", control=after(3, "pause"), **QUICK)
    path = tmp_path / "run" / "resume.pt"
    state = torch.load(path, weights_only=True)
    del state["precision"], state["bfloat16_gain"]
    torch.save(state, path)
    (started,) = quick(tmp_path / "run", resume=True, **QUICK)[1].events("started")
    own = str(precision.by_units(torch.device("cpu"))).removeprefix("torch.")
    assert (started["precision"], started.get("bfloat16_gain")) == (own, None)


@pytest.mark.parametrize(
    ("line", "expected"),
    [('{"event": "started", "precision": "bfloat16"}', torch.bfloat16), ("", torch.float32), ("[]", torch.float32)],
)
def test_answers_are_evaluated_in_what_was_trained_in(tmp_path: Path, line: str, expected: torch.dtype) -> None:
    run = RunFolder(tmp_path)
    run.events.write_text(line + "\n")
    assert weights.ways(run, RunSpec.of(**QUICK))["precision"] is expected
