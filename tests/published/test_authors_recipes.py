"""The recipes called the report's own equal the authors' files, field by field; what is not stated says so."""

from __future__ import annotations

from typing import Any

import pytest

from vitcore.published.tables import table, tables

# Read from the public repository SHI-Labs/Compact-Transformers at cd11f09: file -> lr, min_lr, warmup_lr,
# warmup_epochs, weight_decay, reprob, mixup_off_epoch, lower end of scale, batch_size, epochs;
# cooldown_epochs is 10 in all.
AUTHORS = {
    "configs/pretrained/cct_7-3x1_cifar10_300epochs.yml": (55e-5, 1e-5, 1e-5, 10, 6e-2, 0, 175, 0.8, 128, 300),
    "configs/pretrained/cct_7-3x1_cifar10_1500epochs.yml": (5e-4, 1e-5, 1e-5, 10, 5e-2, 0.25, 0, 0.8, 128, 1500),
    "configs/pretrained/cct_7-3x1_cifar10_5000epochs.yml": (5e-4, 1e-5, 1e-5, 10, 5e-2, 0.25, 0, 0.8, 128, 5000),
    "configs/pretrained/cct_7-3x1_cifar100_300epochs.yml": (6e-4, 1e-5, 1e-6, 10, 6e-2, 0.25, 0, 0.8, 128, 300),
    "configs/pretrained/cct_7-3x1_cifar100_1500epochs.yml": (7e-4, 1e-5, 1e-6, 10, 5e-2, 0.25, 0, 0.8, 128, 1500),
    "configs/pretrained/cct_7-3x1_cifar100_5000epochs.yml": (5e-4, 1e-5, 1e-6, 10, 5e-2, 0.25, 0, 0.8, 128, 5000),
    "configs/datasets/cifar10.yml": (55e-5, 1e-5, 1e-5, 10, 6e-2, 0.25, 175, 0.8, 128, 300),
    "configs/datasets/cifar100.yml": (6e-4, 1e-5, 1e-6, 10, 6e-2, 0.25, 0, 0.8, 128, 300),
    "configs/pretrained/cct_14-7x2_imagenet.yml": (5e-4, 1e-5, 1e-6, 10, 5e-2, 0.25, 0, 0.08, 128, 300),
    "configs/finetuned/cct_14-7x2_flowers102.yml": (5e-5, 1e-8, 1e-6, 10, 5e-2, 0.25, 0, 0.8, 20, 300),
    "configs/pretrained/cct_7-7x2_flowers102.yml": (5e-4, 1e-5, 1e-6, 10, 6e-2, 0.25, 0, 0.8, 96, 300),
}
# In all of these files: opt, sched, aa, mixup, cutmix, mixup_prob, mixup_switch_prob, remode, train_interpolation,
# smoothing; and timm's defaults where they say nothing: hflip, ratio, color_jitter, recount, decay of biases and norms.
COMMON: dict[str, Any] = {
    **{"optimiser": "adamw", "schedule": "cosine", "schedule_unit": "epoch", "cooldown_epochs": 10},
    **{"rand_augment": 9, "rand_augment_policy": "timm", "rand_augment_std": 0.5, "interpolation": "random"},
    **{"mixup": 0.8, "cutmix": 1.0, "mixup_prob": 1.0, "mixup_switch_prob": 0.5, "erasing_mode": "pixel"},
    **{"label_smoothing": 0.1, "flip": True, "resized_crop_ratio": 4 / 3, "color_jitter": 0.0, "erasing_count": 1},
    **{"decay_scope": "timm", "erase_mixed": True, "crop": 0, "rotate": 0.0, "weight_average": 0.0, "validation": None},
}
PRETRAINED = "configs/pretrained/"
CELLS = {
    ("slides-table-1", "cct-7/3x1", "cifar-10"): PRETRAINED + "cct_7-3x1_cifar10_300epochs.yml",
    ("slides-table-1", "cct-7/3x1", "cifar-100"): PRETRAINED + "cct_7-3x1_cifar100_300epochs.yml",
    ("slides-table-1", "cct-7/3x1*", "cifar-10"): PRETRAINED + "cct_7-3x1_cifar10_5000epochs.yml",
    ("slides-table-1", "cct-7/3x1*", "cifar-100"): PRETRAINED + "cct_7-3x1_cifar100_1500epochs.yml",
    ("slides-table-1", "vit-lite-7/4", "cifar-10"): "configs/datasets/cifar10.yml",
    ("slides-table-1", "cvt-7/4", "cifar-100"): "configs/datasets/cifar100.yml",
    ("slides-table-1", "cct-2/3x2", "cifar-10"): "configs/datasets/cifar10.yml",
    ("slides-table-2", "300", "cifar-10"): PRETRAINED + "cct_7-3x1_cifar10_300epochs.yml",
    ("slides-table-2", "300", "cifar-100"): PRETRAINED + "cct_7-3x1_cifar100_300epochs.yml",
    ("slides-table-2", "1500", "cifar-10"): PRETRAINED + "cct_7-3x1_cifar10_1500epochs.yml",
    ("slides-table-2", "1500", "cifar-100"): PRETRAINED + "cct_7-3x1_cifar100_1500epochs.yml",
    ("slides-table-2", "5000", "cifar-10"): PRETRAINED + "cct_7-3x1_cifar10_5000epochs.yml",
    ("slides-table-2", "5000", "cifar-100"): PRETRAINED + "cct_7-3x1_cifar100_5000epochs.yml",
    ("slides-table-3", "cct", "top-1"): PRETRAINED + "cct_14-7x2_imagenet.yml",
    ("slides-table-4", "cct-224", "top-1"): PRETRAINED + "cct_7-7x2_flowers102.yml",
    ("slides-table-4", "cct-384", "top-1"): "configs/finetuned/cct_14-7x2_flowers102.yml",
}
# Other papers' tables: He et al. 2016, Section 3.4; Wightman et al. 2021, Table 2 (A2); Touvron et al. 2021, Table 9.
PAPERS: dict[tuple[str, str], dict[str, Any]] = {
    ("slides-table-3", "resnet50"): {
        **{"optimiser": "sgd", "learning_rate": 0.1, "batch_size": 256, "weight_decay": 1e-4, "beta1": 0.9},
        **{"schedule": "step", "step_epochs": 30, "step_factor": 0.1, "epochs": 120, "rand_augment": 0, "mixup": 0.0},
        **{
            "cutmix": 0.0,
            "erasing": 0.0,
            "label_smoothing": 0.0,
            "nesterov": False,
            "resized_crop": 0.08,
            "flip": True,
        },
    },
    ("slides-table-3", "resnet50-2021"): {
        **{"optimiser": "lamb", "learning_rate": 5e-3, "batch_size": 2048, "weight_decay": 0.02, "warmup_epochs": 5},
        **{"epochs": 300, "rand_augment": 7, "rand_augment_std": 0.5, "mixup": 0.1, "cutmix": 1.0, "erasing": 0.0},
        **{"label_smoothing": 0.0, "loss_function": "bce", "repeats": 3, "schedule": "cosine"},
    },
    ("slides-table-3", "deit-s"): {
        **{"optimiser": "adamw", "learning_rate": 1e-3, "batch_size": 1024, "weight_decay": 0.05, "warmup_epochs": 5},
        **{"stochastic_depth": 0.1, "repeats": 3, "rand_augment": 9, "rand_augment_std": 0.5, "mixup": 0.8},
        **{"cutmix": 1.0, "erasing": 0.25, "label_smoothing": 0.1, "distillation": "hard"},
    },
}


