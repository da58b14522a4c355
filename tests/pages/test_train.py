"""Train: the form refuses in one sentence, multiplies choices, keeps them, launches; presets fill it."""

import itertools
from pathlib import Path

import pytest
from PIL import Image

from tests.data import own_forms
from tests.pages.opening import Open, metric
from vitcore.runs import cost_estimate, named_data, queue
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec
from vitcore.spec.presets import presets


def test_counts_stand_before_the_launch_and_follow_the_choice(empty: Results, open_page: Open) -> None:
    app = open_page("train")
    before = metric(app, "Parameters"), metric(app, "MACs per image")
    app.selectbox(key="field-architecture").set_value("vit-lite-7/4").run()
    assert not app.exception
    assert (metric(app, "Parameters"), metric(app, "MACs per image")) != before


@pytest.mark.parametrize(
    ("field", "value", "messages"),
    [("samples", 99_999, "1,293"), ("patch", 27, "27")],
)
def test_what_cannot_be_is_one_sentence_and_no_launch(
    field: str, value: int, messages: str, empty: Results, open_page: Open
) -> None:
    app = open_page("train")
    app.selectbox(key="field-architecture").set_value("vit-lite-7/4")
    app.text_input(key=f"field-{field}").set_value(str(value)).run()
    assert not app.exception
    assert app.button(key="launch").disabled
    [warning] = app.warning
    assert messages in warning.value
    assert "\n" not in warning.value


