"""Runs of other programs stand on Home, Live and Compare with their origin, and are never the best."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages.compare import bring_runs
from tests.pages.opening import PAGES, Open
from tests.store.writing import add, epoch_line, write_run
from vitcore.runs import elsewhere, metrics
from vitcore.runs.elsewhere import Elsewhere
from vitcore.runs.exporting import tensorboard
from vitcore.runs.exporting.exported import exported
from vitcore.runs.folder import Results
from vitcore.runs.importing.bring import bring
from vitcore.runs.recorder import Recorder
from vitcore.store import queries
from vitcore.store.index import Index


def logged(results: Results, name: str = "keras-vit", **parameters: str | float) -> Recorder:
    folder = results.create_elsewhere(Elsewhere(elsewhere.LOGGED, name, parameters))
    recorder = Recorder(folder)
    recorder.start(here=True)
    for epoch in (1, 2, 3):
        recorder.epoch(epoch, metrics.checked({"accuracy": 0.99, "val_accuracy": 0.99, "train_loss": 1 / epoch}))
    return recorder


def test_they_stand_on_home_and_are_never_the_best(stocked: Results, open_page: Open) -> None:
    recorder = logged(stocked, dataset="digits")
    for end in (lambda: None, lambda: recorder.end("finished", "It is over.")):
        end()
        app = open_page("home")
        texts = [item.value for item in (*app.markdown, *app.caption)] + [item.label for item in app.get("page_link")]
        assert any("keras-vit" in text for text in texts)
        assert all("1.00" not in str(item.value) for item in app.metric), "its error is no best"


def test_alone_they_are_no_best_of_a_dataset_without_a_name(empty: Results, open_page: Open) -> None:
    logged(empty).end("finished", "It is over.")
    logged(empty, dataset="my own").end("finished", "It is over.")
    app = open_page("home")
    assert not app.metric
    assert any("No run has been evaluated yet" in item.value for item in app.caption)


def test_live_shows_one_that_is_running_without_ways_that_it_does_not_have(stocked: Results, open_page: Open) -> None:
    recorder = logged(stocked)
    id = recorder.folder.id
    app = open_page("live", {"runs": id})
    keys = [button.key for button in app.button]
    assert f"stop-{id}" in keys
    assert f"pause-{id}" not in keys
    recorder.close()
    app = open_page("live", {"runs": id})
    assert any(elsewhere.LOST in item.value for item in app.caption)
    assert f"resume-{id}" not in [button.key for button in app.button]
    app.button(key=f"start-from-{id}").click().run()
    assert not app.exception
    assert "its spec is not known" in " ".join(item.value for item in app.toast)


def test_compare_has_them_with_their_origin_and_their_details(stocked: Results, open_page: Open) -> None:
    id = logged(stocked, learning_rate=0.1).folder.id
    app = open_page("compare")
    table = app.dataframe[0].value.set_index("title")
    assert table.loc["keras-vit", "origin"] == "logged from elsewhere"
    assert len(table.columns) < 25, "options that nobody told of it do not differ"
    app.selectbox(key="details-run").set_value(id).run()
    assert not app.exception
    assert any("its spec is not known" in item.value for item in app.caption)


def test_every_chart_of_compare_can_be_drawn_with_them(stocked: Results, open_page: Open) -> None:
    for name, dataset in (("a", "digits"), ("b", "digits"), ("c", "elsewhere")):
        logged(stocked, name, dataset=dataset, learning_rate=0.1).end("finished", "It is over.")
    for chart in ("curves", "cost", "parallel", "difference"):
        for rows in ("", "1"):
            app = open_page("compare", {"chart": chart, **({"grouped": rows} if rows else {})})
            assert not app.exception


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_where_there_is_nothing_else(name: str, empty: Results, open_page: Open) -> None:
    logged(empty, "a", dataset="digits", seed=0).end("finished", "It is over.")
    logged(empty, "b").end("failed", "It failed.")
    logged(empty, "c", epochs=10).close()
    open_page(name)


def test_event_files_dropped_together_are_a_run_each(empty: Results, tmp_path: Path) -> None:
    for number, loss in ((1, 0.1), (2, 0.9)):
        folder = write_run(empty, epochs=0, ending=None, seed=number)
        add(folder, epoch_line(1, val_loss=loss))
        tensorboard.write(exported(folder), tmp_path / "out")
    dropped = {path.name: path.read_bytes() for path in (tmp_path / "out").rglob("*tfevents*")}
    (tmp_path / "dropped").mkdir()
    into = Results(tmp_path / "again")
    brought = bring(into, bring_runs.put(dropped, tmp_path / "dropped"))
    assert len(brought.added) == len(dropped) == 2
    index = Index(into)
    index.poll()
    assert sorted(queries.epochs(index, brought.added)["val_loss"]) == pytest.approx([0.1, 0.9])
    assert set(queries.runs(index)["title"]) == set(dropped)
