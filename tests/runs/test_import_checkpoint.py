"""A published checkpoint becomes a stored run like any other: measured, listed, ready to predict."""

import hashlib
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw

from tests.models.foreign_names import perturbed as moved
from tests.models.test_checkpoint_formats import perturbed, published
from tests.runs.processes import wait_for_status
from vitcore.errors import UserError
from vitcore.models import build, timm_catalog
from vitcore.runs import journal, predict, queue
from vitcore.runs.folder import Results
from vitcore.runs.import_checkpoint import store
from vitcore.spec import RunSpec
from vitcore.store import pooling, queries
from vitcore.store.index import Index


def test_a_published_checkpoint_is_stored_measured_and_used(results: Results, tmp_path: Path) -> None:
    model = perturbed("cct-2/3x2", channels=1, image_size=28, classes=10)
    torch.save(published(model), tmp_path / "authors.pth")
    id, text = store(results, RunSpec.of(architecture="cct-2/3x2", dataset="digits"), tmp_path / "authors.pth")
    assert "authors.pth" in text[0]
    assert queue.status(results, id) == "finished"
    index = Index(results)
    index.poll()
    [listed] = queries.runs(index).to_dict("records")
    assert listed["parameters"] == 280_651
    assert listed["progress"] == 1.0
    epoch, matrix = queries.confusion(index, id)
    assert (epoch, matrix.sum()) == (0, 360)
    assert listed["error_percent"] == pytest.approx(100 * (1 - matrix.trace() / matrix.sum()))
    image = Image.new("L", (100, 100), 255)
    ImageDraw.Draw(image).line((50, 10, 50, 90), fill=0, width=12)
    loaded = predict.load(results.run(id))
    for name, weight in loaded.model.state_dict().items():
        torch.testing.assert_close(weight, model.state_dict()[name])
    assert len(predict.predict(loaded, image).probabilities) == 10


def test_a_foreign_file_stores_nothing(results: Results, tmp_path: Path) -> None:
    (tmp_path / "foreign.pth").write_bytes(b"\x80\x04cposix\nsystem\n")
    with pytest.raises(UserError):
        store(results, RunSpec.of(), tmp_path / "foreign.pth")
    assert results.ids() == []


def test_the_spec_names_the_file_so_that_nothing_takes_it_for_trained_here(results: Results, tmp_path: Path) -> None:
    spec = RunSpec.of(architecture="cct-2/3x2", dataset="digits")
    files = [tmp_path / "one.pth", tmp_path / "other.pth"]
    for shift, file in enumerate(files):
        weights = published(perturbed("cct-2/3x2", channels=1, image_size=28, classes=10))
        torch.save({name: tensor + 0.01 * shift for name, tensor in weights.items()}, file)
    ids = [store(results, spec, file)[0] for file in (*files, files[0])]
    stored = [results.run(id).spec() for id in ids]
    for saved, file in zip(stored, files, strict=False):
        assert saved.init.checkpoint_digest == hashlib.sha256(file.read_bytes()).hexdigest()
    first, other, again = (retained.fingerprint() for retained in stored)
    assert first == again
    assert len({spec.fingerprint(), first, other}) == 3
    index = Index(results)
    index.poll()
    runs = queries.runs(index)
    assert list(pooling.kinds(runs)) == ["imported"] * 3
    assert not pooling.counts(runs).any()


def test_a_head_that_is_fresh_answers_nothing_and_can_be_started_from(results: Results, tmp_path: Path) -> None:
    source = perturbed("cct-2/3x2", channels=1, image_size=28, classes=7)
    torch.save(published(source), tmp_path / "seven.pth")
    spec = RunSpec.of(architecture="cct-2/3x2", dataset="digits", samples=32, batch_size=16, epochs=1)
    id, text = store(results, spec, tmp_path / "seven.pth")
    assert "7 classes apart and this model 10: the head is fresh" in text[-1]
    assert not results.run(id).checkpoint.exists()
    assert not results.run(id).predictions.exists()
    index = Index(results)
    index.poll()
    [listed] = queries.runs(index).to_dict("records")
    assert listed["error_percent"] != listed["error_percent"], "no score"
    with pytest.raises(UserError, match="without a head for these classes"):
        predict.load(results.run(id))
    probe = queue.enqueue(results, RunSpec.of(spec, init_from=id, freeze=True))
    wait_for_status(results, probe, "finished", "failed")
    assert queue.status(results, probe) == "finished", journal.read(results.run(probe).events)[0][-1]
    [loaded] = [line for line in journal.read(results.run(probe).events)[0] if line["event"] == "loaded"]
    assert loaded["fresh"] == ["heads.0.weight", "heads.0.bias"]
    learned = predict.load(results.run(probe)).model.state_dict()
    equal = {name for name, weight in source.state_dict().items() if name in learned and learned[name].equal(weight)}
    assert learned.keys() - equal == {"heads.0.weight", "heads.0.bias"}


def test_weights_of_a_network_of_timms_are_measured_and_name_its_version(results: Results, tmp_path: Path) -> None:
    source = moved(build("timm/test_resnet", channels=1, image_size=28, classes=10), 1, 28, 28)
    torch.save(
        {"state_dict": {f"module.{name}": tensor for name, tensor in source.state_dict().items()}}, tmp_path / "w"
    )
    id, text = store(results, RunSpec.of(architecture="timm/test_resnet", dataset="digits"), tmp_path / "w")
    assert text == [f"Loaded {len(source.state_dict())} tensors from w."]
    index = Index(results)
    index.poll()
    [listed] = queries.runs(index).to_dict("records")
    assert (listed["timm_version"], listed["status"]) == (timm_catalog.version(), "finished")
    assert 0 <= listed["error_percent"] <= 100
    loaded = predict.load(results.run(id)).model.state_dict()
    assert all(torch.equal(tensor, loaded[name]) for name, tensor in source.state_dict().items())
