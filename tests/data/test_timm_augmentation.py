"""timm's and torchvision's augmentations on whole batches equal timms on one image at a time, drawn alike."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from vitcore import vision  # noqa: F401  (first: torchvision's own operators)
from vitcore.data import color_jitter, erasing, resized_crop
from vitcore.data import rand_augment_timm as own
from vitcore.data.augment import Augment, MixedTargets
from vitcore.data.seeds import make_generator

B, SIZE = 48, 32
FILL = (125, 123, 114)
TIMM = {
    "autocontrast": "AutoContrast",
    "equalize": "Equalize",
    "invert": "Invert",
    "rotate": "Rotate",
    "posterize": "PosterizeIncreasing",
    "solarize": "SolarizeIncreasing",
    "solarize add": "SolarizeAdd",
    "color": "ColorIncreasing",
    "contrast": "ContrastIncreasing",
    "brightness": "BrightnessIncreasing",
    "sharpness": "SharpnessIncreasing",
    "shear x": "ShearX",
    "shear y": "ShearY",
    "translate x": "TranslateXRel",
    "translate y": "TranslateYRel",
}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(params=["smooth", "noise"])
def images(request: pytest.FixtureRequest) -> Tensor:
    """(b 3 y x) whole numbers from 0 to 255: photographs are smooth, the worst case for rounding is noise."""
    if request.param == "noise":
        return torch.randint(256, (B, 3, SIZE, SIZE), generator=seeded(1)).float()
    coarse = torch.rand(B, 3, 6, 6, generator=seeded(2))
    return (torch.nn.functional.interpolate(coarse, (SIZE, SIZE), mode="bicubic").clamp(0, 1) * 255).round()


@pytest.fixture
def drawn() -> own.Drawn:
    level = torch.rand(B, generator=seeded(3), dtype=torch.float64)
    level[0], level[1], level[2] = 0.999, 0.0, 0.9
    sign = 1 - 2 * torch.randint(2, (B,), generator=seeded(4))
    return own.Drawn(level, sign, torch.rand(B, generator=seeded(5)) < 0.5)


def pil(image: Tensor) -> Image.Image:
    pixels = image.to(torch.uint8).permute(1, 2, 0).numpy()
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def tensor(image: Image.Image) -> Tensor:
    pixels = torch.from_numpy(np.array(image)).float()
    return pixels[None] if pixels.ndim == 2 else pixels.permute(2, 0, 1)


def equal_but_for_rounding(found: Tensor, expected: list[Image.Image]) -> bool:
    """No pixel differs by more than one level, and hardly one by that."""
    difference = (found - torch.stack([tensor(image) for image in expected])).abs()
    return float(difference.max()) <= 1 and float((difference > 0).float().mean()) < 0.005


def test_the_operations_are_those_of_timm_and_no_others() -> None:
    from timm.data.auto_augment import _RAND_INCREASING_TRANSFORMS

    assert sorted(TIMM.values()) == sorted(_RAND_INCREASING_TRANSFORMS)
    assert list(TIMM) == list(own.OPERATIONS)


@pytest.mark.parametrize("name", TIMM)
def test_each_operation_is_timms(images: Tensor, drawn: own.Drawn, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from timm.data import auto_augment

    operation: Any = auto_augment.NAME_TO_OP[TIMM[name]]
    found, expected = own.OPERATIONS[name](images, drawn, torch.tensor(FILL).float()), []
    for at, image in enumerate(images):
        sign = int(drawn.sign[at])
        monkeypatch.setattr(auto_augment, "_randomly_negate", lambda value, sign=sign: sign * value)
        levels = auto_augment.LEVEL_TO_ARG[TIMM[name]]
        given = levels(10 * float(drawn.level[at]), {}) if levels else ()
        how = Image.Resampling.BICUBIC if drawn.bicubic[at] else Image.Resampling.BILINEAR
        expected.append(operation(pil(image), *given, fillcolor=FILL, resample=how))
    assert equal_but_for_rounding(found, expected)


def test_the_strongest_posterization_leaves_black(images: Tensor) -> None:
    """timm keeps no bit at a level of 1, which the PIL of its time took for black; PIL 13 refuses it."""
    full = own.Drawn(torch.ones(B, dtype=torch.float64), torch.ones(B), torch.ones(B, dtype=torch.bool))
    assert not own.posterize(images, full, torch.zeros(3)).any()


class Noted:
    """Stands in an operation's place and keeps the levels it was asked for; images come out one brighter."""

    def __init__(self) -> None:
        self.levels: list[float] = []
        self.signs: list[float] = []
        self.bicubic: list[bool] = []

    def __call__(self, images: Tensor, drawn: own.Drawn, fill: Tensor) -> Tensor:
        self.levels += drawn.level.tolist()
        self.signs += drawn.sign.tolist()
        self.bicubic += drawn.bicubic.tolist()
        return images + 1


