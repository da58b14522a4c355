"""Every format x wrapper x prefix x precision of a checkpoint loads, or is refused in one sentence that says why."""

from __future__ import annotations

import argparse
import functools
import io
import itertools
import json
import pickle
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save, save_file
from torch import Tensor, nn

from tests.models.foreign_names import Weights, hugging_face, perturbed
from vitcore.errors import UserError
from vitcore.models import build, load_published, timm_nets

DIMENSIONS: dict[str, Any] = {"depth": 1, "embed_dim": 24, "num_heads": 3, "mlp_ratio": 2}
PRECISIONS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


@functools.cache
def timms() -> nn.Module:
    kind = timm_nets.library().models.vision_transformer.VisionTransformer
    return perturbed(kind(img_size=16, patch_size=8, num_classes=5, **DIMENSIONS))


def small() -> nn.Module:
    return build("vit-s/16", image_size=16, patch=8, classes=5, **DIMENSIONS).eval()


def fronted(front: str) -> Callable[[Weights], Weights]:
    return lambda weights: {f"{front}{name}": tensor for name, tensor in weights.items()}


def head_outside(weights: Weights) -> Weights:
    return {name if "head" in name or "classifier" in name else f"backbone.{name}": t for name, t in weights.items()}


PREFIXES: dict[str, Callable[[Weights], Weights]] = {
    "none": dict,
    **{front: fronted(front) for front in (
        "module.", "_orig_mod.", "model.", "net.", "_orig_mod.module.", "module._orig_mod.model.", "backbone.encoder.",
        "student.backbone.", "my_own_network.inner.",
    )},
    "head outside": head_outside,
}  # fmt: skip
LIGHTNING: dict[str, Any] = {"epoch": 3, "pytorch-lightning_version": "2.5", "optimizer_states": [{"lr": 0.1}]}
WRAPPERS: dict[str, Callable[[Weights], Any]] = {
    "none": dict,
    "state_dict": lambda weights: {"state_dict": weights, **LIGHTNING},
    "model": lambda weights: {"model": weights, "optimizer": {"state": {0: {"exp_avg": torch.ones(2)}}}},
    "of any name": lambda weights: {"ergebnis": {"netz": {"gewichte": weights}}, "accuracies": torch.rand(3)},
    "beside values": lambda weights: {**weights, "epoch": 7, "best": 0.5},
    "timm": lambda weights: {
        "epoch": 3, "arch": "vit", "state_dict": weights, "optimizer": {"state": {}, "param_groups": []}, "version": 2,
        "args": argparse.Namespace(lr=0.1, model="vit", mean=(0.5, 0.5), scheduler=None), "metric": 71.5,
    },
}  # fmt: skip


def zipped(content: Any) -> bytes:
    return pickled(content, legacy=False)


def pickled(content: Any, *, legacy: bool = True) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


FORMATS: dict[str, Callable[[Any], bytes]] = {
    "w.pth": zipped,
    "w.safetensors": zipped,  # misnamed
    "w.ckpt": pickled,
    "w": save,
    "w.pt": save,  # misnamed
}


def files() -> Iterator[tuple[str, bytes, torch.dtype]]:
    """What a file is named, its content, and its numbers, whose kinds take turns, as the programs' names do."""
    whole = {name: tensor.clone() for name, tensor in timms().state_dict().items()}
    named = (whole, hugging_face(whole))
    for place, (prefix, wrapper, (name, write)) in enumerate(
        itertools.product(PREFIXES.values(), WRAPPERS.values(), FORMATS.items())
    ):
        if write is save and wrapper is not dict:
            continue  # a safetensors file is one table
        dtype = PRECISIONS[place % len(PRECISIONS)]
        weights = prefix({key: tensor.to(dtype) for key, tensor in named[place % 3 % 2].items()})
        yield name, write(wrapper(weights)), dtype


def test_every_file_loads_and_answers_as_the_network_it_was_written_from(tmp_path: Path) -> None:
    other, images = timms(), torch.randn(2, 3, 16, 16)
    expected = other(images)
    tried = 0
    for name, content, dtype in files():
        (tmp_path / name).write_bytes(content)
        model = small()
        text = load_published(model, tmp_path / name)
        close = {torch.float16: 2e-2, torch.bfloat16: 2e-1}.get(dtype, 1e-5)
        torch.testing.assert_close(model(images), expected, atol=close, rtol=0)
        assert any("are float32 here" in line for line in text) == (dtype is not torch.float32)
        assert not any("fresh" in line for line in text)
        assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
        tried += 1
    assert tried == 220


