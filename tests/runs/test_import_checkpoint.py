"""A published checkpoint becomes a stored run like any other: measured, listed, ready to predict."""

from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw

from tests.models.test_checkpoint_formats import perturbed, published
from vitcore.errors import Refusal
from vitcore.runs import predict, queue
from vitcore.runs.folder import Results
from vitcore.runs.import_checkpoint import store
from vitcore.spec import RunSpec
from vitcore.store import queries
from vitcore.store.index import Index


def test_a_published_checkpoint_is_stored_measured_and_used(results: Results, tmp_path: Path) -> None:
    model = perturbed("cct-2/3x2", channels=1, side=28, classes=10)
    torch.save(published(model), tmp_path / "authors.pth")
    id, said = store(results, RunSpec.of(architecture="cct-2/3x2", dataset="digits"), tmp_path / "authors.pth")
    assert "authors.pth" in said[0]
    assert queue.status(results, id) == "finished"
    index = Index(results)
    index.poll()
    [listed] = queries.runs(index).to_dict("records")
    assert listed["parameters"] == 280_651
    assert listed["progress"] == 1.0
    epoch, matrix = queries.confusion(index, id)
    assert (epoch, matrix.sum()) == (0, 360)
    assert listed["error_percent"] == pytest.approx(100 * (1 - matrix.trace() / matrix.sum()))
    picture = Image.new("L", (100, 100), 255)
    ImageDraw.Draw(picture).line((50, 10, 50, 90), fill=0, width=12)
    loaded = predict.load(results.run(id))
    for name, weight in loaded.model.state_dict().items():
        torch.testing.assert_close(weight, model.state_dict()[name])
    assert len(predict.predict(loaded, picture).probabilities) == 10


def test_a_foreign_file_stores_nothing(results: Results, tmp_path: Path) -> None:
    (tmp_path / "foreign.pth").write_bytes(b"\x80\x04cposix\nsystem\n")
    with pytest.raises(Refusal):
        store(results, RunSpec.of(), tmp_path / "foreign.pth")
    assert results.ids() == []
