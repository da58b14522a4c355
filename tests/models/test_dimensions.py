"""Dimensions in place of an architecture's own: built as chosen, counted, refused in a sentence, one fingerprint."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from vitcore.cost.description import Choice, describe
from vitcore.errors import UserError
from vitcore.layers.attention import Attention
from vitcore.layers.pooling import ClassToken, MeanPool, SequencePool
from vitcore.layers.tokenizers import ConvolutionalTokenizer, PatchTokenizer
from vitcore.models import ARCHITECTURES, build, count
from vitcore.models.dimensions import Dimensions, configured, resolved
from vitcore.models.transformer import Transformer
from vitcore.runs import origins
from vitcore.spec import RunSpec, command_line

TRANSFORMERS = [name for name, row in ARCHITECTURES.items() if row.attention]
POOLS = {"class": ClassToken, "sequence": SequencePool, "mean": MeanPool}


def parameters(**size: Any) -> int:
    """Of a transformer, counted by hand: c channels in, no positions, one head."""
    d, hidden, depth = size["embed_dim"], size["mlp_dim"], size["depth"]
    attention = d * 3 * d + (3 * d if size["qkv_bias"] else 0) + d * d + d
    block = attention + 2 * 2 * d + (d * hidden + hidden) + (hidden * d + d)
    last = 0 if size["norm_order"] == "post" else 2 * d
    read = {"class": d, "sequence": d + 1, "mean": 0}[size["pool"]]
    return int(size["tokenizer"] + depth * block + last + read + d * size["classes"] + size["classes"])


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("norm_order", ["compact", "pre", "post"])
@pytest.mark.parametrize("tokenizer", ["patch/4", "conv/3x2"])
@pytest.mark.parametrize("name", ["vit-lite-2/8", "cct-2/3x2", "vit-s/16", "cifar-vit"])
def test_what_is_chosen_is_built_and_has_the_parameters_of_a_count_by_hand(
    name: str, tokenizer: str, norm_order: str, pool: str
) -> None:
    torch.manual_seed(0)
    model = build(
        name, channels=1, image_size=16, classes=5, depth=3, embed_dim=24, num_heads=4, mlp_ratio=1.5, pos_embed="none",
        pool=pool, tokenizer=tokenizer, norm_order=norm_order,
    )  # fmt: skip
    assert isinstance(model, Transformer)
    cut = 1 * 24 * 16 + 24 if tokenizer == "patch/4" else 1 * 64 * 9 + 64 * 24 * 9
    own = {
        "embed_dim": 24,
        "mlp_dim": 36,
        "depth": 3,
        "classes": 5,
        "norm_order": norm_order,
        "pool": pool,
        "tokenizer": cut,
    }
    assert count.parameters(model) == parameters(**own, qkv_bias=ARCHITECTURES[name].family != "compact")
    assert isinstance(model.tokenizer, PatchTokenizer if tokenizer == "patch/4" else ConvolutionalTokenizer)
    assert [type(each) for each in model.pools] == [POOLS[pool]]
    assert {(each.num_heads, each.head_width) for each in model.modules() if isinstance(each, Attention)} == {(4, 6)}
    assert {getattr(block, "norm_order", None) for block in model.blocks} == {norm_order}
    assert isinstance(model.norm, nn.Identity if norm_order == "post" else nn.LayerNorm)
    logits = model(torch.randn(2, 1, 16, 16))
    assert logits.shape == (2, 5)
    logits.sum().backward()
    assert all(each.grad is not None and each.grad.isfinite().all() for each in model.parameters())


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_an_architectures_own_dimensions_change_nothing(name: str) -> None:
    known = ARCHITECTURES[name]
    own = resolved(known)
    chosen = Dimensions(
        depth=own["depth"], embed_dim=own["embed_dim"], num_heads=own["num_heads"], pool=own["pool"],
        norm_order=own["norm_order"], mlp_ratio=own["mlp_dim"] / own["embed_dim"],
        tokenizer=None if own["tokenizer"].startswith("quality") else own["tokenizer"],
    )  # fmt: skip
    assert resolved(known, chosen) == own
    plain, spelled = (
        RunSpec.of(
            architecture=name,
            dataset="tiny-imagenet" if known.image_size == 64 else "cifar-10",
            image_size=known.image_size,
            **given,
        )
        for given in ({}, {each: getattr(chosen, each) for each in chosen.__dataclass_fields__})
    )
    assert spelled.fingerprint() == plain.fingerprint()
    with torch.device("meta"):
        first, second = (build(name, image_size=known.image_size, **given) for given in ({}, vars(chosen)))
    assert {key: value.shape for key, value in first.state_dict().items()} == {
        key: value.shape for key, value in second.state_dict().items()
    }


def test_each_dimension_makes_another_run() -> None:
    base = {"architecture": "vit-lite-2/4", "dataset": "mnist"}
    changes: list[dict[str, Any]] = [
        {}, {"depth": 3}, {"embed_dim": 64}, {"num_heads": 4}, {"mlp_ratio": 3.0}, {"pool": "mean"},
        {"tokenizer": "conv/3x2"}, {"norm_order": "pre"}, {"patch": 7},
    ]  # fmt: skip
    assert len({RunSpec.of(**base, **change).fingerprint() for change in changes}) == len(changes)
    assert RunSpec.of(**base, tokenizer="patch/7").fingerprint() == RunSpec.of(**base, patch=7).fingerprint()
    spec = RunSpec.of(**base, depth=3, tokenizer="conv/3x2", pool="mean")
    assert "--tokenizer conv/3x2 --depth 3 --pool mean" in command_line(spec)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("vit-lite-2/4", {"num_heads": 5}, "5 heads do not divide an embed_dim of 128; choose 1, 2, 4, 8, 16, 32, 64 "
         "heads, or an embed_dim of 125 or 130"),
        ("vit-lite-2/4", {"embed_dim": 7, "num_heads": 10}, "choose 1, 7 heads, or an embed_dim of 10"),
        ("resnet18", {"depth": 3}, "resnet18 is no transformer, so its depth cannot be set"),
        ("resnet18", {"pool": "mean"}, "resnet18 is no transformer, so its pool cannot be set"),
        ("deit-s/16", {"pool": "mean", "image_size": 32}, "a class token and a distillation token"),
        ("hybrid", {"pool": "class"}, "reaches 8 tokens either way"),
        ("vit-lite-2/4", {"patch": 8, "tokenizer": "patch/4"}, "both say how an image is cut"),
        ("vit-lite-2/4", {"tokenizer": "patch/5"}, "a patch of 5 pixels does not divide"),
        ("vit-lite-2/4", {"tokenizer": "patch/0"}, "there is no tokenizer 'patch/0'; give patch/4"),
        ("cct-2/3x2", {"tokenizer": "conv/3x9"}, "there is no tokenizer 'conv/3x9'"),
        ("cct-2/3x2", {"tokenizer": "words"}, "words"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_one_sentence_with_the_numbers_that_would_do(
    name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError) as refused:
        RunSpec.of(architecture=name, dataset="cifar-10", **options)
    assert message in str(refused.value), str(refused.value)
    assert "\n" not in str(refused.value)


def test_counts_and_drawing_follow() -> None:
    found = describe("vit-lite-2/4", Choice(depth=5, embed_dim=64, num_heads=8, pool="mean", tokenizer="conv/3x2"), 2)
    own = describe("vit-lite-2/4", Choice(), 2)
    assert found.parameters != own.parameters
    drawn = {stage.kind: stage for stage in found.stages}
    assert drawn["encoder"].count == 5
    assert drawn["encoder"].details[:1] == ("8 heads",)
    assert "mean" in drawn
    assert drawn["convolutions"].details[0] == "2 × 3 × 3, ReLU,"
    assert drawn["tokens"].num_prefix_tokens == 0


def test_a_run_starts_only_from_one_of_the_same_dimensions() -> None:
    small = RunSpec.of(architecture="vit-lite-2/4", dataset="mnist", depth=3)
    assert origins.fits(small, RunSpec.of(small, seed=1, num_heads=2))  # its own
    assert not origins.fits(small, RunSpec.of(small, depth=4))
    with pytest.raises(UserError, match="has the embed_dim 128 and this run the embed_dim 64"):
        origins.hold("run a", small, RunSpec.of(small, embed_dim=64))


def test_the_hybrid_may_cut_patches_instead_of_weighing_them() -> None:
    config = configured(ARCHITECTURES["hybrid"], Dimensions(tokenizer="patch/8"))
    assert "stem_stride" not in config
    model = build("hybrid", image_size=32, tokenizer="patch/8", depth=1, norm_order="pre", pool="sequence")
    assert isinstance(model.tokenizer, PatchTokenizer)
    assert model(torch.randn(1, 3, 32, 32)).shape == (1, 10)
