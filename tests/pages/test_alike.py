"""A label is no key: runs, classes and rows that share a name are told apart wherever one is chosen or drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.class_names import class_names
from tests.pages.opening import PAGES, Open
from tests.pages.texts import give_weights, tell
from vitcore.apart import apart
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.journal import Journal
from vitcore.spec import RunSpec, differing

ALIKE = ["cat", "dog", "cat", "cat ", "d", "e", "f", "g", "h", "cat · 1"]


@pytest.fixture
def counterparts(empty: Results) -> list[RunFolder]:
    """Two runs of one title, each with its own matrix, of ten classes some of which share a name."""
    found = []
    for place in range(2):
        run = tell(empty, RunSpec.of(architecture="cct-mini/3x3", epochs=2, samples=50, batch_size=50))
        give_weights(run)
        events, confusion = Journal(run.events), Journal(run.confusion)
        events.append({"event": "started", "classes": ALIKE, "resumed_from": 2, "steps_per_epoch": 1, "epochs": 2})
        events.append({"event": "ended", "status": "finished", "reason": "done"})
        confusion.append({"epoch": 2, "matrix": (np.eye(10, dtype=int) * (100 + place)).tolist()})
        events.close()
        confusion.close()
        found.append(run)
    return found


def options(app: AppTest) -> dict[str, list[str]]:
    """The words of every widget that offers a choice, by its key or label."""
    kinds = ("selectbox", "multiselect", "select_slider", "radio", "button_group")
    return {
        f"{kind} {item.key or item.label}": [str(getattr(each, "content", each)) for each in item.proto.options]
        for kind in kinds
        for item in app.get(kind)
    }


def test_two_runs_of_one_title_have_two_names(counterparts: list[RunFolder]) -> None:
    names = differing.called([{"id": run.id, "title": "the same"} for run in counterparts]).names
    assert len(set(names.values())) == 2
    assert all(run.id[-4:] in names[run.id] for run in counterparts)


def test_live_draws_the_matrix_of_the_run_that_was_chosen(counterparts: list[RunFolder], open_page: Open) -> None:
    app = open_page("live", {"runs": ",".join(run.id for run in counterparts)})
    box = app.selectbox(key="confusion-run")
    assert len(set(box.options)) == 2
    for run in reversed(counterparts):
        app.selectbox(key="confusion-run").set_value(run.id).run()
        assert app.selectbox(key="confusion-run").value == run.id
        assert any(run.id[-4:] in caption.value for caption in app.caption if "after epoch" in caption.value)


def test_every_choice_of_every_page_has_words_of_its_own(counterparts: list[RunFolder], open_page: Open) -> None:
    runs = ",".join(run.id for run in counterparts)
    for name in PAGES:
        app = open_page(name, {"runs": runs} if name in ("live", "draw", "compare") else None)
        if name == "compare":
            app.toggle(key="details-matrix").set_value(True).run()
        for widget, words in options(app).items():
            assert len(set(words)) == len(words), f"{name}: {widget} offers one of {sorted(words)} twice"


def test_every_row_of_every_report_can_be_chosen() -> None:
    from vitcore.published import tables

    for key, table in tables.tables().items():
        assert len(set(table.names().values())) == len(table.rows), key
        assert list(table.names()) == [row.key for row in table.rows]


def test_classes_of_one_name_stay_ten(counterparts: list[RunFolder]) -> None:
    names = class_names({"classes": ALIKE, "dataset": "folder"}, 10)
    assert len(set(names)) == 10
    assert names[1] == "dog", "what is told apart already keeps its name"


@pytest.mark.parametrize(
    "names", [ALIKE, ["a", "a", "a · 1", "a · 2", "a · 1 · 1"], ["", ""], ["x"] * 50, [], ["é", "e\u0301"]]
)
def test_no_two_names_are_ever_alike(names: list[Any]) -> None:
    found = apart(names)
    assert len({" ".join(item.split()) for item in found}) == len(names)
    assert all(item.startswith(name) for item, name in zip(found, names, strict=True))
    assert apart(found) == found
