"""Makes tests/fixtures/foreign-runs with the real tools: `python scripts/make_foreign_runs.py FOLDER`.

In an environment of its own: `pip install tensorboard==2.21.0 tensorboardX==2.6.5 mlflow-skinny==3.17.2 sqlalchemy
alembic wandb==0.31.0`. Nothing is sent anywhere: W&B is offline, MLflow writes to the folder. The files name FOLDER and
the program that ran: make them where that tells nothing.
"""

import gzip
import os
import shutil
import sys
from pathlib import Path

EPOCHS = 4
PARAMETERS = {
    "learning_rate": 0.003,
    "batch_size": 64,
    "architecture": "vit-tiny",
    "augment": "flip, crop",
    "pretrained": True,
}


def metrics(epoch: int, seed: int) -> dict[str, float]:
    """Of an epoch from 1 on; of two runs the second is worse."""
    error = 40 / epoch + seed
    return {
        "train/loss": 2.0 / epoch, "val/loss": 2.2 / epoch, "val/acc": 1 - error / 100,
        "test/accuracy": 1 - (error + 1) / 100, "lr": 0.003 / epoch, "grad_norm": 1.5,
    }  # fmt: skip


def tensorboard(folder: Path) -> None:
    """A run by tensorboardX (simple values, with a histogram and a text in between), one by TensorBoard's own writer
    (tensors, as TensorFlow 2 and Keras write them)."""
    import numpy as np
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.plugins.scalar import metadata
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboardX import SummaryWriter

    with SummaryWriter(str(folder / "plain")) as writer:
        writer.add_text("note", "a run of somebody else")
        for epoch in range(1, EPOCHS + 1):
            for name, value in metrics(epoch, 0).items():
                writer.add_scalar(name, value, epoch, walltime=1.7e9 + 10 * epoch)
            writer.add_histogram("weights", np.arange(100.0), epoch)
    writer = EventFileWriter(str(folder / "tensors"))
    for epoch in range(EPOCHS):  # from 0 on, as Keras counts
        for name, value in metrics(epoch + 1, 1).items():
            tensor = TensorProto(dtype=1, tensor_shape=TensorShapeProto(), tensor_content=np.float32(value).tobytes())
            about = metadata.create_summary_metadata("", "")
            summary = Summary(value=[Summary.Value(tag=f"epoch_{name}", tensor=tensor, metadata=about)])
            writer.add_event(Event(wall_time=1.7e9 + 10 * epoch, step=epoch, summary=summary))
    writer.close()


def mlflow(folder: Path) -> None:
    """The same two runs in a file store and in SQLite; the second failed."""
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    import mlflow
    from mlflow.entities import RunStatus

    for uri in (f"file://{folder / 'files'}", f"sqlite:///{folder / 'store.db'}"):
        mlflow.set_tracking_uri(uri)
        client = mlflow.MlflowClient()
        experiment = client.create_experiment("images", artifact_location=f"file://{folder / 'artifacts'}")
        for seed in (0, 1):
            run = client.create_run(experiment, start_time=1_700_000_000_000, run_name=f"vit seed {seed}")
            for name, value in PARAMETERS.items():
                client.log_param(run.info.run_id, name, value)
            for epoch in range(1, EPOCHS + 1):
                for name, value in metrics(epoch, seed).items():
                    client.log_metric(run.info.run_id, name, value, timestamp=1_700_000_000_000 + epoch, step=epoch)
            status = RunStatus.to_string(RunStatus.FAILED if seed else RunStatus.FINISHED)
            client.set_terminated(run.info.run_id, status, end_time=1_700_000_100_000)
    with gzip.GzipFile(folder / "store.db.gz", "wb", mtime=0) as packed:  # fifty empty tables beside four that are not
        packed.write((folder / "store.db").read_bytes())
    (folder / "store.db").unlink()


def wandb(folder: Path) -> None:
    """Two offline runs, of which one ends by an error."""
    os.environ.update(WANDB_MODE="offline", WANDB_DIR=str(folder), WANDB_SILENT="true", WANDB_DISABLE_CODE="true")
    os.environ.update(WANDB_HOST="host", WANDB_USERNAME="user", WANDB_DISABLE_GIT="true", WANDB__DISABLE_STATS="true")
    import wandb

    for seed in (0, 1):
        run = wandb.init(project="images", name=f"vit seed {seed}", config=PARAMETERS)
        for epoch in range(1, EPOCHS + 1):
            run.log({"epoch": epoch, **metrics(epoch, seed)})
        run.finish(exit_code=seed)
    for place in (folder / "wandb").iterdir():
        if place.is_symlink() or place.is_file():
            place.unlink()
            continue
        for name in ("files", "logs", "tmp"):  # the program's output and its packages
            shutil.rmtree(place / name, ignore_errors=True)


if __name__ == "__main__":
    out = Path(sys.argv[1]).absolute()
    for make in (tensorboard, mlflow, wandb):
        place = out / make.__name__
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        make(place)
