"""A checkpoint is refused in a sentence that names it, whatever it says of itself, before room is made for it."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from vitcore.errors import UserError
from vitcore.spec import RunSpec
from vitcore.training.checkpoint import load_model, load_resume, save_model, save_resume
from vitcore.training.network import build_model

SPEC = RunSpec.of(architecture="cnn")
CLASSES = tuple("0123456789")


def tell(folder: Path, **image: Any) -> None:
    """A whole checkpoint whose note about its images is another."""
    save_model(folder, build_model(SPEC, 1, 28, 10), SPEC, CLASSES, 28, 1)
    path = folder / "model.safetensors"
    facts = {"classes": list(CLASSES), "image_size": 28, "channels": 1, **image}
    about = {"format": "vitcore 1", "spec": json.dumps(SPEC.to_dict()), "image": json.dumps(facts), "epoch": "1"}
    save_file(load_file(path), path, metadata=about)


def test_the_note_as_it_should_be_loads(tmp_path: Path) -> None:
    tell(tmp_path)
    assert load_model(tmp_path)[2] == CLASSES


@pytest.mark.parametrize(
    "image",
    [
        {"image_size": 10**6},
        {"image_size": float("inf")},
        {"image_size": 0},
        {"image_size": "28"},
        {"channels": 10**9},
        {"channels": None},
        {"classes": 10**9},
        {"classes": []},
        {"classes": ["a"] * 20_001},
    ],
    ids=lambda image: str(image)[:40],
)
def test_sizes_that_no_image_has_are_refused_before_the_model_is_built(tmp_path: Path, image: dict[str, Any]) -> None:
    tell(tmp_path, **image)
    with pytest.raises(UserError, match=r"model\.safetensors does not hold the model it names") as refused:
        load_model(tmp_path)
    assert "\n" not in str(refused.value)


def test_what_is_quoted_of_a_foreign_file_is_short(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(1)}, tmp_path / "model.safetensors", metadata={"format": "9" * 9000})
    with pytest.raises(UserError, match="was not written by this version") as refused:
        load_model(tmp_path)
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize("spec", [None, [], "x", {"model": 3}, {"seed": -1}], ids=str)
def test_a_resume_file_that_does_not_say_whose_it_is(tmp_path: Path, spec: object) -> None:
    save_resume(tmp_path, {} if spec is None else {"spec": spec})
    with pytest.raises(UserError, match=r"resume\.pt does not say which run it is of") as refused:
        load_resume(tmp_path, SPEC)
    assert "\n" not in str(refused.value)


def test_a_resume_file_with_code_in_it_runs_nothing(tmp_path: Path) -> None:
    class Planted:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (tmp_path / "ran",)

    torch.save({"format": 1, "spec": SPEC.to_dict(), "planted": Planted()}, tmp_path / "resume.pt")
    with pytest.raises(UserError, match=r"resume\.pt cannot be read"):
        load_resume(tmp_path, SPEC)
    assert not (tmp_path / "ran").exists()


def test_a_folder_that_was_moved_meanwhile_is_not_made_anew(tmp_path: Path) -> None:
    gone = tmp_path / "runs" / "gone"
    for keep in (
        lambda: save_model(gone, build_model(SPEC, 1, 28, 10), SPEC, CLASSES, 28, 1),
        lambda: save_resume(gone, {"spec": SPEC.to_dict()}),
    ):
        with pytest.raises(UserError, match=r"the checkpoint cannot be kept in .*gone"):
            keep()
    assert not gone.parent.exists()