class Planted:
    """An object whose unpickling would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def archive(**entries: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries.items():
            packed.writestr(name.replace("__", "/").replace("_", "."), content)
    return file.getvalue()


def refused(canary: Path) -> dict[str, bytes]:
    """Files that are no such checkpoint, by what is said of them."""
    weights = {name: tensor.clone() for name, tensor in timms().state_dict().items()}
    numbers = {**weights, "norm.weight": weights["norm.weight"].to(torch.int8)}
    whole = io.BytesIO()
    np.savez(whole, **{name: tensor.numpy() for name, tensor in weights.items()})
    namespace = argparse.Namespace(model=Planted(canary))
    return {
        "is empty": b"",
        "is a Git LFS pointer.* `git lfs pull`": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n",
        "is a web page and no checkpoint": b"\n  <!DOCTYPE html><html><head><title>Not found</title>",
        "is a web page and no ": b"<HTML><body>Sign in",
        "is an HDF5 file, as Keras": b"\x89HDF\r\n\x1a\n" + bytes(40),
        "is compressed .gzip.; unpack": b"\x1f\x8b\x08" + bytes(40),
        "is a tar archive; unpack": b"model.pt".ljust(257, b"\0") + b"ustar\0" + bytes(300),
        "the index of a checkpoint in several files": json.dumps({"weight_map": {"a": "b"}}).encode(),
        "a text in JSON and no checkpoint": b'{"hidden_size": 768}',
        "zip archive of NumPy's arrays": whole.getvalue(),
        "is a zip archive without a state dict": archive(readme_txt=b"see there"),
        "is a TorchScript program": archive(m__data_pkl=b"x", m__constants_pkl=b"y"),
        "takes up more unpacked": archive(m__data_pkl=bytes(3 << 20)),
        "cannot be read as a checkpoint": zipped(weights)[:2000],
        "cannot be read as a checkpoint .*whole": save(weights)[:-100],
        "no checkpoint of tensors alone": b"\x80\x02 not a pickle",
        "tensors alone .it holds getattr., so nothing": pickled({"state_dict": weights, "args": Planted(canary)}),
        "tensors alone .it holds getattr.": zipped({"state_dict": weights, "args": namespace}),
        "it holds torch.nn.modules.linear.Linear": zipped(nn.Linear(2, 2)),
        "is no checkpoint of tensors alone": pickle.dumps(weights),
        "holds no state dict, but a list": zipped([1, 2]),
        'holds no state dict, but a table with "epoch"': zipped({"epoch": 3}),
        "holds no state dict, but an empty table": zipped({}),
        "is not a checkpoint of this network: none of its 1 tensors": zipped({"strange.weight": torch.ones(2)}),
        "holds int8 numbers where weights are .its norm.weight.": zipped(numbers),
        "is not finite": zipped({**weights, "norm.bias": torch.full((24,), torch.inf)}),
        "lacks 1 of this model's": zipped({name: weights[name] for name in weights if name != "norm.bias"}),
        "has 1 that this model has not, such as extra": zipped({**weights, "extra.scale": torch.ones(2)}),
        "has 2 blocks and this model 1": zipped(
            weights | {name.replace("blocks.0", "blocks.1"): tensor for name, tensor in weights.items()}
        ),
        "its norm.weight is 25 and this model's 24": zipped({**weights, "norm.weight": torch.ones(25)}),
        "lacks 1 of this model's .* such as blocks.0.attention.qkv": zipped(
            {name: tensor for name, tensor in hugging_face(weights).items() if "attention.key.weight" not in name}
        ),
    }


def test_every_other_file_is_one_sentence_and_changes_nothing(tmp_path: Path) -> None:
    model = small()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    for words, content in refused(tmp_path / "ran").items():
        for name in ("w.pth", "w.safetensors"):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(UserError, match=words) as error:
                load_published(model, tmp_path / name)
            assert str(error.value).startswith((name, f"the model in {name}"))
            assert "\n" not in str(error.value)
    for place in (tmp_path, tmp_path / "absent.pth"):
        with pytest.raises(UserError, match=r"is no file|there is no file"):
            load_published(model, place)
    assert not (tmp_path / "ran").exists(), "nothing was executed"
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_of_two_networks_in_one_table_either_can_be_taken(tmp_path: Path) -> None:
    """As self-distillation (DINO) writes them; and what stands beside them is said to be left out."""
    weights = {name: tensor.clone() for name, tensor in timms().state_dict().items()}
    half = {name: 0.5 * tensor for name, tensor in weights.items()}
    loss = {"criterion.center": torch.ones(3)}
    save_file({**fronted("student.")(weights), **fronted("teacher.")(half), **loss}, tmp_path / "w.safetensors")
    for wanted, expected in (("trained", weights), ("'the file itself.teacher'".strip("'"), half)):
        model = small()
        text = load_published(model, tmp_path / "w.safetensors", wanted)
        assert torch.equal(model.get_parameter("norm.weight"), expected["norm.weight"])
        assert "holds several sets of weights" in text[1]
        assert "Left out" in text[2]


def test_an_average_is_found_behind_any_wrapper(tmp_path: Path) -> None:
    weights = {name: tensor.clone() for name, tensor in timms().state_dict().items()}
    half: dict[str, Tensor] = {name: 0.5 * tensor for name, tensor in weights.items()}
    contents: tuple[dict[str, Any], ...] = (
        WRAPPERS["timm"](weights) | {"state_dict_ema": fronted("module.")(half)},
        {
            **fronted("module.model.")(weights),
            **fronted("module.ema_model.module.")(half),
            "module.n_averaged": torch.ones(1),
        },
    )
    for content in contents:
        torch.save(content, tmp_path / "w.pth")
        for wanted, expected in (("trained", weights), ("averaged", half)):
            model = small()
            assert f"taken were the {wanted} ones" in load_published(model, tmp_path / "w.pth", wanted)[1]
            assert torch.equal(model.get_parameter("norm.weight"), expected["norm.weight"])
