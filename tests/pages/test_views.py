"""Compare's deep links and saved views, as the page takes them up and hands them out."""

import os

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.compare import saved_views
from pages.compare.curve_difference import differences
from pages.compare.view import View
from pages.server import store_cache
from tests.pages.opening import Open
from tests.pages.texts import tell
from vitcore.data.load import load
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.runs.predictions import Predictions
from vitcore.spec import RunSpec, command_line


def address(app: AppTest) -> dict[str, str]:
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def test_the_address_holds_what_was_changed_and_opens_the_same(stocked: Results, open_page: Open) -> None:
    app = open_page("compare")
    assert address(app) == {}
    app.text_input(key="compare-search").set_value("cct").run()
    app.selectbox(key="compare-sort").set_value("error_percent").run()
    app.checkbox(key="compare-descending").set_value(True).run()
    app.multiselect(key="compare-columns-hidden").set_value(["f1"]).run()
    app.multiselect(key="compare-columns").set_value(["test_loss"]).run()
    app.selectbox(key="compare-y").set_value("error_percent").run()
    app.selectbox(key="compare-x").set_value("cpu_seconds").run()
    app.slider(key="compare-smoothing").set_value(0.5).run()
    app.checkbox(key="compare-log").set_value(True).run()
    app.checkbox(key="compare-log-x").set_value(True).run()
    app.multiselect(key="compare-filters").set_value(["seed"]).run()
    app.multiselect(key="compare-is-seed").set_value(["0", "1"]).run()
    opened = address(app)
    assert opened == {
        "search": "cct", "sort": "error_percent", "descending": "1", "hidden": "f1", "columns": "test_loss",
        "y": "error_percent", "x": "cpu_seconds", "smoothing": "0.5", "log": "1", "log_x": "1",
        "seed": "0,1",
    }  # fmt: skip
    other = open_page("compare", opened)
    assert not other.warning
    assert list(other.dataframe[0].value["error_percent"]) == [8.0, 6.0]
    assert "f1" not in other.dataframe[0].value
    assert "test_loss" in other.dataframe[0].value
    assert other.slider(key="compare-smoothing").value == 0.5
    assert other.selectbox(key="compare-x").value == "cpu_seconds"
    assert address(other) == opened


def test_groups_and_charts_are_in_the_address(stocked: Results, open_page: Open) -> None:
    app = open_page("compare", {"grouped": "1", "by": "architecture,dataset", "chart": "cost", "cost": "macs"})
    assert list(app.dataframe[0].value.columns[:3]) == ["architecture", "dataset", "n"]
    assert app.selectbox(key="against-x").value == "macs"
    assert address(app)["by"] == "architecture,dataset"


def test_the_view_survives_another_page(stocked: Results, open_page: Open) -> None:
    app = open_page("compare", {"search": "seed 1", "x": "cpu_seconds", "chart": "cost", "linear": "1"})
    opened = address(app)
    app.query_params.clear()
    app.switch_page("home/page.py").run()
    app.switch_page("compare/page.py").run()
    assert address(app) == opened
    assert len(app.dataframe[0].value) == 1


@pytest.mark.parametrize(
    ("name", "value", "messages"),
    [
        ("smoothing", "lots", "smoothing"),
        ("runs", "../../etc/passwd", "chosen runs"),
        ("sort", "![](//x.org)", "column"),
        ("kernel", "<b>", "kernel"),
        ("nothing", "1", "no such parameter"),
    ],
)
def test_a_foul_parameter_is_one_sentence_and_the_rest_opens(
    name: str, value: str, messages: str, stocked: Results, open_page: Open
) -> None:
    app = open_page("compare", {name: value, "search": "seed 1"})
    assert len(app.dataframe[0].value) == 1
    [warning] = app.warning
    assert messages in warning.value.replace("\\", "")
    assert "![](" not in warning.value


