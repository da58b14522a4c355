"""The callbacks of docs/callbacks with the real Keras and the real Lightning, where those are installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import vitcore as vc
from vitcore.runs import predictions, queue
from vitcore.runs.folder import Results

FOLDER = Path(__file__).parents[2] / "docs" / "callbacks"


def callback(name: str) -> ModuleType:
    path = FOLDER / f"{name}_callback.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    monkeypatch.setenv("VITCORE_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.chdir(tmp_path)
    return Results()


def images() -> tuple[np.ndarray, np.ndarray]:
    """Two classes that a line tells apart (60, 4), (60,)."""
    found = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    return found, (found.sum(1) > 0).astype(np.int64)


@pytest.mark.parametrize("name", ["keras", "lightning"])
def test_a_callback_is_twenty_lines(name: str) -> None:
    code = (FOLDER / f"{name}_callback.py").read_text(encoding="utf-8")
    assert len([line for line in code.splitlines() if line.strip()]) <= 20


@pytest.mark.filterwarnings("ignore")
def test_keras(results: Results) -> None:
    keras = pytest.importorskip("keras", reason="Keras is not installed; pip install keras tries this callback")
    x, y = images()
    model = keras.Sequential([keras.layers.Dense(2, activation="softmax")])
    model.compile(keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    with vc.log("keras", {"learning_rate": 0.1}, truth=y[40:], epochs=3) as run:
        fitted = model.fit(
            *(x[:30], y[:30]),
            validation_data=(x[30:40], y[30:40]),
            epochs=3,
            verbose=0,
            callbacks=[callback("keras").LogEpochs(run, x[40:])],
        ).history
    curves = vc.run(run.id).curves
    assert curves["train_loss"].tolist() == pytest.approx(fitted["loss"], rel=1e-6)
    assert curves["val_accuracy"].tolist() == pytest.approx(fitted["val_accuracy"], rel=1e-6)
    answers = predictions.read(results.run(run.id))
    assert answers.epochs == [1, 2, 3]
    assert answers.of(3).tolist() == model.predict(x[40:], verbose=0).argmax(1).tolist()


@pytest.mark.filterwarnings("ignore")
def test_keras_stops_where_it_is_asked_to(results: Results) -> None:
    keras = pytest.importorskip("keras", reason="Keras is not installed; pip install keras tries this callback")
    x, y = images()
    model = keras.Sequential([keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with vc.log("keras") as run:
        queue.stop(results, run.id)
        model.fit(x, y, epochs=50, verbose=0, callbacks=[callback("keras").LogEpochs(run)])
    assert (vc.run(run.id).status, len(vc.run(run.id).curves)) == ("stopped", 1)


@pytest.mark.filterwarnings("ignore")
def test_lightning(results: Results) -> None:
    import torch

    importlib.import_module("vitcore.vision")  # torchvision's operators beside a CPU's torch, before Lightning asks

    lightning = pytest.importorskip("pytorch_lightning", reason="Lightning is not installed; pip install lightning")

    class Line(lightning.LightningModule):  # type: ignore[misc, name-defined]  # where it is not installed
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.shares = torch.nn.Linear(4, 2), list[float]()

        def training_step(self, batch: Any, number: int) -> Any:
            loss = torch.nn.functional.cross_entropy(self.layer(batch[0]), batch[1])
            self.log("train_loss", loss, on_step=False, on_epoch=True)
            return loss

        def validation_step(self, batch: Any, number: int) -> None:
            right = (self.layer(batch[0]).argmax(1) == batch[1]).float().mean()
            self.log("val_acc", right)
            self.shares.append(float(right))

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), 0.1)

    x, y = (torch.from_numpy(each) for each in images())
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=60)
    module = Line()
    with vc.log("lightning", epochs=3) as run:
        trainer = lightning.Trainer(
            max_epochs=3,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            callbacks=[callback("lightning").LogEpochs(run)],
        )
        trainer.fit(module, data, data)
    curves = vc.run(run.id).curves
    assert curves["epoch"].tolist() == [1, 2, 3]
    assert curves["val_accuracy"].tolist() == pytest.approx(module.shares)
    assert curves["train_loss"].is_monotonic_decreasing
