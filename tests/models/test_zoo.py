"""Every architecture: exact counts, logits, user_errors; every transformer with every kernel learns."""

from __future__ import annotations

import warnings

import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor, nn

from vitcore.layers.attention import Attention
from vitcore.layers.drop_path import DropPathNorm
from vitcore.layers.kernels import KERNELS
from vitcore.models import ARCHITECTURES, build, check, count

# name, side, classes, parameters, MACs in G or None: the ground truth of reference implementations.
COUNTED = [
    ("resnet18", 32, 10, 11_181_642, 0.0370),
    ("resnet34", 32, 10, 21_289_802, 0.0748),
    ("mobilenetv2/0.5", 32, 10, 700_490, 0.0020),
    ("mobilenetv2/2.0", 32, 10, 8_722_698, 0.0232),
    ("resnet56", 32, 10, 853_018, 0.1255),
    ("resnet110", 32, 10, 1_727_962, 0.2529),
    ("resnet1k-v2", 32, 10, 10_327_706, 1.491),
    ("proxyless-g", 32, 10, 5_731_530, 1.213),
    ("vit-12/16", 32, 10, 85_631_242, 0.4275),
    ("vit-lite-7/16", 32, 10, 3_885_834, 0.0192),
    ("vit-lite-7/8", 32, 10, 3_741_450, 0.0642),
    ("vit-lite-7/4", 32, 10, 3_716_874, 0.2545),
    ("cvt-7/8", 32, 10, 3_741_195, 0.0604),
    ("cvt-7/4", 32, 10, 3_716_619, 0.2504),
    ("cct-2/3x2", 32, 10, 283_723, 0.0353),
    ("cct-7/3x2", 32, 10, 3_853_259, 0.2891),
    ("cct-7/3x1", 32, 10, 3_760_139, 1.1816),
    ("cct-7/3x1", 32, 100, 3_783_269, None),
    ("resnet50", 224, 1000, 25_557_032, 4.089),
    ("vit-s/16", 224, 1000, 22_050_664, 4.599),
    ("deit-s/16", 224, 1000, 22_436_432, 4.624),
    ("cct-14/7x2", 224, 1000, 22_367_273, 5.522),
    ("cct-14/7x2", 384, 102, 22_167_463, 18.580),
    ("deit-b/16", 384, 102, 86_248_908, 55.59),
    ("vit-l/16", 384, 1000, 304_715_752, 191.07),
    ("vit-h/14", 384, 1000, 632_651_240, 503.5),
    ("cct-7/7x2", 224, 102, 4_573_735, 1.605),
    ("vit-lite-2/4", 32, 10, 214_666, None),
    ("vit-lite-2/8", 32, 10, 226_954, None),
    ("vit-lite-2/16", 32, 10, 299_146, None),
    ("vit-lite-4/4", 32, 10, 413_066, None),
    ("vit-lite-4/8", 32, 10, 425_354, None),
    ("vit-lite-4/16", 32, 10, 497_546, None),
    ("vit-lite-6/4", 32, 10, 3_190_538, None),
    ("vit-lite-6/8", 32, 10, 3_215_114, None),
    ("vit-lite-6/16", 32, 10, 3_359_498, None),
    ("cvt-2/4", 32, 10, 214_539, None),
    ("cvt-2/8", 32, 10, 226_827, None),
    ("cvt-2/16", 32, 10, 299_019, None),
    ("cvt-4/4", 32, 10, 412_939, None),
    ("cvt-4/8", 32, 10, 425_227, None),
    ("cvt-4/16", 32, 10, 497_419, None),
    ("cvt-6/4", 32, 10, 3_190_283, None),
    ("cvt-6/8", 32, 10, 3_214_859, None),
    ("cvt-6/16", 32, 10, 3_359_243, None),
    ("cvt-7/16", 32, 10, 3_885_579, None),
    ("cvt-8/4", 32, 10, 4_242_955, None),
    ("cct-4/3x2", 32, 10, 482_123, None),
    ("cct-6/3x1", 32, 10, 3_233_803, None),
    ("cct-6/3x2", 32, 10, 3_326_923, None),
    ("cifar-vit", 32, 10, 7_593_514, None),
    ("cnn", 32, 10, 43_946, None),
    ("hybrid", 64, 200, 3_347_337, None),
]
TRANSFORMERS = [name for name, row in ARCHITECTURES.items() if row.attention]
HUGE = ("vit-12/16", "vit-l/16", "vit-h/14", "deit-b/16", "resnet1k-v2", "proxyless-g", "regnety-16gf")


