"""What the pages do: follow, list, group, hand out the table, read an image."""

import contextlib
import io
import json
import time
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from pages.compare.cost_chart import gathered
from pages.draw import upload
from pages.server import store_cache
from tests.pages.opening import Open, metric
from tests.pages.texts import give_weights, tell
from vitcore.cost.estimate import CostEstimate
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.figures import COSTS
from vitcore.runs import annotations, cost_estimate, locks, queue
from vitcore.runs.folder import Results, write_json
from vitcore.spec import RunSpec, command_line
from vitcore.store import exports


def test_home_offers_a_first_model_only_while_there_is_none(empty: Results, open_page: Open) -> None:
    assert open_page("home").button(key="train-first")


def test_home_tells_what_was_best(stocked: Results, open_page: Open) -> None:
    app = open_page("home")
    assert any("%" in item.value for item in app.metric)


def test_live_shows_the_run_that_the_address_names(stocked: Results, open_page: Open) -> None:
    [first] = [run for run in stocked.ids() if stocked.run(run).spec().training.epochs == 2]
    app = open_page("live", {"runs": first})
    assert app.multiselect(key="live-runs").value == [first]
    assert metric(app, "Epochs") == "2 of 2"


def test_live_lays_what_was_expected_beside_what_it_took(stocked: Results, open_page: Open) -> None:
    first = stocked.ids()[0]
    write_json(stocked.run(first).expected, cost_estimate.written(CostEstimate(75, guessed=True)))
    app = open_page("live", {"runs": first})
    assert not app.exception
    time = next(item for item in app.metric if item.label == "Training time")
    assert time.delta == "1 min 15 s expected, a guess"


def test_live_ignores_an_address_that_names_no_run(stocked: Results, open_page: Open) -> None:
    app = open_page("live", {"runs": "../../etc/passwd,<b>"})
    assert app.multiselect(key="live-runs").value == [store_cache.runs()["id"].iloc[0]]


def test_compare_lists_every_run_and_filters(stocked: Results, open_page: Open) -> None:
    app = open_page("compare")
    assert len(app.dataframe[0].value) == 2
    app.text_input(key="compare-search").set_value("seed 1").run()
    assert len(app.dataframe[0].value) == 1


def test_compare_gathers_seeds(stocked: Results, open_page: Open) -> None:
    app = open_page("compare")
    app.get("button_group")[0].set_value("Groups over seeds").run()
    assert not app.exception
    app.multiselect(key="compare-by").set_value(["architecture"]).run()
    [table] = [frame.value for frame in app.dataframe]
    assert list(table["n"]) == [2]
    assert table[["error_low", "error_high"]].notna().all(axis=None)


def test_the_csv_is_the_table(stocked: Results, open_page: Open) -> None:
    table = store_cache.runs()
    assert list(pd.read_csv(StringIO(exports.csv(table)))["id"]) == list(table["id"])


def test_draw_has_a_way_on_when_nothing_can_read(empty: Results, open_page: Open) -> None:
    app = open_page("draw")
    assert [button.label for button in app.button] == ["Go to Home"]


def test_a_queue_whose_dispatcher_is_gone_is_taken_up_by_whoever_looks(
    empty: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_cache, "WAKING", 0.0)
    watched = store_cache.Watched(empty.root)
    watched.poll(now=True)  # not only at the start
    with locks.lock(empty.locks / "dispatcher-cpu.lock").acquire(timeout=5):
        run = empty.run(queue.enqueue(empty, RunSpec.of(samples=50, epochs=1)))
    watched.poll(now=True)
    deadline = time.monotonic() + 60
    while run.queue_entry.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    while queue.status(empty, run.id) in ("queued", "running"):
        assert time.monotonic() < deadline
        with contextlib.suppress(UserError):  # between the two it is neither
            queue.stop(empty, run.id)
        time.sleep(0.05)


