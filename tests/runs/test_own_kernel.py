"""A kernel by formula goes the whole way: queued, killed, resumed, exported to ONNX, compared under its formula."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import torch

from tests.runs.processes import epochs_of, tiny, wait_for_status, wait_until, worker_of
from tests.store.writing import write_run
from vitcore.data.augment import Normalize
from vitcore.data.load import load
from vitcore.data.registry import DATASETS
from vitcore.runs import predict, queue
from vitcore.runs.export import write_onnx
from vitcore.runs.folder import Results
from vitcore.store import queries
from vitcore.store.index import Index


def test_a_formula_is_trained_killed_resumed_exported_and_compared(results: Results, tmp_path: Path) -> None:
    common = {"epochs": 12, "device": "cpu"}
    first = queue.enqueue(results, tiny(architecture="cct-mini/3x3", kernel="f: max(0,x)**3", **common))
    wait_until(lambda: len(epochs_of(results, first)) >= 2, "two epochs are told")
    worker_of(results, first).kill()
    wait_for_status(results, first, "interrupted")
    queue.resume(results, first)
    wait_for_status(results, first, "finished")
    assert sorted(set(epochs_of(results, first))) == list(range(1, 13))

    run = results.run(first)
    write_onnx(run, tmp_path / "it.onnx")
    images = load("digits").test.images[:8]
    session = onnxruntime.InferenceSession(tmp_path / "it.onnx", providers=["CPUExecutionProvider"])
    [other] = session.run(None, {session.get_inputs()[0].name: images.numpy().astype(np.float32) / 255})
    data = DATASETS["digits"]
    with torch.inference_mode():
        inputs = Normalize(data.mean, data.std, torch.device("cpu"))(images)
        measured = predict.load(run).model(inputs).numpy()
    np.testing.assert_allclose(other, measured, atol=1e-4)

    write_run(results, epochs=12, seed=1, kernel="f: relu(x)**2*relu(x)")
    index = Index(results)
    index.poll()
    [group] = queries.groups(index, ["kernel"]).to_dict("records")
    assert group["kernel"] == "f: relu(x)**3"
    assert list(group["seeds"]) == [0, 1]
