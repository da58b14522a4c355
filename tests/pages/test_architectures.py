"""The Architectures page: it draws, counts, changes with its options, and takes weights in or refuses them."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from streamlit.testing.v1 import AppTest

from pages.architectures.import_weights import LARGEST_UPLOAD, located
from tests.pages.opening import Open
from vitcore.errors import UserError
from vitcore.models import ARCHITECTURES, build
from vitcore.runs.folder import Results


def table(app: AppTest, column: str) -> pd.DataFrame:
    """The first table that has this column."""
    return next(frame.value for frame in app.dataframe if column in frame.value.columns)


def test_the_three_families_stand_beside_the_slides(empty: Results, open_page: Open) -> None:
    app = open_page("architectures")
    assert app.multiselect(key="models").value == ["vit-lite-7/4", "cvt-7/4", "cct-7/3x1"]
    totals = table(app, "printed")
    assert list(totals["Parameters"]) == [3_716_874, 3_716_619, 3_760_139]
    assert list(totals["difference"]) == ["as printed"] * 3
    layers = table(app, "Layer")
    assert layers["Parameters"].sum() == 3_716_874 - 256  # the class token lies in no layer
    assert not app.metric


def test_where_the_slides_are_wrong_the_page_says_why(empty: Results, open_page: Open) -> None:
    app = open_page("architectures")
    app.multiselect(key="models").set_value(["cct-7/3x2"]).run()
    assert not app.exception
    assert table(app, "printed")["difference "].iloc[0].startswith("+6")
    assert any(ARCHITECTURES["cct-7/3x2"].note in text.value for text in app.markdown)


def test_an_option_changes_everything_at_once(empty: Results, open_page: Open) -> None:
    app = open_page("architectures")
    app.multiselect(key="models").set_value(["vit-lite-7/4"]).run()
    app.text_input(key="arch-patch").set_value("8").run()
    assert not app.exception
    assert [metric.label for metric in app.metric] == ["Tokens", "Parameters", "MACs an image", "Step of 128"]
    assert app.metric[0].value == "17"
    assert all("from" in metric.delta for metric in app.metric)
    app.text_input(key="arch-batch").set_value("16").run()
    assert app.metric[3].label == "Step of 16"


def test_what_cannot_be_built_is_one_sentence(empty: Results, open_page: Open) -> None:
    app = open_page("architectures")
    app.multiselect(key="models").set_value(["cnn", "cct-2/3x2"]).run()
    app.selectbox(key="arch-kernel").set_value("relu").run()
    assert not app.exception
    [warning] = app.warning
    assert "cnn" in warning.value
    assert "kernel" in warning.value
    assert len(app.metric) == 4  # of the other, which can


def test_nothing_chosen_is_no_error(empty: Results, open_page: Open) -> None:
    app = open_page("architectures")
    app.multiselect(key="models").set_value([]).run()
    assert not app.exception


def test_published_weights_become_a_run(empty: Results, open_page: Open, tmp_path: Path) -> None:
    """A checkpoint in the authors' layout, made from a fresh model of ours."""
    model = build("cct-2/3x2", channels=1, image_size=28, classes=10)
    path = tmp_path / "cct_2.pth"
    torch.save({_other(name): tensor for name, tensor in model.state_dict().items()}, path)
    app = open_page("architectures")
    app.multiselect(key="models").set_value(["cct-2/3x2"])
    app.selectbox(key="import-model").set_value("cct-2/3x2")
    app.selectbox(key="import-dataset").set_value("digits")
    app.text_input(key="import-path").set_value(str(path))
    app.button(key="import").click().run(timeout=120)
    assert not app.exception
    assert not app.warning, app.warning[0].value
    [run] = empty.ids()
    assert empty.run(run).checkpoint.is_file()
    assert any("tensors" in text.value for text in app.text)


def test_weights_of_another_model_are_refused(empty: Results, open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "other.pt"
    torch.save({"conv1.weight": torch.zeros(3, 3)}, path)
    app = open_page("architectures")
    app.multiselect(key="models").set_value(["cct-2/3x2"])
    app.text_input(key="import-path").set_value(str(path))
    app.button(key="import").click().run(timeout=120)
    [warning] = app.warning
    assert "conv1.weight" in warning.value
    assert empty.ids() == []


@pytest.mark.parametrize(
    ("upload", "path", "named"),
    [
        (None, "  ", "nothing was chosen"),
        (("model.pt", b""), "", "empty"),
        (None, "/nowhere/at/all.pt", "all.pt"),
        (("../../up.pt", b"x" * ((LARGEST_UPLOAD << 20) + 1)), "", f"{LARGEST_UPLOAD} MB"),
    ],
)
def test_a_file_is_checked_in_python_too(
    upload: tuple[str, bytes] | None, path: str, named: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=named):
        located(upload, path, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_upload_cannot_leave_its_folder(tmp_path: Path) -> None:
    found = located(("../../<img src=x>.pt", b"x"), "", tmp_path)
    assert found.parent == tmp_path
    assert "<" not in found.name


def _other(name: str) -> str:
    """Our name of a CCT's tensor in the authors' words."""
    from vitcore.models.key_maps import _COMPACT, _COMPACT_BLOCK

    rest, block = ({measured: other for other, measured in item.items()} for item in (_COMPACT, _COMPACT_BLOCK))
    match name.split("."):
        case ["tokenizer", "convolutions", place, kind]:
            return f"tokenizer.conv_layers.{place}.0.{kind}"
        case ["blocks", place, *inner]:
            return f"classifier.blocks.{place}.{block['.'.join(inner)]}"
    return rest[name]
