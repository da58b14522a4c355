"""A spec is refused in one sentence, survives a round trip, and is recognized by what it does, not by its seed."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from vitcore.cli.options import _help
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.layers.kernels import KERNELS
from vitcore.models import ARCHITECTURES
from vitcore.spec import RunSpec, fields
from vitcore.spec.options import SpecField

FIELDS = fields()


def test_leaf_names_are_unique_so_that_a_flag_names_one_thing() -> None:
    names = [field.name for field in FIELDS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_option_has_a_label_a_help_sentence_and_a_valid_default(field: SpecField) -> None:
    assert field.label
    assert field.help.endswith(".")
    assert field.kind in (bool, int, float, str)
    assert not field.choices or field.default in field.choices
    assert RunSpec.of(**{field.name: field.default}).flat()[field.name] == field.default


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"model": {"deepness": 3}}, r"no option 'deepness' in its 'model'"),
        ({"model": 3}, "model"),
        ({"data": None}, "data"),
        ({"seed": None}, r"Seed \(seed\)"),
        ({"training": {"epochs": 10**9}}, r"Epochs \(epochs\)"),
    ],
)
def test_a_spec_file_that_does_not_fit_is_refused_by_its_label_or_its_place(raw: dict[str, Any], named: str) -> None:
    with pytest.raises(UserError, match=named):
        RunSpec.parse(raw)


@pytest.mark.parametrize("field", [field for field in FIELDS if field.bounds], ids=lambda field: field.name)
def test_a_number_out_of_bounds_is_named_by_the_label_of_its_field(field: SpecField) -> None:
    beyond = -1 if "ge" in field.bounds or "gt" in field.bounds else 10**9
    with pytest.raises(UserError, match=rf"^{re.escape(field.label)} \({field.name}\): '{beyond}' does not do; "):
        RunSpec.of(**{field.name: beyond})


def test_what_an_empty_option_means_is_said_as_its_help_says_it() -> None:
    words = {field.name: field.empty for field in FIELDS if field.optional}
    assert words["target_error"] == "never"
    assert words["samples"] == "all"
    assert {words[name] for name in ("clip_norm", "teacher", "folder")} == {"none"}
    assert words["subset_seed"] == "the run's seed"
    assert words["crop_from"] == "the image size"
    own = {
        "tokenizer",
        "depth",
        "embed_dim",
        "num_heads",
        "mlp_ratio",
        "patch",
        "features",
        "epsilon",
        "dropout",
        "attention_dropout",
        "drop_path",
        "image_size",
    }
    assert {name for name, word in words.items() if word == "its own"} == own


def test_choices_are_the_tables_themselves() -> None:
    by_name = {field.name: field for field in FIELDS}
    assert by_name["architecture"].choices == tuple(ARCHITECTURES)
    assert by_name["kernel"].choices == tuple(KERNELS)
    assert by_name["dataset"].choices == tuple(DATASETS)


def test_a_spec_survives_json() -> None:
    spec = RunSpec.of(kernel="x^2", epochs=3, samples=100, epsilon=0.0, name="a.b-c_1")
    assert RunSpec.parse(json.loads(json.dumps(spec.to_dict()))) == spec


@pytest.mark.parametrize("change", [{"seed": 7}, {"device": "cpu"}, {"precision": "float32"}, {"name": "mine"}])
def test_seed_machine_and_name_do_not_change_what_a_run_is(change: dict[str, Any]) -> None:
    assert RunSpec.of(**change).fingerprint() == RunSpec().fingerprint()


@pytest.mark.parametrize(
    "change", [{"kernel": "x^2"}, {"samples": 10}, {"epochs": 6}, {"pos_embed": "none"}, {"crop": 2}]
)
def test_everything_else_does(change: dict[str, Any]) -> None:
    assert RunSpec.of(**change).fingerprint() != RunSpec().fingerprint()


@pytest.mark.parametrize(
    ("empty", "spelled"),
    [
        ({"dataset": "digits"}, {"samples": 1437}),
        ({"dataset": "mnist"}, {"samples": 60_000, "image_size": 28}),
        ({"dataset": "mnist", "draw_from": "all"}, {"samples": 70_000}),
        ({"dataset": "mnist", "replacement": True}, {"samples": 60_000}),
        ({"architecture": "vit-lite-7/4"}, {"patch": 4}),
        ({"kernel": "relu"}, {"epsilon": 1e-3}),
    ],
)
def test_what_is_its_own_may_be_spelled_out(empty: dict[str, Any], spelled: dict[str, Any]) -> None:
    assert RunSpec.of(**empty, **spelled).fingerprint() == RunSpec.of(**empty).fingerprint()


def test_a_folder_is_one_by_whatever_path(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "images")
    paths = [tmp_path / "images", tmp_path / "link", tmp_path / "images" / ".." / "images", f"{tmp_path}/images/"]
    assert len({RunSpec.of(dataset="folder", folder=str(path)).fingerprint() for path in paths}) == 1


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"samples": 5000}, ["5,000", "1,437", "replacement"]),
        ({"epochs": 0}, ["epochs", "1", "0"]),
        ({"learning_rate": float("nan")}, ["learning_rate", "finite"]),
        ({"architecture": "vit-lite-7/5"}, ["vit-lite-7/5", "vit-lite-7/4"]),
        ({"architecture": "vit-lite-7/8"}, ["8", "28"]),
        ({"architecture": "vit-lite-7/4", "patch": 9}, ["9", "28"]),
        ({"architecture": "cnn", "kernel": "relu"}, ["cnn", "relu"]),
        ({"name": "x" * 121}, ["name", "121", "120"]),
        ({"name": "a\nb"}, ["name", "U+000A"]),
        ({"teacher": "../up"}, ["teacher", "../up"]),
        ({"kernels": "relu"}, ["kernels", "kernel"]),
        ({"batch_size": "many"}, ["batch_size", "many", "integer"]),
    ],
)
def test_bad_input_gets_one_sentence_with_both_numbers(change: dict[str, Any], names: list[str]) -> None:
    with pytest.raises(UserError) as error:
        RunSpec.of(**change)
    text = str(error.value)
    assert "\n" not in text
    for name in names:
        assert name in text


@pytest.mark.parametrize("raw", [{"architecture": "9" * 5000}, {"9" * 5000: 1}, {"name": "9" * 5000}])
def test_a_refusal_stays_a_sentence_however_long_what_was_given(raw: dict[str, Any]) -> None:
    with pytest.raises(UserError) as error:
        RunSpec.of(**raw)
    assert len(str(error.value)) < 600


def test_more_rows_than_there_are_may_be_drawn_with_replacement() -> None:
    assert RunSpec.of(samples=5000, replacement=True).data.samples == 5000


WRONG = ["", " ", "x y", "-1", -1, 0, 1e99, float("nan"), float("inf"), 10**30, [], {}, [1], object, None, "a\nb", True]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_no_refusal_names_an_option_by_its_place_in_the_file(field: SpecField) -> None:
    """Neither on the form, nor by a flag, nor from a file; misspelled, of the wrong kind, or nested one too deep."""
    dotted = re.compile(rf"\b({'|'.join(sorted({item.path[0] for item in FIELDS if len(item.path) > 1}))})\.[a-z]")
    raws = [_nested(field.path, wrong) for wrong in WRONG] + [_nested((*field.path, "deeper"), 1)]
    raws += [_nested((*field.path[:-1], f"{field.name}x"), 1)]
    messages = []
    for raw in raws:
        try:
            RunSpec.parse(raw)
        except UserError as error:
            messages.append(str(error))
    assert messages
    for sentence in messages:
        assert not dotted.search(sentence), sentence
        assert "\n" not in sentence
    assert any(field.label in sentence or field.name in sentence for sentence in messages)


def _nested(path: Sequence[str], value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value


@pytest.mark.parametrize("field", [field for field in FIELDS if field.optional], ids=lambda field: field.name)
def test_the_flag_s_help_says_what_an_empty_option_means(field: SpecField) -> None:
    """In the words of the form; the path of one's own images is the one that has no meaning when it is empty."""
    text = _help(field)
    assert ("empty: " in text) == (field.name != "folder")
    assert field.empty in ("never", "none", "all", "its own", "the run's seed", "the image size")
    if field.name != "folder":
        words = {"its own": "own", "all": "all of them"}.get(field.empty, field.empty)
        assert re.search(rf"empty: ([^.;(]+ )?{words}", text)