def test_operations_magnitudes_signs_and_interpolations_are_drawn_as_timm_draws_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`rand-m9-mstd0.5-inc1`: two of fifteen with replacement, each with p 0.5, magnitude 9 ± 0.5 cut at 10."""
    noted = {name: Noted() for name in own.OPERATIONS}
    monkeypatch.setattr(own, "OPERATIONS", noted)
    many = 6000
    changed = own.rand_augment_timm(torch.zeros(many, 1, 2, 2), 9, 0.5, "random", (0.5,), seeded())
    times = changed[:, 0, 0, 0]
    for count, share in ((0, 0.25), (1, 0.5), (2, 0.25)):
        assert abs(float((times == count).float().mean()) - share) < 0.03
    each = [len(value.levels) / many for value in noted.values()]
    assert max(abs(share - 1 / 15) for share in each) < 0.015  # 2 rounds x 1/15 x p 0.5
    levels = 10 * torch.tensor([level for value in noted.values() for level in value.levels])
    assert float(levels.max()) == 10.0
    assert abs(float((levels == 10).float().mean()) - 0.0228) < 0.01  # beyond two deviations
    assert abs(float(levels.median()) - 9) < 0.05
    assert abs(float(levels.quantile(0.1587)) - 8.5) < 0.05  # one deviation below
    signs = torch.tensor([sign for value in noted.values() for sign in value.signs])
    assert abs(float(signs.float().mean())) < 0.05
    cubic = torch.tensor([way for value in noted.values() for way in value.bicubic])
    assert abs(float(cubic.float().mean()) - 0.5) < 0.03


def test_rotations_reach_27_degrees_at_a_magnitude_of_9(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "OPERATIONS", {"rotate": own.rotate})
    image = torch.zeros(1, 1, SIZE, SIZE)
    image[..., 15:17, 24:] = 255
    turned = {
        own.rand_augment_timm(image, 9, 0, "bilinear", (0,), seeded(seed)).numpy().tobytes() for seed in range(40)
    }
    expected = [np.asarray(pil(image[0]).rotate(27 * turns, Image.Resampling.BILINEAR)) for turns in (-1, 1)]
    for item in expected:
        assert any(np.abs(np.frombuffer(found, np.float32).reshape(SIZE, SIZE) - item).max() <= 1 for found in turned)


@pytest.mark.parametrize(("mean", "fill"), [((0.4914, 0.4822, 0.4465), FILL), ((), (128, 128, 128))])
def test_what_comes_in_from_beyond_the_edge_is_the_datasets_mean(
    mean: tuple[float, ...], fill: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[Tensor] = []

    def note(images: Tensor, drawn: own.Drawn, fill: Tensor) -> Tensor:
        noted.append(fill)
        return images

    monkeypatch.setattr(own, "OPERATIONS", {"rotate": note})
    own.rand_augment_timm(torch.zeros(20, 3, 4, 4), 9, 0.5, "random", mean, seeded())
    assert tuple(noted[0].int().tolist()) == fill


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_a_resized_crop_is_torchvisions(images: Tensor, interpolation: str) -> None:
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.functional import resized_crop as timms

    boxes = resized_crop.draw_boxes(B, SIZE, 0.08, 4 / 3, seeded())
    cubic = torch.full((B,), interpolation == "bicubic")
    found = resized_crop.resize_boxes(images, boxes, cubic)
    how = InterpolationMode(interpolation)
    expected = [timms(pil(image), *boxes[:, at].tolist(), [SIZE, SIZE], how) for at, image in enumerate(images)]
    assert equal_but_for_rounding(found, expected)


@pytest.mark.parametrize(("scale", "ratio"), [(0.08, 4 / 3), (0.8, 4 / 3), (0.5, 2.0), (0.95, 6.0)])
def test_boxes_are_distributed_as_timm_draws_them(scale: float, ratio: float) -> None:
    """The same quantiles of top, left, height and width over 4,000 boxes each; (0.95, 6) often falls back."""
    from timm.data.transforms import RandomResizedCropAndInterpolation

    count = 4000
    measured = resized_crop.draw_boxes(count, SIZE, scale, ratio, seeded()).double()
    random.seed(0)
    image, get = Image.new("RGB", (SIZE, SIZE)), RandomResizedCropAndInterpolation.get_params
    drawn = [get(image, (scale, 1.0), (1 / ratio, ratio)) for _ in range(count)]
    published = torch.tensor([[top, left, height, width] for top, left, height, width in drawn]).double().T
    for name, measured_at, other in zip(("top", "left", "height", "width"), measured, published, strict=True):
        distance = max(
            abs(float((measured_at <= at).double().mean() - (other <= at).double().mean())) for at in range(SIZE)
        )
        assert distance < 0.045, name  # Kolmogorov-Smirnov: 0.043 at p = 0.001


def test_a_random_interpolation_is_one_of_the_two_for_each_image(images: Tensor) -> None:
    found = resized_crop.resized_crop(images, 0.3, 4 / 3, "random", seeded())
    boxes, ways = resized_crop.draw_boxes(B, SIZE, 0.3, 4 / 3, seeded()), []
    linear, cubic = (resized_crop.resize_boxes(images, boxes, torch.full((B,), way)) for way in (False, True))
    for at in range(B):
        ways.append(torch.equal(found[at], cubic[at]))
        assert ways[-1] or torch.equal(found[at], linear[at])
    assert 10 < sum(ways) < 38


def test_color_jitter_is_torchvisions(images: Tensor) -> None:
    from torchvision.transforms import functional

    other = (functional.adjust_brightness, functional.adjust_contrast, functional.adjust_saturation)
    factors = 0.6 + 0.8 * torch.rand(3, B, generator=seeded())
    order = torch.rand(B, 3, generator=seeded(1)).argsort(1)
    expected = [pil(image) for image in images]
    for place in range(3):
        for at, number in enumerate(order[:, place].tolist()):
            expected[at] = other[number](expected[at], float(factors[number, at]))
    assert equal_but_for_rounding(color_jitter.jittered(images, factors, order), expected)


def test_color_jitter_draws_factors_around_one_and_every_order(monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[tuple[Tensor, Tensor]] = []
    monkeypatch.setattr(color_jitter, "jittered", lambda images, factors, order: stored.append((factors, order)))
    color_jitter.color_jitter(torch.zeros(2000, 3, 2, 2), 0.4, seeded())
    ((factors, order),) = stored
    assert 0.6 <= float(factors.min()) < 0.61
    assert 1.39 < float(factors.max()) <= 1.4
    assert len({tuple(item) for item in order.tolist()}) == 6


@pytest.mark.parametrize("count", [1, 3])
def test_erased_boxes_are_distributed_as_timm_draws_them(count: int) -> None:
    """Share of the image that is erased, over 3,000 images: the same quantiles, the same share of images."""
    from timm.data.random_erasing import RandomErasing

    many = 3000
    ones = torch.ones(many, 1, SIZE, SIZE)
    found = erasing.erase_boxes(ones, 0.25, "const", count, seeded())
    random.seed(0)
    expected = RandomErasing(0.25, mode="const", max_count=count, device="cpu")(ones.clone())
    own, published = ((image == 0).float().mean((1, 2, 3)) for image in (found, expected))
    assert abs(float((own > 0).float().mean() - (published > 0).float().mean())) < 0.03
    for quantile in (0.05, 0.25, 0.5, 0.75, 0.95):
        measured, other = (float(item[item > 0].quantile(quantile)) for item in (own, published))
        assert abs(measured - other) < 0.03


def test_what_erased_boxes_hold() -> None:
    plain = torch.full((200, 3, SIZE, SIZE), 7.0)
    const, rand, pixel = (erasing.erase_boxes(plain, 1.0, mode, 1, seeded()) for mode in ("const", "rand", "pixel"))
    hit = const[:, :1] == 0
    assert torch.equal(const, torch.where(hit, torch.zeros(()), plain))
    for image, box in zip(rand, hit[:, 0], strict=True):
        assert all(len(channel[box].unique()) == 1 for channel in image)
    assert torch.equal(rand == 7, ~hit.expand(-1, 3, -1, -1))
    noise = pixel[hit.expand(-1, 3, -1, -1)]
    assert abs(float(noise.mean())) < 0.02
    assert abs(float(noise.std()) - 1) < 0.02
    assert len(noise.unique()) > 0.9 * len(noise)


def test_one_image_may_lose_up_to_the_number_of_boxes() -> None:
    from scipy.ndimage import label

    erased = erasing.erase_boxes(torch.ones(400, 1, 64, 64), 1.0, "const", 3, seeded())
    parts = [label(image[0].numpy() == 0)[1] for image in erased]
    assert max(parts) == 3
    assert {1, 2, 3} <= set(parts)


def flat() -> tuple[Tensor, Tensor]:
    labels = torch.arange(B)
    return labels.float()[:, None, None, None].expand(B, 1, SIZE, SIZE).contiguous(), labels


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 1.0])
def test_cutmix_takes_its_share_of_the_batches(share: float) -> None:
    images, labels = flat()
    both = Augment(mixup=0.8, cutmix=1.0, mixup_switch_prob=share)
    mixed = [both.batch(images, labels, seeded(seed))[0] for seed in range(300)]
    blended = [all(len(image.unique()) == 1 for image in batch) and bool((batch % 1).any()) for batch in mixed]
    assert abs(1 - sum(blended) / 300 - share) < 0.09


def test_mixing_is_left_out_of_some_batches_and_ends_after_its_epoch() -> None:
    images, labels = flat()
    subset = Augment(mixup=0.8, mixup_prob=0.5)
    whole = [subset.batch(images, labels, seeded(seed))[1] == MixedTargets(labels) for seed in range(200)]
    assert 70 < sum(whole) < 130
    ending = Augment(mixup=0.8, cutmix=1.0, mixup_off_epoch=175)
    assert ending.batch(images, labels, seeded(), 174)[1].targets_b is not None
    assert ending.batch(images, labels, seeded(), 175)[1] == MixedTargets(labels)
    assert Augment(mixup=0.8).batch(images, labels, seeded(), 5000)[1].targets_b is not None


def test_boxes_are_erased_after_mixing_where_that_is_asked_for() -> None:
    """As timm's loader: it mixes bytes as they are gathered, and erases on the device."""
    images, labels = flat()
    images = images + 1
    how: dict[str, Any] = {"erasing": 1.0, "erasing_mode": "const", "mixup": 0.8}
    after = [(Augment(**how, erase_mixed=True).batch(images, labels, seeded(seed))[0] == 0) for seed in range(4)]
    assert all(bool(batch.flatten(1).any(1).all()) for batch in after)
    before = [(Augment(**how).batch(images, labels, seeded(seed))[0] == 0) for seed in range(4)]
    assert not any(bool(batch.flatten(1).any(1).all()) for batch in before)  # filled by the other image


