"""Processes that train one run together: the bits of as many portions in one process, whatever draws at random."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._C._distributed_c10d import FileStore
from torch.nn.modules.batchnorm import _BatchNorm

from tests.training.beside import Beside
from tests.training.runs import Guide, Lines, after, quick, same, weights
from vitcore.data.augment import MixedTargets
from vitcore.data.load import Images, Split, load
from vitcore.data.seeds import derived
from vitcore.errors import UserError
from vitcore.models import ARCHITECTURES, build
from vitcore.spec import RunSpec
from vitcore.training import Outcome, loop, state, stop_signal, thread_parallel
from vitcore.training.outcome import RankLost
from vitcore.training.ranks import Place, Ranks, device_of
from vitcore.training.thread_parallel import Loss, ThreadParallel, backward_part, backward_whole, slices, stays_whole
from vitcore.training.version import version

COMPILER = shutil.which("g++") or shutil.which("clang++")
PREFERRED = ("cct-mini/3x3", "performer", "hybrid", "resnet56", "mobilenetv2/0.5")  # the quickest of their families
FAMILIES = {row.family: name for name, row in reversed(ARCHITECTURES.items())} | {
    ARCHITECTURES[name].family: name for name in PREFERRED
}
SMALL: dict[str, Any] = {
    **{"architecture": "performer", "image_size": 16, "depth": 2, "dropout": 0.2, "drop_path": 0.3},
    **{"samples": 40, "batch_size": 19, "epochs": 2, "evaluate_every": 2, "device": "cpu", "precision": "float32"},
}  # batches of 19, 19 and 2: portions of 9 and 10, and a batch that stays whole
PLAIN: dict[str, Any] = {"dropout": None, "drop_path": None, "depth": None}
EACH_FAMILY: dict[str, dict[str, Any]] = {
    **{"compact": {}, "vit": {}, "hybrid": {"image_size": 32, "embed_dim": 32}},
    **{"small_cnn": {**PLAIN, "drop_path": None}},
}
DRAWS: dict[str, dict[str, Any]] = {
    "cvt": {"architecture": "cvt-2/4"},
    "attention dropout": {"architecture": "vit-lite-2/8", "attention_dropout": 0.2},
    "random features": {"kernel": "favor+", "redraw_every": 2, "orthogonal": True},
    "changed images": {"crop": 2, "flip": True, "rotate": 10, "rand_augment": 9, "color_jitter": 0.3, "repeats": 2},
    "CutMix": {"cutmix": 1.0, "label_smoothing": 0.1},
    "mixup, bce": {"mixup": 0.8, "cutmix": 1.0, "mixup_off_epoch": 1, "loss_function": "bce", "bce_threshold": 0.2},
    "erasing": {"erasing": 0.5, "erasing_mode": "pixel"},
    "hard teacher": {"guide": Guide(3)},
    "soft teacher of two heads": {"architecture": "deit-s/16", "patch": 8, "embed_dim": 48, "guide": Guide(3),
                                  "distillation": "soft"},
    "EMA": {"ema_decay": 0.9, "validation": 20},
    "Muon": {"optimizer": "muon", "clip_norm": 1.0},
    "LAMB": {"optimizer": "lamb"},
    "SGD": {"optimizer": "sgd", "schedule": "onecycle"},
    "Adam": {"optimizer": "adam", "layer_decay": 0.7},
    "bfloat16": {"precision": "bfloat16"},
}  # fmt: skip


IN_TURN: dict[str, dict[str, Any]] = {
    "compiled": {"compile": True, "architecture": "vit-lite-2/8", "depth": 1, "embed_dim": 32, "batch_size": 20},
    "fused attention": {"architecture": "performer", "image_size": 72, "attention_dropout": 0.2, "samples": 20,
                        "epochs": 1},
    "timm": {**PLAIN, "architecture": "timm/test_vit", "image_size": 32, "dropout": 0.2},
}  # fmt: skip


@pytest.fixture(scope="module")
def beside() -> Iterator[Beside]:
    found = Beside(3)
    yield found
    found.end()


@pytest.fixture(autouse=True)
def quick_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps a checkpoint at every epoch's end, asks before every step, meets on the loopback device."""
    monkeypatch.setattr(stop_signal, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", float("inf"))
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")


class InTurn(ThreadParallel):
    """Portions one after another, drawing from torch's own generator: for networks that threads cannot share out."""

    def backward(
        self, loss: Loss, inputs: Tensor, targets: MixedTargets, step: int, counts: list[Tensor] | None = None
    ) -> Tensor:
        if stays_whole(len(inputs), self.count):
            return backward_whole(loss, inputs, targets)
        found = []
        for place, part in enumerate(slices(len(inputs), self.count)):
            with torch.random.fork_rng([]):
                torch.manual_seed(derived(self._seed, "dropout", step * self.count + place))
                found.append(backward_part(loss, inputs, targets, part, self._parameters))
        self._add_up([gradients for _, gradients in found])
        return torch.stack([value for value, _ in found]).sum()

    def own(self, images: int) -> slice:
        return slices(images, self.count)[0]


def _shared_out(monkeypatch: pytest.MonkeyPatch, count: int, *, in_turn: bool = False) -> None:
    """One process shares its batches out among so many threads, or portions in turn."""
    monkeypatch.setattr(thread_parallel, "sensible", lambda model, device: count)
    if in_turn:

        def parallel(model: nn.Module, device: torch.device, spec: RunSpec, ranks: object) -> ThreadParallel:
            return InTurn(model, device, spec.seed, count)

        monkeypatch.setattr(state, "_parallel", parallel)


def _equal(
    together: tuple[Outcome, Lines], alone: tuple[Outcome, Lines], folders: tuple[Path, Path], errors: bool = True
) -> None:
    """Weights, losses and errors, bit for bit."""
    assert together[0].status == alone[0].status == "finished"
    assert together[1].losses() == alone[1].losses()
    assert together[1].measured() == alone[1].measured()
    assert same(*(weights(folder) for folder in folders))


@pytest.mark.parametrize("name", [*EACH_FAMILY, *DRAWS])
def test_two_processes_give_the_bits_of_two_portions(
    name: str, beside: Beside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = SMALL | ({"architecture": FAMILIES[name]} | EACH_FAMILY[name] if name in EACH_FAMILY else DRAWS[name])
    together = beside.train(tmp_path / "together", 2, **options)
    _shared_out(monkeypatch, 2)
    alone = quick(tmp_path / "alone", **options)
    _equal(together, alone, (tmp_path / "together", tmp_path / "alone"))
    assert len(set(alone[1].losses().values())) == 6


@pytest.mark.parametrize("name", [*IN_TURN])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")  # torch's own, of its compiler
def test_what_threads_cannot_share_out_processes_can(
    name: str, beside: Beside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compiled network, and such as draw from torch's own generator alone."""
    options = SMALL | IN_TURN[name]
    if "compile" in options and COMPILER is None:
        pytest.skip("torch.compile needs a C++ compiler, and there is none on this machine")
    if name == "timm" and find_spec("timm") is None:
        pytest.skip("timm is not installed")
    together = beside.train(tmp_path / "together", 2, **options)
    _shared_out(monkeypatch, 2, in_turn=True)
    alone = quick(tmp_path / "alone", **options)
    _equal(together, alone, (tmp_path / "together", tmp_path / "alone"))


def test_every_family_is_shared_out_or_refused() -> None:
    for family, name in FAMILIES.items():
        model = build(name, channels=1, image_size=32, classes=10)
        coupled = any(isinstance(part, _BatchNorm) for part in model.modules())
        assert ARCHITECTURES[name].batch_norm == coupled, name
        assert (family in EACH_FAMILY) != coupled, f"{family} is neither tried here nor refused"


def test_three_processes_give_the_bits_of_three_portions(
    beside: Beside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three, unlike two, it matters in which order they are added up."""
    options = SMALL | {"samples": 60, "batch_size": 28}
    together = beside.train(tmp_path / "together", 3, **options)
    _shared_out(monkeypatch, 3)
    alone = quick(tmp_path / "alone", **options)
    _equal(together, alone, (tmp_path / "together", tmp_path / "alone"))


@pytest.mark.parametrize("counts", [(2, 2), (2, 3), (3, 1), (1, 2)], ids=lambda counts: "-".join(map(str, counts)))
def test_a_resumed_run_goes_on_with_as_many_processes_or_with_others(
    counts: tuple[int, int], beside: Beside, tmp_path: Path
) -> None:
    """With as many bit for bit, with others within rounding, and then it says so; stopped within its first epoch."""
    options = SMALL | {"samples": 72, "batch_size": 24, "dropout": None, "drop_path": 0.0, "learning_rate": 1e-3}
    options |= {"optimizer": "sgd", "mixup": 0.8}  # nothing drawn portion by portion, and no division by tiny numbers

    def train(name: str, count: int, **more: Any) -> tuple[Outcome, Lines]:
        if count > 1:
            return beside.train(tmp_path / name, count, **options, **more)
        return quick(tmp_path / name, **options, **more)

    whole, uncut = train("whole", counts[0])
    cut, first = train("cut", counts[0], control=after(2, "pause"))
    resumed, rest = train("cut", counts[1], resume=True)
    assert (whole.status, cut.status, resumed.status) == ("finished", "paused", "finished")
    notes = [line["text"] for line in rest.events("note")]
    if counts[0] == counts[1]:
        assert first.losses() | rest.losses() == uncut.losses()
        assert same(weights(tmp_path / "whole"), weights(tmp_path / "cut"))
        assert not any("shared out among" in text for text in notes)
        return
    assert first.losses() | rest.losses() == pytest.approx(uncut.losses(), rel=1e-5)
    known = weights(tmp_path / "whole")
    assert all(torch.allclose(value, known[name], atol=1e-6) for name, value in weights(tmp_path / "cut").items())
    assert any(f"shared out among {counts[0]} before and is among {counts[1]} from here on" in text for text in notes)


def test_a_batch_too_small_for_all_is_computed_by_each_and_said(beside: Beside, tmp_path: Path) -> None:
    options = SMALL | {"batch_size": 12}
    _, together = beside.train(tmp_path / "together", 2, **options)
    _, alone = quick(tmp_path / "alone", **options)
    assert together.losses() == alone.losses()
    assert same(weights(tmp_path / "together"), weights(tmp_path / "alone"))
    assert any("a batch of 12 images is too small" in line["text"] for line in together.events("note"))


def test_a_process_that_never_comes_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"number 2 and 3 did not come within 0 seconds"):
        Ranks(FileStore(str(tmp_path / "store"), 3), Place(0, 3, 0, 3), seconds=0.2)


def test_a_process_that_has_ended_before_it_came_is_not_waited_for(tmp_path: Path) -> None:
    def lost() -> None:
        raise RankLost("Process 2 of 2 ended with code 1.")

    with pytest.raises(RankLost, match="ended with code 1"):
        Ranks(FileStore(str(tmp_path / "store"), 2), Place(0, 2, 0, 2), lost=lost)


@pytest.mark.parametrize("package", ["torch", "vitcore"])
def test_another_version_beside_is_refused(package: str, tmp_path: Path) -> None:
    store = FileStore(str(tmp_path / "store"), 2)
    store.set("here/1", json.dumps({"torch": torch.__version__, "vitcore": version().version, package: "0.0.7"}))
    with pytest.raises(UserError, match=rf"{package} .* and process 2 has 0\.0\.7"):
        Ranks(store, Place(0, 2, 0, 2))


def test_a_process_with_other_data_ends_the_run_in_a_sentence(
    beside: Beside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fewer(dataset: str, **reading: Any) -> Images:
        images = load(dataset, **reading)
        return replace(images, test=Split(images.test.images[:20], images.test.labels[:20]))

    monkeypatch.setattr(state, "load", fewer)
    with pytest.raises(UserError, match="process 2 of 2 has other data than the first"):
        beside.train(tmp_path, 2, **SMALL)


def test_batch_normalization_that_no_table_knows_of_is_refused_once_it_is_built(beside: Beside, tmp_path: Path) -> None:
    options = SMALL | PLAIN | {"architecture": "timm/test_resnet", "image_size": 32}
    with pytest.raises(UserError, match=r"batch normalization.*train it with one process"):
        beside.train(tmp_path, 2, **options)


def test_a_gpu_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks: Any = SimpleNamespace(place=Place(0, 4, 0, 4))
    with pytest.raises(UserError, match="this machine has no device 'cuda'"):
        device_of("cuda", ranks)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(UserError, match="4 processes need a GPU each, and this machine has 2"):
        device_of("cuda", ranks)
