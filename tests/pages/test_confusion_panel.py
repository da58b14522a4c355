"""Behind a cell of the confusion matrix stand its images, each with the epochs at which it was predicted correctly."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.opening import Open
from tests.pages.remembering import WRONG, remembering
from tests.pages.texts import tell
from vitcore.runs.folder import Results
from vitcore.runs.predictions import Predictions
from vitcore.spec import RunSpec


def behind(app: AppTest) -> list[str]:
    """What stands under each image."""
    bodies = [block.proto.body for block in app.get("html") if 'class="behind"' in block.proto.body]
    return re.findall(r"<figcaption>(.*?)</figcaption>", "".join(bodies))


def images(app: AppTest) -> int:
    return sum(block.proto.body.count("<img") for block in app.get("html") if 'class="behind"' in block.proto.body)


def choose(app: AppTest, true: int, predicted: int, key: str = "confusion") -> None:
    app.selectbox(key=f"{key}-true").set_value(true)
    app.selectbox(key=f"{key}-predicted").set_value(predicted).run()
    assert not app.exception, [error.value for error in app.exception]


def test_the_images_of_a_cell_tell_their_story(empty: Results, open_page: Open) -> None:
    remembering(empty)
    app = open_page("live")
    assert not behind(app)
    choose(app, 4, 9)
    assert behind(app) == ["never right"]
    assert images(app) == 1
    app.toggle(key="confusion-last").set_value(False).run()
    app.select_slider(key="confusion-epoch").set_value(2).run()
    assert behind(app) == ["never right", "right at epoch 3 alone"]
    app.select_slider(key="confusion-epoch").set_value(1).run()
    assert behind(app)[:3] == ["never right", "right at epoch 3 alone", "right at epochs 2 to 3"]
    assert len(behind(app)) == images(app) == 24
    assert any(f"{WRONG[1]} in all" in caption.value for caption in app.caption)
    choose(app, 0, 9)
    assert not behind(app)
    assert any("No test image of `0` was predicted as `9`" in text.value for text in app.markdown)


def test_the_same_stands_among_a_run_s_details(empty: Results, open_page: Open) -> None:
    remembering(empty)
    app = open_page("compare")
    app.toggle(key="details-matrix").set_value(True).run()
    choose(app, 4, 9, key="details-confusion")
    assert behind(app) == ["never right"]


def test_a_run_of_an_older_version_says_that_it_kept_none(empty: Results, open_page: Open) -> None:
    tell(empty, RunSpec.of(epochs=2))
    app = open_page("live")
    choose(app, 4, 9)
    assert any("kept no predictions" in caption.value for caption in app.caption)
    assert not behind(app)


@pytest.mark.usefixtures("own_places")
def test_images_that_are_not_on_this_machine_are_told_by_number(empty: Results, open_page: Open) -> None:
    run = tell(empty, RunSpec.of(dataset="mnist", epochs=1, samples=50))
    stored = Predictions(run.predictions, [4, 4, 1], 10)
    stored.put(1, [4, 9, 1])
    stored.close()
    app = open_page("live")
    choose(app, 4, 9)
    assert behind(app) == ["never right"]
    assert images(app) == 0
    assert any("is not on this machine" in caption.value for caption in app.caption)


def test_other_test_images_than_the_run_s_are_not_shown_for_them(empty: Results, open_page: Open) -> None:
    run = tell(empty, RunSpec.of(epochs=1))
    stored = Predictions(run.predictions, [4, 4, 1], 10)
    stored.put(1, [4, 9, 1])
    stored.close()
    app = open_page("live")
    choose(app, 4, 9)
    assert images(app) == 0
    assert any("not those that the run was scored on" in caption.value for caption in app.caption)
