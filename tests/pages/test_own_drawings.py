"""Own drawings: saved from Draw, deleted there, asked about on Compare, told to be old when more were drawn."""

import io

from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.draw.canvas import drawn_image
from tests.pages.opening import Open
from vitcore.runs import drawings
from vitcore.runs.folder import Results

DIGIT_ONE = [[[140.0, 40.0], [140.0, 240.0]]]


def column(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["my_drawings"])


def test_no_drawings_no_column(stocked: Results, open_page: Open) -> None:
    app = open_page("compare")
    assert "my_drawings" not in app.dataframe[0].value
    assert not [button for button in app.button if button.key == "ask-drawings"]


def test_runs_are_asked_and_the_answer_grows_old(stocked: Results, open_page: Open) -> None:
    for label in "172":
        drawings.save(stocked, "digits", drawn_image(DIGIT_ONE), label)
    app = open_page("compare")
    assert column(app) == ["not asked"] * 2
    app.button(key="ask-drawings").click().run(timeout=120)
    assert not app.exception, [error.value for error in app.exception]
    text = column(app)
    assert all(item in ("0 of 3", "1 of 3") for item in text)  # the same image three times over, three labels
    assert not [button for button in app.button if button.key == "ask-drawings"]
    drawings.save(stocked, "digits", drawn_image(DIGIT_ONE), "1")
    app = open_page("compare")
    assert column(app) == [f"{item}, since changed" for item in text]
    assert app.button(key="ask-drawings")


def test_a_kept_drawing_is_shown_and_deleted(stocked: Results, open_page: Open) -> None:
    first, second = (drawings.save(stocked, "digits", drawn_image(DIGIT_ONE), label) for label in "17")
    app = open_page("draw")
    assert sum('class="kept"' in block.proto.body for block in app.get("html")) == 2
    app.button(key=f"drop-{first.id}").click().run()
    assert not app.exception
    assert drawings.stored(stocked, "digits") == [second]


def test_where_a_model_looks_is_laid_over_its_image(stocked: Results, open_page: Open) -> None:
    app = open_page("draw")
    app.get("button_group")[0].set_value("Upload an image").run()
    page = Image.new("L", (90, 90), 255)
    page.paste(0, (40, 10, 50, 80))
    buffer = io.BytesIO()
    page.save(buffer, format="PNG")
    app.file_uploader(key="upload").set_value(("one.png", buffer.getvalue(), "image/png")).run()
    app.toggle(key="looks-0").set_value(True).run()
    assert not app.exception, [error.value for error in app.exception]
    bodies = [block.proto.body for block in app.get("html")]
    assert sum("over the image, bright where it attends" in body for body in bodies) == 2  # rollout and pooling
