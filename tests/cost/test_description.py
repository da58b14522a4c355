"""Descriptions of built models: counts, stages and sizes agree with the models and with what the slides print."""

import re
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import pandas as pd
import pytest
import torch

from pages.architectures.pipeline import GLYPHS, NARROW, Pipeline, pipelines
from vitcore.cost import memory
from vitcore.cost.description import Choice, Description, describe, described, direct_parts
from vitcore.errors import UserError
from vitcore.models import ARCHITECTURES, build, count
from vitcore.reproduction import size_tables

SMALL = ("vit-lite-7/4", "cvt-7/4", "cct-7/3x1", "performer", "cifar-vit", "cnn", "deit-s/16")


@pytest.fixture(scope="module")
def found() -> dict[str, Description]:
    return {name: described(name, Choice(), 2) for name in (*SMALL, "hybrid", "resnet18")}


def test_counts_are_the_models_own(found: dict[str, Description]) -> None:
    for name, item in found.items():
        own = ARCHITECTURES[name]
        with torch.device("meta"):
            model = build(name, channels=own.channels, image_size=own.image_size, classes=own.classes)
        assert item.parameters == count.parameters(model), name
        assert item.macs == count.macs(model, own.channels, own.image_size), name
        assert item.memory == memory.described(model, own.channels, own.image_size, 2), name


def test_two_sessions_that_count_at_once_do_not_count_each_other(found: dict[str, Description]) -> None:
    names = ("vit-lite-7/4", "cct-7/3x1", "cvt-7/4", "performer")
    with ThreadPoolExecutor(4) as threads:
        for item in threads.map(lambda name: described(name, Choice(), 2), names):
            assert item == found[item.name]


def test_the_direct_parts_hold_every_mac_once(found: dict[str, Description]) -> None:
    for name, item in found.items():
        table = size_tables.layers(item, parts_only=True)
        assert table["MACs"].sum() == item.macs, name
        assert len(size_tables.layers(item, parts_only=False)) == len(item.layers), name
    assert direct_parts(["a", "a.b", "c.0", "c.0.d", "ab"]) == {"a", "c.0", "ab"}


def test_stages_tell_the_families_of_figure_1_apart(found: dict[str, Description]) -> None:
    kinds = {name: [stage.kind for stage in item.stages] for name, item in found.items()}
    assert kinds["vit-lite-7/4"] == ["image", "patches", "tokens", "encoder", "class", "head"]
    assert kinds["cvt-7/4"] == ["image", "patches", "tokens", "encoder", "sequence", "head"]
    assert kinds["cct-7/3x1"] == ["image", "convolutions", "tokens", "encoder", "sequence", "head"]
    assert "recurrence" in kinds["hybrid"]
    assert kinds["hybrid"][-2] == "mean"
    assert kinds["cnn"][-3:] == ["linear", "linear", "head"]
    assert found["vit-lite-7/4"].tokens == 65
    assert found["cct-7/3x1"].tokens == 256
    assert found["deit-s/16"].tokens == 198
    assert found["cnn"].tokens is None
    assert [stage.count for stage in found["resnet18"].stages if stage.kind == "blocks"] == [2, 2, 2, 2]


def test_a_changed_option_shows_in_the_stages_and_the_counts(found: dict[str, Description]) -> None:
    own = found["vit-lite-7/4"]
    coarse = described("vit-lite-7/4", Choice(patch=8), 2)
    assert coarse.tokens == 17
    assert coarse.macs < own.macs
    assert coarse.memory < own.memory
    bare = described("vit-lite-7/4", Choice(pos_embed="none", kernel="favor+", features=40), 2)
    text = " ".join(detail for stage in bare.stages for detail in stage.details)
    assert "no positions" in text
    assert "FAVOR+, 40 features" in text
    assert own.parameters - bare.parameters == 65 * 256


@pytest.mark.parametrize(
    ("name", "choice", "named"),
    [("cnn", Choice(kernel="relu"), ["cnn", "relu"]), ("vit-lite-7/4", Choice(patch=5), ["5", "32"])],
)
def test_what_cannot_be_built_is_refused(name: str, choice: Choice, named: list[str]) -> None:
    with pytest.raises(UserError) as error:
        describe(name, choice)
    assert all(word in str(error.value) for word in named)


def test_another_process_says_the_same(found: dict[str, Description]) -> None:
    assert describe("resnet18", Choice(), 2) == found["resnet18"]
    with pytest.raises(UserError, match="has no attention"):
        describe("resnet18", Choice(kernel="relu"))


def test_the_drawing_is_sound_and_names_every_stage(found: dict[str, Description]) -> None:
    assert {stage.kind for value in found.values() for stage in value.stages} <= GLYPHS.keys()
    drawn = pipelines([Pipeline(f"{name} <&>", "size", item.stages) for name, item in found.items()])
    svgs = re.findall(r"<svg.*?</svg>", drawn, flags=re.DOTALL)
    assert len(svgs) == 2
    for svg in svgs:
        root = ElementTree.fromstring(svg)
        texts = [text.text for text in root.iter("text")]
        for name, entry in found.items():
            assert f"{name} <&>" in texts
            assert {stage.title for stage in entry.stages} <= set(texts)
        assert {text.get("fill") for text in root.iter("text")} == {"currentColor"}
    assert "http" not in drawn
    assert f'viewBox="-2 -2 {NARROW + 4} ' in drawn


def test_printed_figures_are_read_and_compared() -> None:
    assert size_tables.printed_number("3.72 M") == pytest.approx((3.72e6, 1e4))
    assert size_tables.printed_number("504 G") == pytest.approx((504e9, 1e9))
    assert size_tables.printed_number("about 8 million") is None
    assert size_tables.difference(3_716_874, "3.72 M") == "as printed"
    assert size_tables.difference(289_100_000, "0.04 G") == "+622.8 %"
    assert size_tables.difference(1_968_960, "<0.01 G") == "as printed"
    assert size_tables.difference(43_946, "") == ""


def test_where_the_slides_are_wrong_the_table_says_so() -> None:
    table = size_tables.totals([described("cct-7/3x2", Choice(), 1)]).iloc[0]
    assert table["difference"] == "as printed"
    assert table["difference "].startswith("+6")
    assert "0.29 G" in ARCHITECTURES["cct-7/3x2"].note


def test_figure_2_has_the_slides_points_and_stored_runs_by_spec() -> None:
    runs = pd.DataFrame(
        {
            "dataset": ["cifar-10", "cifar-10", "cifar-10", "digits"],
            "fingerprint": ["a", "a", "b", "c"],
            "architecture": ["cct-2/3x2", "cct-2/3x2", "cnn", "cnn"],
            "parameters": [283_723, 283_723, 43_946, 43_946],
            "error_percent": [20.0, 30.0, 40.0, 5.0],
        }
    )
    points = size_tables.sizes_and_accuracies(runs, "cifar-10")
    printed, measured = points[points["published"].astype(bool)], points[~points["published"].astype(bool)]
    assert printed["parameters"].max() < 12e6
    assert "CCT-7/3×1" in set(printed["label"]) or len(printed) >= 10
    assert list(measured["label"]) == ["cct-2/3x2 (n = 2)", "cnn"]
    assert list(measured["accuracy"]) == [75.0, 60.0]
    assert measured["low"].iloc[0] < 75 < measured["high"].iloc[0]
    assert len(size_tables.sizes_and_accuracies(runs, "digits")) == 1
