"""Runs as MLflow's file store: one experiment, a folder a run with a file for each metric, parameter and tag."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from vitcore.errors import UserError
from vitcore.runs.exporting.exported import Exported
from vitcore.runs.folder import reason

EXPERIMENT = "vitcore"
_EXPERIMENT_ID = str(int(hashlib.sha256(EXPERIMENT.encode()).hexdigest()[:14], 16)).zfill(18)
_STATUSES = {"queued": 2, "running": 1, "finished": 3, "stopped": 5, "cancelled": 5}  # 4: failed


def write(run: Exported, into: Path) -> Path:
    """Writes a run into a file store, made where there is none; one that was written before is replaced. Its folder.

    Raises:
        UserError: the folder cannot be written.
    """
    experiment = into / _EXPERIMENT_ID
    id = hashlib.sha256(run.id.encode()).hexdigest()[:32]
    place, draft = experiment / id, into / f".{id}.{secrets.token_hex(4)}"
    try:
        _experiment(experiment)
        _write(draft, "meta.yaml", _yaml(_about(run, id, place)))
        for name, text in _tags(run).items():
            _write(draft / "tags", name, text)
        for name, value in run.settings.items():
            _write(draft / "params", _name(name), str(value))
        for name in sorted({name for _, metrics in run.epochs.values() for name in metrics}):
            _write(draft / "metrics", name, _lines(run, name))
        (draft / "metrics").mkdir(exist_ok=True)
        (draft / "artifacts").mkdir()
        if place.exists():
            os.rename(place, draft / "before")
        os.rename(draft, place)
        shutil.rmtree(place / "before", ignore_errors=True)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise UserError(f"{place} cannot be written: {reason(error)}") from None
    return place


def _experiment(folder: Path) -> None:
    """The experiment of all that is exported, made once."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "meta.yaml").exists():
        about = {"artifact_location": folder.absolute().as_uri(), "experiment_id": folder.name}
        _write(folder, "meta.yaml", _yaml({**about, "lifecycle_stage": "active", "name": EXPERIMENT}))


def _about(run: Exported, id: str, place: Path) -> dict[str, str | int | None]:
    return {
        "artifact_uri": (place.absolute() / "artifacts").as_uri(),
        "end_time": None if run.ended is None else int(1000 * run.ended),
        "entry_point_name": "",
        "experiment_id": place.parent.name,
        "lifecycle_stage": "active",
        "run_id": id,
        "run_name": run.title,
        "run_uuid": id,
        "source_name": "",
        "source_type": 4,
        "source_version": "",
        "start_time": int(1000 * (run.started or 0)),
        "status": _STATUSES.get(run.status, 4),
        "user_id": "",
    }


def _tags(run: Exported) -> dict[str, str]:
    origin = {"vitcore.origin": run.origin} if run.origin else {}
    return {"mlflow.runName": run.title, "vitcore.run": run.id, "vitcore.status": run.status, **origin}


def _lines(run: Exported, name: str) -> str:
    begun = run.started or 0
    values = [(at, metrics[name], epoch) for epoch, (at, metrics) in run.epochs.items() if name in metrics]
    return "".join(f"{int(1000 * (begun if at is None else at))} {value!r} {epoch}\n" for at, value, epoch in values)


def _name(name: str) -> str:
    """A parameter's name in letters that MLflow and every file system take; it leads out of no folder."""
    return re.sub(r"[^\w .:-]", ".", name, flags=re.ASCII).strip(" .")[:200] or "parameter"


def _yaml(values: Mapping[str, str | int | None]) -> str:
    """Plain lines; JSON's texts and numbers are YAML's."""
    return "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items())


def _write(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8", errors="replace")
