"""Finds the runs of other programs below a path and stores them; what was imported before is not added again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vitcore.data.storage.regular import open_regular
from vitcore.errors import UserError
from vitcore.runs import elsewhere, journal, locks
from vitcore.runs.elsewhere import Elsewhere
from vitcore.runs.fold import Fold
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.importing import epochs as steps
from vitcore.runs.importing import mlflow_files, mlflow_sqlite, of_spec, tables, tensorboard, wandb_log
from vitcore.runs.importing.foreign import ForeignRun, Found, listed
from vitcore.runs.recorder import Recorder
from vitcore.spec import RunSpec, printable

MOST_ENTRIES = 100_000  # of folders and files that are looked at
DEEPEST = 12
_PATIENCE = 60.0  # seconds that one import waits for another
_SQLITE = (".db", ".sqlite", ".sqlite3")


@dataclass
class Brought:
    """What an import came to.

    Attributes:
        added, grown: ids of runs that are new, and of those that went on since they were imported last.
        known: how many were there already, as they are.
        sentences: about each thing that was not understood.
    """

    added: list[str] = field(default_factory=list)
    grown: list[str] = field(default_factory=list)
    known: int = 0
    sentences: list[str] = field(default_factory=list)


def bring(results: Results, path: Path, names: Mapping[str, str] | None = None, spec: RunSpec | None = None) -> Brought:
    """Imports every run that is found at a path, a file or a folder.

    Args:
        names: our names of metrics by theirs, where those do not say it.
        spec: what they were trained by but for their seeds, where that is one of this library's: then alone they count
            as seeds of it. One that contradicts it is not imported, which is said.

    Raises:
        UserError: there is nothing, nothing that is known, or it is larger than what is read.
    """
    found = read(path)
    brought = Brought(sentences=found.sentences)
    if not found.runs:
        raise UserError(" ".join(found.sentences[:3]) or f"{path} holds no run; {_WANTED}")
    busy = "another import is under way; try again once it has ended"
    with locks.turn(results.locks / "import.lock", busy, f"what is in {path} cannot be imported", _PATIENCE):
        known = _known(results)
        seeds: dict[int, ForeignRun] = {}
        for run in found.runs:
            _bring(results, run, known, names or {}, brought, spec, seeds)
    brought.sentences = list(dict.fromkeys(brought.sentences))
    if not (brought.added or brought.grown or brought.known):
        raise UserError(" ".join(brought.sentences[:3]))
    return brought


_WANTED = (
    "give a CSV, a folder of TensorBoard's event files, an MLflow store (mlruns, or its SQLite file), or an offline "
    "folder of W&B's"
)


def read(path: Path) -> Found:
    """The runs at a path, not yet stored. Raises UserError."""
    path = path.expanduser().absolute()
    if not path.exists():
        raise UserError(f"there is no {path}; {_WANTED}")
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise UserError(f"{path} is neither a file nor a folder; {_WANTED}")
    return _file(path)


def _file(path: Path) -> Found:
    name = path.name.lower()
    if tensorboard.is_events(name):
        return tensorboard.read([path], path.parent)
    if name.endswith(wandb_log.SUFFIX):
        return wandb_log.read(path)
    if name.endswith((".csv", ".tsv", ".txt")):
        return tables.read(path)
    if _is_sqlite(path):
        return mlflow_sqlite.read(path)
    raise UserError(f"{path.name} is of no form that is known here; {_WANTED}")


def _folder(root: Path) -> Found:
    """Every run below a folder, by the first form that fits each place; links are not followed."""
    found, events, links, count = Found(), list[Path](), list[str](), 0
    for place, folders, files in os.walk(root):
        here = Path(place)
        count += len(folders) + len(files)
        if count > MOST_ENTRIES:
            raise UserError(f"{root} holds more than {MOST_ENTRIES:,} files and folders; import parts of it")
        if mlflow_files.is_run(here):
            found += mlflow_files.read(here)
            folders.clear()
            continue
        links += [name for name in (*folders, *files) if (here / name).is_symlink()]
        deep = len(here.relative_to(root).parts) >= DEEPEST
        folders[:] = [] if deep else sorted(name for name in folders if not (here / name).is_symlink())
        for name in sorted(files):
            if (here / name).is_symlink():
                continue
            if tensorboard.is_events(name):
                events.append(here / name)
            elif name.lower().endswith((wandb_log.SUFFIX, ".csv", *_SQLITE)):
                _one_of_many(here / name, found)
    found += tensorboard.read(events, root)
    if links:
        found.sentences.append(f"Links are not followed: {listed(links)}.")
    return found


def _one_of_many(path: Path, found: Found) -> None:
    """A file of a folder: where it is no run, that costs a sentence and no other run."""
    try:
        found += _file(path)
    except UserError as error:
        found.sentences.append(f"{str(error).rstrip('.')}.")


def _is_sqlite(path: Path) -> bool:
    """Whether a file is a database of SQLite's, by its content. Raises UserError where it is no file, or too large."""
    try:
        with open_regular(path, mlflow_sqlite.LARGEST) as file:
            return file.read(len(mlflow_sqlite.HEAD)) == mlflow_sqlite.HEAD
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None


