"""ONNX: another runtime gives what our model gives, for every family; what cannot be written is one sentence."""

import importlib
import json
import os
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from tests.pages.texts import give_weights, tell
from vitcore.data.augment import Normalize
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.layers.kernels import KERNELS
from vitcore.models import ARCHITECTURES, Options
from vitcore.runs import predict
from vitcore.runs.export import graph_of, write_onnx
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

SHORT: dict[str, tuple[str, dict[str, Any], int]] = {
    "compact": ("cct-2/3x2", {"depth": 1}, 16),
    "vit": ("deit-s/16", {"depth": 1, "embed_dim": 48, "mlp_dim": 48}, 32),
    "hybrid": ("hybrid", {"depth": 1, "embed_dim": 16, "mlp_dim": 16, "window": 4}, 16),
    "small_cnn": ("cnn", {}, 16),
    "resnet": ("resnet56", {"blocks": 1}, 16),
    "torchvision_nets": ("resnet18", {}, 16),
    "proxyless": ("proxyless-g", {}, 16),
}
"""A model of each family, cut short: its parts are those of the long ones, and the exporter takes seconds a layer."""


def short(family: str, kernel: str = "softmax") -> tuple[nn.Module, int]:
    name, changed, image_size = SHORT[family]
    plain = dict.fromkeys(("features", "epsilon", "patch", "dropout", "attention_dropout", "drop_path"))
    options = Options(channels=3, image_size=image_size, classes=5, kernel=kernel, orthogonal=True, redraw_every=0,
                      pos_embed="learnable", **plain)  # fmt: skip
    torch.manual_seed(0)
    config = {**ARCHITECTURES[name].config, **changed}
    model: nn.Module = importlib.import_module(f"vitcore.models.{family}").build(config, options)
    if family == "proxyless":  # of its 54 blocks two, and its end anew
        stem = list(cast(nn.Sequential, model))[:4]
        width = nn.Sequential(*stem)(torch.zeros(2, 3, image_size, image_size)).shape[1]
        ends = [nn.BatchNorm2d(width), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 5)]
        model = nn.Sequential(*stem, *ends)
    for module in model.modules():  # as after training: fresh statistics would let the logits grow without bound
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        model.train()(torch.randn(8, 3, image_size, image_size))
    return model.eval(), image_size


def agree(model: nn.Module, image_size: int, file: Path) -> None:
    data = DATASETS["cifar-10"]
    graph_of(model, data.mean, data.std, (2, 3, image_size, image_size), "it").save(file)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    normalize = Normalize(data.mean, data.std, torch.device("cpu"))
    for count in (1, 3):
        images = torch.randint(256, (count, 3, image_size, image_size), generator=torch.Generator().manual_seed(count))
        with torch.inference_mode():
            measured = model(normalize(images)).numpy()
        [other] = session.run(None, {"images": images.numpy().astype(np.float32) / 255})
        assert other.shape == measured.shape == (count, 5)
        assert np.abs(other - measured).max() < 1e-4 * max(1, np.abs(measured).max())


def test_every_family_is_tried() -> None:
    assert set(SHORT) == {value.family for value in ARCHITECTURES.values()}


@pytest.mark.parametrize("family", SHORT)
def test_another_runtime_agrees(family: str, tmp_path: Path) -> None:
    agree(*short(family), tmp_path / "it.onnx")


FORMULA = "f: where(x < 1, gelu(x), softplus(x)) + max(sin(x), min(tanh(x), 0.5)) + log1p(x**2)/(x**2 + 1) + 2"


@pytest.mark.parametrize("kernel", [*(name for name in KERNELS if name in ("favor+", "elu+1", "max(x^4,0)")), FORMULA])
def test_another_runtime_agrees_on_linear_kernels(kernel: str, tmp_path: Path) -> None:
    agree(*short("compact", kernel), tmp_path / "it.onnx")


def test_a_stored_run_is_one_file_with_its_classes(tmp_path: Path) -> None:
    run = tell(Results(tmp_path), RunSpec.of(architecture="cnn", samples=100, epochs=1))
    give_weights(run)
    file = tmp_path / "there" / "model.onnx"
    with pytest.raises(UserError, match="no folder"):
        write_onnx(run, file)
    file.parent.mkdir()
    file.write_bytes(b"an older one")
    write_onnx(run, file)
    assert os.listdir(file.parent) == ["model.onnx"]
    onnx.checker.check_model(file)
    about = {entry.key: entry.value for entry in onnx.load(file).metadata_props}
    loaded = predict.load(run)
    assert json.loads(about["classes"]) == list(loaded.classes)
    assert RunSpec.parse(json.loads(about["spec"])) == run.spec()


def test_a_run_without_weights_is_refused(tmp_path: Path) -> None:
    run = tell(Results(tmp_path), RunSpec.of(architecture="cnn", samples=100, epochs=1))
    with pytest.raises(UserError, match="no weights"):
        write_onnx(run, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


def test_what_onnx_has_no_words_for_is_one_sentence() -> None:
    class Odd(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images if float(images.sum()) > 0 else -images  # depends on what is seen

    with pytest.raises(UserError, match="odd cannot be written as ONNX") as messages:
        graph_of(Odd(), (0.5,), (0.5,), (2, 1, 8, 8), "odd")
    assert "\n" not in str(messages.value)
