"""The form that brings in published weights: which of a file's sets it takes, from where, and where they go on."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from tests.models.test_checkpoint_formats import perturbed, published
from tests.pages.opening import Open
from tests.runs.hub_server import COMMIT, Hub, serving
from vitcore import processes
from vitcore.runs.folder import Results
from vitcore.runs.import_checkpoint import store
from vitcore.spec import RunSpec


@pytest.mark.parametrize("averaged", [False, True], ids=["trained", "averaged"])
def test_the_checkbox_takes_the_average_and_the_page_says_what_was_taken(
    averaged: bool, empty: Results, open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = perturbed("cct-2/3x2")
    half = {name: 0.5 * tensor for name, tensor in published(model).items()}
    torch.save({"state_dict": published(model), "state_dict_ema": half}, tmp_path / "w.pth")
    asked: list[list[str]] = []
    real = processes.answer

    def answer(module: str, arguments: list[str], seconds: float) -> tuple[str, str]:
        asked.append(arguments)
        return real(module, arguments, seconds)

    monkeypatch.setattr(processes, "answer", answer)
    app = open_page("architectures")
    app.selectbox(key="import-model").set_value("cct-2/3x2")
    app.text_input(key="import-path").set_value(str(tmp_path / "w.pth"))
    if averaged:
        app.checkbox(key="import-averaged").check()
    app.button(key="import").click().run(timeout=200)
    assert not app.exception
    assert not app.warning, [item.value for item in app.warning]
    text = " ".join(item.value for item in app.get("text"))
    taken, other = ("averaged", "trained") if averaged else ("trained", "averaged")
    assert f"taken were the {taken} ones" in text
    assert f"--weights {other}" in text
    assert ("averaged" in asked[0]) == averaged
    assert len(empty.ids()) == 1


def test_a_name_of_the_hub_stands_where_a_path_does(
    empty: Results, open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    weights = {name: tensor.contiguous() for name, tensor in published(perturbed("cct-2/3x2")).items()}
    hub = Hub()
    hub.files["shi-labs/cct-2"] = {"model.safetensors": save(weights)}
    with serving(hub):
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        app = open_page("architectures")
        app.selectbox(key="import-model").set_value("cct-2/3x2")
        app.text_input(key="import-path").set_value("hf:shi-labs/cct-3")
        app.button(key="import").click().run(timeout=200)
        assert "has no open repository shi-labs/cct-3" in app.warning[0].value
        app.text_input(key="import-path").set_value("hf:shi-labs/cct-2")
        app.button(key="import").click().run(timeout=200)
    assert not app.exception
    assert not app.warning, [item.value for item in app.warning]
    assert f"Taken from hf:shi-labs/cct-2 at revision {COMMIT[:12]} (model.safetensors" in app.get("text")[0].value
    assert len(empty.ids()) == 1


def test_weights_without_a_fitting_head_can_be_started_from_but_not_learned_from(
    empty: Results, open_page: Open, tmp_path: Path
) -> None:
    torch.save(published(perturbed("cct-2/3x2", channels=1, image_size=28, classes=7)), tmp_path / "seven.pth")
    id, _ = store(empty, RunSpec.of(architecture="cct-2/3x2", dataset="digits"), tmp_path / "seven.pth")
    app = open_page("train")
    app.selectbox(key="field-dataset").set_value("digits").run()
    app.selectbox(key="field-architecture").set_value("cct-2/3x2").run()
    offered = {name: set(app.selectbox(key=f"field-{name}").options) for name in ("init_from", "teacher")}
    assert len(offered["init_from"]) == 2, "none, and the weights"
    assert len(offered["teacher"]) == 1
    app.segmented_control(key="start-kind").set_value("Imported weights").run()
    app.selectbox(key="start-weights").set_value(id).run()
    assert not app.exception
    assert app.selectbox(key="field-init_from").value == id