def _on_meta(name: str, image_size: int, classes: int, channels: int = 3, pos_embed: str = "learnable") -> nn.Module:
    with torch.device("meta"):
        return build(name, channels=channels, image_size=image_size, classes=classes, pos_embed=pos_embed)


@pytest.mark.parametrize(("name", "image_size", "classes", "parameters", "giga"), COUNTED)
def test_counts_are_the_reference_implementations(
    name: str, image_size: int, classes: int, parameters: int, giga: float | None
) -> None:
    model = _on_meta(name, image_size, classes)
    assert count.parameters(model) == parameters
    if giga is not None:
        found = count.macs(model, 3, image_size)
        assert isinstance(found, int)
        # Half a per cent, or half a unit of the last digit that the reference is stated to.
        assert abs(found / 1e9 - giga) <= max(0.005 * giga, 0.00005)


def test_counts_at_mnists_size_and_without_positions() -> None:
    for name, parameters in (("cct-2/3x2", 280_651), ("cct-7/3x1", 3_740_171), ("cct-7/3x2", 3_848_267)):
        assert count.parameters(_on_meta(name, 28, 10, channels=1)) == parameters
    assert count.parameters(_on_meta("cct-7/3x1", 32, 10, pos_embed="none")) == 3_694_603


def test_every_row_is_counted_at_a_size_that_it_takes() -> None:
    for name, row in ARCHITECTURES.items():
        check(name, image_size=row.image_size, kernel="softmax", patch=None)
        assert row.source
        assert row.published is None or set(row.published) == {"parameters", "macs"}


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name not in HUGE])
def test_every_architecture_gives_logits(name: str) -> None:
    image_size = 64 if ARCHITECTURES[name].image_size == 224 else 32
    model = build(name, channels=1, image_size=image_size, classes=7).eval()
    with torch.no_grad():
        logits = model(torch.randn(2, 1, image_size, image_size))
    assert logits.shape == (2, 7)
    assert logits.isfinite().all()


@pytest.mark.parametrize("name", [name for name in HUGE if name in TRANSFORMERS])
def test_the_huge_ones_give_logits_on_the_meta_device(name: str) -> None:
    image_size = 48 if name != "vit-h/14" else 50  # 3 x 3 patches, the last 8 pixels of 50 left out
    model = _on_meta(name, image_size, 7).eval()
    assert model(torch.empty(2, 3, image_size, image_size, device="meta")).shape == (2, 7)


