"""What recipes of the literature need of the training: timm's schedules, groups, LAMB and BCE, as timm has them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.training.runs import after, quick, same, weights
from vitcore import vision  # noqa: F401  (first: torchvision's own operators, which timm imports)
from vitcore.data.augment import MixedTargets
from vitcore.data.loader import Batches
from vitcore.errors import UserError
from vitcore.models import build
from vitcore.spec import RunSpec
from vitcore.training import stop_signal
from vitcore.training.lamb import Lamb
from vitcore.training.loss import make_loss
from vitcore.training.optim import Optimizers, groups
from vitcore.training.schedule import lr_factor

RATE, LOWEST, FIRST = 5.5e-4, 1e-5, 1e-6
STEPS = 7  # an epoch


def rates(epochs: int, **options: Any) -> list[float]:
    """The learning rate at every step."""
    spec = RunSpec.of(epochs=epochs, learning_rate=RATE, **options)
    return [RATE * lr_factor(spec.schedule, step, epochs * STEPS, STEPS) for step in range(epochs * STEPS)]


def timms(epochs: int, sched: str, **options: Any) -> list[float]:
    """timm's, which its training script sets after every epoch."""
    from timm.scheduler.scheduler_factory import create_scheduler_v2

    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=RATE)
    scheduler, total = create_scheduler_v2(optimizer, sched=sched, num_epochs=epochs, **options)
    found = []
    for epoch in range(total):
        found.append(optimizer.param_groups[0]["lr"])
        scheduler.step(epoch + 1)
    return found


@pytest.mark.parametrize(("epochs", "warmup", "cooldown"), [(300, 10, 10), (30, 0, 0), (12, 5, 3)])
def test_the_cosine_by_epoch_is_timms(epochs: int, warmup: int, cooldown: int) -> None:
    given = {"schedule": "cosine", "schedule_unit": "epoch", "warmup": 0.0, "warmup_epochs": warmup}
    ends = {"initial_lr_factor": FIRST / RATE, "final_lr_factor": LOWEST / RATE, "cooldown_epochs": cooldown}
    found = rates(epochs + cooldown, **given, **ends)
    measured = found[::STEPS]
    assert np.allclose(np.reshape(found, (-1, STEPS)), np.array(measured)[:, None], rtol=0, atol=0)  # one an epoch
    other = timms(epochs, "cosine", warmup_epochs=warmup, warmup_lr=FIRST, min_lr=LOWEST, cooldown_epochs=cooldown)
    assert np.allclose(measured, other, rtol=1e-12, atol=0)
    assert len(measured) == epochs + cooldown


def test_the_steps_by_epoch_are_timms() -> None:
    found = rates(120, schedule="step", schedule_unit="epoch", warmup=0.0, step_epochs=30, step_factor=0.1)[::STEPS]
    assert np.allclose(found, timms(120, "step", decay_epochs=30, decay_rate=0.1, warmup_epochs=0), rtol=1e-12)
    assert np.allclose(sorted(set(found)), [RATE * 0.1**drop for drop in (3, 2, 1, 0)])


def test_warmup_and_cooldown_in_epochs_do_not_grow_with_the_length() -> None:
    for epochs in (30, 1500):
        found = rates(epochs, warmup_epochs=10, cooldown_epochs=5, initial_lr_factor=0.0, final_lr_factor=0.1)
        assert int(np.argmax(found)) == 10 * STEPS
        assert np.allclose(found[-5 * STEPS :], 0.1 * RATE)
        assert found[-5 * STEPS - 2] > 0.1 * RATE


def test_more_warmup_and_cooldown_than_epochs_is_refused() -> None:
    with pytest.raises(
        UserError, match=r"8 epochs of warm-up and 3 of cool-down are more than the 10 there are; train"
    ):
        RunSpec.of(epochs=10, warmup_epochs=8, cooldown_epochs=3)


