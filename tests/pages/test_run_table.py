"""Live's table of runs, which is its charts' legend: names, numbers, ways; and colors that stay from page to page."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.live import learning_curves, options_panel, run_table
from pages.live.live_updates import PageState
from pages.server import store_cache
from pages.shared import naming, run_colors, status
from pages.shared.chart import Panel
from tests.pages.opening import PAGES, Open
from tests.pages.texts import give_weights, tell
from vitcore.figures import color
from vitcore.runs import annotations, hosts, queue
from vitcore.runs.folder import Results
from vitcore.runs.journal import Journal
from vitcore.spec import RunSpec

SWEEP = [(rate, seed) for rate in (0.003, 0.01, 0.03) for seed in range(4)]


def sweep(results: Results) -> list[str]:
    """Twelve runs of three rates and four seeds, the last of which has diverged."""
    ids = []
    for place, (rate, seed) in enumerate(SWEEP):
        spec = RunSpec.of(architecture="cct-mini/3x3", learning_rate=rate, seed=seed, epochs=3)
        ids.append(tell(results, spec, status="diverged" if place == 11 else "finished", error=6.0 + place).id)
    store_cache.index(now=True)
    return ids


def validated(results: Results) -> str:
    """A run with validation that trains its second epoch of three."""
    run = tell(results, RunSpec.of(epochs=3, seed=9), status=None, epochs=0)
    events = Journal(run.events)
    events.append({"event": "started", "device": "cuda:0", "val_samples": 360, "test_samples": 360, "epochs": 3,
                   "resumed_from": 0, "steps_per_epoch": 5})  # fmt: skip
    events.append({"event": "epoch", "epoch": 1, "val_error": 12.5, "val_accuracy": 0.875, "train_loss": 0.9,
                   "training_seconds": 5.0, "images_per_second": 200.0})  # fmt: skip
    events.close()
    store_cache.index(now=True)
    return run.id


def test_a_sweep_stands_whole_in_the_table_under_what_differs(empty: Results, open_page: Open) -> None:
    ids = sweep(empty)
    app = open_page("live", {"runs": ",".join(ids)})
    assert app.multiselect(key="live-runs").value == ids
    assert not app.warning
    state = PageState.at(ids)
    rows = [run_table.row(run, state.called, dict(zip(ids, range(12), strict=True))) for run in state.rows]
    assert [row["name"] for row in rows] == [f"lr {rate:g} · seed {seed}" for rate, seed in SWEEP]
    assert any("cct-mini/3x3 · softmax · digits" in text.value.replace("\\", "") for text in app.caption)
    assert len({(row["color"], row["dash"]) for row in rows}) == 12
    assert [row["dash"] for row in rows] == ["solid"] * 8 + ["dash"] * 4
    first, last = rows[0]["cells"], rows[11]
    assert first["epoch"] == "3 of 3"
    assert first["error_percent"] == "6.00 %"
    assert first["left"] == "took 15 s", "what has ended keeps its numbers"
    assert first["device"] == "cpu"
    assert last["cells"]["status"] == "diverged"
    assert last["why"] == "told so"


def test_a_number_says_of_how_many_images_it_is(empty: Results) -> None:
    ids = [*sweep(empty)[:2], validated(empty)]
    runs = PageState.at(ids).rows
    of = {head["name"]: head["of"] for head in run_table.columns(runs)}
    assert of["val_error"] == "last weights, 360 images"
    assert of["error_percent"] == "last weights, 100 images"
    assert "val_error" not in {head["name"] for head in run_table.columns(runs[:2])}, "none of these has any"
    cells = run_table.row(runs[2], PageState.at(ids).called, {})["cells"]
    assert (cells["val_error"], cells["error_percent"], cells["device"]) == ("12.50 %", "–", "cuda:0")


def test_what_is_pressed_is_done_to_that_run_alone(empty: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = sweep(empty)
    asked: list[tuple[Any, str]] = []
    monkeypatch.setattr(run_table, "act", lambda does, id: asked.append((does, id)))
    wrong: tuple[Any, ...] = (None, [], "stop", {}, {"id": "../x", "way": "stop"}, {"id": ids[0], "way": "delete"})
    for foul in (*wrong, {"id": [ids[0]]}):
        run_table.done(foul, ids)
    assert not asked
    run_table.done({"id": ids[0], "way": "stop"}, ids)
    assert asked == [(queue.stop, ids[0])]
    run_table.done({"id": ids[1], "way": "rename", "name": "mine"}, ids)
    asked[1][0](empty, asked[1][1])
    assert annotations.read(empty.run(ids[1])).name == "mine"
    store_cache.index(now=True)
    assert PageState.at(ids).called.names[ids[1]] == "mine"


def test_every_status_has_its_ways(empty: Results) -> None:
    given = {"reason": "", "epochs_done": 1}
    ways = {
        name: [key for key, way in status.WAYS.items() if way.fits({**given, "status": name})] for name in status.COLORS
    }
    assert ways["running"] == ["pause", "stop"]
    assert ways["queued"] == ["cancel"]
    assert ways["paused"] == ["resume"]
    assert ways["finished"] == []
    assert status.WAYS["resume"].label({**given, "epochs_done": 0}) == "Start again"


def test_the_host_is_said_where_some_run_is_not_of_this_machine(empty: Results) -> None:
    ids = sweep(empty)[:2]
    given = PageState.at(ids).rows
    own = [{**run, "node": hosts.name(), "device_queue": "cpu", "slot": 1} for run in given]
    for runs in (given, own):  # all are this machine's
        assert next(head["of"] for head in run_table.columns(runs) if head["name"] == "device") == ""
    other = {**own[1], "node": "alpha", "status": "running"}
    assert next(head["of"] for head in run_table.columns([own[0], other]) if head["name"] == "device") == "and host"
    called = PageState.at(ids).called
    line = run_table.row(other, called, {}, host=True)
    assert (line["host"], line["cells"]["device"]) == ("alpha", "cpu, slot 2")
    assert run_table.row(other, called, {})["host"] == ""


def test_options_that_differ_come_first_and_all_are_there(empty: Results) -> None:
    ids = sweep(empty)
    state = PageState.at(ids)
    table = options_panel.option_table(state.rows, state.called.names)
    assert list(table["Option"][:2]) == ["Learning rate", "Seed"]
    changed = list(table["Option"][table["What"] == "changed"])
    assert {"Architecture", "Epochs"} <= set(changed)
    assert list(table["What"]) == sorted(table["What"], key=options_panel.ORDER.index)
    assert len(table) > 80


def test_training_and_held_out_losses_share_a_chart_and_no_chart_has_a_legend(
    empty: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [*sweep(empty)[:3], validated(empty)]
    drawn: list[Panel] = []
    monkeypatch.setattr(learning_curves, "wall", lambda panels, **_: drawn.extend(panels))
    state = PageState.at(ids)
    places = dict(zip(ids, (5, 1, 9, 0), strict=True))
    learning_curves.curves(state.rows, state.called.names, places)
    panels = {panel.key: panel for panel in drawn}
    loss = panels["curve-held_out_loss"].figure
    assert loss is not None
    names = [trace["name"] for trace in loss["data"]]
    assert len([name for name in names if name.endswith(", training")]) == 4
    by_run = {
        trace["legendgroup"].partition(":")[2]: trace["line"]["color"] for trace in loss["data"] if "line" in trace
    }
    assert len(by_run) == 4
    assert by_run[ids[0]] == color(5), "a run's own color, whatever its place in the list"
    for panel in drawn:
        if panel.figure and panel.figure["data"]:
            assert panel.figure["layout"]["showlegend"] is False
            assert panel.figure["layout"]["hovermode"] == "x"
    assert panels["curve-learning_rate"].figure
    assert "loss, training dotted" in panels["curve-held_out_loss"].title
    assert "training" not in panels["curve-held_out_accuracy"].title, "runs from before have no training accuracy"
    assert "curve-gradient_norm" not in panels, "nobody has asked for it"


def test_training_accuracy_lies_behind_held_out_accuracy_and_gradients_are_drawn_on_request(
    empty: Results, open_page: Open
) -> None:
    run = tell(empty, RunSpec.of(epochs=3), status=None, epochs=0)
    events = Journal(run.events)
    for epoch, right in ((1, 0.5), (2, 0.75)):
        events.append({"event": "epoch", "epoch": epoch, "val_error": 60 - 10 * epoch, "val_accuracy": 0.4 + epoch / 10,
                       "train_loss": 0.9, "train_accuracy": right, "gradient_norm": 2.0})  # fmt: skip
    events.close()
    store_cache.index(now=True)
    panels = {panel.key: panel for panel in drawn_of(run.id, ("held_out_accuracy", "gradient_norm"))}
    assert list(panels) == ["curve-held_out_accuracy", "curve-gradient_norm"]
    accuracy, norm = (panel.figure for panel in panels.values())
    assert accuracy is not None
    assert norm is not None
    assert [trace["name"].endswith(", training") for trace in accuracy["data"]] == [True, False]
    assert {trace["legendgroup"] for trace in accuracy["data"]} == {f"held_out_accuracy:{run.id}"}
    assert panels["curve-held_out_accuracy"].title == "Validation accuracy, training dotted"
    app = open_page("live", {"runs": run.id})
    app.multiselect(key="live-charts").set_value(["gradient_norm"]).run()
    assert not app.exception


def drawn_of(id: str, charts: tuple[str, ...]) -> list[Panel]:
    """The charts of one run."""
    axes = learning_curves.Axes()
    state = PageState.at([id])
    return learning_curves._drawn(str(Results().root), ((id, "a", 0),), learning_curves.etag(state.rows), axes, charts)


def test_a_run_has_one_color_on_live_compare_and_draw(empty: Results, open_page: Open) -> None:
    ids = []
    for seed in range(3):
        run = tell(empty, RunSpec.of(architecture="cct-mini/3x3", epochs=1, seed=seed))
        give_weights(run)
        ids.append(run.id)
    app = open_page("live", {"runs": ",".join(reversed(ids))})
    wanted = {id: place for place, id in enumerate(reversed(ids))}
    assert app.session_state[run_colors.PLACES] == wanted
    for name in ("compare", "draw"):
        app.switch_page(PAGES[name])
        app.query_params.clear()
        app.query_params.update({"runs": ",".join(ids[:2])})
        app.run()
        assert not app.exception
        assert app.session_state[run_colors.SHOWN_BY][name] != []
        assert app.session_state[run_colors.PLACES] == wanted, name


def test_a_color_is_free_again_once_nobody_looks() -> None:
    known = run_colors.assigned("abc", {}, {"live": "abc"})
    assert known == {"a": 0, "b": 1, "c": 2}
    known = run_colors.assigned("cd", known, {"live": "cd", "draw": "b"})
    assert known == {"b": 1, "c": 2, "d": 0}, "that of a, at which no page looks any more"
    many = [str(n) for n in range(40)]
    assert sorted(run_colors.assigned(many, {}, {"live": many}).values()) == list(range(40))


def test_a_color_that_was_chosen_is_the_runs_and_others_make_way(empty: Results, open_page: Open) -> None:
    ids = [tell(empty, RunSpec.of(epochs=1, seed=seed)).id for seed in range(3)]
    app = open_page("live", {"runs": ",".join(ids)})
    assert list(app.session_state[run_colors.PLACES].values()) == [0, 1, 2]
    annotations.amend(empty.run(ids[2]), lambda old: replace(old, color=0))
    for page in ("live", "compare"):
        app.switch_page(PAGES[page])
        app.query_params.update({"runs": ",".join(ids)})
        app.run()
        assert app.session_state[run_colors.PLACES] == {ids[0]: 2, ids[1]: 1, ids[2]: 0}, page
    annotations.amend(empty.run(ids[2]), lambda old: replace(old, color=None))
    app.run()
    assert app.session_state[run_colors.PLACES] == {ids[0]: 2, ids[1]: 1, ids[2]: 0}
    annotations.amend(empty.run(ids[1]), lambda old: replace(old, color=0))
    annotations.amend(empty.run(ids[2]), lambda old: replace(old, color=0))
    wanted = {ids[0]: 2, ids[1]: 0, ids[2]: 0}
    for _ in range(50):  # two files of one moment: the store looks again soon
        if app.run().session_state[run_colors.PLACES] == wanted:
            break
        time.sleep(0.1)
    assert app.session_state[run_colors.PLACES] == wanted, "as somebody wants it"


@pytest.mark.parametrize(("place", "stored"), [(3, 3), (None, None), (8, 5), (-1, 5), (True, 5), ("3", 5)])
def test_a_browser_chooses_a_color_of_the_palette_and_nothing_else(
    empty: Results, monkeypatch: pytest.MonkeyPatch, place: object, stored: int | None
) -> None:
    monkeypatch.setattr("streamlit.rerun", lambda: None)
    run = tell(empty, RunSpec.of(epochs=1))
    annotations.amend(run, lambda old: replace(old, color=5))
    run_table.done({"id": run.id, "way": "color", "place": place}, [run.id])
    assert annotations.read(run).color == stored
    annotations.write(run, tags=["a"])
    assert annotations.read(run).color == stored, "other annotations leave it"


def test_sentences_and_files_name_runs_in_words(empty: Results) -> None:
    ids = sweep(empty)
    name = naming.everything()[ids[0]]
    assert name.startswith("lr 0.003 · seed 0")
    assert naming.in_words(f"run {ids[0]} is finished") == f"run {name} is finished"
    assert naming.in_words("nothing") == "nothing"
    assert naming.file_name(ids[0]) == f"lr-0.003-seed-0-{ids[0][-4:]}"
    annotations.write(empty.run(ids[1]), name="größer/../ x")
    store_cache.index(now=True)
    assert Path(naming.file_name(ids[1])).name == naming.file_name(ids[1])
    assert np.all([len(naming.file_name(id)) < 80 for id in ids])
