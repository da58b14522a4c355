"""Writes a small results folder in today's format, to be opened by every later version.

`python -m scripts.make_fixtures FOLDER`: trains two small runs through the real queue and worker, one to
its end and one that is paused, with tags and a note, and keeps what the first one makes of an image.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from tests.runs.processes import end_all, epochs_of, wait_for_status, wait_until
from vitcore.runs import annotations, predict, queue
from vitcore.runs.folder import Results, RunFolder
from vitcore.spec import RunSpec

STORED = ("spec.json", "events.jsonl", "steps.jsonl", "confusion.jsonl", "annotations.json", "model.safetensors")
SMALL = {"architecture": "cnn", "image_size": 16, "samples": 64, "batch_size": 16, "optimizer": "sgd", "beta1": 0.0}


def image() -> Image.Image:
    """A stroke like a one."""
    pixels = np.full((40, 40), 255, np.uint8)
    pixels[6:34, 18:22] = 0
    return Image.fromarray(pixels)


def main() -> None:
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        results = Results(folder)
        try:
            finished = queue.enqueue(results, RunSpec.of(**SMALL, epochs=2, learning_rate=0.1, name="whole"))
            wait_for_status(results, finished, "finished")
            paused = queue.enqueue(results, RunSpec.of(**SMALL, epochs=5000, name="paused", seed=1))
            wait_until(lambda: len(epochs_of(results, paused)) >= 2, "two epochs are told")
            queue.pause(results, paused)
            wait_for_status(results, paused, "paused")
        finally:
            end_all(results)
        annotations.write(results.run(finished), tags=["kept", "v1"], note="größer – =1+1")
        answer_of = predict.predict(results.run(finished), image())
        _keep(results.run(finished), target, STORED)
        _keep(results.run(paused), target, (*STORED, "resume.pt"))
    answer = {"run": finished, "probabilities": answer_of.probabilities, "classes": list(answer_of.classes)}
    (target / "answer.json").write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")


def _keep(run: RunFolder, target: Path, names: tuple[str, ...]) -> None:
    place = target / "runs" / run.id
    place.mkdir(parents=True)
    for name in names:
        if (run.path / name).exists():
            (place / name).write_bytes((run.path / name).read_bytes())


if __name__ == "__main__":
    main()