@pytest.mark.parametrize("name", ["x" * 121, "   ", "a\u202eb"])
def test_a_name_that_cannot_be_seen_is_refused(name: str, empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.text_input(key="field-name").set_value(name).run()
    assert app.button(key="launch").disabled
    assert len(app.warning) == 1
    assert empty.ids() == []


@pytest.mark.parametrize("name", ["<img src=x>", "../up", "![](http://example.org/x)", "=1+1 größer", ":smile: $x$"])
def test_any_name_that_can_be_seen_is_taken_to_the_letter(name: str, empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.text_input(key="field-name").set_value(name).run()
    assert [item.value for item in app.text if item.value == name] == [name], "st.text shows it as it is"
    app.button(key="launch").click().run()
    [run] = empty.ids()
    assert empty.run(run).spec().title() == name
    queue.stop(empty, run)


def test_several_choices_make_their_product(empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.multiselect(key="sweep-over").set_value(["kernel", "seed"]).run()
    app.multiselect(key="field-kernel-several").set_value(["softmax", "relu"])
    app.text_input(key="field-seed-several").set_value("0-2").run()
    assert not app.exception
    assert app.button(key="launch").label == "Launch 6 runs"


def test_a_list_that_is_none_is_refused_in_words(empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.multiselect(key="sweep-over").set_value(["seed"]).run()
    app.text_input(key="field-seed-several").set_value("1, two").run()
    assert "two" in app.warning[0].value
    assert app.button(key="launch").disabled


def test_choices_outlive_a_change_of_page(empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.text_input(key="field-epochs").set_value("17").run()
    app.switch_page("live/page.py").run()
    app.switch_page("train/page.py").run()
    assert app.text_input(key="field-epochs").value == "17"


def test_launch_queues_a_run_that_trains(empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.text_input(key="field-samples").set_value("64")
    app.text_input(key="field-epochs").set_value("1").run()
    app.button(key="launch").click().run()
    assert not app.exception
    [run] = empty.ids()
    assert queue.status(empty, run) in ("queued", "running", "finished")
    queue.stop(empty, run)


def test_own_images_need_a_path_that_is_one(empty: Results, open_page: Open, tmp_path: Path) -> None:
    app = open_page("train")
    assert not [box for box in app.text_input if box.key == "field-folder"]
    app.selectbox(key="field-dataset").set_value("folder").run()
    assert not app.exception
    assert "none was given" in app.warning[0].value
    assert app.button(key="launch").disabled
    app.text_input(key="field-folder").set_value(str(tmp_path / "nowhere")).run()
    assert "there is no folder" in app.warning[0].value
    assert app.button(key="launch").disabled
    for part, name in itertools.product(("train", "test"), ("cat", "dog")):
        (tmp_path / "pets" / part / name).mkdir(parents=True)
        for number in range(10):  # of which a tenth is held out
            Image.new("RGB", (64, 64), (20 * number, 0, 0)).save(tmp_path / "pets" / part / name / f"{number}.png")
    app.text_input(key="field-folder").set_value(str(tmp_path / "pets")).run()
    assert not app.exception
    assert not app.warning, app.warning[0].value
    assert not app.button(key="launch").disabled
    assert metric(app, "Parameters") != "–"


@pytest.mark.parametrize("name", presets())
def test_a_preset_fills_the_form_and_says_what_it_reached(name: str, empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.text_input(key="field-batch_size").set_value("7").run()
    app.selectbox(key="preset").set_value(name).run()
    assert not app.exception
    assert any(str(presets()[name]) in item.value for item in app.caption)
    app.button(key="launch").click().run()
    [run] = empty.ids()
    assert empty.run(run).spec() == RunSpec.of(**presets()[name].fields)
    queue.stop(empty, run)
    app.switch_page("train/page.py").run()
    assert app.selectbox(key="preset").value == name, "choices outlive a change of page"
    app.selectbox(key="preset").set_value(None).run()
    assert app.text_input(key="field-batch_size").value == str(RunSpec().training.batch_size)


def test_a_preset_ends_a_sweep(empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.multiselect(key="sweep-over").set_value(["seed"]).run()
    app.selectbox(key="preset").set_value(next(iter(presets()))).run()
    assert not app.exception
    assert app.button(key="launch").label == "Launch"
    assert app.multiselect(key="sweep-over").value == []


def test_time_and_memory_stand_before_the_launch_and_are_kept_with_the_run(stocked: Results, open_page: Open) -> None:
    known = stocked.run(stocked.ids()[0]).spec()
    app = open_page("train")
    app.selectbox(key="field-architecture").set_value(known.model.architecture)
    app.selectbox(key="field-kernel").set_value(known.model.kernel)
    app.text_input(key="field-batch_size").set_value(str(known.training.batch_size)).run()
    assert not app.exception
    assert metric(app, "Time") != "–"
    assert metric(app, "Memory").endswith("MB")
    before = set(stocked.ids())
    app.button(key="launch").click().run()
    [run] = set(stocked.ids()) - before
    messages = cost_estimate.read(stocked.run(run))
    assert messages is not None
    assert messages.training_seconds > 0
    assert not messages.guessed
    queue.stop(stocked, run)


def test_a_network_that_is_new_here_can_be_measured(empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.selectbox(key="field-architecture").set_value("cnn").run()
    assert metric(app, "Memory").endswith("MB"), "counted"
    assert metric(app, "Time, guessed") != "–"
    app.button(key="measure-speeds").click().run()
    assert not app.exception
    assert metric(app, "Memory").endswith("MB")
    assert metric(app, "Time") != "–"


def test_named_images_are_offered_and_stand_for_their_path(
    empty: Results, own_places: Path, open_page: Open, tmp_path: Path
) -> None:
    place = tmp_path / "tiny.npz"
    place.write_bytes(own_forms.FORMS["MedMNIST"]["tiny.npz"])
    item = named_data.add(empty, "My tiny", str(place), resize="stretch")
    app = open_page("train")
    assert "My tiny" in app.selectbox(key="field-dataset").options
    app.selectbox(key="field-dataset").set_value("own/my-tiny").run()
    assert not app.exception
    assert app.selectbox(key="field-dataset").value == "folder"
    assert app.text_input(key="field-folder").value == str(place)
    assert app.selectbox(key="field-resize").value == "stretch"
    assert any(f"digest {item.digest}; no file has changed" in caption.value for caption in app.caption)
