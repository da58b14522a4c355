"""A stored run in hand, as a notebook asks it; nothing is trained here."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import vitcore as vc
from tests.pages.texts import give_weights, tell
from tests.store.writing import add, write_run
from vitcore.errors import UserError
from vitcore.front import progress
from vitcore.runs import locks
from vitcore.runs.folder import Results
from vitcore.spec.presets import presets


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    monkeypatch.setenv("VITCORE_RESULTS", str(tmp_path / "Ergebnisse – für später"))
    return Results()


def test_a_folder_without_runs_is_an_empty_table(results: Results) -> None:
    assert vc.runs().empty
    assert {"id", "status", "error_percent"} <= set(vc.runs().columns)


def test_a_run_answers(results: Results) -> None:
    id = write_run(results, epochs=3, name="mine").id
    run = vc.run(id)
    assert (run.id, run.status, run.spec.name) == (id, "finished", "mine")
    assert "mine" in repr(run)
    assert list(run.curves["epoch"]) == [1, 2, 3]
    assert run.confusion.tolist() == [[3, 0], [1, 2]]
    run.confusion[0, 0] = 7  # it is the caller's own
    assert run.confusion[0, 0] == 3
    assert vc.runs().iloc[0]["id"] == run.row["id"] == id
    assert run.wait() == run


def test_a_table_sees_what_was_stored_since(results: Results) -> None:
    write_run(results)
    assert len(vc.runs()) == 1
    write_run(results)
    assert len(vc.runs()) == 2


def test_a_run_stays_in_its_folder(results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = vc.run(write_run(results, name="here").id)
    monkeypatch.setenv("VITCORE_RESULTS", str(tmp_path / "elsewhere"))
    second = vc.run(write_run(Results(), name="there").id)
    assert first.spec.name == "here"
    assert len(vc.plot.curves([first, second]).data) == 2


def test_submit_queues_and_stop_cancels(results: Results) -> None:
    with locks.lock(results.locks / "dispatcher-cpu.lock").acquire(timeout=5):  # as if somebody took the queue up
        run = vc.submit(architecture="cnn", epochs=3, device="cpu")
        assert (run.status, run.spec.training.epochs) == ("queued", 3)
        assert vc.submit(run.spec, seed=4, device="cpu").spec.seed == 4
        name = next(iter(presets()))
        assert vc.submit(preset=name, device="cpu", seed=9).spec.seed == 9
        run.stop()
        with pytest.warns(UserWarning, match="is cancelled: Cancelled before it began"):
            run.wait()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"architecture": "cct-9"}, "there is no architecture 'cct-9'"),
        ({"epoch": 2}, "a run has no option 'epoch'"),
        ({"preset": "fast"}, "there is no preset 'fast'"),
        ({"epochs": -1}, "epochs"),
    ],
    ids=str,
)
@pytest.mark.parametrize("call", ["submit", "train"])
def test_what_cannot_be_is_refused_and_not_queued(
    results: Results, call: str, given: dict[str, object], text: str
) -> None:
    with pytest.raises(UserError, match=text):
        getattr(vc, call)(**given)
    assert not results.ids()


def test_a_spec_is_no_name(results: Results) -> None:
    with pytest.raises(TypeError, match="architecture='cct-2/3x2'"):
        vc.submit("cct-2/3x2")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not from both"):
        vc.submit(vc.RunSpec(), preset=next(iter(presets())))


@pytest.mark.parametrize("ask", ["status", "spec", "curves", "confusion", "row"])
def test_a_run_that_was_deleted_is_refused(results: Results, ask: str) -> None:
    run = vc.run(write_run(results).id)
    results.run(run.id).path.rename(results.root / "gone")
    with pytest.raises(UserError, match="there is no run"):
        getattr(run, ask)


@pytest.mark.parametrize("ending", ["failed", "stopped", "diverged", "interrupted"])
def test_waiting_says_how_else_it_ended(results: Results, ending: str) -> None:
    run = vc.run(write_run(results, ending=ending).id)
    with pytest.warns(UserWarning, match=f"run {run.id} is {ending}: it has {ending}"):
        run.wait()


def test_a_worker_that_died_does_not_keep_one_waiting(results: Results) -> None:
    run = vc.run(write_run(results, ending=None).id)
    with pytest.warns(UserWarning, match="is interrupted: Its worker died"):
        run.wait()


def test_an_interrupt_says_where_the_run_is(
    results: Results, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    with locks.lock(results.locks / "dispatcher-cpu.lock").acquire(timeout=5):
        run = vc.submit(architecture="cnn", device="cpu")
        monkeypatch.setattr("vitcore.runs.watch.time.sleep", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run.wait()
    assert f"vitcore.run('{run.id}')" in capsys.readouterr().err
    assert run.status == "queued"


def test_a_notebook_sees_a_bar_in_its_cell(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    shell, notebook, display = SimpleNamespace(kernel=object()), ModuleType("IPython"), ModuleType("IPython.display")
    notebook.get_ipython = lambda: shell  # type: ignore[attr-defined]
    display.HTML = str  # type: ignore[attr-defined]
    display.display = lambda html, display_id: SimpleNamespace(update=shown.append)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    vc.run(write_run(results, epochs=3).id).wait()
    assert shown == ['<progress value="1.0000"></progress> finished · epoch 3/3 · loss 0.2500 · test error 12.50 %']
    with progress.bar() as show:
        show("running", 0.5, "<b>")
    assert "&lt;b&gt;" in shown[-1]


@pytest.fixture
def trained(results: Results) -> vc.Run:
    folder = tell(results, vc.RunSpec.of(architecture="cct-mini/3x3", samples=200, epochs=2, batch_size=50), error=6.0)
    give_weights(folder)
    return vc.run(folder.id)


def test_an_image_at_hand_is_read_alike_however_it_is_given(trained: vc.Run, tmp_path: Path) -> None:
    array = np.zeros((28, 28), dtype=np.uint8)
    array[4:24, 13:16] = 255
    Image.fromarray(array).save(tmp_path / "one.png")
    colored = np.dstack([array] * 3)
    given: list[Any] = [
        array,
        array[..., None],
        colored,
        torch.from_numpy(array),
        torch.from_numpy(array)[None],
        torch.from_numpy(colored).permute(2, 0, 1),
        Image.fromarray(array),
        tmp_path / "one.png",
        str(tmp_path / "one.png"),
    ]
    answers = [vc.predict(trained, image).probabilities for image in given]
    answers.append(vc.predict(trained.id, array).probabilities)
    assert all(answer == answers[0] for answer in answers)
    assert sum(answers[0]) == pytest.approx(1)
    assert not trained.model().training


@pytest.mark.parametrize(
    ("image", "text"),
    [
        (np.zeros((8, 8)), "float64 has no known scale"),
        (torch.zeros(1, 8, 8), "float32 has no known scale"),
        (np.zeros((3, 8, 8), np.uint8), "shape 3 x 8 x 8 cannot be read"),
        (np.zeros((2, 3, 8, 8), np.uint8), "shape 2 x 3 x 8 x 8"),
        (np.zeros((0, 8), np.uint8), "shape 0 x 8"),
        (Path("nowhere.png"), "nowhere.png cannot be read"),
        (np.zeros((28, 28), np.uint8), "nothing drawn"),
    ],
    ids=str,
)
def test_an_image_that_is_none_is_refused(trained: vc.Run, image: np.ndarray, text: str) -> None:
    with pytest.raises(UserError, match=text):
        vc.predict(trained, image)


def test_an_image_of_another_kind_is_no_image(trained: vc.Run) -> None:
    with pytest.raises(TypeError, match="given was a list"):
        vc.predict(trained, [[0]])  # type: ignore[arg-type]


def test_curves_are_the_runs_asked_for_in_their_order(results: Results) -> None:
    first, second = (vc.run(write_run(results, name=name).id) for name in ("first", "second"))
    orders: list[list[vc.Run | str]] = [[second, first], [second.id, first], [second, second.id, first]]
    for given in orders:
        assert [trace.name for trace in vc.plot.curves(given, y="error_percent").data] == ["second", "first"]
    assert [trace.name for trace in vc.plot.curves(first).data] == ["first"]
    grouped = vc.plot.curves([first, second], group="kernel").data
    assert [trace.name for trace in grouped if trace.showlegend is not False] == ["softmax · n = 2"]
    with pytest.raises(UserError, match="no run to draw"):
        vc.plot.curves([])
    with pytest.raises(ValueError, match="no axis 'error'"):
        vc.plot.curves(first, y="error")


def test_a_confusion_matrix_is_drawn_with_its_classes(results: Results) -> None:
    folder = write_run(results)
    assert list(vc.plot.confusion(folder.id).data[0].x) == ["0", "1"]
    add(folder, {"event": "started", "classes": ["cat", "dog"], "resumed_from": 3})
    assert list(vc.plot.confusion(folder.id, normalize=True).data[0].x) == ["cat", "dog"]


def test_published_tables_and_their_numbers() -> None:
    from vitcore.published.tables import tables

    assert list(vc.published().index) == list(tables())
    for name, table in tables().items():
        numbers = vc.published(name)
        assert list(numbers["value"]) == [cell.value for cell in table.cells]
        bounds = {"": "", "below": "< ", "above": "> "}
        assert list(numbers["printed"]) == [bounds[cell.bound] + cell.printed for cell in table.cells]
    with pytest.raises(UserError, match="no published table 'table-9'"):
        vc.published("table-9")
