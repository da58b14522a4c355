"""A results folder of every format there has been still opens; one of a format to come is refused by its number."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from scripts.make_fixtures import image
from tests.store.writing import add, epoch_line, write_run
from vitcore.errors import UserError
from vitcore.events import Epoch, Line, Started
from vitcore.runs import predict, queue
from vitcore.runs.folder import FORMAT, Results
from vitcore.store import queries
from vitcore.store.index import Index
from vitcore.training import train

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
FORMATS = sorted(path.name for path in FIXTURES.glob("results-v*"))


@pytest.fixture(params=FORMATS)
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Results:
    """A copy of a folder that an earlier vitcore wrote."""
    shutil.copytree(FIXTURES / request.param, tmp_path / "results")
    return Results(tmp_path / "results")


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_todays_format_is_among_those_that_are_kept() -> None:
    assert f"results-v{FORMAT}" in FORMATS


def test_its_numbers_are_told_as_they_were_written(stored: Results) -> None:
    index = Index(stored)
    index.poll()
    table: Any = queries.runs(index).set_index("name")
    assert dict(table["status"]) == {"whole": "finished", "paused": "paused"}
    assert list(table.loc["whole", "tags"]) == ["kept", "v1"]
    assert table.loc["whole", "note"] == "größer – =1+1"
    for id in stored.ids():
        messages = [line for line in lines(stored.run(id).events) if line["event"] == "epoch"]
        found = queries.epochs(index, [id])
        assert found["error_percent"].tolist() == [line["error_percent"] for line in messages]
        assert found["train_loss"].tolist() == [line["train_loss"] for line in messages]
        matrices = lines(stored.run(id).confusion)
        assert queries.confusion(index, id)[1].tolist() == matrices[-1]["matrix"]
        assert len(queries.steps(stored, id)) == sum("step" in line for line in lines(stored.run(id).steps))


def test_its_weights_answer_as_they_did(stored: Results) -> None:
    answer = json.loads((stored.root / "answer.json").read_text(encoding="utf-8"))
    found = predict.predict(stored.run(answer["run"]), image())
    assert list(found.classes) == answer["classes"]
    np.testing.assert_allclose(found.probabilities, answer["probabilities"], atol=1e-5)


def test_a_paused_run_goes_on_from_where_it_was(stored: Results) -> None:
    id = next(id for id in stored.ids() if queue.status(stored, id) == "paused")
    folder = stored.run(id)
    done = [line["epoch"] for line in lines(folder.events) if line["event"] == "epoch"][-1]
    before = load_file(folder.checkpoint)
    messages: list[Line] = []

    def control() -> str | None:
        return "stop" if any(isinstance(line, Epoch) for line in messages) else None

    outcome = train(folder.spec(), messages.append, folder=folder.path, control=control, resume=True)
    assert outcome.status == "stopped"
    assert next(line for line in messages if isinstance(line, Started)).resumed_from == done
    assert next(line for line in messages if isinstance(line, Epoch)).epoch == done + 1
    after = load_file(folder.checkpoint)
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_a_newer_run_is_refused_by_its_format_and_the_others_are_there(results: Results) -> None:
    newer, older = write_run(results, seed=1), write_run(results)
    path = newer.path / "spec.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "v": 99}))
    with pytest.raises(UserError, match="format 99, written by a newer vitcore"):
        newer.spec()
    index = Index(results)
    index.poll()
    table = queries.runs(index).set_index("id")
    assert "format 99" in str(table.loc[newer.id, "reason"])
    assert table.loc[older.id, "error_percent"] == 12.5


def test_newer_lines_are_named_and_older_ones_kept(results: Results) -> None:
    folder = write_run(results, epochs=1, ending=None)
    with folder.events.open("a") as file:
        file.write(json.dumps({"v": 99, "seq": 9, **epoch_line(2)}) + "\n")
    add(folder, {"event": "ended", "status": "stopped", "reason": "so it is"})
    index = Index(results)
    index.poll()
    assert queries.epochs(index, [folder.id])["epoch"].tolist() == [1]
    assert "format 99" in str(queries.runs(index)["reason"][0])


@pytest.mark.parametrize("name", ["model.safetensors", "resume.pt"])
def test_a_newer_checkpoint_is_refused_by_its_format(stored: Results, name: str) -> None:
    from safetensors.torch import save_file

    from vitcore.training.checkpoint import load_model, load_resume

    id = next(id for id in stored.ids() if queue.status(stored, id) == "paused")
    folder = stored.run(id)
    if name == "resume.pt":
        torch.save({"format": 99}, folder.resume_point)
    else:
        save_file(load_file(folder.checkpoint), folder.checkpoint, metadata={"format": "vitcore 99"})
    with pytest.raises(UserError, match="99"):
        load_resume(folder.path, folder.spec()) if name == "resume.pt" else load_model(folder.path)