def test_a_distilled_model_gives_two_logits_in_training_and_their_mean_in_evaluation() -> None:
    torch.manual_seed(0)
    model = build("deit-s/16", image_size=32, classes=3, drop_path=0.0)
    image = torch.randn(2, 3, 32, 32)
    label, distilled = model(image)
    assert not torch.allclose(label, distilled)
    torch.testing.assert_close(model.eval()(image), (label + distilled) / 2)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("resnet18", {"kernel": "relu"}, "resnet18 has no attention, so it takes no kernel"),
        ("resnet18", {"dropout": 0.1}, "resnet18 has no dropout, so 0.1 cannot be set"),
        ("resnet56", {"drop_path": 0.1}, "resnet56 has no drop path, so 0.1 cannot be set"),
        ("resnet18", {"patch": 4}, "resnet18 does not cut patches, so a patch of 4"),
        ("cct-2/3x2", {"patch": 4}, "cct-2/3x2 does not cut patches"),
        (
            "vit-lite-7/8",
            {"image_size": 28},
            "patch of 8 pixels does not divide an image of 28 pixels.* 24 or 32 pixels",
        ),
        (
            "vit-lite-7/4",
            {"patch": 5},
            "patch of 5 pixels does not divide an image of 32 pixels; choose a patch of 2 or",
        ),
        ("vit-lite-7/16", {"image_size": 12}, "patch of 16 pixels is larger than an image of 12 pixels"),
        ("hybrid", {"image_size": 28}, "patch of 4 pixels does not divide an image of 28 pixels, 14 after"),
        ("cnn", {"image_size": 12}, "cnn needs images of at least 16 pixels a side, and these have 12"),
        ("cct-2/3x2", {"pos_embed": "fourier"}, "no positions 'fourier'"),
        ("cct-2/3x2", {"kernel": "cosine"}, "no kernel 'cosine'"),
        ("cct-3/3x2", {}, "no architecture 'cct-3/3x2'"),
    ],
)
def test_impossible_combinations_get_one_sentence(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        build(name, **options)  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_stochastic_depth_of_a_resnet_is_timms(name: str) -> None:
    """The same weights by the same names, the same chances block by block; whole branches of single images go."""
    import timm

    torch.manual_seed(0)
    plain = build(name, image_size=64, classes=5)
    torch.manual_seed(0)
    model = build(name, image_size=64, classes=5, drop_path=0.4)
    for (item, own), (other, published) in zip(model.state_dict().items(), plain.state_dict().items(), strict=True):
        assert item == other
        assert torch.equal(own, published)
    norms = [module for module in model.modules() if isinstance(module, DropPathNorm)]
    reference = timm.create_model(name, drop_path_rate=0.4).modules()
    blocks = [module for module in reference if hasattr(module, "drop_path")]
    chances = [getattr(block.drop_path, "drop_prob", 0.0) for block in blocks]
    assert [norm.p for norm in norms] == pytest.approx(chances)
    images = torch.randn(4, 3, 64, 64)
    assert torch.equal(model.eval()(images), plain.eval()(images))


def test_a_branch_left_out_is_zero_and_the_others_make_up_for_it() -> None:
    torch.manual_seed(0)
    norm, plain = DropPathNorm(3, 0.25), nn.BatchNorm2d(3)
    x = torch.randn(4000, 3, 2, 2)
    out, whole = norm(x), plain(x)
    gone = (out == 0).flatten(1).all(1)
    assert abs(float(gone.float().mean()) - 0.25) < 0.03
    torch.testing.assert_close(out[~gone], whole[~gone] / 0.75)
    torch.testing.assert_close(norm.state_dict(), plain.state_dict())  # the statistics are those of all images


def test_options_reach_every_attention_of_the_model() -> None:
    model = build(
        "hybrid", image_size=32, kernel="relu", features=7, epsilon=0.5, redraw_every=3, attention_dropout=0.25
    )
    attentions = [module for module in model.modules() if isinstance(module, Attention)]
    assert len(attentions) == 6
    for attention in attentions:
        assert attention.random_features is not None
        assert attention.random_features.shape == (7, 32)
        assert (attention.epsilon, attention.dropout.p, attention.window) == (0.5, 0.25, 8)
    assert model.redraw_every == 3


def test_a_seed_repeats_the_weights() -> None:
    for name in ("cct-2/3x2", "performer", "cnn", "mobilenetv2/0.5"):
        states = []
        for _ in range(2):
            torch.manual_seed(4)
            states.append(build(name, channels=1, image_size=28, kernel="softmax").state_dict())
        assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_layers_table_adds_up() -> None:
    for name in ("cct-2/3x2", "performer", "cnn", "resnet56"):
        row = ARCHITECTURES[name]
        model = build(name, channels=row.channels, image_size=row.image_size)
        rows = count.layers_table(model, row.channels, row.image_size)
        top = [layer for layer in rows if layer.depth == 0]
        assert sum(layer.macs for layer in rows if layer.leaf) <= count.macs(model, row.channels, row.image_size)
        loose = sum(p.numel() for p in model.parameters(recurse=False))
        listed = {layer.name.split(".")[0] for layer in rows}
        assert listed <= {child for child, _ in model.named_children()}
        if name == "cnn":
            assert sum(layer.parameters for layer in top) + loose == count.parameters(model)
            assert sum(layer.macs for layer in top) == count.macs(model, row.channels, row.image_size)
        assert rows[0].input_shape == (row.channels, row.image_size, row.image_size)
        assert rows[-1].output_shape == (10,)
        assert model.training


def _learns(model: nn.Module, images: Tensor, labels: Tensor, rate: float, steps: int) -> tuple[float, float]:
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    losses = []
    for _ in range(steps):
        logits = model(images)
        logits = logits[0] + logits[1] if isinstance(logits, tuple) else logits
        loss = F.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach().item())
    assert all(torch.isfinite(p).all() for p in model.parameters())
    return losses[0], min(losses[-3:])


