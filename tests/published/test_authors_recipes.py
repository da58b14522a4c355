"""The recipes called the report's own equal what was read, every field of every cell; what is not stated says so."""

from __future__ import annotations

from math import floor
from typing import Any

import pytest

from tests.published.recipes_read import FILES, PAPERS, REPORTS, SCRIPT, Values
from vitcore.data.registry import DATASETS, pixel_scale
from vitcore.published.chains import Link
from vitcore.published.metrics import METRICS
from vitcore.published.tables import Table, table, tables
from vitcore.spec import RunSpec

REPOSITORY = "SHI-Labs/Compact-Transformers at cd11f09"
C10, C100 = "configs/datasets/cifar10.yml", "configs/datasets/cifar100.yml"
NETWORKS = [
    *("resnet18", "resnet34", "mobilenetv2/0.5", "mobilenetv2/2.0", "resnet56", "resnet110"),
    *("resnet1k-v2", "proxyless-g"),
]
TRANSFORMERS = [
    *("vit-12/16", "vit-lite-7/16", "vit-lite-7/8", "vit-lite-7/4", "cvt-7/8", "cvt-7/4"),
    *("cct-2/3x2", "cct-7/3x2"),
]
LONG = "configs/pretrained/cct_7-3x1_{}_{}epochs.yml"
CELLS: dict[tuple[str, str, str], str] = {
    **{("slides-table-1", row, "cifar-10"): C10 for row in TRANSFORMERS},
    **{("slides-table-1", row, "cifar-100"): C100 for row in TRANSFORMERS},
    ("slides-table-1", "cct-7/3x1", "cifar-10"): LONG.format("cifar10", 300),
    ("slides-table-1", "cct-7/3x1", "cifar-100"): LONG.format("cifar100", 300),
    ("slides-table-1", "cct-7/3x1*", "cifar-10"): LONG.format("cifar10", 5000),
    ("slides-table-1", "cct-7/3x1*", "cifar-100"): LONG.format("cifar100", 1500),
    **{("slides-table-2", str(e), "cifar-10"): LONG.format("cifar10", e) for e in (300, 1500, 5000)},
    **{("slides-table-2", str(e), "cifar-100"): LONG.format("cifar100", e) for e in (300, 1500, 5000)},
    ("slides-table-3", "cct", "top-1"): "configs/pretrained/cct_14-7x2_imagenet.yml",
    ("slides-table-4", "cct-224", "top-1"): "configs/pretrained/cct_7-7x2_flowers102.yml",
    ("slides-table-4", "cct-384", "top-1"): "configs/finetuned/cct_14-7x2_flowers102.yml",
}
"""Cells whose recipe is a file of the authors."""

NOT_STATED: dict[tuple[str, str, str], str] = {
    **{("slides-table-1", row, "cifar-10"): C10 for row in NETWORKS},
    **{("slides-table-1", row, "cifar-100"): C100 for row in NETWORKS},
    **{
        ("slides-table-1", row, column): C10
        for row in (*NETWORKS, *TRANSFORMERS, "cct-7/3x1")
        for column in ("fashion", "mnist")
    },
    **{("slides-table-1", "cct-7/3x1*", column): LONG.format("cifar10", 5000) for column in ("fashion", "mnist")},
    ("slides-table-3", "cct-distilled", "top-1"): "configs/pretrained/cct_14-7x2_imagenet.yml",
    ("slides-table-4", "deit-b", "top-1"): "configs/finetuned/cct_14-7x2_flowers102.yml",
}
"""Cells whose recipe nobody states, and the file that is taken instead."""

DISTILLED = ("deit-s", "cct-distilled", "deit-b-first")
CANNOT = {("slides-table-4", "vit-l", "top-1"), ("slides-table-4", "vit-h", "top-1")}
IDENTITY = ("architecture", "dataset", "image_size", "pos_embed", "samples", "replacement", "kernel", "epsilon")
"""What row and column choose: their own tests hold it to the reports."""