def test_a_run_is_paused_from_live_and_resumed_in_one_click(
    empty: Results, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "ensure_dispatcher", lambda results, ids=None: None)  # this is about buttons
    run = tell(empty, RunSpec.of(epochs=4), status=None, epochs=2)
    with locks.lock(run.alive):
        app = open_page("live")
        app.button(key=f"pause-{run.id}").click().run()
        assert not app.exception
        assert run.request.read_text() == "pause"
    app = open_page("live")
    assert queue.status(empty, run.id) == "interrupted"
    app.button(key=f"resume-{run.id}").click().run()
    assert not app.exception
    assert queue.status(empty, run.id) == "queued"
    assert queue.resuming(run)


def test_the_queue_is_reordered_and_emptied(empty: Results, open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "ensure_dispatcher", lambda results, ids=None: None)
    monkeypatch.setattr(store_cache, "ensure_dispatcher", lambda results, ids=None: None)
    first, second, third = (queue.enqueue(empty, RunSpec.of(seed=seed)) for seed in range(3))
    app = open_page("live")
    assert app.button(key=f"earlier-{first}").disabled
    app.button(key=f"earlier-{third}").click().run()
    assert queue.queued(empty) == [first, third, second]
    app.button(key=f"later-{first}").click().run()
    assert queue.queued(empty) == [third, first, second]
    app.button(key=f"out-{first}").click().run()
    assert queue.queued(empty) == [third, second]
    app.button(key="cancel-all").click().run()
    assert not app.exception
    assert queue.queued(empty) == []
    assert {queue.status(empty, run) for run in (first, second, third)} == {"cancelled"}


def test_an_uploaded_image_is_read_by_every_kind_of_model(stocked: Results, open_page: Open) -> None:
    photographs = tell(stocked, RunSpec.of(architecture="cct-mini/3x3", dataset="cifar-10", samples=100, epochs=1))
    give_weights(photographs)
    app = open_page("draw")
    app.get("button_group")[0].set_value("Upload an image").run()
    app.multiselect(key="upload-runs").set_value(stocked.ids())
    image = Image.new("RGB", (90, 60), "white")
    image.paste("black", (40, 10, 50, 50))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    app.file_uploader(key="upload").set_value(("one.png", buffer.getvalue(), "image/png")).run()
    assert not app.exception, [error.value for error in app.exception]
    assert not app.warning
    text = [header.value for header in app.header]
    assert len(text) == 3
    assert sum(item in DATASETS["cifar-10"].classes for item in text) == 1
    app.file_uploader(key="upload").set_value(("<img src=x>.png", b"no image", "image/png")).run()
    assert not app.exception
    assert "cannot be read as an image" in app.warning[0].value


def test_an_upload_has_limits_in_python_too() -> None:
    with pytest.raises(UserError, match="21 MB"):
        upload.opened("large.png", b"x" * (21 << 20))
    buffer = io.BytesIO()
    Image.new("1", (9_000, 6_000)).save(buffer, format="PNG")
    with pytest.raises(UserError, match="50 million"):
        upload.opened("wide.png", buffer.getvalue())


def test_tags_and_notes_are_kept_and_filter(stocked: Results, open_page: Open) -> None:
    first, second = stocked.ids()
    app = open_page("compare")
    app.selectbox(key="details-run").set_value(first).run()
    app.multiselect(key=f"tags-{first}").set_value(["paper"]).run()
    app.text_area(key=f"note-{first}").set_value("kept for Table 1").run()
    assert not app.exception
    assert annotations.read(stocked.run(first)) == annotations.Annotations(("paper",), "kept for Table 1")
    app.multiselect(key="compare-tags").set_value(["paper"]).run()
    assert list(app.dataframe[0].value["title"]) == [stocked.run(first).spec().title()]
    app.multiselect(key=f"tags-{first}").set_value(["paper", "a\nb"]).run()
    assert not app.exception
    assert annotations.read(stocked.run(first)).tags == ("paper",)
    assert annotations.read(stocked.run(second)).tags == ()


def test_a_run_can_be_started_again_from_its_command_line(stocked: Results, open_page: Open) -> None:
    app = open_page("compare")
    chosen = str(app.selectbox(key="details-run").value)
    assert command_line(stocked.run(chosen).spec()) in [block.value for block in app.code]


