"""The option `validation`: none in stored specs, a tenth where a person begins; a refusal before anything is queued."""

from __future__ import annotations

import shlex

import pytest
from typer.testing import CliRunner

import vitcore as vc
from pages.shared.launch import FIRST
from vitcore.cli import app
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.front.launch import _chosen
from vitcore.published.tables import tables
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec, command_line, fields, initial
from vitcore.spec.presets import presets

OLD: tuple[dict[str, object], ...] = (
    {},
    {"architecture": "cct-mini/3x3", "dataset": "mnist", "samples": 1000},
    {"dataset": "flowers-102"},
)


@pytest.mark.parametrize("options", OLD)
def test_specs_without_it_are_what_they_were(options: dict[str, object]) -> None:
    spec = RunSpec.of(**options)
    old = spec.to_dict()
    del old["data"]["validation"], old["data"]["validation_seed"]
    assert RunSpec.parse(old) == spec
    assert spec.data.validation is None
    assert "validation" not in str(spec.model_dump(exclude_defaults=True)), "so that its fingerprint is as it was"


def test_a_person_begins_with_a_tenth_wherever_they_begin() -> None:
    assert initial() == {"validation": 0.1}
    assert FIRST.data.validation == 0.1
    assert _chosen(None, None, {"epochs": 2}).data.validation == 0.1
    assert _chosen(RunSpec(), None, {}).data.validation is None, "a spec in hand stays as it is"
    assert _chosen(None, None, {"validation": 0}).data.validation is None
    assert vc.RunSpec().data.validation is None


def test_reports_and_measured_presets_keep_what_they_did() -> None:
    for table in tables().values():
        for row in table.rows:
            for column in table.columns:
                for protocol in table.protocols:
                    assert "validation" not in table.recipe(row.key, column.key, protocol)
    for preset in presets().values():
        assert RunSpec.of(**preset.fields).data.validation is None
        assert "without validation" in str(preset), "its errors are of all training images"


def test_a_command_line_starts_the_same_run() -> None:
    assert command_line(RunSpec.begun()) == "python -m vitcore train"
    for asked in (None, 0.1, 0.25, 200):
        words = shlex.split(command_line(RunSpec.of(validation=asked)))[4:]
        given = {flag.removeprefix("--"): value for flag, value in zip(words[::2], words[1::2], strict=True)}
        assert RunSpec.begun(**given) == RunSpec.of(validation=asked)


def test_nought_is_none_and_a_share_is_its_count() -> None:
    assert RunSpec.of(validation=0).data.validation is None
    first, second = RunSpec.of(validation=0.1), RunSpec.of(validation=144)
    assert first.fingerprint() == second.fingerprint() != RunSpec().fingerprint()
    assert RunSpec.of(validation=0.1, validation_seed=1).fingerprint() != first.fingerprint()
    assert RunSpec.of(validation_seed=1).fingerprint() == RunSpec().fingerprint(), "of nothing that is held out"
    flowers = [RunSpec.of(dataset="flowers-102", validation=asked, validation_seed=3) for asked in (0.1, 500)]
    assert flowers[0].fingerprint() == flowers[1].fingerprint(), "its own split is used, whatever is asked for"
    left = RunSpec.of(validation=0.1, samples=1437 - 144)
    assert left.fingerprint() == first.fingerprint(), "all that are left"


REFUSED = [
    ({"validation": 1.5}, "1.5 is neither a share nor a number of images; give a share below 1, such as 0.1"),
    ({"validation": -0.1}, "greater than or equal to 0"),
    ({"validation": 1437}, "1,437 of the 1,437 training images of Digits .* would leave none to train on"),
    ({"validation": 5000}, "fewer than 1,437"),
    ({"validation": 0.9999}, "would leave none to train on"),
    ({"validation": 3}, "none of the classes .* would be among them; 11 would do"),
    ({"validation": 0.0001}, "would be among them"),
    ({"validation": 1432}, "would be left to train on; give a smaller share or count"),
    ({"validation": 0.1, "samples": 1437}, "more than the 1,293 that are left of Digits .* with 144 held out"),
    ({"validation": "ten"}, "valid number"),
]


@pytest.mark.parametrize(("options", "sentence"), REFUSED)
def test_bad_ones_are_refused_before_anything_is_queued(
    options: dict[str, object], sentence: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    with pytest.raises(UserError, match=sentence):
        RunSpec.of(**options)
    monkeypatch.setenv("VITCORE_RESULTS", str(tmp_path))
    with pytest.raises(UserError, match=sentence):
        vc.submit(**options)  # type: ignore[arg-type]
    text = CliRunner().invoke(app, ["train", *(word for k, v in options.items() for word in (f"--{k}", str(v)))])
    assert text.exit_code != 0
    assert Results().ids() == []


def test_every_dataset_of_the_table_can_begin() -> None:
    for name, known in DATASETS.items():
        if known.train_samples:
            spec = RunSpec.begun(dataset=name)
            assert spec.data.validation == 0.1
    assert next(field for field in fields() if field.name == "validation").empty == "none"
