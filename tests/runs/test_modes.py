"""Who may read and write a run's files is what the umask says, whichever library or process writes them."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tests.runs.processes import tiny
from vitcore.cost.estimate import CostEstimate
from vitcore.data.registry import DATASETS
from vitcore.engines import local
from vitcore.runs import annotations, cost_estimate, drawings, export, locks
from vitcore.runs.export import FILE, graph_of, write_onnx
from vitcore.runs.folder import Results, RunFolder
from vitcore.spec import RunSpec
from vitcore.training.network import build_model

MADE = {"annotations.json", "best.safetensors", "confusion.jsonl", "drawings.json", "events.jsonl", "expected.json"}
MADE |= {"model.onnx", "model.safetensors", "predictions.bin", "resume.pt", "spec.json", "steps.jsonl", "worker.log"}
LOCKS = {"alive.lock", ".annotations.lock"}


@pytest.fixture(scope="module")
def graph() -> Any:
    """An ONNX program, which takes seconds to make; it is written anew by each test."""
    data = DATASETS["digits"]
    model = build_model(RunSpec.of(architecture="cnn"), 1, 28, 10).eval()
    return graph_of(model, data.mean, data.std, (2, 1, 28, 28), "cnn")


@pytest.fixture(params=[0o022, 0o027, 0o002], ids=lambda mask: f"{mask:03o}")
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    try:
        yield request.param
    finally:
        os.umask(before)


def all_files(results: Results) -> RunFolder:
    """A run with every file that one can have, written by those who write them."""
    entry = {"at": 1.0, "lane": "cpu", "resume": False}
    run = results.create(
        tiny(), {"waiting.json": entry, "expected.json": cost_estimate.written(CostEstimate(75, guessed=True))}
    )
    with locks.lock(results.locks / "dispatcher-cpu.lock").acquire(timeout=5), local.log(run) as log:
        command = [sys.executable, "-m", "vitcore.runs.worker", run.id, "--results", str(results.root)]
        subprocess.run(command, stdout=log, stderr=log, timeout=500, check=True, start_new_session=True)
    annotations.write(run, ["seen"], "so it is")
    image = Image.new("L", (100, 100), 255)
    ImageDraw.Draw(image).line((50, 10, 50, 90), fill=0, width=12)
    drawings.save(results, "digits", image, "1")
    drawings.save_score(run, drawings.Score(1, 1, "abc"))
    write_onnx(run, run.path / FILE)
    return run


def test_every_file_of_a_run_has_the_mode_of_any_file(
    results: Results, umask: int, graph: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "graph_of", lambda *arguments: graph)
    run = all_files(results)
    assert cost_estimate.read(run) is not None
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in run.path.iterdir()}
    assert found.keys() - LOCKS == MADE
    assert found == dict.fromkeys(found, 0o666 & ~umask)
    beside = {str(path): stat.S_IMODE(path.stat().st_mode) for path in results.root.rglob("*") if path.is_file()}
    assert beside == dict.fromkeys(beside, 0o666 & ~umask)
    folders = [path for path in results.root.rglob("*") if path.is_dir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o777 & ~umask}
