"""Published checkpoints: round trips, resizing, what is said, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from vitcore.errors import UserError
from vitcore.models import build, load_published

# The authors' names for ours, written down again so that a slip in the loader's own table shows.
PUBLISHED = {
    "tokenizer.convolutions.": "tokenizer.conv_layers.",
    "positions.table": "classifier.positional_emb",
    "leading": "classifier.class_emb",
    "pools.0.score": "classifier.attention_pool",
    "blocks.": "classifier.blocks.",
    ".norm1.": ".pre_norm.",
    ".norm2.": ".norm1.",
    ".attention.qkv": ".self_attn.qkv",
    ".attention.projection": ".self_attn.proj",
    ".mlp.expand": ".linear1",
    ".mlp.contract": ".linear2",
    "heads.0": "classifier.fc",
}
FAMILY = ["cct-2/3x2", "cct-6/3x1", "cvt-2/8", "vit-lite-2/8"]


def published(model: nn.Module) -> dict[str, Tensor]:
    """A model's weights under the names of the authors' checkpoints."""
    state = {}
    for name, tensor in model.state_dict().items():
        if name.startswith("tokenizer."):
            front, place, kind = name.rsplit(".", 2)
            name = f"{front}.{place}.0.{kind}"
        elif name.startswith("norm."):
            name = f"classifier.{name}"
        for measured, other in PUBLISHED.items():
            name = name.replace(measured, other)
        state[name] = tensor.clone().contiguous()
    return state


def perturbed(name: str, **options: object) -> nn.Module:
    torch.manual_seed(1)
    model = build(name, **options).eval()  # type: ignore[arg-type]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return model


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors"])
@pytest.mark.parametrize("name", FAMILY)
def test_a_round_trip_gives_the_same_logits(name: str, suffix: str, tmp_path: Path) -> None:
    source = perturbed(name)
    path = tmp_path / f"weights{suffix}"
    if suffix == ".safetensors":
        save_file(published(source), path)
    else:
        torch.save(published(source), path)
    model = build(name).eval()
    text = load_published(model, path)
    image = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(model(image), source(image), atol=1e-6, rtol=0)
    assert text == [f"Loaded {len(source.state_dict())} tensors from weights{suffix}."]


def test_the_key_layout_is_that_of_the_authors(tmp_path: Path) -> None:
    keys = published(build("vit-lite-2/8")).keys()
    assert {
        "tokenizer.conv_layers.0.0.weight",
        "tokenizer.conv_layers.0.0.bias",
        "classifier.class_emb",
        "classifier.positional_emb",
        "classifier.blocks.1.pre_norm.weight",
        "classifier.blocks.1.self_attn.qkv.weight",
        "classifier.blocks.1.self_attn.proj.bias",
        "classifier.blocks.1.norm1.bias",
        "classifier.blocks.1.linear1.weight",
        "classifier.blocks.1.linear2.bias",
        "classifier.norm.weight",
        "classifier.fc.weight",
    } <= keys
    assert "classifier.attention_pool.weight" in published(build("cvt-2/8"))


def test_a_checkpoint_takes_any_kernel_for_its_random_features_are_drawn_here(tmp_path: Path) -> None:
    torch.save(published(perturbed("cct-2/3x2")), tmp_path / "w.pth")
    model: Any = build("cct-2/3x2", kernel="favor+", features=16)
    drawn = model.blocks[0].attention.random_features.clone()
    load_published(model, tmp_path / "w.pth")
    assert torch.equal(model.blocks[0].attention.random_features, drawn)


@pytest.mark.parametrize("wrap", ["state_dict", "model"])
def test_wrapped_and_parallel_checkpoints_load_too(wrap: str, tmp_path: Path) -> None:
    source = perturbed("cct-2/3x2")
    torch.save({wrap: {f"module.{k}": v for k, v in published(source).items()}, "epoch": 3}, tmp_path / "w.pth")
    model = build("cct-2/3x2").eval()
    load_published(model, tmp_path / "w.pth")
    image = torch.randn(1, 3, 32, 32)
    torch.testing.assert_close(model(image), source(image), atol=1e-6, rtol=0)


def test_positions_are_resized_and_a_head_of_other_classes_stays_fresh(tmp_path: Path) -> None:
    source: Any = perturbed("vit-lite-2/8")
    torch.save(published(source), tmp_path / "w.pth")
    model: Any = build("vit-lite-2/8", image_size=64, classes=7)
    fresh = model.heads[0].weight.clone()
    text = load_published(model, tmp_path / "w.pth")
    assert text[1:] == [
        "Resized the positions from 16 to 64 tokens.",
        "The checkpoint tells 10 classes apart and this model 7: the head is fresh and needs training.",
    ]
    torch.testing.assert_close(model.heads[0].weight, fresh)
    old, new = source.positions.table[0], model.positions.table[0]
    torch.testing.assert_close(new[0], old[0])  # the class token's row
    grid = old[1:].reshape(4, 4, -1)
    torch.testing.assert_close(new[1], grid[0, 0])  # corners keep their value: bilinear, edges clamped
    # Half pixels: place 1 of 8 stands at 0.25 of 4, three quarters from the first and one from the second.
    torch.testing.assert_close(new[2], 0.75 * grid[0, 0] + 0.25 * grid[0, 1])
    assert model(torch.randn(1, 3, 64, 64)).shape == (1, 7)


def test_sinusoidal_positions_are_computed_anew_for_another_size(tmp_path: Path) -> None:
    torch.save(published(perturbed("cct-2/3x2", pos_embed="sinusoidal")), tmp_path / "w.pth")
    model: Any = build("cct-2/3x2", image_size=64, pos_embed="sinusoidal")
    table = model.positions.table.clone()
    assert "sinusoidal positions for 256 tokens; the checkpoint has 64" in load_published(model, tmp_path / "w.pth")[1]
    assert torch.equal(model.positions.table, table)


@pytest.mark.parametrize(
    ("other", "measured", "options", "message"),
    [
        ("cct-2/3x2", "cct-4/3x2", {}, "has 2 blocks and this model 4: it is a checkpoint of another model"),
        ("cct-6/3x1", "cct-6/3x2", {}, "another model"),
        (
            "cvt-2/8",
            "vit-lite-2/8",
            {},
            "another model: it lacks 1 of this model's 30 tensors, such as leading and has 2 that",
        ),
        ("cvt-2/8", "cvt-2/4", {}, r"its tokenizer.* is 128 x 3 x 8 x 8 and this model's 128 x 3 x 4 x 4"),
        ("cct-2/3x2", "cct-2/3x2", {"channels": 1}, "is 64 x 3 x 3 x 3 and this model's 64 x 1 x 3 x 3"),
        ("cct-2/3x2", "cct-2/3x2", {"pos_embed": "none"}, "it has 1 that this model has not, such as positions.table"),
        ("cct-2/3x2", "resnet18", {}, "none of its 31 tensors has a name of a ResNet's, as 'classifier.att"),
    ],
)
def test_a_checkpoint_of_another_model_is_refused_and_changes_nothing(
    other: str, measured: str, options: dict[str, object], message: str, tmp_path: Path
) -> None:
    torch.save(published(perturbed(other)), tmp_path / "w.pth")
    model = build(measured, **options)  # type: ignore[arg-type]
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(UserError, match=message) as refused:
        load_published(model, tmp_path / "w.pth")
    assert "\n" not in str(refused.value)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


class Planted:
    """An object whose unpickling would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_a_hostile_or_broken_file_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    model = build("cct-2/3x2")
    torch.save({"weights": Planted(tmp_path / "ran")}, tmp_path / "evil.pth")
    (tmp_path / "torn.pth").write_bytes(b"PK\x03\x04 torn")
    (tmp_path / "torn.safetensors").write_bytes(b"\xff" * 40)
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({}, tmp_path / "empty.pt")
    torch.save({"encoder.weight": torch.zeros(2)}, tmp_path / "foreign.pt")
    for name in ("evil.pth", "torn.pth", "torn.safetensors", "list.pt", "empty.pt", "foreign.pt", "absent.pt"):
        with pytest.raises(UserError, match=name) as refused:
            load_published(model, tmp_path / name)
        assert "\n" not in str(refused.value)
    assert not (tmp_path / "ran").exists()
