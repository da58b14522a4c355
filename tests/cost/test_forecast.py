"""A forecast counts exactly, measures for real, and leaves no trace."""

from __future__ import annotations

import pytest
import torch

from vitcore.cost.forecast import forecast
from vitcore.errors import UserError
from vitcore.spec import RunSpec


def test_counts_and_measures() -> None:
    before = torch.get_rng_state()
    small = forecast(RunSpec.of(device="cpu", epochs=3), seconds=0.2)
    assert small.parameters == 280_651
    assert small.macs == pytest.approx(25.8e6, rel=0.02)
    assert small.images_per_second > 0
    assert small.training_minutes == pytest.approx(3 * 1437 / small.images_per_second / 60)
    assert small.minutes > small.training_minutes
    assert 5 < small.memory_mb < 2000
    assert torch.equal(torch.get_rng_state(), before)


def test_memory_grows_with_the_batch() -> None:
    estimates = [forecast(RunSpec.of(device="cpu", batch_size=size), seconds=0.05).memory_mb for size in (32, 256)]
    assert estimates[1] > 4 * estimates[0]


def test_a_folder_that_is_not_there_is_refused() -> None:
    with pytest.raises(UserError, match="no folder or archive"):
        forecast(RunSpec.of(device="cpu", dataset="folder", folder="/nowhere/at/all"), seconds=0.05)


@pytest.mark.parametrize(
    ("chosen", "least", "most"),
    [
        ({"optimizer": "sgd", "beta1": 0.0}, 0.0, 0.0),
        ({"optimizer": "sgd", "beta1": 0.9}, 4.0, 4.0),
        ({"optimizer": "muon"}, 4.0, 8.0),
        ({"optimizer": "adam"}, 8.0, 8.1),
        ({"optimizer": "adamw"}, 8.0, 8.1),
    ],
    ids=str,
)
def test_an_optimizers_own_state_is_counted(chosen: dict[str, object], least: float, most: float) -> None:
    """Bytes a parameter, beside weights and gradients."""
    from vitcore.training.optim import Optimizers

    spec = RunSpec.of(device="cpu", **chosen)
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.Linear(64, 10))
    optimizers = Optimizers(model, spec.optimizer)
    model(torch.ones(2, 64)).sum().backward()
    optimizers.step()
    bytes_each = optimizers.state_bytes() / sum(parameter.numel() for parameter in model.parameters())
    assert least <= bytes_each <= most


def test_the_forecast_counts_that_state() -> None:
    estimates = {name: forecast(RunSpec.of(device="cpu", optimizer=name), seconds=0.01) for name in ("sgd", "adamw")}
    more = estimates["adamw"].memory_mb - estimates["sgd"].memory_mb
    assert more == pytest.approx(4 * estimates["sgd"].parameters / 2**20, rel=0.01)


def test_a_larger_batch_has_fewer_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    """The optimizer's time is paid once a batch, so the whole run's time depends on how large it is."""
    monkeypatch.setattr("vitcore.cost.forecast._median_seconds", lambda *_: 0.5)
    speeds = {size: forecast(RunSpec.of(device="cpu", batch_size=size)).images_per_second for size in (16, 64, 256)}
    assert speeds == pytest.approx({16: 16, 64: 64, 256: 256 / (4 * 0.5 + 0.5)})


def test_a_quick_network_is_measured_with_a_larger_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    from vitcore.cost import forecast as measuring

    sizes: list[int] = []
    measured = measuring._measured

    def noted(*given: object, size: int, **more: object) -> object:
        sizes.append(size)
        return measured(*given, size=size, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(measuring, "_measured", noted)
    for seconds, batch, wanted in ((0.01, 65_536, [64, 512]), (0.01, 32, [32]), (0.5, 256, [64])):
        sizes.clear()
        monkeypatch.setattr(measuring, "_median_seconds", lambda *_, took=seconds: took)
        forecast(RunSpec.of(device="cpu", architecture="cnn", batch_size=batch))
        assert sizes == wanted
