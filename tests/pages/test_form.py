"""The form launches what it shows, for every field of the spec; sweeps, folds, and what each option says of itself."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import format, launch
from pages.train.fields import line
from pages.train.form import FOLDS, QUESTIONS
from pages.train.stored_runs import LINKS, run_name
from tests.pages.opening import Open
from tests.pages.texts import give_weights, tell
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
    "freeze": False,  # of weights that were taken over alone
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
        if field.name in LINKS:  # there is no run to choose
            return None
        return {"device": "cpu", "tokenizer": "conv/3x2"}.get(field.name, "größer – *one* <b>")
    if field.name in ("embed_dim", "num_heads"):  # of which the one divides the other
        return {"embed_dim": 48, "num_heads": 3}[field.name]
    low = field.bounds.get("ge", field.bounds.get("gt", 0))
    high = field.bounds.get("le", field.bounds.get("lt", low + 100))
    return field.kind(low + min(high - low, 100) * 0.375)


def put(app: AppTest, field: SpecField, value: Any) -> None:
    key = f"field-{field.name}"
    if field.choices or field.name in LINKS:
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


def test_a_sweep_over_one_value_each_is_the_run_that_stands_there(
    launched: list[RunSpec], empty: Results, open_page: Open
) -> None:
    """Every option can vary, and begins with what stands in its own field."""
    app = filled(open_page)
    press(app)
    app.multiselect(key="sweep-over").set_value([field.name for field in SHOWN if field.name != "name"]).run()
    press(app)
    app.multiselect(key="sweep-over").set_value([]).run()
    press(app)
    assert launched == [launched[0]] * 3


@pytest.mark.parametrize("name", presets())
def test_a_sweep_goes_from_the_preset(name: str, launched: list[RunSpec], empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.selectbox(key="preset").set_value(name).run()
    app.multiselect(key="sweep-over").set_value(["seed"]).run()
    app.text_input(key="field-seed-several").set_value("0-1").run()
    press(app)
    assert launched == [RunSpec.of(**presets()[name].fields, seed=seed) for seed in (0, 1)]


def test_what_cannot_be_read_is_carried_and_said(launched: list[RunSpec], empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.text_input(key="field-seed").set_value("0,x").run()
    assert app.button(key="launch").disabled
    app.multiselect(key="sweep-over").set_value(["seed"]).run()
    assert app.text_input(key="field-seed-several").value == "0,x"
    assert app.button(key="launch").disabled
    app.text_input(key="field-seed-several").set_value("0, 1").run()
    assert not app.button(key="launch").disabled, "what stands in its own field no longer counts"
    app.multiselect(key="sweep-over").set_value([]).run()
    assert app.text_input(key="field-seed").value == "0,x"
    assert app.button(key="launch").disabled


def test_ranges_and_draws(launched: list[RunSpec], empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.multiselect(key="sweep-over").set_value(["learning_rate", "kernel"]).run()
    app.multiselect(key="field-kernel-several").set_value(["softmax", "relu"])
    way(app, "sweep-learning_rate-as").set_value("Range").run()
    app.text_input(key="sweep-learning_rate-low").set_value("0.0001")
    app.text_input(key="sweep-learning_rate-high").set_value("0.01")
    app.text_input(key="sweep-learning_rate-steps").set_value("3").run()
    press(app)
    assert [(spec.optimizer.learning_rate, spec.model.kernel) for spec in launched] == [
        (rate, kernel) for rate in (1e-4, 1e-3, 1e-2) for kernel in ("softmax", "relu")
    ]
    way(app, "sweep-way").set_value("Random draws").run()
    app.text_input(key="sweep-count").set_value("5").run()
    launched.clear()
    press(app)
    assert len({spec.optimizer.learning_rate for spec in launched}) == 5
    assert all(1e-4 <= spec.optimizer.learning_rate <= 1e-2 for spec in launched)
    app.text_input(key="sweep-learning_rate-low").set_value("1").run()
    assert app.button(key="launch").disabled
    assert any("from the smaller number to the larger" in item.value for item in app.warning)


def test_above_fifty_runs_it_asks(launched: list[RunSpec], empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.multiselect(key="sweep-over").set_value(["seed"]).run()
    app.text_input(key="field-seed-several").set_value("0-49").run()
    assert app.button(key="launch").label == "Launch 50 runs"
    app.text_input(key="field-seed-several").set_value("0-50").run()
    assert app.button(key="launch").label == "Queue all 51", "behind a button that says how many"
    press(app)
    assert len(launched) == 51


def way(app: AppTest, key: str) -> Any:
    return next(group for group in app.get("button_group") if group.key == key)


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
    names = ("architecture", "kernel", "dataset", "nesterov")
    app.multiselect(key="sweep-over").set_value(list(names)).run()
    for name in names:
        app.multiselect(key=f"field-{name}-several").set_value([])
    app.run()
    assert not app.exception
    assert app.button(key="launch").disabled
    assert sum("nothing is chosen" in item.value for item in app.markdown) == 4


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


def test_an_empty_field_says_what_that_means(empty: Results, open_page: Open) -> None:
    app = open_page("train")
    shown = {
        item.key.removeprefix("field-"): item.placeholder for item in app.text_input if item.key.startswith("field-")
    }
    meant = {field.name: field.empty for field in SHOWN if field.optional and field.name not in LINKS}
    assert not shown.keys() & {field.name for field in fields() if field.derived}
    assert meant == {name: shown[name] for name in meant}
    assert (shown["target_error"], shown["clip_norm"]) == ("never", "none")
    assert shown["samples"] == "all"
    never_empty = [field.name for field in NUMBERS if not field.optional]
    assert {shown[name] for name in never_empty} <= {"", None}


def test_every_option_says_in_a_line_what_it_does_and_what_is_usual(empty: Results, open_page: Open) -> None:
    app = open_page("train")
    text = {item.value for item in app.caption}
    for field in SHOWN:
        if field.name not in QUESTIONS:
            assert format.plain(line(field)) in text, field.name
            assert "Usual: " in line(field) or field.kind is str, field.name
    assert not [
        item.key for item in (*app.text_input, *app.selectbox) if item.help and item.key.startswith("field-")
    ], "nothing hides behind a mark"


def test_what_is_changed_is_counted_on_its_fold(empty: Results, open_page: Open) -> None:
    app = open_page("train")
    assert [item.label for item in app.expander] == ["Start from · the defaults", "Sweep", *FOLDS]
    app.text_input(key="field-learning_rate").set_value("0.01")
    app.checkbox(key="field-nesterov").set_value(False)
    app.text_input(key="field-epochs").set_value("x").run()
    assert [item.label for item in app.expander if "changed" in item.label] == [
        "Optimizer · 2 changed",
        "Training · 1 changed",
    ]
    app.text_input(key="field-learning_rate").set_value("1e-3").run()
    assert "Optimizer · 1 changed" in [item.label for item in app.expander], "the same value in other signs"


def test_teacher_and_origin_are_chosen_among_the_stored_runs_that_fit(
    launched: list[RunSpec], empty: Results, open_page: Open
) -> None:
    known = {name: tell(empty, RunSpec.of(architecture=name, epochs=1)) for name in ("cct-mini/3x3", "cnn")}
    for run in known.values():
        give_weights(run)
    tell(empty, RunSpec.of(architecture="cnn", epochs=1))  # without weights
    other = tell(empty, RunSpec.of(architecture="cct-mini/3x3", image_size=32, epochs=1))
    give_weights(other)
    app = open_page("train")
    app.selectbox(key="field-architecture").set_value("cct-mini/3x3").run()
    compact, small = known["cct-mini/3x3"].id, known["cnn"].id
    assert set(choices(app, "teacher")) == {None, compact, small}, "those that learned the same images"
    assert set(choices(app, "init_from")) == {None, compact, other.id}, "those of the same network"
    app.selectbox(key="field-teacher").set_value(small).run()
    app.selectbox(key="field-init_from").set_value(compact).run()
    press(app)
    assert [(spec.training.teacher, spec.init.init_from) for spec in launched] == [(small, compact)]
    app.selectbox(key="field-architecture").set_value("cct-2/3x2").run()
    assert app.button(key="launch").disabled
    assert any("do not fit" in item.value for item in app.warning), (
        "what fits no more is said before anything is queued"
    )


def choices(app: AppTest, name: str) -> list[Any]:
    """What the field offers: ids, where the page shows what runs are called."""
    box = app.selectbox(key=f"field-{name}")
    shown = {run_name(id): id for id in Results().ids()}
    return [shown.get(option) for option in box.options]
