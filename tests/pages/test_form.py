"""The form launches what it shows, for every field of the spec, and loses nothing between one choice and several."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import launch
from pages.train.form import PRODUCT
from tests.pages.opening import Open
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec, SpecField, fields
from vitcore.spec.presets import presets
from vitcore.spec.typed import written

# A folder is asked for with the dataset of one's own alone; what is derived only the program fills in.
SHOWN = [field for field in fields() if field.name != "folder" and not field.derived]
NUMBERS = [field for field in SHOWN if field.kind in (int, float) and not field.choices]
# Values that go with the other fields' here: what contradicts them is refused.
TOGETHER = {
    "validation": 0.25,
    "warmup_epochs": 3,
    "cooldown_epochs": 3,
    "rand_augment": 9,
    "softmax_before_loss": False,
}
RED = ":small[:red["
UNLIKELY = ("patch", "features", "epsilon")  # what a network takes of these is another question


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[RunSpec]:
    """What the button would queue."""
    taken: list[RunSpec] = []
    monkeypatch.setattr(launch, "launch", lambda specs: taken.extend(specs) or [])
    return taken


def other(field: SpecField) -> Any:
    """A value of the option that is not its default."""
    if field.name in UNLIKELY:
        return None
    if field.name in TOGETHER:
        return TOGETHER[field.name]
    if field.choices:
        known = {"architecture": "cct-mini/3x3", "kernel": "relu", "dataset": "mnist"}
        return known.get(field.name, next(choice for choice in field.choices if choice != field.default))
    if field.kind is bool:
        return not field.default
    if field.kind is str:
        known = {"device": "cpu", "teacher": "some-run", "init_from": "another-run", "tokenizer": "conv/3x2"}
        return known.get(field.name, "größer – *one* <b>")
    if field.name in ("embed_dim", "num_heads"):  # of which the one divides the other
        return {"embed_dim": 48, "num_heads": 3}[field.name]
    low = field.bounds.get("ge", field.bounds.get("gt", 0))
    high = field.bounds.get("le", field.bounds.get("lt", low + 100))
    return field.kind(low + min(high - low, 100) * 0.375)


def put(app: AppTest, field: SpecField, value: Any) -> None:
    key = f"field-{field.name}"
    if field.choices:
        app.selectbox(key=key).set_value(value)
    elif field.kind is bool:
        app.checkbox(key=key).set_value(value)
    else:
        app.text_input(key=key).set_value(value if isinstance(value, str) else written(value))


def filled(open_page: Open) -> AppTest:
    app = open_page("train")
    for field in SHOWN:
        put(app, field, other(field))
    app.run()
    assert not app.exception
    return app


def press(app: AppTest) -> None:
    assert not app.button(key="launch").disabled, [item.value for item in app.warning]
    app.button(key="launch").click().run()
    assert not app.exception


def test_every_field_is_launched_as_it_is_shown(launched: list[RunSpec], empty: Results, open_page: Open) -> None:
    press(filled(open_page))
    [spec] = launched
    assert {field.name: spec.flat()[field.name] for field in SHOWN} == {field.name: other(field) for field in SHOWN}


def test_a_switch_to_several_and_back_keeps_every_field(
    launched: list[RunSpec], empty: Results, open_page: Open
) -> None:
    app = filled(open_page)
    press(app)
    for several in (True, False, True):
        app.toggle(key="several").set_value(several).run()
        press(app)
    assert launched == [launched[0]] * 4


@pytest.mark.parametrize("name", presets())
def test_several_choices_start_from_the_preset(
    name: str, launched: list[RunSpec], empty: Results, open_page: Open
) -> None:
    app = open_page("train")
    app.selectbox(key="preset").set_value(name).run()
    app.toggle(key="several").set_value(True).run()
    press(app)
    assert launched == [RunSpec.of(**presets()[name].fields)]


def test_lists_come_back_with_several_choices(launched: list[RunSpec], empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.toggle(key="several").set_value(True).run()
    app.multiselect(key="field-kernel-several").set_value(["relu", "softmax"])
    app.text_input(key="field-seed-several").set_value("3-5").run()
    app.toggle(key="several").set_value(False).run()
    assert app.selectbox(key="field-kernel").value == "relu"
    assert app.text_input(key="field-seed").value == "3"
    assert any("Attention kernel and Seed" in item.value for item in app.caption), "what waits is told"
    app.toggle(key="several").set_value(True).run()
    assert app.multiselect(key="field-kernel-several").value == ["relu", "softmax"]
    assert app.text_input(key="field-seed-several").value == "3-5"
    app.toggle(key="several").set_value(False).run()
    app.text_input(key="field-seed").set_value("9").run()
    app.toggle(key="several").set_value(True).run()
    assert app.text_input(key="field-seed-several").value == "9", "what was changed since counts"
    press(app)
    assert [(spec.model.kernel, spec.seed) for spec in launched] == [("relu", 9), ("softmax", 9)]


def test_what_cannot_be_read_is_carried_and_said(launched: list[RunSpec], empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.text_input(key="field-seed").set_value("0,x").run()
    assert app.button(key="launch").disabled
    app.toggle(key="several").set_value(True).run()
    assert app.text_input(key="field-seed-several").value == "0,x"
    assert app.button(key="launch").disabled
    app.toggle(key="several").set_value(False).run()
    assert app.text_input(key="field-seed").value == "0,x"


def test_every_number_says_beside_itself_what_it_cannot_be(
    launched: list[RunSpec], empty: Results, open_page: Open
) -> None:
    app = open_page("train")
    for field in NUMBERS:
        app.text_input(key=f"field-{field.name}").set_value("1 2")
    app.run()
    assert not app.exception
    text = [item.value for item in app.markdown if item.value.startswith(RED)]
    assert {item.split(": ")[0].removeprefix(RED) for item in text} == {field.label for field in NUMBERS}
    assert app.button(key="launch").disabled
    assert any("more reason" in item.value for item in app.caption), "those that are not spelled out are counted"
    assert launched == []


def test_nothing_chosen_of_several_is_not_the_default(launched: list[RunSpec], empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.toggle(key="several").set_value(True).run()
    for name in ("architecture", "kernel", "dataset"):
        app.multiselect(key=f"field-{name}-several").set_value([])
    app.run()
    assert not app.exception
    assert app.button(key="launch").disabled
    assert sum("nothing is chosen" in item.value for item in app.markdown) == 3


def test_a_kernel_that_does_not_apply_is_not_shown_and_not_lost(
    launched: list[RunSpec], empty: Results, open_page: Open
) -> None:
    app = open_page("train")
    app.selectbox(key="field-kernel").set_value("relu").run()
    app.selectbox(key="field-architecture").set_value("cnn").run()
    assert app.selectbox(key="field-kernel-none").value == "none"
    assert app.selectbox(key="field-kernel-none").disabled
    app.selectbox(key="field-architecture").set_value("cct-2/3x2").run()
    assert app.selectbox(key="field-kernel").value == "relu"
    assert {"kernel", "architecture"} <= set(PRODUCT)


def test_an_empty_field_says_what_that_means(empty: Results, open_page: Open) -> None:
    app = open_page("train")
    shown = {
        item.key.removeprefix("field-"): item.placeholder for item in app.text_input if item.key.startswith("field-")
    }
    meant = {field.name: field.empty for field in SHOWN if field.optional}
    assert not shown.keys() & {field.name for field in fields() if field.derived}
    assert meant == {name: shown[name] for name in meant}
    assert (shown["target_error"], shown["clip_norm"], shown["teacher"]) == ("never", "none", "none")
    assert shown["samples"] == "all"
    never_empty = [field.name for field in NUMBERS if not field.optional]
    assert {shown[name] for name in never_empty} <= {"", None}
