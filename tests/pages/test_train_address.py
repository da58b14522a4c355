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


def test_a_sweep_is_in_the_address_and_comes_back(empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.multiselect(key="sweep-over").set_value(["learning_rate", "seed", "kernel"]).run()
    app.text_input(key="field-seed-several").set_value("0-2").run()
    app.multiselect(key="field-kernel-several").set_value(["softmax", "relu"]).run()
    app.segmented_control(key="sweep-learning_rate-as").set_value("Range").run()
    app.text_input(key="sweep-learning_rate-low").set_value("1e-4").run()
    app.text_input(key="sweep-learning_rate-high").set_value("1e-2").run()
    app.text_input(key="sweep-learning_rate-steps").set_value("3").run()
    says = {name: values[0] if isinstance(values, list) else values for name, values in app.query_params.items()}
    assert says["sweep"] == "learning_rate,seed,kernel"
    assert says["sweep-learning_rate"] == "range:1e-4:1e-2:3:log"
    assert says["sweep-seed"] == "0-2"
    assert says["sweep-kernel"] == "softmax,relu"
    assert "kernel" not in says, "it has no one value"
    assert "3 × 3 × 2 = 18 runs" in " ".join(caption.value for caption in app.caption)
    again = opened(says)
    assert not again.exception
    assert not again.warning
    assert "3 × 3 × 2 = 18 runs" in " ".join(caption.value for caption in again.caption)
    assert again.query_params.keys() == app.query_params.keys()


def test_random_draws_are_in_the_address(empty: Results) -> None:
    app = opened({"architecture": "cnn", "sweep": "batch_size,flip", "sweep-batch_size": "32, 64, 128",
                  "sweep-flip": "yes,no", "sweep-count": "4", "sweep-draw-seed": "7"})  # fmt: skip
    assert not app.exception
    assert app.session_state["sweep-way"] == "Random draws"
    assert "4 runs drawn." in " ".join(caption.value for caption in app.caption)
    assert app.query_params["sweep-draw-seed"] in ("7", ["7"])


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        ({"sweep": "name,nothing"}, "no sweep can run"),
        ({"sweep": "kernel", "sweep-kernel": "softmax,no such kernel"}, "not followed"),
        ({"sweep": "learning_rate", "sweep-learning_rate": "range:x"}, ""),
        ({"sweep": "seed", "sweep-seed": "<b>"}, ""),
        ({"sweep": "flip", "sweep-flip": "perhaps"}, "not followed"),
    ],
)
def test_a_sweep_that_cannot_be_is_told(empty: Results, says: dict[str, str], sentence: str) -> None:
    app = opened({"architecture": "cnn", **says})
    assert not app.exception
    assert any(sentence in warning.value for warning in app.warning) or not sentence