def test_deleting_takes_two_clicks_and_can_be_undone(stocked: Results, open_page: Open) -> None:
    before = stocked.ids()
    app = open_page("compare", {"runs": ",".join(before)})
    app.button(key="delete-chosen").click().run()
    assert not app.exception
    assert stocked.ids() == []
    assert stocked.trashed() == before
    app = open_page("compare")
    app.button(key=f"restore-{before[0]}").click().run()
    assert not app.exception
    assert stocked.ids() == before[:1]
    assert list(app.dataframe[0].value["title"]) == [stocked.run(before[0]).spec().title()]


def test_the_parquet_is_the_table(stocked: Results, open_page: Open) -> None:
    table = store_cache.runs()
    assert list(pd.read_parquet(io.BytesIO(table.to_parquet(index=False)))["id"]) == list(table["id"])


def test_accuracy_stands_against_every_cost(stocked: Results, open_page: Open) -> None:
    app = open_page("compare")
    app.get("button_group")[1].set_value("Accuracy against cost").run()
    for cost in COSTS:
        app.selectbox(key="against-x").set_value(cost).run()
        assert not app.exception
        assert any("the median over seeds" in caption.value for caption in app.caption)


def test_seeds_of_a_spec_are_one_point(empty: Results) -> None:
    for seed, error in enumerate((4.0, 6.0)):
        tell(empty, RunSpec.of(epochs=1, seed=seed), error=error)
    tell(empty, RunSpec.of(epochs=1, kernel="relu"), error=9.0)
    points = gathered(store_cache.runs(now=True), "parameters")
    assert sorted(points["accuracy"]) == pytest.approx([91, 95])
    assert points.loc[points["accuracy"] > 94, "low"].item() < 95


def test_datasets_stand_apart_each_with_its_own_front(empty: Results, open_page: Open) -> None:
    for dataset, error in (("digits", 3.0), ("mnist", 0.0), ("digits", 100.0)):
        for seed in range(2):
            tell(empty, RunSpec.of(dataset=dataset, seed=seed, epochs=1 + (error == 100)), error=error)
    tell(empty, RunSpec.of(dataset="digits", architecture="cnn", epochs=1), error=2.0)
    tell(empty, RunSpec.of(dataset="mnist", architecture="cnn", epochs=1), error=2.0)
    tell(empty, RunSpec.of(dataset="mnist", architecture="cct-mini/3x3", epochs=1), error=2.0)
    app = open_page("compare", {"chart": "cost"})
    assert not app.selectbox(key="against-dataset").disabled
    app.checkbox(key="against-apart").set_value(True).run()
    assert app.selectbox(key="against-dataset").disabled
    parts = [json.loads(each.proto.json) for each in app.get("bidi_component")]
    (drawn,) = (each["charts"] for each in parts if "charts" in each)
    assert {each["title"] for each in drawn} == {"digits", "mnist"}
    shades = {trace["marker"]["color"] for each in drawn for trace in each["figure"]["data"] if trace["name"] == "cnn"}
    assert len(shades) == 1, "a network has one color in all of them"
    for each in drawn:
        assert sum(trace["name"] == "Pareto front" for trace in each["figure"]["data"]) == 1
    for _, runs in store_cache.runs().groupby("dataset"):
        points = gathered(runs, "macs")
        assert points["low"].dropna().between(0, 100).all()
        assert points["high"].dropna().between(0, 100).all()


def test_a_run_queued_elsewhere_is_told_and_starts_at_a_press(
    empty: Results, open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As in a results folder that somebody sent: opening it trains nothing."""
    started: list[str] = []
    monkeypatch.setattr(queue, "_start_dispatcher", lambda results, device_queue: started.append(device_queue))
    monkeypatch.setattr(store_cache, "WAKING", 0.0)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "theirs"))
    run = empty.run(queue.enqueue(empty, RunSpec.of()))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "mine"))
    started.clear()
    app = open_page("live")
    assert started == []
    assert any(caption.value == "queued elsewhere" for caption in app.caption)
    app.button(key=f"start-{run.id}").click().run()
    assert not app.exception
    assert started
    assert queue.own(empty) == [run.id]
    assert not any(caption.value == "queued elsewhere" for caption in app.caption)