@pytest.mark.parametrize(("key", "row", "column"), CELLS, ids=lambda part: str(part))
def test_a_recipe_equals_the_authors_file(key: str, row: str, column: str) -> None:
    file = CELLS[key, row, column]
    one = table(key)
    flat = one.spec(row, column, "report").flat()
    rate, lowest, first, warmup, decay, erasing, off, scale, batch, epochs = AUTHORS[file]
    assert flat["learning_rate"] == pytest.approx(rate)
    assert flat["learning_rate"] * flat["final_rate"] == pytest.approx(lowest)
    assert flat["learning_rate"] * flat["start_rate"] == pytest.approx(first)
    told = {name: flat[name] for name in ("warmup_epochs", "weight_decay", "erasing", "mixup_off_epoch")}
    assert told == {"warmup_epochs": warmup, "weight_decay": decay, "erasing": erasing, "mixup_off_epoch": off}
    assert (flat["resized_crop"], flat["batch_size"], flat["epochs"]) == (scale, batch, epochs + 10)
    different = {name for name, value in COMMON.items() if flat[name] != pytest.approx(value)} - _idle(flat)
    assert not different
    assert one.recipe_source(row, column, "report") == f"SHI-Labs/Compact-Transformers at cd11f09, {file}"


def _idle(flat: dict[str, Any]) -> set[str]:
    """What makes no difference where nothing is erased."""
    return set() if flat["erasing"] else {"erasing_mode", "erasing_count", "erase_mixed"}


@pytest.mark.parametrize(("key", "row"), PAPERS, ids=lambda part: str(part))
def test_a_row_of_another_paper_has_that_paper_s_recipe(key: str, row: str) -> None:
    flat = table(key).spec(row, "top-1", "report").flat()
    assert {name: flat[name] for name in PAPERS[key, row]} == pytest.approx(PAPERS[key, row])


def test_the_starred_row_sits_with_its_own_files() -> None:
    one = table("slides-table-1")
    assert one.spec("cct-7/3x1*", "cifar-100", "report").training.epochs == 1510
    assert one.spec("cct-7/3x1*", "cifar-10", "report").training.epochs == 5010


def test_the_larger_size_is_a_stage_of_its_own() -> None:
    *_, larger, last = table("slides-table-4").chain("cct-384", "top-1", "report")
    flat = larger.spec.flat()
    assert (flat["side"], flat["epochs"], flat["learning_rate"], flat["batch_size"], flat["weight_decay"]) == (
        *(384, 30, 1e-5, 96),
        0.0,
    )
    assert last.spec.flat()["dataset"] == "flowers-102-val"


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_performer_s_pixels_are_from_0_to_1(number: int) -> None:
    one = table(f"performer-table-{number}")
    for column in one.columns:
        assert one.spec("x2", column.key, "report").data.normalize == "unit"


def test_every_recipe_of_a_report_says_where_it_was_read() -> None:
    silent = [
        (one.key, row.key, column.key)
        for one in tables().values()
        if one.report in ("slides", "performer")
        for row in one.rows
        for column in one.columns
        if not one.recipe_source(row.key, column.key, "report")
    ]
    assert not silent
