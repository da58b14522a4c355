"""What the page Diagnostics says: of nothing to evaluate, of what is missing, under way, failed and counted."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.opening import Open
from tests.pages.texts import tell
from tests.runs.processes import end_all
from vitcore.analysis import assessments, neighbor_map, outputs, representations, robustness
from vitcore.analysis.corruptions import CORRUPTIONS
from vitcore.data import splits
from vitcore.data.load import load
from vitcore.runs import locks
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.predictions import Predictions
from vitcore.spec import RunSpec


@pytest.fixture(autouse=True)
def nobody_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    end_all(Results(tmp_path / "results"))


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.error, app.warning)
    return "\n".join(str(each.value).replace("\\", "") for kind in kinds for each in kind)


def both(results: Results) -> list[RunFolder]:
    return [results.run(id) for id in results.ids()]


def test_nothing_to_evaluate_shows_a_way_on(empty: Results, open_page: Open) -> None:
    app = open_page("diagnostics")
    assert "No stored run has weights to evaluate yet" in words(app)
    assert app.get("page_link")


def test_what_is_missing_is_asked_for_shown_and_cancelled(stocked: Results, open_page: Open) -> None:
    """Nobody works meanwhile: a lock stands for another's worker."""
    with locks.lock(assessments.lock_path(stocked)).acquire(timeout=5):
        app = open_page("diagnostics", {"runs": ",".join(stocked.ids())})
        app.button(key="evaluate-robustness").click().run()
        assert [assessments.state(run, robustness.KIND) for run in both(stocked)] == ["waiting", "waiting"]
        bars = app.get("progress")
        assert len(bars) == 2
        assert all("waits for its turn" in bar.proto.text for bar in bars)
        app.button(key=f"cancel-robustness-{stocked.ids()[0]}").click().run()
        assert [assessments.state(run, robustness.KIND) for run in both(stocked)] == ["", "waiting"]
        second = both(stocked)[1]
        wish = assessments.wished(second, robustness.KIND)
        assert wish is not None
        assessments.finish(second, robustness.KIND, wish.asked - 1, "of another wish")
        assert assessments.state(second, robustness.KIND) == "waiting"
        assessments.finish(second, robustness.KIND, wish.asked, "its images are gone")
        app.run()
        assert "its images are gone" in words(app)
        assert app.button(key="evaluate-robustness").label == "Evaluate under corruption"


def test_what_is_counted_stands_in_charts_table_and_file(stocked: Results, open_page: Open) -> None:
    first, second = both(stocked)
    robustness.evaluate(first, {}, lambda: False)
    robustness.evaluate(second, {"corruptions": ["jpeg"]}, lambda: False)
    app = open_page("diagnostics", {"runs": f"{first.id},{second.id}"})
    assert app.button(key="evaluate-robustness").label == "Evaluate under corruption (1 run)"
    shown = app.dataframe[0].value
    assert len(shown) == 7 + 1
    assert set(shown["Corruption"]) == {each.label for each in CORRUPTIONS.values()}
    assert "95 % intervals over test images" in words(app)
    assert "gray images of 28 × 28 pixels" in words(app)


def test_a_run_that_trains_or_has_no_weights_is_told(stocked: Results, open_page: Open) -> None:
    bare = tell(stocked, RunSpec.of(epochs=1))
    open_ = tell(stocked, RunSpec.of(epochs=1, seed=2), status=None)
    with locks.lock(open_.alive).acquire(timeout=5):
        app = open_page("diagnostics", {"runs": f"{bare.id},{open_.id},{stocked.ids()[0]}"})
        assert "has no weights to evaluate" in words(app)
        assert "still trains" in words(app)


def test_calibration_is_asked_for_and_said(stocked: Results, open_page: Open) -> None:
    first, second = both(stocked)
    outputs.evaluate(first, {}, lambda: False)
    app = open_page("diagnostics", {"runs": f"{first.id},{second.id}"})
    app.get("button_group")[0].set_value("Calibration").run()
    assert not app.exception
    assert "its calibration error is" in words(app)
    assert app.button(key="evaluate-outputs").label == "Evaluate probabilities (1 run)"
    assert "nothing to fit a temperature on" in words(app)