def as_spec(file: Values) -> Values:
    """A configuration file's values, and those of the script where it has none, as fields of a spec."""
    stated = {**SCRIPT, **file}
    policy = dict(zip(("kind", "m", "mstd", "inc"), stated["aa"].split("-"), strict=True))
    assert (policy["kind"], policy["inc"], stated["mixup_mode"]) == ("rand", "inc1", "batch")
    assert (stated["hflip"], stated["vflip"], stated["drop"], stated["drop_path"]) == (0.5, 0.0, 0.0, None)
    assert stated["ratio"][0] * stated["ratio"][1] == stated["scale"][1] == 1
    rate = stated["lr"]
    return {
        **{"optimizer": stated["opt"], "learning_rate": rate, "weight_decay": stated["weight_decay"]},
        **{"decay_scope": "timm", "clip_norm": stated["clip_grad"], "beta1": 0.9, "beta2": 0.999},
        **{"schedule": stated["sched"], "schedule_unit": "epoch", "warmup_epochs": stated["warmup_epochs"]},
        **{"initial_lr_factor": stated["warmup_lr"] / rate, "final_lr_factor": stated["min_lr"] / rate},
        **{"cooldown_epochs": stated["cooldown_epochs"], "epochs": stated["epochs"] + stated["cooldown_epochs"]},
        **{"batch_size": stated["batch_size"], "label_smoothing": stated["smoothing"], "flip": True},
        **{"resized_crop": stated["scale"][0], "resized_crop_ratio": stated["ratio"][1]},
        **{"interpolation": stated["train_interpolation"], "rand_augment": int(policy["m"].removeprefix("m"))},
        **{"rand_augment_policy": "timm", "rand_augment_std": float(policy["mstd"].removeprefix("mstd"))},
        **{"erasing": stated["reprob"], "erasing_mode": stated["remode"], "erasing_count": stated["recount"]},
        **{"erase_mixed": True, "mixup": stated["mixup"], "cutmix": stated["cutmix"]},
        **{"mixup_prob": stated["mixup_prob"], "mixup_switch_prob": stated["mixup_switch_prob"]},
        **{"mixup_off_epoch": stated["mixup_off_epoch"], "color_jitter": 0.0},
        "crop_from": None if stated["crop_pct"] == 1 else floor(stated["img_size"] / stated["crop_pct"]),  # as timm
    }


def unlike(spec: RunSpec, read: Values) -> dict[str, Any]:
    """The fields in which a recipe is not what was read, or the default where nothing was; numbers nearly."""
    wanted = {**RunSpec().flat(), **read}
    idle = {"init_fingerprint", "teacher_fingerprint", "evaluate_every", *IDENTITY}
    flat = without_idle(spec)
    wanted = without_idle(RunSpec.of(spec, **{name: value for name, value in wanted.items() if name not in idle}))
    return {name: (value, wanted[name]) for name, value in flat.items() if value != pytest.approx(wanted[name])}


def without_idle(spec: RunSpec) -> Values:
    """Every field, those at their defaults that another makes idle (how boxes are erased where none is)."""
    share = 0.0 if spec.schedule.warmup_epochs else spec.schedule.warmup  # told in epochs instead
    return {**spec.flat(), **spec.augment.plainest().model_dump(), "warmup": share}


def link(key: str, row: str, column: str = "top-1", at: int = -1) -> Link:
    return table(key).chain(row, column, "report")[at]


@pytest.mark.parametrize(("key", "row", "column"), [*CELLS, *NOT_STATED], ids=lambda part: str(part))
def test_a_recipe_equals_the_authors_file(key: str, row: str, column: str) -> None:
    cell = (key, row, column)
    name, found = CELLS.get(cell) or NOT_STATED[cell], link(key, row, column)
    assert unlike(found.spec, as_spec(FILES[name])) == {}
    if cell in CELLS:
        assert found.source.startswith(f"{REPOSITORY}, {name}, lines 1-")
        assert (
            found.source.endswith("; what the file leaves out: train.py, lines 119-221")
            or "but for the schedule" in found.source
        )
    else:
        assert found.source.startswith("not stated; ours: ")
        assert name in found.source
        assert REPOSITORY in found.source


@pytest.mark.parametrize(("key", "row", "column"), CELLS, ids=lambda part: str(part))
def test_images_pixels_and_positions_are_the_files(key: str, row: str, column: str) -> None:
    file, spec = FILES[CELLS[key, row, column]], link(key, row, column).spec
    known = DATASETS[spec.data.dataset]
    assert (spec.data.image_size or known.image_size) == file["img_size"]
    assert pixel_scale(spec.data.dataset, spec.data.normalize) == (file["mean"], file["std"])
    assert known.validates == ("val_split" in file)
    if "model" in file:
        assert spec.model.pos_embed == ("sinusoidal" if file["model"].endswith("_sine") else "learnable")