def test_a_view_is_saved_opened_renamed_and_deleted(stocked: Results, open_page: Open) -> None:
    chosen = tuple(reversed(stocked.ids()))
    app = open_page("compare", {"search": "seed 1", "log": "1", "runs": ",".join(chosen)})
    app.text_input(key="saved-name").set_value("Mine").run()
    app.button(key="view-save").click().run()
    assert not app.exception
    [stored], _ = saved_views.listed(stocked)
    assert (stored.view.search, stored.view.log, stored.view.runs) == ("seed 1", True, chosen)

    other = open_page("compare")
    assert len(other.dataframe[0].value) == 2
    other.selectbox(key="saved-view").set_value("mine").run()
    assert not other.exception
    assert len(other.dataframe[0].value) == 1
    assert address(other)["search"] == "seed 1"
    other.text_input(key="saved-name").set_value("Yours").run()
    other.button(key="view-rename").click().run()
    assert [item.name for item in saved_views.listed(stocked)[0]] == ["Yours"]
    other.button(key="view-going").click().run()
    assert len(saved_views.listed(stocked)[0]) == 1
    other.button(key="view-delete").click().run()
    assert not other.exception
    assert saved_views.listed(stocked) == ([], [])


def test_a_saved_view_is_replaced_under_its_own_word(stocked: Results, open_page: Open) -> None:
    saved_views.save(stocked, "Mine", View(search="seed 0"))
    app = open_page("compare", {"search": "seed 1"})
    app.text_input(key="saved-name").set_value("mine").run()
    assert app.button(key="view-save").label == "Replace"
    app.button(key="view-save").click().run()
    assert saved_views.listed(stocked)[0][0].view.search == "seed 1"


def test_a_view_that_is_opened_brings_its_own_choice(stocked: Results, open_page: Open) -> None:
    first, second = stocked.ids()
    saved_views.save(stocked, "one", View(runs=(first,)))
    saved_views.save(stocked, "other", View(runs=(second,)))
    app = open_page("compare")
    for slug, run in (("one", first), ("other", second)):  # of the same rows, so that the table could be the same
        app.selectbox(key="saved-view").set_value(slug).run()
        assert address(app)["runs"] == run
        assert app.selectbox(key="details-run").options == [stocked.run(run).spec().title()]
        assert app.selectbox(key="details-run").value == run


@pytest.mark.parametrize("text", ["{", "{}", '{"v": 1, "view": {"y": 7}}'])
def test_a_broken_view_is_said_and_compare_stands(text: str, stocked: Results, open_page: Open) -> None:
    (stocked.root / "views").mkdir()
    (stocked.root / "views" / "bad.json").write_text(text)
    app = open_page("compare")
    (messages,) = (caption.value for caption in app.caption if "bad.json" in caption.value)
    assert messages.endswith("; delete it, or save the view anew")
    assert len(app.dataframe[0].value) == 2


def test_two_runs_are_told_apart(stocked: Results, open_page: Open) -> None:
    app = open_page("compare", {"chart": "difference"})
    options = next(frame.value for frame in app.dataframe if "Option" in frame.value)
    assert dict(zip(options["Option"], zip(options["A"], options["B"], strict=True), strict=True)) == {
        "Epochs": ("1", "2"),
        "Seed": ("1", "0"),
    }
    lines = [block.value for block in app.code]
    assert {command_line(stocked.run(run).spec()) for run in stocked.ids()} <= set(lines)
    assert any("A − B" in text.value for text in app.markdown)
    newer, older = sorted(stocked.ids(), key=lambda run: stocked.run(run).card()["created"], reverse=True)
    assert (address(app)["a"], address(app)["b"]) == (newer, older)
    app.selectbox(key="difference-run-a").set_value(older).run()
    assert any("the same run" in caption.value for caption in app.caption)
    app.selectbox(key="difference-run-b").set_value(newer).run()
    assert open_page("compare", address(app)).selectbox(key="difference-run-a").value == older


