"""timm's networks by name: built for the images, counted, refused in a sentence; and what is said where timm is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.models.timm_absent import SETTING_UP, without_timm
from vitcore.cost import built
from vitcore.cost.description import Choice, described
from vitcore.errors import UserError
from vitcore.models import build, count, timm_catalog, timm_nets, transfer
from vitcore.spec import RunSpec
from vitcore.training.thread_parallel import ThreadParallel

timm = timm_nets.library()
ROOT = Path(__file__).resolve().parents[2]


def test_the_names_read_from_the_sources_are_those_that_timm_lists() -> None:
    assert timm_catalog.names() == tuple(f"timm/{name}" for name in sorted(timm.list_models()))
    found, total = timm_catalog.search("test vit", 3)
    assert found == ["timm/test_vit", "timm/test_vit2", "timm/test_vit3"]
    assert total == sum("vit" in name and "test" in name for name in timm.list_models())


# A member of each way in which timm's families take an image: by img_size, by none, with a classifier of another kind.
BUILT: list[tuple[str, dict[str, Any]]] = [
    ("timm/test_vit", {"patch": 4}), ("timm/test_resnet", {}), ("timm/test_efficientnet", {}), ("timm/test_nfnet", {}),
    ("timm/test_convnext", {"drop_path": 0.2}), ("timm/test_vit_relpos", {"patch": 8}), ("timm/test_mambaout", {}),
    ("timm/deit_tiny_distilled_patch16_224", {"patch": 16}), ("timm/vgg11", {"dropout": 0.0}),
]  # fmt: skip


def test_a_network_is_built_for_the_images_and_gives_timms_own_answers() -> None:
    for name, options in BUILT:
        if name == "timm/vgg11":  # 133 M weights: shapes are enough
            with torch.device("meta"):
                model = build(name, channels=1, image_size=32, classes=7, **options)
        else:
            model = build(name, channels=1, image_size=32, classes=7, **options).eval()
            given = {"img_size": 32, "patch_size": options["patch"]} if "patch" in options else {}
            other = timm.create_model(name.removeprefix("timm/"), in_chans=1, num_classes=7, **given).eval()
            other.load_state_dict(model.state_dict())
            images = torch.rand(2, 1, 32, 32)
            with torch.inference_mode():
                assert torch.equal(model(images), other(images)), name
        heads = transfer.head_names(model)
        assert heads, name
        assert {model.get_parameter(each).shape[0] for each in heads} == {7}, name
        assert ThreadParallel(model, torch.device("cpu"), 0).count == 1, "its draws are of torch's global generator"


def test_it_is_counted_as_timm_publishes_it() -> None:
    for name, millions, giga in (("timm/resnet18", 11.69, 1.82), ("timm/vit_tiny_patch16_224", 5.72, 1.26)):
        found = described(name, Choice(), 2)  # timm's own results/model_metadata-in1k.csv
        assert found.parameters / 1e6 == pytest.approx(millions, abs=0.01)
        assert found.macs / 1e9 == pytest.approx(giga, abs=0.01)
        assert (found.channels, found.image_size, found.classes) == (3, 224, 1000)
        with torch.device("meta"):
            whole = count.macs(build(name, channels=3, image_size=224, classes=1000), 3, 224)
        assert whole == found.macs
    assert described("timm/test_vit", Choice(), 2).image_size == 160


REFUSED: dict[str, dict[str, Any]] = {
    "the nearest are timm/resnet18": {"architecture": "timm/resnt18"},
    "finds one of 1,": {"architecture": "timm/" + "zq" * 20},
    "give timm/vit_tiny_patch16_224, and import": {"architecture": "timm/vit_tiny_patch16_224.augreg_in21k"},
    "built by timm, whose attention, where it has any, is its own": {"kernel": "relu"},
    "built by timm, so its depth cannot be set": {"depth": 3},
    "takes no attention dropout here": {"attention_dropout": 0.1},
    "no blocks whose rates could differ": {"layer_decay": 0.5},
    "has no patch, so 4 cannot be set": {"patch": 4},
    "choose a patch of 2, 4, 7, 14": {"architecture": "timm/test_vit"},
    "cannot be built for images of 1 x 28 x 28 .* it is made for 299 pixels": {"architecture": "timm/inception_v3"},
    "cannot be trained on 1 image a step": {"batch_size": 1},
    "or give one of timm's image models, such as 'timm/resnet18'": {"architecture": "tim/resnet18"},
}


def test_what_cannot_be_is_one_sentence_before_anything_is_queued() -> None:
    for words, options in REFUSED.items():
        with pytest.raises(UserError, match=words) as refused:
            built.check(RunSpec.of(**{"architecture": "timm/test_resnet", "dataset": "digits", **options}))
        assert "\n" not in str(refused.value)
    for name in ("timm/nonsuch", "nonsuch"):
        with pytest.raises(UserError, match=r"no image model 'nonsuch'|no architecture 'nonsuch'"):
            build(name)


def test_the_name_and_its_own_options_are_in_the_fingerprint() -> None:
    spec = RunSpec.of(architecture="timm/test_resnet")
    others = [RunSpec.of(spec, **chosen) for chosen in ({"drop_path": 0.0}, {"dropout": 0.0}, {"patch": 4})]
    prints = {each.fingerprint() for each in (spec, *others, RunSpec.of(architecture="timm/test_vit"))}
    assert len(prints) == 5, "0 need not be what timm has"
    assert RunSpec.of(spec, pos_embed="none", features=8).fingerprint() == spec.fingerprint()
    assert RunSpec.parse(spec.to_dict()) == spec


def test_where_timm_is_absent_one_sentence_names_the_extra_and_stored_runs_are_read() -> None:
    stored = RunSpec.of(architecture="timm/test_resnet")
    with without_timm():
        assert timm_catalog.names() == ()
        assert RunSpec.parse(stored.to_dict()).fingerprint() == stored.fingerprint()
        for ask in (
            lambda: RunSpec.of(architecture="timm/test_resnet"),
            lambda: build("timm/test_resnet"),
            lambda: built.check(RunSpec.of(stored, batch_size=17)),
            lambda: described("timm/test_resnet", Choice(), 2),
        ):
            with pytest.raises(UserError, match=r"timm is not installed; pip install 'vitcore\[timm\]' brings it"):
                ask()


def test_the_command_line_says_so_too(tmp_path: Path) -> None:
    absent = f"{SETTING_UP}; from vitcore.cli import main; main()"
    there = "import sys; from vitcore.cli import main; main(); "
    for code, arguments, ends, words in (
        (absent, ["train", "--architecture", "timm/test_vit"], 2, "pip install 'vitcore[timm]' brings it"),
        (absent, ["models", "--search", "vit"], 2, "pip install 'vitcore[timm]' brings it"),
        (there, ["train", "--architecture", "timm/tst_vit"], 2, "the nearest are timm/test_vit"),
        (there, ["models", "--search", "test resnet"], 0, "timm/test_resnet"),
    ):
        command = [sys.executable, "-c", code, "--results", str(tmp_path), *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == ends, done.stderr
        assert words in (done.stderr if ends else done.stdout)
        assert len((done.stderr if ends else done.stdout).splitlines()) == 1
    assert not list(tmp_path.rglob("spec.json"))
