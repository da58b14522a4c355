"""Portions of a batch: the whole batch's gradient, the same bits however the threads run, or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.training.runs import after, quick, same, weights
from vitcore.data.augment import MixedTargets
from vitcore.models import build
from vitcore.spec import TrainingSpec
from vitcore.training import thread_parallel
from vitcore.training.loss import make_loss
from vitcore.training.thread_parallel import LEAST, ThreadParallel, sensible

CPU = torch.device("cpu")
PLAIN: dict[str, Any] = {"dropout": 0.0, "attention_dropout": 0.0, "drop_path": 0.0}
EVERYTHING: dict[str, Any] = {
    "architecture": "cct-2/3x2", "kernel": "favor+", "redraw_every": 2, "dropout": 0.1, "samples": 40,
    "batch_size": 20, "clip_norm": 1.0, "optimizer": "muon", "mixup": 0.8, "evaluate_every": 9,
}  # fmt: skip


def _model(name: str, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    return build(name, channels=3, image_size=32, classes=10, **options).train()


def _gradients(
    model: nn.Module, count: int, *, count_images: int = 3 * LEAST + 5, step: int = 0
) -> list[Tensor | None]:
    """With mixed images and smoothed labels, as far as a loss goes."""
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(count_images, 3, 32, 32, generator=generator)
    labels, others = torch.randint(10, (2, count_images), generator=generator)
    loss = make_loss(TrainingSpec(label_smoothing=0.1))
    model.zero_grad(set_to_none=True)
    torch.manual_seed(2)
    mean = ThreadParallel(model, CPU, 3, count).backward(
        lambda subset, targets: loss(model(subset), targets, subset), images, MixedTargets(labels, others, 0.3), step
    )
    assert torch.isfinite(mean)
    return [None if parameter.grad is None else parameter.grad.clone() for parameter in model.parameters()]


@pytest.mark.parametrize("name", ["cct-2/3x2", "cvt-7/8", "hybrid", "deit-s/16"])
@pytest.mark.parametrize("count", [2, 3])
def test_the_gradient_is_the_whole_batchs(name: str, count: int) -> None:
    model = _model(name, **PLAIN)
    for part, whole in zip(_gradients(model, count), _gradients(model, 1), strict=True):
        assert (part is None) == (whole is None)
        if part is not None and whole is not None:
            assert torch.allclose(part, whole, rtol=1e-3, atol=1e-5)


def test_the_bits_are_the_same_each_time_and_others_at_another_step() -> None:
    model = _model("cct-2/3x2", dropout=0.2, drop_path=0.3)
    first = _gradients(model, 3)
    for _ in range(3):
        assert all(torch.equal(left, right) for left, right in zip(first, _gradients(model, 3), strict=True))  # type: ignore[arg-type]
    other = _gradients(model, 3, step=1)
    assert not all(torch.equal(left, right) for left, right in zip(first, other, strict=True))  # type: ignore[arg-type]


def test_portions_leave_torchs_own_stream_alone() -> None:
    model = _model("cct-2/3x2", dropout=0.2)
    _gradients(model, 2)
    after_batches = torch.rand(3)
    torch.manual_seed(2)
    assert torch.equal(after_batches, torch.rand(3))


def test_a_gradient_lies_in_memory_as_its_parameter_does() -> None:
    model = _model("cct-2/3x2", **PLAIN)
    _gradients(model, 2)
    assert all(
        parameter.grad is None or parameter.grad.stride() == parameter.stride() for parameter in model.parameters()
    )


def test_a_small_batch_stays_whole() -> None:
    model = _model("cct-2/3x2", **PLAIN)
    small = 2 * LEAST - 1
    halves, whole = (_gradients(model, count, count_images=small) for count in (2, 1))
    assert all(torch.equal(first, second) for first, second in zip(halves, whole, strict=True))  # type: ignore[arg-type]


def test_what_goes_wrong_in_a_portion_is_raised() -> None:
    model = nn.Linear(2, 2)

    def loss(subset: Tensor, targets: MixedTargets) -> Tensor:
        raise MemoryError

    with pytest.raises(MemoryError):
        ThreadParallel(model, CPU, 0, 2).backward(loss, torch.zeros(40, 2), MixedTargets(torch.zeros(40)), 0)


@pytest.mark.parametrize(
    ("name", "options", "threads", "expected"),
    [
        ("cct-2/3x2", {}, 2, 2),
        ("cct-2/3x2", {}, 1, 1),
        ("cct-2/3x2", {}, 64, thread_parallel.MOST),
        ("resnet56", {}, 2, 1),  # batch normalization
        ("hybrid", {}, 2, 2),
    ],
)
def test_where_portions_pay(
    name: str, options: dict[str, Any], threads: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert sensible(_model(name, **options), CPU) == expected
    assert sensible(_model(name, **options), torch.device("cuda")) == 1


def test_dropout_in_torchs_fused_attention_keeps_the_batch_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its draws come from torch's one generator, in whatever order threads would come by."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    torch.manual_seed(0)
    many = build("vit-lite-7/4", channels=3, image_size=96, classes=10, attention_dropout=0.1)
    assert sensible(many, CPU) == 1
    assert sensible(build("vit-lite-7/4", channels=3, image_size=96, classes=10, attention_dropout=0.0), CPU) == 2


@pytest.fixture
def shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_parallel, "sensible", lambda model, device: 2)


@pytest.mark.usefixtures("shared_out")
def test_a_run_in_portions_resumes_to_the_same_bits(tmp_path: Path) -> None:
    _, whole = quick(tmp_path / "whole", **EVERYTHING)
    _, again = quick(tmp_path / "again", **EVERYTHING)
    assert whole.losses() == again.losses()
    quick(tmp_path / "cut", control=after(1), **EVERYTHING)
    quick(tmp_path / "cut", resume=True, **EVERYTHING)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "again"))
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "cut"))


def test_threads_that_come_later_have_as_many_of_torchs_as_before() -> None:
    """What is set within the pool must not become the number of every thread that the process starts afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        model = _model("cct-2/3x2", **PLAIN)
        _gradients(model, 2)
        with ThreadPoolExecutor(1) as fresh:
            assert fresh.submit(torch.get_num_threads).result() == 2
        thread_parallel = ThreadParallel(model, CPU, 0, 2)
        assert {thread_parallel._pool.submit(torch.get_num_threads).result() for _ in range(8)} == {1}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