class Small(nn.Module):
    """Of every kind of parameter: matrices, biases, a norm, positions."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.second = nn.Linear(6, 5), nn.LayerNorm(5), nn.Linear(5, 3)
        self.pos_embed = nn.Parameter(torch.randn(1, 5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.second(self.norm(self.first(x) + self.pos_embed).relu())
        return out


def small() -> Small:
    torch.manual_seed(0)
    return Small()


def test_lamb_is_timms() -> None:
    from timm.optim.lamb import Lamb as Timms

    measured, published = small(), small()
    kinds = [groups(model.named_parameters(), 0.02, "timm") for model in (measured, published)]
    own, other = Lamb(kinds[0], lr=5e-3, betas=(0.9, 0.999)), Timms(kinds[1], lr=5e-3, betas=(0.9, 0.999))
    generator = torch.Generator().manual_seed(1)
    for step, strength in itertools.product(range(12), (1.0, 50.0)):  # small and large gradients: cut or not
        x = torch.randn(16, 6, generator=generator)
        for model, optimizer in ((measured, own), (published, other)):
            for group in optimizer.param_groups:
                group["lr"] = 5e-3 / (1 + step)
            optimizer.zero_grad()
            (strength * model(x).square().mean()).backward()
            optimizer.step()
    for first, second in zip(measured.parameters(), published.parameters(), strict=True):
        torch.testing.assert_close(first, second, rtol=1e-5, atol=1e-7)


def test_what_decays_is_what_timm_lets_decay() -> None:
    from timm.optim._param_groups import param_groups_weight_decay

    model = build("vit-lite-7/4")
    names = {id(parameter): name for name, parameter in model.named_parameters()}

    def decaying(found: list[dict[str, Any]]) -> set[str]:
        return {names[id(item)] for group in found if group["weight_decay"] for item in group["params"]}

    timm = decaying(groups(model.named_parameters(), 0.06, "timm"))
    assert timm == decaying(param_groups_weight_decay(model, 0.06))
    measured = decaying(groups(model.named_parameters(), 0.06))
    assert measured < timm
    assert all(
        dict(model.named_parameters())[name].ndim == 3 for name in timm - measured
    )  # positions and the class token
    assert len(timm - measured) == 2
    assert decaying(groups(model.named_parameters(), 0.06, "all")) == set(names.values())


@pytest.mark.parametrize("threshold", [0.0, 0.2])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_bce_on_mixed_targets_is_timms(threshold: float, smoothing: float) -> None:
    from timm.data.mixup import mixup_target
    from timm.loss.binary_cross_entropy import BinaryCrossEntropy

    labels = torch.tensor([3, 1, 0, 3])
    logits = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    spec = RunSpec.of(loss_function="bce", bce_threshold=threshold, label_smoothing=smoothing)
    loss = make_loss(spec.training)
    for lam in (0.9, 0.3):
        wanted = mixup_target(labels, 5, lam, smoothing)
        other = BinaryCrossEntropy(smoothing, target_threshold=threshold or None)(logits, wanted)
        torch.testing.assert_close(loss(logits, MixedTargets(labels, labels.flip(0), lam), logits), other)
    plain = BinaryCrossEntropy(smoothing, target_threshold=threshold or None)(logits, labels)
    torch.testing.assert_close(loss(logits, MixedTargets(labels), logits), plain)


def test_repeated_augmentation_is_timms_sampler_on_one_process() -> None:
    from timm.data.distributed_sampler import RepeatAugSampler

    rows = torch.arange(50)
    batches = Batches(torch.zeros(50, 1, 2, 2), rows, rows, 8, 0, torch.device("cpu"), repeats=3)
    order = batches.order(0).tolist()
    sampler = RepeatAugSampler(range(50), num_replicas=1, rank=0, shuffle=False, selected_round=0)
    other = list(sampler)
    assert len(order) == len(other) == 50
    first = list(dict.fromkeys(order))
    assert [first.index(row) for row in order] == other
    assert batches.order(1).tolist() != order


def test_plain_momentum_is_not_nesterovs() -> None:
    for ahead in (True, False):
        model = small()
        spec = RunSpec.of(optimizer="sgd", learning_rate=0.1, weight_decay=1e-4, nesterov=ahead, decay_scope="all")
        (optimizer,) = Optimizers(model, spec.optimizer).parts
        assert optimizer.defaults["nesterov"] is ahead
        assert all(group["weight_decay"] == 1e-4 for group in optimizer.param_groups)


def test_a_softmax_before_binary_cross_entropy_is_refused() -> None:
    with pytest.raises(UserError, match="softmax before the loss goes with cross-entropy alone"):
        RunSpec.of(loss_function="bce", softmax_before_loss=True)


RECIPE: dict[str, Any] = {
    "architecture": "cct-2/3x2",
    "depth": 1,
    "resized_crop": 0.8,
    "interpolation": "random",
    "flip": True,
    "rand_augment": 9,
    "rand_augment_policy": "timm",
    "rand_augment_std": 0.5,
    "color_jitter": 0.3,
    "erasing": 0.25,
    "erasing_mode": "pixel",
    "erase_mixed": True,
    "mixup": 0.8,
    "cutmix": 1.0,
    "mixup_off_epoch": 2,
    "warmup_epochs": 1,
    "cooldown_epochs": 1,
    "schedule_unit": "epoch",
    "normalize": "unit",
    "repeats": 2,
    "decay_scope": "timm",
    "epochs": 4,
}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"optimizer": "lamb", "loss_function": "bce", "bce_threshold": 0.2},
        {"architecture": "resnet18", "depth": None, "image_size": 16, "drop_path": 0.3, "normalize": "standard"},
    ],
)
def test_a_whole_recipe_stopped_anywhere_goes_on_bit_for_bit(
    tmp_path: Path, more: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop_signal, "ASK_SECONDS", 0.0)  # asked before every step
    recipe = RECIPE | more | {"evaluate_every": 4}
    _, messages = quick(tmp_path / "whole", **recipe)
    for asks in (3, 9, 14):
        folder = tmp_path / f"cut-{asks}"
        outcome, _ = quick(folder, **recipe, control=after(asks))
        assert outcome.status == "stopped"
        _, again = quick(folder, **recipe, resume=True)
        assert same(weights(tmp_path / "whole"), weights(folder))
        assert again.measured()[4] == messages.measured()[4]


def test_threads_share_out_a_recipes_batch_without_changing_what_is_drawn(tmp_path: Path) -> None:
    """What is drawn is drawn for the whole batch, before it is shared out."""
    losses = {}
    for threads in (1, 2):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            fixed = {"dropout": 0.0, "attention_dropout": 0.0, "drop_path": 0.0, "batch_size": 40}
            _, messages = quick(**RECIPE | fixed)
        finally:
            torch.set_num_threads(before)
        losses[threads] = list(messages.losses().values())
    assert np.allclose(losses[1], losses[2], rtol=1e-4)