@pytest.fixture(scope="module")
def digits() -> tuple[Tensor, Tensor]:
    found = load_digits()
    images = torch.tensor(found.images[:24], dtype=torch.float32).unsqueeze(1) / 8 - 1
    return F.interpolate(images, size=(16, 16)), torch.tensor(found.target[:24])


# One small member of each family, its patch for 16 tokens, and a rate at which its order of norms starts calmly.
SMALL = {
    "vit-lite-2/8": (4, 4e-3),
    "cvt-2/8": (4, 2e-3),
    "cct-2/3x2": (None, 2e-3),
    "performer": (4, 3e-3),
    "cifar-vit": (4, 2e-4),
    "hybrid": (2, 1e-3),
}


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("name", SMALL)
def test_every_family_learns_with_every_kernel(name: str, kernel: str, digits: tuple[Tensor, Tensor]) -> None:
    torch.manual_seed(0)
    patch, rate = SMALL[name]
    model = build(name, channels=1, image_size=16, kernel=kernel, patch=patch, dropout=0.0, attention_dropout=0.0)
    blocks = model.get_submodule("blocks")
    assert isinstance(blocks, nn.ModuleList)
    del blocks[1:]  # one block shows what twelve would
    first, last = _learns(model, *digits, rate, steps=18)
    assert last < 0.9 * first


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_kernel_computes_in_bfloat16(kernel: str, digits: tuple[Tensor, Tensor]) -> None:
    torch.manual_seed(0)
    images, labels = (part[:4] for part in digits)
    for name in ("performer", "hybrid"):
        model = build(name, channels=1, image_size=16, kernel=kernel, patch=4)
        with torch.autocast("cpu", torch.bfloat16):
            loss = F.cross_entropy(model(images), labels)
        loss.backward()
        assert loss.isfinite()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_a_distilled_model_learns(digits: tuple[Tensor, Tensor]) -> None:
    torch.manual_seed(0)
    model = build("deit-s/16", channels=1, image_size=16, patch=8)
    blocks = model.get_submodule("blocks")
    assert isinstance(blocks, nn.ModuleList)
    del blocks[1:]
    first, last = _learns(model, *digits, 1e-3, steps=10)
    assert last < 0.9 * first


def test_relu_learns_at_the_reports_learning_rate_and_may_be_left_without_epsilon(
    digits: tuple[Tensor, Tensor],
) -> None:
    torch.manual_seed(0)
    model = build("performer", channels=1, image_size=16, kernel="relu")
    first, last = _learns(model, *digits, 0.01, steps=40)
    assert last < 0.8 * first
    bare = build("performer", channels=1, image_size=16, kernel="relu", epsilon=0.0)
    assert bare(digits[0]).shape == (24, 10)


def test_vit_and_deit_are_timms(digits: tuple[Tensor, Tensor]) -> None:
    """The same weights give the same logits as an independent implementation."""
    from vitcore.vision import torchvision  # noqa: F401  timm needs it, and this is the door through which it loads

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # timm's own deprecations
        import timm

        oracles = {
            "vit-s/16": timm.create_model("vit_small_patch16_224", img_size=32, num_classes=5),
            "deit-s/16": timm.create_model("deit_small_distilled_patch16_224", img_size=32, num_classes=5),
        }
    renamed = {"patch_embed.proj": "tokenizer.convolutions.0", "pos_embed": "positions.table", ".attn.": ".attention."}
    renamed |= {"attention.proj.": "attention.projection.", "mlp.fc1": "mlp.expand", "mlp.fc2": "mlp.contract"}
    for name, oracle in oracles.items():
        torch.manual_seed(0)
        with torch.no_grad():
            for parameter in oracle.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.02)
        state = dict(oracle.eval().state_dict())
        leading = [state.pop("cls_token")] + ([state.pop("dist_token")] if "dist_token" in state else [])
        measured = {"leading": torch.cat(leading, dim=1)}
        for key, tensor in state.items():
            for other, own in renamed.items():
                key = key.replace(other, own)
            measured[key.replace("head_dist.", "heads.1.").replace("head.", "heads.0.")] = tensor
        model = build(name, image_size=32, classes=5).eval()
        model.load_state_dict(measured)
        image = torch.randn(2, 3, 32, 32)
        torch.testing.assert_close(model(image), oracle(image), atol=1e-5, rtol=0)
