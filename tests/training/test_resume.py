"""Same spec, same seed, same bits: twice in a row, and whether or not the run was cut short on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.training.runs import QUICK, after, quick, same, weights
from vitcore.data.augment import Normalize
from vitcore.data.load import Images, Split, load
from vitcore.models import ARCHITECTURES, proxyless
from vitcore.training import loop, state, stop_signal

PREFERRED = ("cct-2/3x2", "performer", "hybrid", "resnet56", "mobilenetv2/0.5")  # the quickest of their families
FAMILIES = {row.family: name for name, row in reversed(ARCHITECTURES.items())} | {
    ARCHITECTURES[name].family: name for name in PREFERRED
}
EVERYTHING: dict[str, Any] = {
    "architecture": "cct-2/3x2",
    "kernel": "favor+",
    "redraw_every": 2,
    "dropout": 0.1,
    "samples": 20,
    "batch_size": 4,
    "ema_decay": 0.9,
    "clip_norm": 1.0,
    "optimizer": "muon",
    "schedule": "onecycle",
    "crop": 2,
    "flip": True,
    "rotate": 10,
    "rand_augment": 9,
    "erasing": 0.5,
    "mixup": 0.8,
    "cutmix": 1.0,
    "label_smoothing": 0.1,
}


@pytest.fixture(autouse=True)
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for a stop before every step, keep a checkpoint at every epoch's end, evaluate on a few rows."""

    def few(dataset: str, **reading: Any) -> Images:
        images = load(dataset, **reading)
        return replace(images, test=Split(images.test.images[:20], images.test.labels[:20]))

    monkeypatch.setattr(state, "load", few)
    monkeypatch.setattr(stop_signal, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", float("inf"))


def test_same_spec_and_seed_give_the_same_bits(tmp_path: Path) -> None:
    first, second = (quick(tmp_path / name, **EVERYTHING) for name in "ab")
    assert first[1].measured() == second[1].measured()
    assert first[1].losses() == second[1].losses()
    assert first[1].lines["confusion"] == second[1].lines["confusion"]
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))


def test_another_seed_gives_others(tmp_path: Path) -> None:
    quick(tmp_path / "a"), quick(tmp_path / "b", seed=1)
    assert not same(weights(tmp_path / "a"), weights(tmp_path / "b"))


@pytest.mark.parametrize("family", FAMILIES)
def test_resume_of_each_family_is_bit_identical(tmp_path: Path, family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {
        "architecture": FAMILIES[family],
        "samples": 6,
        "batch_size": 2,
        "epochs": 2,
        "evaluate_every": 5,
        "image_size": 16,
    }
    if family in ("cnn", "compact", "vit"):
        small |= {"samples": 16}
    if family == "hybrid":
        small |= {"image_size": 32}
    if family == "proxyless":
        # Three of its 54 blocks, every kind of edge among them, and both places where the map is halved: the whole
        # network, 1.2 G multiply-accumulates an image, was tried once by benchmarks/robustness/resume.py.
        monkeypatch.setattr(proxyless, "SEARCHED", proxyless.SEARCHED[::18])
        monkeypatch.setattr(proxyless, "HALVED_BEFORE", (1, 2))
    whole, messages = quick(tmp_path / "whole", **small)
    cut, before = quick(tmp_path / "cut", control=after(4), **small)
    assert (whole.status, cut.status) == ("finished", "stopped")
    resumed, rest = quick(tmp_path / "cut", resume=True, **small)
    assert resumed.status == "finished"
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "cut"))
    assert before.losses() | rest.losses() == messages.losses()
    assert before.measured() | rest.measured() == messages.measured()
    assert resumed.error_percent == whole.error_percent


@pytest.mark.parametrize("asks", [0, 1, 3, 5, 6, 7, 9, 12])
def test_resume_with_everything_drawn_at_random(tmp_path: Path, asks: int) -> None:
    """Stopped before, within and after an epoch, and within its evaluation."""
    if not (tmp_path.parent / "whole").exists():
        quick(tmp_path.parent / "whole", **EVERYTHING)
    quick(tmp_path / "cut", control=after(asks), **EVERYTHING)
    quick(tmp_path / "cut", resume=True, **EVERYTHING)
    assert same(weights(tmp_path.parent / "whole"), weights(tmp_path / "cut"))


def test_resume_after_a_crash_goes_on_from_the_last_checkpoint(tmp_path: Path) -> None:
    whole, messages = quick(tmp_path / "whole", epochs=3)

    class Crash(Exception):
        pass

    def control() -> None:
        if told_steps["n"] > 7:  # in the second epoch of five steps each
            raise Crash
        told_steps["n"] += 1

    told_steps = {"n": 0}
    with pytest.raises(Crash):
        quick(tmp_path / "cut", epochs=3, control=control)
    resumed, rest = quick(tmp_path / "cut", epochs=3, resume=True)
    assert rest.events("started")[0]["resumed_from"] == 1
    assert rest.measured() == {number: line for number, line in messages.measured().items() if number > 1}
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "cut"))
    assert resumed.epochs == whole.epochs == 3


def test_a_finished_run_resumes_to_its_end_at_once(tmp_path: Path) -> None:
    whole, _ = quick(tmp_path)
    again, messages = quick(tmp_path, resume=True)
    assert (again.status, again.error_percent) == ("finished", whole.error_percent)
    assert not messages.events("epoch")


def test_resume_where_nothing_was_kept_starts_anew(tmp_path: Path) -> None:
    outcome, messages = quick(tmp_path, resume=True)
    assert outcome.status == "finished"
    assert messages.events("started")[0]["resumed_from"] == 0
    assert len(messages.events("epoch")) == QUICK["epochs"]


def test_two_kernels_see_the_same_images_in_the_same_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the model draws for itself, order and augmentation stay the seed's."""
    import torch

    known: dict[str, list[torch.Tensor]] = {}
    step = Normalize.__call__
    for kernel in ("softmax", "relu", "favor+"):
        batches = known[kernel] = []

        def spied(self: Any, images: torch.Tensor, batches: list[torch.Tensor] = batches) -> torch.Tensor:
            batches.append(images.clone())
            return step(self, images)

        monkeypatch.setattr(Normalize, "__call__", spied)
        dropout: dict[str, Any] = {} if kernel == "softmax" else {"dropout": 0.2}
        quick(
            architecture="cct-2/3x2", kernel=kernel, samples=20, evaluate_every=9, epochs=1, crop=2, rotate=9, **dropout
        )
    assert len(known["softmax"]) > 3
    for kernel in ("relu", "favor+"):
        assert all(torch.equal(a, b) for a, b in zip(known["softmax"], known[kernel], strict=True))
