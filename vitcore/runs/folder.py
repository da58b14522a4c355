"""Where runs lie on disk: the results folder, and one folder a run."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vitcore import aliases
from vitcore.errors import UserError
from vitcore.runs import elsewhere, hosts
from vitcore.runs.elsewhere import Elsewhere
from vitcore.runs.files import read_own
from vitcore.spec import RunSpec

FORMAT = 2  # of spec.json and of the journals' lines; 1 had other names for some fields (`aliases`)
ENVIRONMENT = "VITCORE_RESULTS"
_ID = re.compile(r"[a-z0-9-]{1,64}")


class _Within:
    """A file or folder of fixed name within another; its path is made when it is asked for, since pages ask often."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, owner: Results | RunFolder, kind: type) -> Path:
        return owner.path / self.name


class _QueueEntry(_Within):
    """The file that queues a run; where a vitcore of format 1 has queued it, that one's."""

    def __get__(self, owner: Results | RunFolder, kind: type) -> Path:
        entry = super().__get__(owner, kind)
        older = entry.with_name(aliases.QUEUE_ENTRY)
        return older if os.path.isfile(older) and not os.path.lexists(entry) else entry


class Results:
    """The results folder: the argument, else the environment's VITCORE_RESULTS, else `results` where one stands."""

    runs = _Within("runs")
    published = _Within("published")
    snapshot = _Within("runs.duckdb")
    trash = _Within("trash")
    shared_locks = _Within("locks")  # of what all machines that share the folder take turns at
    engine = _Within("engine.json")  # where queued runs execute

    def __init__(self, root: Path | str | None = None) -> None:
        self.root = Path(root or os.environ.get(ENVIRONMENT) or "results").absolute()

    @property
    def path(self) -> Path:
        """The folder itself."""
        return self.root

    @property
    def locks(self) -> Path:
        """Signs of life of this machine's own dispatchers and devices: another's never keep it waiting."""
        return self.shared_locks / hosts.name()

    def ids(self) -> list[str]:
        """Every stored run, oldest first."""
        return _folders(self.runs)

    def trashed(self) -> list[str]:
        """Every deleted run that can be restored, oldest first."""
        return _folders(self.trash)

    def run(self, id: str) -> RunFolder:
        """A stored run.

        Raises:
            UserError: the id could not be one, or no such run is stored.
        """
        folder = RunFolder(self.runs / checked(id))
        if not _is_run(folder.path):
            raise UserError(f"there is no run {id!r} in {self.runs}; `python -m vitcore runs` lists those that are")
        return folder

    def create(self, spec: RunSpec, markers: Mapping[str, Mapping[str, Any]] | None = None) -> RunFolder:
        """A new run's folder, there whole or not at all; `markers` are further small JSON files to put in it.

        Raises:
            UserError: the results folder cannot be written.
        """
        return self._create(time.time(), spec.model.architecture, {"spec": spec.to_dict()}, markers or {})

    def create_elsewhere(self, run: Elsewhere, spec: RunSpec | None = None, created: float | None = None) -> RunFolder:
        """A folder for a run that another program trains, or has trained; there whole or not at all.

        Args:
            spec: what it was trained by, where that is one of this library's.
            created: when it began there, in unix seconds; None: now.

        Raises:
            UserError: the results folder cannot be written.
        """
        known = spec.to_dict() if spec else {"name": run.name, elsewhere.KEY: run.origin}
        card = {"spec": known, elsewhere.KEY: run.written()}
        return self._create(time.time() if created is None else created, run.name or "elsewhere", card, {})

    def _create(
        self, now: float, called: str, card: Mapping[str, Any], markers: Mapping[str, Mapping[str, Any]]
    ) -> RunFolder:
        moment = datetime.fromtimestamp(now, UTC)
        id = f"{moment:%Y%m%d-%H%M%S}-{slug(called) or 'run'}-{secrets.token_hex(2)}"
        draft = self.runs / f".{id}"
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"a run cannot be stored in {self.runs}: {_in_the_way(self.runs) or reason(error)}"
            ) from None
        try:
            draft.mkdir()
            write_json(draft / "spec.json", {"v": FORMAT, "created": round(now, 3), **card})
            for name, content in markers.items():
                write_json(draft / name, content)
            os.rename(draft, self.runs / id)
        except OSError as error:
            if error.errno != errno.EEXIST:  # else another's draft of this very id
                shutil.rmtree(draft, ignore_errors=True)
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY):  # a run of this id, made within the same second
                return self._create(now, called, card, markers)
            raise UserError(f"a run cannot be stored in {self.runs}: {reason(error)}") from None
        return RunFolder(self.runs / id)