@pytest.mark.parametrize("row", [row for row in PAPERS if not row.startswith(("regnety", "deit-b"))])
def test_a_row_of_another_paper_has_that_papers_recipe(row: str) -> None:
    found = link("slides-table-3", row)
    assert unlike(found.spec, PAPERS[row]) == {}
    assert "et al." in found.source
    assert (found.spec.init.teacher_fingerprint is None) == (row not in DISTILLED)
    assert found.spec.training.distillation == "hard"


@pytest.mark.parametrize(
    ("key", "row", "at", "stage"),
    [
        ("slides-table-3", "deit-s", 0, "regnety"),
        ("slides-table-3", "cct-distilled", 0, "regnety"),
        ("slides-table-4", "deit-b", 0, "regnety"),
        ("slides-table-4", "deit-b", 1, "deit-b-first"),
        ("slides-table-4", "deit-b", 2, "deit-b-larger"),
    ],
)
def test_what_comes_before_a_row_has_its_papers_recipe(key: str, row: str, at: int, stage: str) -> None:
    found = link(key, row, at=at)
    assert unlike(found.spec, PAPERS[stage]) == {}
    assert "facebookresearch/deit at 7e160fe, " in found.source
    assert "main.py, lines 34-149" in found.source


def test_the_chain_to_384_pixels_is_the_authors() -> None:
    first, larger, last = table("slides-table-4").chain("cct-384", "top-1", "report")
    assert first.spec == link("slides-table-3", "cct").spec
    file = FILES["configs/finetuned/cct_14-7x2_imagenet384.yml"]
    assert unlike(larger.spec, {**as_spec(file), "epochs": 30, "cooldown_epochs": 0, "warmup": 0.0}) == {}
    assert (larger.spec.data.dataset, larger.spec.data.image_size) == ("imagenet", file["img_size"])
    assert "less its 10 epochs of cool-down, whose rate is 0" in larger.source
    assert (last.spec.data.dataset, last.spec.data.image_size) == ("flowers-102-val", 384)
    text = table("slides-table-4").recipe_sources("cct-384", "top-1", "report")
    assert [item.split(": ")[0] for item in text] == [each.label for each in (first, larger, last)]


@pytest.mark.parametrize("item", [each for each in tables().values() if each.report != "slides"], ids=lambda o: o.key)
def test_the_other_reports_recipes_are_what_they_state(item: Table) -> None:
    read = REPORTS[item.report]
    for row in item.rows:
        for column in item.columns:
            if METRICS[column.metric].kind == "count":
                continue
            own: Values = {"draw_from": "all"} if item.key in ("performer-table-2", "performer-table-3") else {}
            if item.report == "cifar10":
                own = {"epochs": {"vit": 300, "cnn": 500}[row.key], "softmax_before_loss": row.key == "cnn"}
            spec = item.spec(row.key, column.key, "report")
            assert unlike(spec, {**read, **own}) == {}
            assert {name: value for name, value in spec.flat().items() if name in IDENTITY and name in read} == {
                name: value for name, value in read.items() if name in IDENTITY
            }


def test_every_recipe_of_a_report_is_compared_and_says_where_it_was_read() -> None:
    """A cell is a file's, ours for want of one, another paper's, another report's, or says why it cannot be run."""
    compared = {*CELLS, *NOT_STATED, *CANNOT, *(("slides-table-3", row, "top-1") for row in PAPERS)}
    for value in tables().values():
        for row in value.rows:
            for column in value.columns:
                text = value.recipe_sources(row.key, column.key, "report")
                counted = METRICS[column.metric].kind == "count"
                cell = (value.key, row.key, column.key)
                assert bool(text) == (not counted and cell not in CANNOT), cell
                assert value.report != "slides" or counted or cell in compared, cell


def test_what_cannot_be_known_is_said() -> None:
    first, second, third, fourth = (table(f"slides-table-{number}") for number in (1, 2, 3, 4))
    for item in (first, second, third, fourth):
        note = item.protocols["report"].note
        assert "batch size is that of one process" in note
        assert "Mixed precision is not part of the recipe here" in note
    assert "cannot be known" in first.row("cct-7/3x1*").note
    assert "does not hand the choice of positions on" in second.notes[1]
    assert "warms up for 25 epochs" in third.protocols["report"].note
    for item in (third, fourth):
        assert "the authors cut from the full image" in item.protocols["report"].note
    assert "cannot be known" in fourth.row("cct-224").note
    assert "the cosine that all the other files state" in fourth.recipe_source("cct-384", "top-1", "report")
