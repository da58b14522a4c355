"""timm's networks on the pages: searched by words, chosen by a click, counted; what cannot be is a sentence there."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from streamlit.testing.v1 import AppTest

from pages.shared import format
from tests.models.timm_absent import without_timm
from tests.pages.opening import PAGES, ROOT, Open, metric
from vitcore.models import build, count, timm_catalog
from vitcore.runs.folder import Results

SEARCH, ARCHITECTURE = "timm-search", "field-architecture"


def found(app: AppTest) -> Any:
    """The names that a search found."""
    return next(group for group in app.get("button_group") if "network" in group.label)


def test_a_search_narrows_and_a_click_chooses(empty: Results, open_page: Open) -> None:
    app = open_page("train")
    assert not any("network" in group.label for group in app.get("button_group")), "no list of 1,400 names"
    app.text_input(key=SEARCH).set_value("test VIT").run()
    assert found(app).options == ["test_vit", "test_vit2", "test_vit3", "test_vit4", "test_maxvit", "test_vit_relpos"]
    app.text_input(key="field-patch").set_value("4").run()
    found(app).set_value("timm/test_vit").run()
    assert not app.exception
    assert app.session_state[ARCHITECTURE] == "timm/test_vit"
    assert "timm's networks bring their own attention; kernels go with vitcore's." in [c.value for c in app.caption]
    assert app.selectbox(key="field-kernel-none").disabled
    whole = count.parameters(build("timm/test_vit", channels=1, image_size=28, classes=10, patch=4))
    assert metric(app, "Parameters") == format.count(whole)
    assert "timm/test_vit on digits" in app.get("text")[0].value


def test_a_search_that_finds_nothing_or_too_much_says_so(empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.text_input(key=SEARCH).set_value("nothing of the kind").run()
    assert any("No name holds" in item.value for item in app.caption)
    app.text_input(key=SEARCH).set_value("vit").run()
    assert len(found(app).options) == 24


def test_of_several_choices_it_is_one_more(empty: Results, open_page: Open) -> None:
    app = open_page("train")
    app.multiselect(key="sweep-over").set_value(["architecture"]).run()
    app.text_input(key=SEARCH).set_value("test_resnet").run()
    found(app).set_value("timm/test_resnet").run()
    assert app.session_state["field-architecture-several"] == ["cct-2/3x2", "timm/test_resnet"]


def test_what_cannot_be_is_a_sentence_on_the_page(empty: Results, open_page: Open) -> None:
    for name, words in (
        ("timm/resnt18", "the nearest are timm/resnet18"),
        ("timm/test_vit", "choose a patch of 2, 4, 7, 14"),
        ("nonsuch", "there is no architecture 'nonsuch'"),
    ):
        app = open_page("home")
        app.session_state[ARCHITECTURE] = name
        app.switch_page(PAGES["train"]).run()
        assert not app.exception
        assert words in app.warning[0].value.replace("\\", "")
    assert app.button(key="launch").disabled


def test_where_timm_is_absent_there_is_no_search_and_a_name_is_a_sentence(empty: Results, open_page: Open) -> None:
    with without_timm():
        app = open_page("home")
        app.session_state[ARCHITECTURE] = "timm/test_resnet"
        app.switch_page(PAGES["train"]).run()
        assert not app.exception
        assert "pip install 'vitcore\\[timm\\]' brings it" in app.warning[0].value
        assert SEARCH not in [item.key for item in app.text_input]
        assert app.button(key="launch").disabled
        app = open_page("architectures", {"models": "timm/test_resnet"})
        assert any("brings it" in item.value for item in app.warning)


def test_architectures_counts_it_by_its_address_and_says_what_is_none(empty: Results, open_page: Open) -> None:
    app = open_page("architectures", {"models": ["timm/test_vit", "timm/nonsuch"]})
    assert "timm/test_vit" in app.multiselect(key="models").value
    table = next(item.value for item in app.dataframe if "Counted at" in item.value)
    assert table["Parameters"].tolist() == [371_240]
    assert any("no image model 'nonsuch'" in item.value for item in app.warning)


def test_neither_the_pages_nor_the_front_door_import_timm() -> None:
    """Nor do the names: they are read from timm's sources."""
    code = (
        "import sys, vitcore, pages.train.form, pages.architectures.choice; from vitcore.models import timm_catalog; "
        "assert len(timm_catalog.names()) > 1000; sys.exit(bool({'timm', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
    assert timm_catalog.installed()
