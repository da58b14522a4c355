"""The form that brings in published weights: which of a file's sets it takes, and that this is said on the page."""

from pathlib import Path

import pytest
import torch

from tests.models.test_checkpoint_formats import perturbed, published
from tests.pages.opening import Open
from vitcore import processes
from vitcore.runs.folder import Results


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
