"""Checkpoints that hold an average beside the weights as trained: which was taken is said, and the other offered."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.models.test_checkpoint_formats import perturbed, published
from vitcore.errors import UserError
from vitcore.models import build, load_published, weight_sets

NAME = "cct-2/3x2"
RAW, MEAN = 1.0, 2.0  # what the first tensor of each set is filled with


def marked(value: float) -> dict[str, Tensor]:
    return {"a.weight": torch.full((2,), value), "b.bias": torch.zeros(1)}


def fronted(front: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{front}.{name}": tensor for name, tensor in tensors.items()}


RAWS, MEANS = marked(RAW), marked(MEAN)
# By what the average is called in the file, what the file holds: in tables of their own, or in one, told by a prefix.
TABLES = {
    "state_dict_ema": {"state_dict": RAWS, "state_dict_ema": MEANS},
    "model_ema": {"model_ema": MEANS, "model": RAWS, "epoch": 3},
    "ema": {"ema": MEANS, "model_state_dict": RAWS, "optimizer": {"state": marked(9)}},
    "ema.module": {"model": RAWS, "ema": {"module": MEANS, "num_updates": 7}},
    "ema_model": {"checkpoint": RAWS, "ema_model": MEANS},
    "averaged": {"averaged": MEANS, "state_dict": RAWS},
    "swa": {"state_dict": RAWS, "swa": MEANS},
    "shadow": {"net": RAWS, "shadow": MEANS},
}
PREFIXES = ("ema", "model_ema", "ema_model", "averaged", "swa_model", "shadow")
ONE_TABLE = {front: {**RAWS, **fronted(front, MEANS)} for front in PREFIXES}
ONE_TABLE |= {f"model beside {front}": {**fronted("model", RAWS), **fronted(front, MEANS)} for front in PREFIXES}
COUNTED = {**RAWS, **fronted("ema", MEANS), "n_averaged": torch.tensor(5), "decay": torch.tensor(0.9)}
FILES: dict[str, Any] = {**TABLES, **{f"in one: {name}": item for name, item in ONE_TABLE.items()}, "counted": COUNTED}


def value(found: dict[str, Tensor]) -> float:
    assert found.keys() == RAWS.keys()
    return float(found["a.weight"][0])


@pytest.mark.parametrize("content", FILES.values(), ids=FILES.keys())
def test_either_set_can_be_taken_and_what_is_left_is_offered_by_what_takes_it(content: dict[str, Any]) -> None:
    sets = weight_sets.of(content)
    assert len(sets) == 2
    for wanted, expected in (("trained", RAW), ("averaged", MEAN)):
        taken, [text] = weight_sets.chosen(sets, wanted, "w.pth")
        assert value(taken) == expected
        assert f"taken were the {wanted} ones" in text
        offer = text.split("--weights ")[1].rstrip(".").strip("'")
        other, _ = weight_sets.chosen(sets, offer, "w.pth")
        assert value(other) == RAW + MEAN - expected, "what is offered takes the other set"
    for name, tensors in sets.items():
        assert weight_sets.chosen(sets, name, "w.pth")[0] is tensors, "every set can be taken by its own name"


def test_one_set_alone_needs_no_choice_but_an_average_is_called_one() -> None:
    taken, text = weight_sets.chosen(weight_sets.of({"state_dict": RAWS}), "trained", "w.pth")
    assert (value(taken), text) == (RAW, [])
    taken, text = weight_sets.chosen(weight_sets.of({"model_ema": MEANS}), "trained", "w.pth")
    assert value(taken) == MEAN
    assert text == ["They are averaged weights (model_ema); it holds no others."]


@pytest.mark.parametrize(
    ("content", "wanted", "message"),
    [
        ({"state_dict": RAWS}, "averaged", "w.pth holds no averaged weights; it has 'state_dict'"),
        ({"state_dict": RAWS, "ema": MEANS}, "best", "no weights named 'best'; choose trained, averaged, or 'state_"),
        ({"epoch": 3}, "trained", "w.pth holds no state dict"),
        ([1, 2], "trained", "w.pth holds no state dict"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(content: Any, wanted: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        weight_sets.chosen(weight_sets.of(content), wanted, "w.pth")


@pytest.mark.parametrize("name", ["emacs", "demagnified", "schema", "swan", "avgpool", "shadows"])
def test_a_word_that_only_looks_like_it_is_no_average(name: str) -> None:
    assert not weight_sets.is_ema_set(name)


def both(path: Path, how: str) -> tuple[Tensor, Tensor]:
    """A checkpoint of both sets at `path`; what the model answers with the trained and with the averaged ones."""
    trained = perturbed(NAME)
    mean = build(NAME).eval()
    mean.load_state_dict({name: 0.5 * tensor for name, tensor in trained.state_dict().items()})
    raw, average = published(trained), published(mean)
    if how == "tables":
        torch.save({"state_dict": raw, "state_dict_ema": average}, path)
    elif path.suffix == ".safetensors":
        save_file({**raw, **fronted("ema", average)}, path)
    else:
        torch.save({**fronted("model", raw), **fronted("ema", average)}, path)
    image = image_of(3)
    return trained(image), mean(image)


def image_of(channels: int) -> Tensor:
    return torch.linspace(-1, 1, channels * 32 * 32).reshape(1, channels, 32, 32)


@pytest.mark.parametrize(("file", "how"), [("w.pth", "tables"), ("w.pth", "prefix"), ("w.safetensors", "prefix")])
def test_the_model_answers_with_the_set_that_was_said(file: str, how: str, tmp_path: Path) -> None:
    trained, averaged = both(tmp_path / file, how)
    answers = {"trained": trained, "averaged": averaged}
    assert not torch.allclose(trained, averaged)
    for wanted, expected in answers.items():
        model = build(NAME).eval()
        text = load_published(model, tmp_path / file, wanted)
        torch.testing.assert_close(model(image_of(3)), expected, atol=1e-6, rtol=0)
        assert f"taken were the {wanted} ones" in text[1]


# Tables of tensors beside the weights that are none: measures, counts, statistics of the data, an average's own state.
NO_WEIGHTS = ("average_precision", "avg_loss", "ema_loss", "running_average", "metrics", "model_stats", "class_counts")


@pytest.mark.parametrize("name", NO_WEIGHTS)
@pytest.mark.parametrize("first", [True, False])
def test_a_table_of_tensors_without_the_models_names_is_no_set_of_weights(
    name: str, first: bool, tmp_path: Path
) -> None:
    trained, table = perturbed(NAME), {"cat": torch.rand(3), "dog": torch.rand(3)}
    for weights in ({"net": published(trained)}, {"net": published(trained), "model_ema": published(trained)}):
        content = {name: table, **weights} if first else {**weights, name: table}
        torch.save(content, tmp_path / "w.pth")
        assert len(weight_sets.of(content)) == len(content)
        model = build(NAME).eval()
        text = " ".join(load_published(model, tmp_path / "w.pth"))
        torch.testing.assert_close(model(image_of(3)), trained(image_of(3)), atol=1e-6, rtol=0)
        assert name not in text
        with pytest.raises(
            UserError, match="no weights named" if "model_ema" in content else "holds no averaged weights"
        ):
            load_published(model, tmp_path / "w.pth", name if "model_ema" in content else "averaged")
    torch.save({name: table}, tmp_path / "w.pth")
    with pytest.raises(UserError, match="not a checkpoint of"):
        load_published(build(NAME), tmp_path / "w.pth")


@pytest.mark.parametrize("wanted", ["trained", "averaged"])
def test_the_command_line_takes_what_it_is_told_and_offers_the_other(wanted: str, tmp_path: Path) -> None:
    both(tmp_path / "w.pth", "tables")
    other = {"trained": "averaged", "averaged": "trained"}[wanted]
    command = [sys.executable, "-m", "vitcore", "--results", str(tmp_path / "results"), "import", NAME]
    command += [str(tmp_path / "w.pth"), "--dataset", "cifar-10", "--no-evaluate", "--weights", wanted]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert f"taken were the {wanted} ones" in done.stderr
    assert f"--weights {other}" in done.stderr