class RunFolder:
    """One run's folder and the names of what is in it."""

    events = _Within("events.jsonl")
    steps = _Within("steps.jsonl")
    confusion = _Within("confusion.jsonl")
    predictions = _Within("predictions.bin")
    unscored_predictions = _Within("unscored-predictions.bin")  # from elsewhere, while nobody has told the true classes
    val_confusion = _Within("val-confusion.jsonl")  # of the validation images, as are the predictions that follow
    val_predictions = _Within("val-predictions.bin")
    checkpoint = _Within("model.safetensors")
    best = _Within("best.safetensors")  # the best epoch's weights; nothing reads them unasked
    resume_point = _Within("resume.pt")
    annotations = _Within("annotations.json")
    drawings = _Within("drawings.json")  # what it made of a person's own drawings
    expected = _Within("expected.json")  # what it was to cost, as told before its launch
    queue_entry = _QueueEntry("queued.json")  # the run is queued while this is there
    placed = _Within("placed.json")  # an engine on other machines has the run
    request = _Within("request")  # "stop" or "pause", for the worker to read
    alive = _Within("alive.lock")  # held by the worker for its life
    log = _Within("worker.log")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name

    def card(self) -> dict[str, Any]:
        """spec.json as it is: format `v`, `created` in unix seconds and the raw `spec`.

        Raises:
            UserError: it is absent, broken, or of a newer format.
        """
        return read_record(self.path / "spec.json", f"spec.json of run {self.id}", "spec")

    def raw_spec(self) -> dict[str, Any]:
        """The spec as stored, whether or not it still validates. Raises UserError as `card` does."""
        spec: dict[str, Any] = self.card()["spec"]
        return spec

    def elsewhere(self) -> Elsewhere | None:
        """Where the run comes from; None of one that is trained here, or whose card cannot be read."""
        try:
            return elsewhere.of_card(self.card())
        except UserError:
            return None

    def spec(self) -> RunSpec:
        """The validated spec. Raises UserError where it is no longer valid, or not known: trained elsewhere."""
        card = self.card()
        if not elsewhere.has_spec(card):
            found = elsewhere.of_card(card)
            raise elsewhere.without_spec(f"run {self.id}", found.origin if found else elsewhere.LOGGED)
        return RunSpec.parse(card["spec"])


def checked(id: str) -> str:
    """The id itself, where it is one; so that no name can lead out of the results folder.

    Raises:
        UserError: it holds other signs than a run's id does.
    """
    if not _ID.fullmatch(id):
        raise UserError(f"{id[:80]!r} is no run's id; an id has 1 to 64 small letters, digits and dashes")
    return id


def slug(name: str) -> str:
    """A name in an id's own letters: `cct-2/3x2` becomes `cct-2-3x2`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:32].rstrip("-")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes a small file whole: a reader sees the old content or the new, also after a power cut."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(2)}")
    try:
        with draft.open("w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def read_json(path: Path) -> dict[str, Any] | None:
    """A small file as `write_json` writes it; None where there is none, empty where it is broken or cannot be read."""
    try:
        found = json.loads(read_own(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):  # a UserError is a ValueError
        return {}
    return found if isinstance(found, dict) else {}


def read_record(path: Path, what: str, part: str, way_on: str = "") -> dict[str, Any]:
    """A small file that must be whole, of a format that this version knows, and hold `part`.

    Args:
        what: what a refusal calls the file.
        way_on: what a person can do about one that is broken.

    Raises:
        UserError: it is absent, broken, or of a newer format.
    """
    try:
        data = read_own(path)
    except OSError as error:
        raise UserError(f"{what} cannot be read: {reason(error)}") from None
    except UserError as user_error:
        raise UserError(f"{what} cannot be read: {user_error}") from None
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise UserError(f"{what} is not JSON{way_on}") from None
    if not isinstance(found, dict) or not isinstance(found.get(part), dict):
        raise UserError(f"{what} holds no {part}{way_on}")
    version = found.get("v")
    if isinstance(version, int) and version > FORMAT:
        raise UserError(f"{what} is of format {version}, written by a newer vitcore; this one reads up to {FORMAT}")
    return found


def reason(error: OSError) -> str:
    """What the system said, without the path that the sentence around it names already."""
    return error.strerror or str(error)


def _in_the_way(path: Path) -> str | None:
    """What stands where a folder should be made: a link to nothing, or a file."""
    for item in (path, *path.parents):
        if os.path.lexists(item) and not os.path.isdir(item):
            what = "a link to a folder that is not there" if os.path.islink(item) else "a file"
            return f"{item} is {what}; put a folder there, or name another by {ENVIRONMENT}"
    return None


def _is_run(path: Path | os.DirEntry[str]) -> bool:
    """Whether a run's folder is there; one that cannot be looked into, as a link in a circle, is listed as such."""
    try:
        if isinstance(path, os.DirEntry):
            return path.is_dir()  # mostly known from the listing itself
        return stat.S_ISDIR(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def _folders(parent: Path) -> list[str]:
    try:
        with os.scandir(parent) as entries:
            return sorted(entry.name for entry in entries if _ID.fullmatch(entry.name) and _is_run(entry))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise UserError(f"{parent} cannot be read: {reason(error)}") from None