def every() -> Iterator[Augment]:
    yield Augment(resized_crop=0.08, interpolation="random")
    yield Augment(rand_augment=9, rand_augment_policy="timm", rand_augment_std=0.5, interpolation="random")
    yield Augment(color_jitter=0.4)
    yield Augment(erasing=0.25, erasing_mode="pixel", erasing_count=3, erase_mixed=True, mixup=0.8, cutmix=1.0)
    yield Augment(mixup=0.8, cutmix=1.0, mixup_switch_prob=0.3, mixup_prob=0.7)


@pytest.mark.parametrize("augment", list(every()), ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_one_step_of_one_seed_draws_the_same_whatever_went_before(augment: Augment, channels: int) -> None:
    """Bit for bit, so that a resumed run goes on as an undisturbed one; the batch handed in stays as it was."""
    images = torch.randint(256, (B, channels, SIZE, SIZE), dtype=torch.uint8, generator=seeded())
    stored, labels = images.clone(), torch.arange(B)

    def once() -> tuple[Tensor, MixedTargets]:
        generator = make_generator(3, "augment", 17)
        return augment.batch(augment.images(images, generator).float(), labels, generator)

    (first, aimed), torch_state = once(), torch.get_rng_state()
    torch.rand(100)
    random.random()
    second, again = once()
    assert torch.equal(first, second)
    assert aimed.share == again.share
    assert torch.equal(images, stored)
    assert not torch.equal(torch_state, torch.get_rng_state())  # the global stream was moved, by us alone
    assert first.shape == images.shape
