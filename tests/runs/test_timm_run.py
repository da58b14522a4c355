"""A network of timm's in the queue: killed, resumed, compared, exported, asked and started from like any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image, ImageDraw

from tests.runs.processes import epochs_of, tiny, wait_for_status, wait_until, worker_of
from vitcore.data.load import load as load_images
from vitcore.data.registry import pixel_scale
from vitcore.errors import UserError
from vitcore.models import timm_catalog, transfer
from vitcore.runs import journal, predict, queue
from vitcore.runs.export import write_onnx
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec, command_line
from vitcore.store import queries
from vitcore.store.index import Index


def test_it_is_trained_compared_exported_and_drawn_on(results: Results, tmp_path: Path) -> None:
    spec = tiny(architecture="timm/test_vit", patch=4, dataset="digits", drop_path=0.1, epochs=12, device="cpu")
    with pytest.raises(UserError, match="cuts patches of 16 pixels"):
        queue.enqueue(results, RunSpec.of(spec, patch=None))
    assert results.ids() == []
    id = queue.enqueue(results, spec)
    wait_until(lambda: len(epochs_of(results, id)) >= 2, "two epochs are told")
    worker_of(results, id).kill()
    wait_for_status(results, id, "interrupted")
    queue.resume(results, id)
    wait_for_status(results, id, "finished", "failed")
    run = results.run(id)
    lines = journal.read(run.events)[0]
    assert queue.status(results, id) == "finished", lines[-1]

    index = Index(results)
    index.poll()
    [row] = queries.runs(index).to_dict("records")
    assert (row["architecture"], row["timm_version"]) == ("timm/test_vit", timm_catalog.version())
    assert row["fingerprint"] == spec.fingerprint()
    assert row["parameters"] == sum(each.numel() for each in predict.load(run).model.parameters())
    [group] = queries.groups(index, ["architecture"]).to_dict("records")
    assert group["architecture"] == "timm/test_vit"
    assert "--architecture timm/test_vit --patch 4" in command_line(spec)

    write_onnx(run, tmp_path / "it.onnx")
    images = load_images("digits").test.images[:5]
    session = onnxruntime.InferenceSession(tmp_path / "it.onnx", providers=["CPUExecutionProvider"])
    [other] = session.run(None, {"images": images.numpy().astype(np.float32) / 255})
    loaded = predict.load(run)
    mean, std = pixel_scale("digits", spec.data.normalize)
    with torch.inference_mode():
        own = loaded.model((images.float() / 255 - mean[0]) / std[0]).numpy()
    np.testing.assert_allclose(other, own, atol=1e-4)

    image = Image.new("L", (100, 100), 255)
    ImageDraw.Draw(image).line((50, 10, 50, 90), fill=0, width=12)
    drawn = predict.predict(loaded, image)
    assert len(drawn.probabilities) == 10

    probe = RunSpec.of(spec, init_from=id, freeze=True, epochs=1)
    again = queue.enqueue(results, probe)
    wait_for_status(results, again, "finished", "failed")
    learned = predict.load(results.run(again)).model
    before = loaded.model.state_dict()
    changed = {name for name, tensor in learned.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == set(transfer.head_names(learned)) == {"head.weight", "head.bias"}
