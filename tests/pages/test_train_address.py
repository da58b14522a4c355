"""Train's choices live in its address: it fills the form and follows it, and a stored run begins it anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.train import address
from tests.data.images import class_files, write_folder
from tests.pages.opening import PAGES, ROOT, Open
from tests.pages.texts import tell
from vitcore.runs import queue
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

CHOSEN = {
    "architecture": "vit-lite-7/4",
    "dataset": "mnist",
    "kernel": "relu",
    "samples": 500,
    "validation": None,
    "stratified": True,
    "orthogonal": False,
    "learning_rate": 3e-4,
    "patch": 7,
    "resize": "crop",
    "seed": 4,
}


def opened(says: dict[str, str], page: str = "train") -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "navigation.py"), default_timeout=120)
    app.run()
    app.switch_page(PAGES[page])
    for name, text in says.items():
        app.query_params[name] = text
    return app.run()


def test_an_address_is_the_spec_and_back(empty: Results) -> None:
    """Every kind of option: a choice, a formula of one's own, numbers, empty ones, yes and no."""
    spec = RunSpec.of(**CHOSEN)
    says = address.of(spec)
    assert says["validation"] == "0"
    assert says["orthogonal"] == "no"
    assert set(says) == {name for name in CHOSEN if name != "resize"}
    app = opened(says)
    assert not app.exception
    assert not app.warning
    app.button(key="launch").click().run()
    [run] = empty.ids()
    assert empty.run(run).spec() == spec
    queue.stop(empty, run)
    formula = RunSpec.of(spec, kernel="f: relu(x)**3")
    app = opened(address.of(formula))
    assert not app.exception
    assert formula.title() in [item.value for item in app.text]


def test_what_is_chosen_stands_in_the_address_and_defaults_do_not(empty: Results, open_page: Open) -> None:
    app = open_page("train")
    assert dict(app.query_params) == {}
    app.text_input(key="field-seed").set_value("7").run()
    assert app.query_params["seed"] in ("7", ["7"])
    app.text_input(key="field-seed").set_value("x").run()
    assert app.query_params["seed"] in ("7", ["7"]), "what cannot be does not get there"
    app.text_input(key="field-seed").set_value("0").run()
    assert "seed" not in dict(app.query_params)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("archtecture", "x", "'archtecture', which no option of a run is called"),
        ("dataset", "<b>", "Dataset is"),
        ("epochs", "many", "Epochs"),
        ("stratified", "maybe", "can be yes or no"),
        ("kernel", "f: __import__('os')", "not followed"),
    ],
)
def test_what_an_address_cannot_say_is_told(empty: Results, name: str, text: str, sentence: str) -> None:
    app = opened({"seed": "3", name: text})
    assert not app.exception
    assert sentence in " ".join(item.value.replace("\\", "") for item in app.warning)
    assert app.text_input(key="field-seed").value == "3", "the rest is followed"


@pytest.mark.parametrize(("page", "key"), [("compare", "details-start-from"), ("live", "start-from-{}")])
def test_a_stored_run_begins_the_form_anew(empty: Results, open_page: Open, page: str, key: str) -> None:
    spec = RunSpec.of(architecture="vit-lite-7/4", dataset="digits", samples=300, epochs=3, name="mine")
    run = tell(empty, spec).id
    app = open_page(page) if page == "compare" else opened({"runs": run}, "live")
    app.button(key=key.format(run)).click().run()
    assert not app.exception
    assert app.text_input(key="field-epochs").value == "3"
    assert app.text_input(key="field-samples").value == "300"
    assert app.text_input(key="field-name").value == "", "two runs of one name could not be told apart"


def test_no_validation_is_no_share_of_ones_own_images(empty: Results, own_places: Path, tmp_path: Path) -> None:
    own = write_folder(tmp_path / "mine", class_files())
    app = opened(address.of(RunSpec.of(dataset="folder", folder=str(own), architecture="cnn", batch_size=4)))
    assert app.text_input(key="field-validation").value == "0"
    assert not app.warning, app.warning[0].value
    assert not app.button(key="launch").disabled
