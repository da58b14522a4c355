"""The Kernels page: shapes, the proof with its live check, and a measurement that is started, watched and stopped."""

import time

import pytest

from tests.pages.opening import Open
from vitcore.lab import measure, measurements
from vitcore.lab.plan import Plan
from vitcore.runs import queue
from vitcore.runs.folder import Results


def ended(results: Results) -> None:
    """Wait until nothing measures, with patience for a busy machine."""
    deadline = time.monotonic() + 120
    while measure.measuring(results):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_proof_is_checked_and_followed_by_what_it_means(empty: Results, open_page: Open) -> None:
    app = open_page("kernels")
    sentence = " ".join(text.value for text in app.markdown)
    assert "x⁴ = (x²)² ≥ 0" in sentence
    assert "14 pairs" in sentence
    assert "1.4 points" in sentence
    checked = next(frame.value for frame in app.dataframe if "Different in any bit" in frame.value)
    assert list(checked["Different in any bit"])[:2] == [0, 0]
    assert checked["Different in any bit"].iloc[2] > 0


def test_views_and_kernels_can_be_changed(empty: Results, open_page: Open) -> None:
    app = open_page("kernels")
    app.get("button_group")[0].set_value(["Feature function"]).run()
    assert not app.exception
    app.multiselect(key="kernel-shown").set_value([]).run()
    assert not app.exception


def test_nothing_measured_yet_shows_the_way_on(empty: Results, open_page: Open) -> None:
    app = open_page("kernels")
    assert app.button(key="measure").label == "Measure on this machine"
    assert not measure.measuring(empty)


def test_a_measurement_is_started_shown_and_stopped(empty: Results, open_page: Open) -> None:
    app = open_page("kernels")
    app.button(key="measure").click().run()
    assert not app.exception
    assert measure.await_start(empty, 60)
    app.run()
    app.button(key="measure-stop").click().run()
    assert not app.exception
    ended(empty)
    app.run()
    assert not app.exception
    assert "Measure" in app.button(key="measure").label


def test_stored_measurements_are_shown_on_the_next_visit(empty: Results, open_page: Open) -> None:
    measure.start(empty, Plan(series=("softmax", "relu"), head_widths=(8, 16), tokens=(17, 65), device="cpu"))
    assert measure.await_start(empty, 60)
    ended(empty)
    found = measurements.latest(empty)
    assert found is not None
    app = open_page("kernels")
    assert app.button(key="measure").label == "Measure again"
    crossings = next(frame.value for frame in app.dataframe if "Quicker than softmax from" in frame.value)
    assert list(crossings["Head width"]) == [8, 16]
    sentence = " ".join(text.value for text in [*app.markdown, *app.caption])
    assert "At 65 tokens" in sentence
    assert found.place in sentence


def test_a_formula_is_drawn_told_measured_and_trained(empty: Results, open_page: Open) -> None:
    app = open_page("kernels")
    app.text_input(key="formula").set_value("max(0, x)**3").run()
    assert not app.exception
    sentence = " ".join(text.value for text in [*app.markdown, *app.caption])
    assert "Read as **relu(x)³**" in sentence
    assert "φ is 0 on 50% of the way" in sentence
    assert "ε = 0.001" in sentence
    drawn = [each for each in app.get("bidi_component") if "formula-" in each.proto.id]
    assert len(drawn) == 3, "its shape with its gradient, softmax's attention and its own"
    app.button(key="formula-measure").click().run()
    assert not app.exception
    assert measure.await_start(empty, 60)
    measure.stop(empty)
    ended(empty)
    app.run()
    app.button(key="formula-train").click().run()
    assert not app.exception
    [run] = empty.ids()
    assert empty.run(run).spec().model.kernel == "f: relu(x)**3"
    queue.stop(empty, run)


@pytest.mark.parametrize(
    ("formula", "words"),
    [("1/x", "divides by x"), ("__import__('os')", "not of the formula language"), ("x**99", "exponent 99")],
)
def test_a_formula_that_is_none_is_refused_beneath_its_field(
    formula: str, words: str, empty: Results, open_page: Open
) -> None:
    app = open_page("kernels", {"formula": formula})
    assert words in " ".join(text.value for text in app.markdown).replace("\\", "")
    assert not [button for button in app.button if button.key == "formula-train"]


def test_a_gradient_that_is_no_number_and_a_cure_that_is_none_are_said(empty: Results, open_page: Open) -> None:
    app = open_page("kernels", {"formula": "sqrt(abs(x))*x"})
    sentence = " ".join(text.value for text in app.markdown)
    assert "no ε up to 1 cures it" in sentence
    assert "gradient is no finite number at x = 0" in sentence