def test_what_networks_represent_is_asked_for_drawn_and_an_image_shown(stocked: Results, open_page: Open) -> None:
    first, second = both(stocked)
    app = open_page("diagnostics", {"runs": f"{first.id},{second.id}"})
    app.get("button_group")[0].set_value("Representations").run()
    assert app.button(key="evaluate-representations").label == "Look inside"
    assert "how far attention looks" in words(app)
    for run in (first, second):
        representations.evaluate(run, {}, lambda: False)
    app.run()
    assert not app.exception
    assert "Layers beside layers" in words(app)
    assert "evaluate-representations" not in [button.key for button in app.button]
    found = representations.read(first)
    assert found is not None
    app.session_state[f"map-picked-{first.id}"] = 3
    app.run()
    assert f"Test image {found.rows[3] + 1}: {found.labels[3]}, answered {found.answers[3]}" in words(app)
    app.selectbox(key="layers-columns").set_value(first.id).run()
    assert not app.exception


def test_the_map_is_laid_out_by_umap_where_it_was_installed(
    stocked: Results, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """umap-learn itself is tried where it is installed (tests/analysis/test_neighbor_map.py); here it is a circle."""
    first, second = both(stocked)
    monkeypatch.setattr(neighbor_map, "possible", lambda points: False)
    for run in (first, second):
        representations.evaluate(run, {}, lambda: False)
    app = open_page("diagnostics", {"runs": f"{first.id},{second.id}"})
    app.get("button_group")[0].set_value("Representations").run()
    assert "UMAP" not in words(app)
    assert "map-layout" not in [group.key for group in app.get("button_group")]
    monkeypatch.setattr(neighbor_map, "possible", lambda points: True)
    monkeypatch.setattr(neighbor_map, "neighbor_map", circle)
    app.run()
    assert app.button(key="evaluate-representations").label == "Look inside", "what is kept has no such map"
    representations.evaluate(first, {}, lambda: False)
    found = representations.read(first)
    assert found is not None
    assert found.neighbors is not None
    assert found.neighbors.tolist() == circle(np.empty((360, 1))).tolist()
    app.run()
    [layouts] = [group for group in app.get("button_group") if group.key == "map-layout"]
    assert "two principal components" in words(app)
    layouts.set_value("UMAP").run()
    assert not app.exception
    assert "UMAP, 15 neighbors, seed 0" in words(app)
    assert "distances between far groups, and their sizes, mean nothing" in words(app)
    assert words(app).count("Not laid out by UMAP yet") == 1


def circle(features: np.ndarray) -> np.ndarray:
    turns = np.linspace(0, 6, len(features))
    return np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)


def answer(run: RunFolder, wrong: list[int]) -> np.ndarray:
    """Keeps a run's answers to all test digits, of which it gets these wrong; the true classes."""
    truth = splits.tested(load("digits", None)).labels.numpy()
    answers = truth.copy()
    answers[wrong] = (answers[wrong] + 1) % 10
    writer = Predictions(run.predictions, truth, 10)
    writer.put(1, answers)
    writer.close()
    return truth


def test_networks_look_at_the_same_image_side_by_side(stocked: Results, open_page: Open) -> None:
    first, second = both(stocked)
    app = open_page("diagnostics", {"runs": f"{first.id},{second.id}"})
    app.get("button_group")[0].set_value("Attention").run()
    assert words(app).count("has kept no answers to its test images") == 2
    for run, wrong in ((first, [3, 8]), (second, [3, 20])):
        answer(run, wrong)
    app.run()
    assert not app.exception
    assert "Test image 9," in words(app), "the first on which they differ: both are wrong on the fourth"
    assert app.number_input[0].label == "Image, of 2"
    assert words(app).count("probability 0.") + words(app).count("probability 1.") == 2
    assert [each.value for each in app.caption].count("Attention rollout") == 2
    app.number_input[0].set_value(2).run()
    assert "Test image 21," in words(app)
    app.get("button_group")[1].set_value("Any is wrong").run()
    assert "Test image 4," in words(app)
    assert app.number_input[0].label == "Image, of 3"


def test_runs_of_other_test_images_are_named_and_left_out(stocked: Results, open_page: Open) -> None:
    first, second = both(stocked)
    truth = answer(first, [3])
    writer = Predictions(second.predictions, truth[:10], 10)
    writer.put(1, truth[:10])
    writer.close()
    app = open_page("diagnostics", {"runs": f"{first.id},{second.id}"})
    app.get("button_group")[0].set_value("Attention").run()
    assert not app.exception
    assert "was tested on other images than the first" in words(app)
    assert "Test image 4," in words(app), "one run alone walks through what it gets wrong"
    first.predictions.unlink()
    app.run()
    assert not app.exception