def _known(results: Results) -> dict[str, RunFolder]:
    """The runs that were imported before, by what they are known by."""
    found = {}
    for id in results.ids():
        folder = RunFolder(results.runs / id)
        origin = folder.elsewhere()
        if origin is not None and origin.source:
            found[origin.source] = folder
    return found


def _bring(
    results: Results,
    run: ForeignRun,
    known: dict[str, RunFolder],
    names: Mapping[str, str],
    brought: Brought,
    spec: RunSpec | None,
    seeds: dict[int, ForeignRun],
) -> None:
    """One run: added, brought up to date, or left as it is; `seeds` are those that were given a spec before it."""
    try:
        epochs, times, sentences = steps.understood(run, names)
    except UserError as error:
        brought.sentences.append(f"{error}.")
        return
    brought.sentences += [f"{listed([run.name])}: {sentence}" for sentence in sentences]
    if not epochs:
        brought.sentences.append(f"{listed([run.name])} has no metric that is understood here, so it is not imported.")
        return
    folder = known.get(run.source)
    parameters, longer = _parameters(run)
    card = Elsewhere(run.origin, _called(run.name), parameters, run.source)
    try:
        own = None if spec is None else _own_spec(spec, run, card, epochs, seeds, folder)
    except UserError as error:
        brought.sentences.append(f"{error}.")
        return
    if folder is None:
        brought.sentences += longer
        folder = results.create_elsewhere(card, own, created=run.started)
        known[run.source] = folder
        _write(folder, run, epochs, times, 0)
        brought.added.append(folder.id)
        return
    fold = Fold().take_all(journal.read(folder.events)[0])
    first = _first_difference(fold, epochs)
    if first is None and fold.ending == run.status:
        brought.known += 1
        return
    _write(folder, run, epochs, times, fold.epochs_done if first is None else first - 1)
    brought.grown.append(folder.id)


def _own_spec(
    spec: RunSpec,
    run: ForeignRun,
    card: Elsewhere,
    epochs: steps.Epochs,
    seeds: dict[int, ForeignRun],
    folder: RunFolder | None,
) -> RunSpec:
    """The run's own spec; raises UserError where it can have none, or was stored with another."""
    own = of_spec.fitting(spec, run, card, epochs)
    if (other := seeds.setdefault(own.seed, run)) is not run:
        raise UserError(
            f"{listed([run.name])} would have the seed {own.seed} of {listed([other.name])}; let each run tell its "
            "own by a parameter called seed, or import them one by one"
        )
    if folder is None:
        return own
    card_there = folder.card()
    if not elsewhere.has_spec(card_there) or RunSpec.parse(card_there["spec"]) != own:
        had = "another spec" if elsewhere.has_spec(card_there) else "none"
        raise UserError(
            f"{listed([run.name])} was imported before as {folder.id}, with {had}; delete that run to "
            "import it with this spec"
        )
    return own


def _first_difference(fold: Fold, epochs: steps.Epochs) -> int | None:
    """The first epoch that is not stored as it is now; None where all are."""
    if set(epochs) == {0}:
        return None
    stored = fold.attempts.lines
    changed = [
        epoch
        for epoch, values in epochs.items()
        if epoch not in stored or any(stored[epoch].get(name) != journal.plain(value) for name, value in values.items())
    ]
    return min(changed, default=None)


def _write(folder: RunFolder, run: ForeignRun, epochs: steps.Epochs, times: Mapping[int, float], after: int) -> None:
    """The epochs after one that stands already; `after` 0: all."""
    recorder = Recorder(folder)
    try:
        recorder.start(at=run.started, resumed_from=after)
        whole = {epoch: values for epoch, values in epochs.items() if epoch > after}
        last = max(whole, default=0)
        for epoch, values in whole.items():
            recorder.epoch(epoch, values, at=times.get(epoch, run.ended), durable=epoch == last)
        scores = epochs.get(0, {})
        recorder.end(run.status, run.reason, at=run.ended, scores=scores)
    finally:
        recorder.close()


def _called(name: str) -> str:
    """A name as one can be here: what cannot be seen is left out, what is too long cut."""
    shown = " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())[: printable.LONGEST]
    try:
        return printable.checked(shown, "a name") or "a run without a name"
    except ValueError:
        return "a run without a name"


def _parameters(run: ForeignRun) -> tuple[dict[str, elsewhere.Value], list[str]]:
    """The parameters that a card holds, and a sentence about those that it does not."""
    found: dict[str, elsewhere.Value] = {}
    dropped = []
    for name, value in run.parameters.items():
        try:
            if len(found) >= elsewhere.MOST_PARAMETERS:
                raise UserError("too many")
            found |= elsewhere.checked({name: value})
        except UserError:
            dropped.append(name)
    sentence = f"{listed([run.name])}: left out, being too long or too many: parameters {listed(dropped)}."
    return found, [sentence] if dropped else []
