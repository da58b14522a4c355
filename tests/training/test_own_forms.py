"""A run on a person's own images in other forms than class folders: trained, named by what it learned from, resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.data import own_forms
from tests.data.images import write_folder
from tests.training.runs import QUICK, Lines, after
from vitcore.errors import UserError
from vitcore.spec import RunSpec
from vitcore.training import Outcome, stop_signal, train

FEW: dict[str, Any] = {"dataset": "folder", "image_size": 16, "samples": None, "batch_size": 4, "epochs": 1}


def on(path: Path, folder: Path, **options: Any) -> tuple[Outcome, Lines]:
    """A short run on what lies at `path`; `control` and `resume` go to `train`."""
    passed = {name: options.pop(name) for name in ("control", "resume") if name in options}
    messages = Lines()
    folder.mkdir(exist_ok=True)
    return train(
        RunSpec.of(**(QUICK | FEW | options | {"folder": str(path)})), messages, folder=folder, **passed
    ), messages


@pytest.mark.parametrize("form", ["MedMNIST", "parquet"])
def test_a_run_on_it_is_trained_and_says_on_what(own_places: Path, tmp_path: Path, form: str) -> None:
    path = write_folder(tmp_path / "mine", own_forms.FORMS[form])
    outcome, messages = on(path, tmp_path / "run")
    assert outcome.status == "finished"
    [started] = messages.events("started")
    assert (started["train_samples"], started["test_samples"]) == (12, 12)
    assert list(started["classes"]) == (list(own_forms.NAMES) if form == "parquet" else ["0", "1", "2"])
    assert started["majority_error"] == pytest.approx(200 / 3)
    notes = " ".join(line["text"] for line in messages.events("note"))
    assert "always answering" in notes
    assert "12 images to train on and 12 to test on, of 3 classes" in notes
    assert len(messages.events("epoch")) == 1


def test_it_goes_on_only_with_the_arrays_that_it_began_on(
    own_places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop_signal, "ASK_SECONDS", 0.0)
    path, folder = write_folder(tmp_path / "mine", own_forms.FORMS["Keras"]), tmp_path / "run"
    assert on(path, folder, epochs=3, control=after(2, "pause"))[0].status == "paused"
    other = own_forms.KERAS | {"y_train": own_forms.LABELS[::-1].astype("uint8")}
    (path / "tiny.npz").write_bytes(own_forms.npz(**other))
    with pytest.raises(UserError, match="no longer those that this run began on: of the 12 images to train on some"):
        on(path, folder, epochs=3, resume=True)
    (path / "tiny.npz").write_bytes(own_forms.FORMS["Keras"]["tiny.npz"])
    assert on(path, folder, epochs=3, resume=True)[0].status == "finished"


def test_how_images_become_square_is_of_the_run_where_it_can_matter() -> None:
    """The option's default leaves every stored fingerprint as it was."""
    plain = RunSpec.of(dataset="folder", folder="/x")
    assert "resize" not in str(plain.model_dump(exclude_defaults=True))
    stretched = RunSpec.of(plain, resize="stretch")
    assert stretched.fingerprint() != plain.fingerprint()
    assert RunSpec.of(dataset="mnist", resize="stretch").fingerprint() == RunSpec.of(dataset="mnist").fingerprint()
