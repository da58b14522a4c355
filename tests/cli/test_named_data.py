"""Images of one's own under a name: what the name stands for, when it is refused, and whose it is."""

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.data import own_forms
from tests.data.images import class_files, write_folder
from vitcore.cli import app
from vitcore.cli.train import chosen_spec
from vitcore.data.identity import digest
from vitcore.data.load import load
from vitcore.errors import UserError
from vitcore.front import launch
from vitcore.runs import named_data
from vitcore.runs.folder import Results
from vitcore.settle.settings import setting
from vitcore.spec import RunSpec


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Two classes of images, in class folders."""
    return write_folder(tmp_path / "pets", class_files(split=False))


def test_a_name_stands_for_a_path_and_how_it_is_read(named_results: Results, pets: Path) -> None:
    results = named_results
    item = named_data.add(results, "My pets", str(pets), resize="stretch")
    assert item.slug == "my-pets"
    assert item.digest == digest(load("folder", folder=str(pets), validation=True))
    assert named_data.listed(results) == ([item], [])
    assert named_data.stored(results, "my-pets") == named_data.stored(results, "My Pets") == item
    plain = RunSpec.begun(dataset="folder", folder=str(pets), resize="stretch", image_size=16)
    by_name = [
        chosen_spec(None, {"dataset": "my-pets", "image_size": "16"}),
        launch._chosen(None, None, {"dataset": "my-pets", "image_size": 16}),
        launch._chosen(RunSpec.begun(image_size=16), None, {"dataset": "My pets"}),
        setting("dataset=my-pets image_size=16", results, begun=True),
    ]
    for spec in by_name:
        assert spec == plain
        assert spec.fingerprint(item.digest) == plain.fingerprint(item.digest)
    assert chosen_spec(None, {"dataset": "my-pets", "resize": "crop"}).data.resize == "crop"
    with pytest.raises(UserError, match="another path is given too"):
        chosen_spec(None, {"dataset": "my-pets", "folder": "/elsewhere"})


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "no name"), ("…", "no name"), ("a\nb", "no name"), ("a" * 61, "too long"), ("MNIST", "everybody has"),
        ("folder", "everybody has"), ("custom-dataset", "everybody has"), ("PETS", "already"),
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(name: str, sentence: str, named_results: Results, pets: Path) -> None:
    named_data.add(named_results, "pets", str(pets))
    with pytest.raises(UserError, match=sentence):
        named_data.add(named_results, name, str(pets))
    [item] = named_data.listed(named_results)[0]
    named_data.add(named_results, "cells", str(pets))
    with pytest.raises(UserError, match=sentence):
        named_data.rename(named_results, "cells", name)
    assert named_data.stored(named_results, "pets") == item


def test_a_long_name_is_found_again_wherever_its_slug_is_cut(named_results: Results, pets: Path) -> None:
    name = "a" * 31 + " and more"
    item = named_data.add(named_results, name, str(pets))
    assert named_data.listed(named_results) == ([item], [])
    assert named_data.stored(named_results, item.slug) == named_data.stored(named_results, name) == item
    named_data.forget(named_results, item.slug)
    assert named_data.listed(named_results) == ([], [])


def test_what_no_run_could_read_gets_no_name(named_results: Results, tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path / ("x" * 1200), ""):
        with pytest.raises(UserError):
            named_data.add(named_results, "pets", str(path))
    with pytest.raises(UserError, match="resize"):
        named_data.add(named_results, "pets", str(tmp_path), resize="squeeze")
    assert named_data.listed(named_results) == ([], [])


def test_files_that_were_written_since_are_told_of_and_what_differs_once_they_are_read(
    named_results: Results, tmp_path: Path
) -> None:
    place = tmp_path / "tiny.npz"
    place.write_bytes(own_forms.npz(images=own_forms.ARRAYS[0], labels=own_forms.LABELS))
    item = named_data.add(named_results, "tiny", str(place))
    assert named_data.changed(item) is None
    os.utime(place, ns=(1, 1))
    assert "written since" in str(named_data.changed(item))
    assert named_data.differences(item) == []
    assert named_data.changed(named_data.update(named_results, "tiny")) is None
    place.write_bytes(own_forms.npz(images=own_forms.ARRAYS[0], labels=np.roll(own_forms.LABELS, 1)))
    [difference] = named_data.differences(item)[:1]
    assert "another label" in difference
    new = named_data.update(named_results, "tiny")
    assert new.digest != item.digest
    assert named_data.differences(new) == []
    place.unlink()
    assert "no longer there" in str(named_data.changed(new))
    with pytest.raises(UserError, match="no folder or archive or file"):
        named_data.differences(new)


def test_a_name_that_another_account_gave_is_listed_and_not_followed(
    named_results: Results, pets: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "theirs"))
    named_data.add(named_results, "pets", str(pets))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "own"))
    found, [sentence] = named_data.listed(named_results)
    assert found == []
    assert "another account" in sentence
    for what in (lambda: named_data.stored(named_results, "pets"), lambda: chosen_spec(None, {"dataset": "pets"})):
        with pytest.raises(UserError, match="nothing is read at their path"):
            what()
    named_data.forget(named_results, "pets")
    assert named_data.listed(named_results) == ([], [])


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"v": 2}', '{"v": 2, "dataset": []}', '{"v": 99, "dataset": {}}'])
def test_a_damaged_name_is_a_sentence(damage: str, named_results: Results, pets: Path) -> None:
    named_data.add(named_results, "pets", str(pets))
    file = named_results.root / "datasets" / "pets.json"
    file.write_text(damage)
    found, [sentence] = named_data.listed(named_results)
    assert (found, "pets" in sentence) == ([], True)


def test_a_path_that_was_changed_in_the_file_is_not_followed(named_results: Results, pets: Path) -> None:
    named_data.add(named_results, "pets", str(pets))
    file = named_results.root / "datasets" / "pets.json"
    content = json.loads(file.read_text())
    content["dataset"]["folder"] = "/etc"
    file.write_text(json.dumps(content))
    assert named_data.listed(named_results)[0] == []
    named_data.forget(named_results, "pets")
    file.symlink_to(pets / "elsewhere.json")
    assert named_data.listed(named_results)[0] == []


def test_several_who_give_one_name_at_once_leave_one_behind(named_results: Results, pets: Path) -> None:
    refused: list[str] = []

    def name() -> None:
        try:
            named_data.add(named_results, "pets", str(pets))
        except UserError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=name) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 3
    assert all("already" in sentence for sentence in refused)
    assert [item.name for item in named_data.listed(named_results)[0]] == ["pets"]


def test_the_command_line_names_lists_checks_renames_and_forgets(named_results: Results, tmp_path: Path) -> None:
    place = tmp_path / "tiny.npz"
    place.write_bytes(own_forms.npz(images=own_forms.ARRAYS[0], labels=own_forms.LABELS))

    def output(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["datasets", *words])
        assert done.exit_code == code, done.output
        return done.output

    slug, known = output("add", "Tiny", str(place)).split()
    assert slug == "tiny"
    [line] = [line for line in output().splitlines() if "tiny.npz" in line]
    assert line.split()[:4] == ["tiny", "named", "by", "you"]
    assert known in line
    assert "are those that were named" in output("check", "tiny")
    output("rename", "tiny", "Tinier")
    place.write_bytes(own_forms.npz(images=own_forms.ARRAYS[0][:9], labels=own_forms.LABELS[:9]))
    assert "changed" in next(line for line in output().splitlines() if "tiny.npz" in line)
    assert "images to train on where there were" in output("check", "tinier", code=1)
    assert known not in output("check", "tinier", "--update")
    assert "are those that were named" in output("check", "tinier")
    output("forget", "tinier")
    assert "tiny.npz" not in output()
