"""Every architecture with every model option: it makes two steps, or is refused when its spec is made."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from vitcore.errors import UserError
from vitcore.layers.kernels import KERNELS
from vitcore.models import ARCHITECTURES, build, proxyless, without_effect
from vitcore.models.dimensions import NAMES
from vitcore.spec import ModelSpec, RunSpec
from vitcore.training.network import build_model

VALUES: dict[str, list[Any]] = {
    "kernel": ["relu", "favor+"],
    "patch": [2, 7, 64],
    "pos_embed": ["sinusoidal", "none"],
    "features": [5],
    "orthogonal": [False],
    "redraw_every": [1],
    "epsilon": [0.0, 0.5],
    "dropout": [0.5],
    "attention_dropout": [0.5],
    "drop_path": [0.5],
}
CASES: list[dict[str, Any]] = [{}, *({name: value} for name, values in VALUES.items() for value in values)]
CASES += [{"kernel": kernel, "features": 5, "redraw_every": 1} for kernel in ("softmax", "relu")]
FINGERPRINTS = {"default": "44136fa355b3", "relu": "637586b0ee45", "cnn": "d89f2147ba17"}


def test_every_model_option_is_tried() -> None:
    dimensions = {*NAMES}  # tried in tests/models/test_dimensions.py
    assert {"architecture", *VALUES, *dimensions} == set(ModelSpec.model_fields)


def shorten(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out of a network the blocks that are like those that stay; its images shrink by as much as before."""
    architecture = ARCHITECTURES[name]
    fewer = {
        part: 1 for part in ("depth", "blocks") if part in architecture.config and "w_0" not in architecture.config
    }
    monkeypatch.setitem(ARCHITECTURES, name, replace(architecture, config={**architecture.config, **fewer}))
    if architecture.family == "proxyless":  # 54 blocks of 48 layers would take minutes
        halving = sorted(proxyless.HALVED_BEFORE)
        monkeypatch.setattr(proxyless, "SEARCHED", [proxyless.SEARCHED[place] for place in (0, *halving)])
        monkeypatch.setattr(proxyless, "HALVED_BEFORE", tuple(range(1, 1 + len(halving))))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_two_steps_work_or_the_spec_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On tensors without content, which check shapes and normalization as true ones do, whatever the size."""
    shorten(name, monkeypatch)
    plain = without_effect(name, "softmax", None)
    for chosen in CASES:
        if chosen and set(chosen) <= plain:  # shown below to change nothing
            continue
        for size, image_size in ((1, 28), (2, 28), (1, 64)) if not chosen else ((2, 28),):
            try:
                spec = RunSpec.of(architecture=name, dataset="mnist", image_size=image_size, batch_size=size, **chosen)
            except UserError:
                continue
            with torch.device("meta"):
                model = build_model(spec, 1, image_size, 10).train()
                optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
                given = model(torch.zeros(size, 1, image_size, image_size))
                first = given if isinstance(given, torch.Tensor) else given[0]
                assert first.shape == (size, 10), (name, chosen)
                first.sum().backward()
                optimizer.step()


@pytest.mark.parametrize("option", ["dropout", "attention_dropout", "drop_path"])
def test_a_network_without_attention_takes_no_regulariser_of_a_transformer(option: str) -> None:
    for name, architecture in ARCHITECTURES.items():
        if not (architecture.skips if option == "drop_path" else architecture.attention):
            with pytest.raises(UserError, match=rf"^{name} has no {option.replace('_', ' ')}, so 0.5 cannot be set"):
                RunSpec.of(architecture=name, **{option: 0.5})


@pytest.mark.parametrize("chosen", [{"batch_size": 1}, {"samples": 1}], ids=str)
def test_a_single_pixel_of_a_single_image_is_refused_before_it_is_queued(chosen: dict[str, int]) -> None:
    with pytest.raises(UserError, match=r"resnet18 makes a single pixel of an image of 28 pixels, .* at least 2"):
        RunSpec.of(architecture="resnet18", dataset="mnist", **chosen)
    assert RunSpec.of(architecture="resnet18", dataset="mnist", image_size=64, **chosen)
    assert RunSpec.of(architecture="resnet56", dataset="mnist", **chosen)


def test_the_table_says_where_batch_normalization_meets_one_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    """`narrowing` is what the network itself does: at that side a lone image fails, one pixel more does not."""
    for name, architecture in ARCHITECTURES.items():
        if architecture.attention:
            continue
        shorten(name, monkeypatch)
        narrow = architecture.narrowing
        for image_size in (narrow, narrow + 16) if narrow > 1 else (16,):
            with torch.device("meta"):
                model = build(name, image_size=image_size).train()
                if narrow > 1 and image_size == narrow:
                    with pytest.raises(ValueError, match="more than 1 value per channel"):
                        model(torch.zeros(1, 3, image_size, image_size))
                else:
                    assert isinstance(model, nn.Module)
                    model(torch.zeros(1, 3, image_size, image_size))


@pytest.mark.parametrize("name", ["cnn", "resnet18", "vit-lite-2/8", "hybrid"])
@pytest.mark.parametrize("kernel", ["softmax", "relu", "favor+"])
def test_what_changes_nothing_is_no_part_of_the_fingerprint_and_all_else_is(name: str, kernel: str) -> None:
    if kernel != "softmax" and not ARCHITECTURES[name].attention:
        return
    plain = RunSpec.of(architecture=name, kernel=kernel, image_size=32)
    idle = without_effect(name, kernel, None)
    for option, values in VALUES.items():
        if option == "kernel":
            continue
        for value in values:
            try:
                changed = RunSpec.of(plain, **{option: value})
            except UserError:
                continue
            assert (changed.fingerprint() == plain.fingerprint()) == (option in idle), (option, value)


def test_no_stochastic_depth_is_a_resnets_own() -> None:
    """Spelled out or left empty, as before these networks could have any."""
    for name in ("resnet18", "resnet50", "cnn"):
        plain = RunSpec.of(architecture=name, image_size=32)
        assert RunSpec.of(plain, drop_path=0.0).fingerprint() == plain.fingerprint()


def logits(spec: RunSpec) -> torch.Tensor:
    torch.manual_seed(0)
    model = build_model(spec, 1, 32, 10)
    torch.manual_seed(1)
    given = model(torch.ones(2, 1, 32, 32))
    return given if isinstance(given, torch.Tensor) else given[0]


@pytest.mark.parametrize("name", ["cnn", "vit-lite-2/8", "hybrid"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_options_said_to_change_nothing_change_no_bit(name: str, kernel: str) -> None:
    if kernel != "softmax" and not ARCHITECTURES[name].attention:
        return
    plain = RunSpec.of(architecture=name, kernel=kernel, image_size=32)
    for option in without_effect(name, kernel, None) - {"redraw_every"}:
        for value in VALUES[option]:
            try:
                changed = RunSpec.of(plain, **{option: value})
            except UserError:
                continue
            assert torch.equal(logits(changed), logits(plain)), (option, value)


def test_one_run_spelled_differently_is_one_run(tmp_path: Path) -> None:
    assert RunSpec.of(samples=1437).fingerprint() == RunSpec().fingerprint() != RunSpec.of(samples=1436).fingerprint()
    assert RunSpec.of(dataset="mnist", image_size=28).fingerprint() == RunSpec.of(dataset="mnist").fingerprint()
    assert RunSpec.of(samples=1437, draw_from="all").fingerprint() != RunSpec.of(draw_from="all").fingerprint()
    (tmp_path / "images").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "images")
    first, second = (RunSpec.of(dataset="folder", folder=str(tmp_path / name)) for name in ("images", "link/../link"))
    assert first.fingerprint() == second.fingerprint()


def test_fingerprints_of_before_stand() -> None:
    assert RunSpec().fingerprint() == FINGERPRINTS["default"]
    assert RunSpec.of(kernel="relu", epochs=9).fingerprint() == FINGERPRINTS["relu"]
    assert RunSpec.of(architecture="cnn", dataset="mnist", samples=5000).fingerprint() == FINGERPRINTS["cnn"]