def test_two_runs_on_the_same_images_are_compared_image_by_image(empty: Results, open_page: Open) -> None:
    truth = load("digits").test.labels.numpy()
    for seed, wrong in enumerate((30, 10)):
        run = tell(empty, RunSpec.of(seed=seed, epochs=1), epochs=1)
        stored = Predictions(run.predictions, truth, 10)
        stored.put(1, np.where(np.arange(len(truth)) < wrong, (truth + 1) % 10, truth))
        stored.close()
    app = open_page("compare", {"chart": "difference"})
    sentence = next(text.value for text in app.markdown if "test images A gets" in text.value)
    assert "Of 360 test images" in sentence
    assert "against 20 that A gets right" in sentence
    assert "below 0.001" in sentence
    shown = [str(block.proto.body).count("<figure>") for block in app.get("html")]
    assert [count for count in shown if count] == [12], "of the 20 that one alone gets wrong"
    (figures,) = (str(block.proto.body) for block in app.get("html") if "<figure>" in str(block.proto.body))
    true = int(truth[10])
    assert f"<figcaption>{true}: A says {true}, B says {(true + 1) % 10}</figcaption>" in figures


def test_two_runs_curves_are_taken_from_one_another(empty: Results, open_page: Open) -> None:
    older, newer = (tell(empty, RunSpec.of(seed=seed, epochs=3), error=error) for seed, error in ((0, 6.0), (1, 2.0)))
    table = store_cache.runs(now=True)
    a, b = (table[table["id"] == run.id].iloc[0] for run in (newer, older))
    found = differences(a, b, "held_out_accuracy")
    assert list(found["epoch"]) == [1, 2, 3]
    assert found["difference"].tolist() == pytest.approx([4, 4, 4])
    app = open_page("compare", {"chart": "difference", "y": "error_percent"})
    assert any("Test error (%) of A less that of B, at the 3 epochs" in caption.value for caption in app.caption)
    with pytest.raises(UserError, match="no epoch at which both"):
        differences(a, b, "val_loss")
    with pytest.raises(UserError, match="saw different data"):
        differences(a, pd.Series({**b.to_dict(), "dataset": "mnist"}), "error_percent")


def test_matrices_of_other_classes_are_one_sentence(stocked: Results, open_page: Open) -> None:
    tell(stocked, RunSpec.of(dataset="cifar-10", architecture="cct-mini/3x3", samples=100, epochs=1))
    app = open_page("compare", {"chart": "difference"})
    assert any("know different classes" in caption.value for caption in app.caption)
    assert not any("A − B" in text.value for text in app.markdown)
    assert any("saw different data, so the difference of their curves" in caption.value for caption in app.caption)


def test_parallel_axes_need_two_runs(stocked: Results, open_page: Open) -> None:
    app = open_page("compare", {"chart": "parallel"})
    assert any("One line a run" in caption.value for caption in app.caption)
    app.multiselect(key="parallel-axes").set_value(["epochs"]).run()
    assert any("at least two axes" in caption.value for caption in app.caption)
    assert address(app)["axes"] == "epochs"
    app = open_page("compare", {"chart": "parallel", "runs": stocked.ids()[0]})
    assert any("at least two runs" in caption.value for caption in app.caption)


def test_onnx_is_made_when_asked_for_and_made_again_for_newer_weights(stocked: Results, open_page: Open) -> None:
    run = stocked.run(stocked.ids()[0])
    address = {"runs": run.id}
    app = open_page("compare", address)
    assert not (run.path / "model.onnx").exists()
    app.button(key="make-onnx").click().run(timeout=280)
    assert not app.exception
    assert not app.warning, app.warning[0].value
    assert (run.path / "model.onnx").stat().st_size > 10_000
    assert "make-onnx" not in [button.key for button in open_page("compare", address).button]
    os.utime(run.checkpoint, (2**31, 2**31))
    assert open_page("compare", address).button(key="make-onnx")
    run.checkpoint.write_bytes(b"broken")
    os.utime(run.checkpoint, (2**31, 2**31))
    app = open_page("compare", address)
    app.button(key="make-onnx").click().run(timeout=280)
    assert not app.exception
    assert "not a whole safetensors file" in app.warning[0].value
