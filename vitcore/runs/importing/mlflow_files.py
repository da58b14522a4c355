"""MLflow's file store: a folder a run, with a file for each metric, parameter and tag; read without MLflow."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from vitcore.data.storage.regular import read_regular
from vitcore.errors import UserError
from vitcore.runs.importing.foreign import ForeignRun, Found, listed, moment, plain

ORIGIN = "imported from MLflow"
META = "meta.yaml"
STATUSES = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "stopped"}
_BY_NUMBER = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}
_SMALL, _METRIC = 1 << 20, 256 << 20  # bytes of a file that is no metric, and of one that is
MOST_FILES = 5_000  # of one run


def is_run(folder: Path) -> bool:
    """Whether a folder is a run of a file store."""
    about, metrics = folder / META, folder / "metrics"
    return about.is_file() and metrics.is_dir() and not about.is_symlink() and not metrics.is_symlink()


def read(folder: Path) -> Found:
    """The run of a folder, with sentences about what of it cannot be read."""
    found = Found()
    try:
        about = _flat(read_regular(folder / META, _SMALL))
    except (OSError, UserError) as error:
        found.sentences.append(f"{folder.name}: {META} cannot be read ({_why(error)}).")
        return found
    id = about.get("run_id") or about.get("run_uuid") or folder.name
    name = about.get("run_name") or _text(folder / "tags" / "mlflow.runName") or id
    if about.get("lifecycle_stage") == "deleted":
        found.sentences.append(f"{listed([name])} was deleted in MLflow and is left out.")
        return found
    run = ForeignRun(ORIGIN, f"mlflow:{id[:64]}", name)
    run.started, run.ended = (moment(plain(about.get(key, "")), 1000) for key in ("start_time", "end_time"))
    ended(run, _BY_NUMBER.get(about.get("status", ""), about.get("status", "")))
    for key, path in _files(folder / "params", found):
        run.parameters[key] = plain(_text(path) or "")
    for key, path in _files(folder / "metrics", found):
        try:
            _metric(key, read_regular(path, _METRIC), run)
        except (OSError, UserError) as error:
            found.sentences.append(f"{listed([name])}: the metric {listed([key])} cannot be read ({_why(error)}).")
    found.runs.append(run)
    return found


def ended(run: ForeignRun, status: str) -> None:
    """Sets how MLflow says that a run ended; one that it calls running was interrupted, or goes on there."""
    run.status = STATUSES.get(status, "interrupted")
    run.reason = f"Imported from MLflow, where it is {status.lower()[:40] or 'of no status'}."


def _metric(name: str, content: bytes, run: ForeignRun) -> None:
    """Lines of time in milliseconds, value and step; one that is none is passed over."""
    for line in content.splitlines():
        parts = line.split()
        if len(parts) not in (2, 3, 5):  # five: with the dataset it is of
            continue
        try:
            at, value, step = float(parts[0]), float(parts[1]), int(parts[2]) if len(parts) > 2 else 0
        except ValueError:
            continue
        if 0 <= step < 2**53 and not run.tell(name, step, value, moment(at, 1000)):
            return


def _files(folder: Path, found: Found) -> Iterator[tuple[str, Path]]:
    """Each file below a folder with its name, slashes included; links are none of the store's."""
    if folder.is_symlink():
        found.sentences.append(f"Links in {folder.parent} are not followed: {folder.name}.")
        return
    names, count = [], 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if not os.path.islink(os.path.join(place, each)))
        for name in sorted(files):
            path = Path(place) / name
            count += 1
            if count > MOST_FILES:
                found.sentences.append(f"{folder} holds more than {MOST_FILES:,} files; the rest is left out.")
                return
            if path.is_symlink():
                names.append(name)
                continue
            yield path.relative_to(folder).as_posix(), path
    if names:
        found.sentences.append(f"Links in {folder} are not followed: {listed(names)}.")


def _flat(content: bytes) -> dict[str, str]:
    """The keys and values of a YAML file of plain lines, as MLflow writes them; nested ones are left out."""
    found = {}
    for line in content.decode("utf-8", "replace").splitlines():
        key, colon, value = line.partition(":")
        if colon and not line.startswith((" ", "#", "-")):
            text = value.strip()
            found[key.strip()] = _unquoted(text)
    return found


def _unquoted(text: str) -> str:
    if text.startswith('"'):
        try:
            return str(json.loads(text))
        except (ValueError, RecursionError):
            return text
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return "" if text == "null" else text


def _text(path: Path) -> str | None:
    try:
        linked = path.is_symlink() or path.parent.is_symlink()
        return None if linked else read_regular(path, _SMALL).decode("utf-8", "replace")
    except (OSError, UserError):
        return None


def _why(error: OSError | UserError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
