"""Others' weights give others' answers here: timm's, DeiT's, Hugging Face's, torchvision's and vitcore's own files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from tests.models.foreign_names import hugging_face, perturbed
from vitcore.errors import UserError
from vitcore.layers.pos_embed import resized
from vitcore.models import build, load_published, timm_nets
from vitcore.models.checkpoint_formats import load
from vitcore.vision import torchvision

# Two blocks of an eighth of the width are made of the same parts; heads, patches and tokens are the networks' own.
SHORT: dict[str, dict[str, Any]] = {
    "vit-s/16": {"embed_dim": 48, "num_heads": 6, "mlp_ratio": 4},
    "deit-s/16": {"embed_dim": 48, "num_heads": 6, "mlp_ratio": 4},
    "deit-b/16": {"embed_dim": 96, "num_heads": 12, "mlp_ratio": 4},
    "vit-l/16": {"embed_dim": 128, "num_heads": 16, "mlp_ratio": 4},
    "vit-h/14": {"embed_dim": 160, "num_heads": 16, "mlp_ratio": 4},
}


def timms(name: str, image_size: int, classes: int = 11) -> nn.Module:
    """timm's own network of the same dimensions, its weights moved."""
    library = timm_nets.library()
    kind = library.models.deit.VisionTransformerDistilled if name.startswith("deit") else (
        library.models.vision_transformer.VisionTransformer)  # fmt: skip
    model = kind(img_size=image_size, patch_size=int(name.split("/")[1]), depth=2, num_classes=classes, **SHORT[name])
    return perturbed(model)


def answers(model: nn.Module, other: nn.Module, image_size: int, channels: int = 3) -> None:
    images = torch.randn(2, channels, image_size, image_size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(model.eval()(images), other.eval()(images), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", SHORT)
def test_vit_and_deit_of_timm_and_of_hugging_face(name: str, tmp_path: Path) -> None:
    image_size = 3 * int(name.split("/")[1])
    other = timms(name, image_size)
    weights = {key: tensor.clone() for key, tensor in other.state_dict().items()}
    stem = "deit" if name.startswith("deit") else "vit"
    bare = {key.removeprefix(f"{stem}."): tensor for key, tensor in hugging_face(weights, stem).items()}
    bare |= {"pooler.dense.weight": torch.zeros(3, 3), "embeddings.mask_token": torch.zeros(1, 1, 3)}
    for written in (weights, hugging_face(weights, stem), bare):
        save_file({key: tensor.contiguous() for key, tensor in written.items()}, tmp_path / "w.safetensors")
        model = build(name, image_size=image_size, classes=11, depth=2, **SHORT[name])
        text = load_published(model, tmp_path / "w.safetensors")
        answers(model, other, image_size)
        assert text[0] == f"Loaded {len(model.state_dict())} tensors from w.safetensors."
        assert text[1:] == (
            ["Left out 2 tensors that this model has no place for, such as embeddings.mask_token."]
            if written is bare else []
        )  # fmt: skip


def test_positions_of_another_size_are_resized_as_timm_resizes_them(tmp_path: Path) -> None:
    other = timms("deit-s/16", 48)
    torch.save(hugging_face(other.state_dict(), "deit"), tmp_path / "w.pt")
    model: Any = build("deit-s/16", image_size=64, classes=11, depth=2, **SHORT["deit-s/16"])
    assert "Resized the positions from 9 to 16 tokens." in load_published(model, tmp_path / "w.pt")
    before: Tensor = other.state_dict()["pos_embed"]
    assert torch.equal(model.positions.table, resized(before, 18, 2, "bicubic"))
    library = timm_nets.library()
    timms_own = library.layers.resample_abs_pos_embed(before, new_size=(4, 4), num_prefix_tokens=2)
    torch.testing.assert_close(model.positions.table, timms_own, atol=1e-6, rtol=0)


TORCHVISIONS: dict[str, Callable[[], nn.Module]] = {
    "resnet18": lambda: torchvision.models.resnet18(num_classes=7),
    "resnet50": lambda: torchvision.models.resnet50(num_classes=7),
    "mobilenetv2/0.5": lambda: torchvision.models.mobilenet_v2(num_classes=7, width_mult=0.5),
}


@pytest.mark.parametrize("name", TORCHVISIONS)
def test_torchvisions_networks(name: str, tmp_path: Path) -> None:
    other = perturbed(TORCHVISIONS[name](), 3, 64, 64)
    weights = {f"module.{key}": tensor for key, tensor in other.state_dict().items()}
    old = {key: tensor for key, tensor in weights.items() if not key.endswith("num_batches_tracked")}
    for written in (weights, old, {**old, "module.total_ops": torch.zeros(1)}):
        torch.save({"state_dict": written}, tmp_path / "w.pth")
        model = build(name, classes=7)
        load_published(model, tmp_path / "w.pth")
        answers(model, other, 32)
    done = load(fresh := build(name, classes=5), tmp_path / "w.pth")
    assert done.fresh_head
    assert "The checkpoint tells 7 classes apart and this model 5: the head is fresh and needs training." in done.notes
    assert fresh(torch.zeros(2, 3, 32, 32)).shape == (2, 5)
    with pytest.raises(UserError, match=r"is 64 x 3 x 7 x 7 and|is 16 x 3 x 3 x 3 and"):
        load_published(build(name, classes=7, channels=1), tmp_path / "w.pth")


def test_timms_resnet_is_torchvisions_and_its_own_networks_take_their_own_files(tmp_path: Path) -> None:
    library = timm_nets.library()
    other = perturbed(library.create_model("resnet18", num_classes=7), 3, 64, 64)
    torch.save(other.state_dict(), tmp_path / "w.pth")
    for name in ("resnet18", "timm/resnet18"):
        model = build(name, classes=7)
        load_published(model, tmp_path / "w.pth")
        answers(model, other, 32)
    with pytest.raises(UserError, match=r"another model|not a checkpoint of"):
        load_published(build("timm/test_resnet"), tmp_path / "w.pth")


OWN: dict[str, dict[str, Any]] = {
    "cct-2/3x2": {"image_size": 16},
    "performer": {"image_size": 16, "channels": 1, "kernel": "favor+", "features": 8},
    "cnn": {"image_size": 16, "channels": 1},
    "resnet56": {},
    "timm/test_resnet": {"channels": 1},
}


@pytest.mark.parametrize("name", OWN)
def test_vitcores_own_files(name: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"classes": 4, **OWN[name]}
    image_size, channels = options.get("image_size", 32), options.get("channels", 3)
    other = perturbed(build(name, **options), channels, image_size, image_size)
    save_file(other.state_dict(), tmp_path / "model.safetensors", metadata={"format": "vitcore 1"})
    model: Any = build(name, **options)
    load_published(model, tmp_path / "model.safetensors")
    answers(model, other, image_size, channels)
