"""Draw: what a photo goes through, how probable an answer is, models by their dataset, the camera behind a choice."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.draw.models import grouped
from tests.data.test_illumination import LIGHTS, lit
from tests.pages.opening import Open
from tests.pages.texts import give_weights, tell
from vitcore.analysis import outputs
from vitcore.analysis.calibration import temperature
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec
from vitcore.statistics.calibration import at_temperature
from vitcore.store import queries
from vitcore.store.index import Index


def way(app: AppTest, name: str) -> AppTest:
    group: Any = app.get("button_group")[0]
    found: AppTest = group.set_value(name).run()
    return found


def uploaded(app: AppTest, image: Image.Image) -> AppTest:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    way(app, "Upload an image")
    app.file_uploader(key="upload").set_value(("photo.png", buffer.getvalue(), "image/png")).run()
    assert not app.exception, [error.value for error in app.exception]
    return app


def test_each_step_of_a_photo_is_shown(stocked: Results, open_page: Open) -> None:
    app = uploaded(open_page("draw"), lit(LIGHTS["gradient"]))
    captions = [item.value for item in app.caption]
    steps = ["In gray", "Its light", "Without it", "Ink", "Given"]
    assert [text for text in captions if text in steps] == steps
    app = uploaded(open_page("draw"), lit(LIGHTS["gradient"] * 0 + 1))
    assert [item.value for item in app.caption if item.value in steps] == ["In gray", "Ink", "Given"], "in even light"


def test_a_probability_is_called_one_and_calibrated_where_its_temperature_is_known(
    stocked: Results, open_page: Open
) -> None:
    spec = RunSpec.of(architecture="cct-mini/3x3", samples=200, epochs=1, seed=5, batch_size=50, validation=0.1)
    run = tell(stocked, spec)
    give_weights(run)
    plain = next(id for id in stocked.ids() if id != run.id)
    app = open_page("draw", {"runs": f"{plain},{run.id}"})
    app.query_params["runs"] = f"{plain},{run.id}"
    uploaded(app, lit(LIGHTS["gradient"]))
    assert len([text for text in probabilities(app) if re.fullmatch(r"probability \d\.\d\d · \d+ ms", text)]) == 2
    outputs.evaluate(run, {}, lambda: False)
    assert (temperature(run) or 0) > 0
    uploaded(app, lit(LIGHTS["gradient"]))
    both = re.compile(r"probability \d\.\d\d, calibrated \d\.\d\d · \d+ ms")
    assert [bool(both.fullmatch(text)) for text in probabilities(app)] == [False, True]


def probabilities(app: AppTest) -> list[str]:
    return [item.value for item in app.caption if item.value.startswith("probability")]


@pytest.mark.parametrize("by", [0.5, 1.0, 3.0])
def test_a_temperature_divides_the_logits(by: float) -> None:
    found = at_temperature([0.9, 0.1, 0.0], by)
    assert sum(found) == pytest.approx(1)
    assert found[0] / found[1] == pytest.approx((0.9 / 0.1) ** (1 / by))
    assert found[2] == 0


def test_models_stand_by_their_dataset_those_of_the_canvas_first(empty: Results, open_page: Open) -> None:
    for name in ("digits", "cifar-10", "mnist", "digits"):
        give_weights(tell(empty, RunSpec.of(architecture="cnn", dataset=name, epochs=1)))
    index = Index(empty)
    index.poll()
    assert list(grouped(queries.runs(index))["dataset"]) == ["mnist", "digits", "digits", "cifar-10"]
    app = open_page("draw")
    options = app.multiselect(key="draw-runs").options
    assert [option.split(" · ")[0] for option in options] == ["MNIST", *["Digits (1,797, built in)"] * 2]
    way(app, "Upload an image")
    assert app.multiselect(key="upload-runs").options[-1].startswith("CIFAR-10 · ")


def test_the_camera_is_asked_for_by_choice_alone(stocked: Results, open_page: Open) -> None:
    app = open_page("draw")
    assert not app.get("camera_input")
    way(app, "Take a photo")
    assert not app.exception
    assert len(app.get("camera_input")) == 1
