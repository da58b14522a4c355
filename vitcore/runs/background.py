"""Work that goes on in the background until it has ended: a small file a piece, and a driver of its own at work on it.

Settle's questions and searches are such pieces. A driver knows nothing but the file and the stored runs, so that a
piece goes on where it was, whoever was killed; what another account has asked for is shown and starts nothing.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from filelock import Timeout

from vitcore import processes
from vitcore.errors import UserError
from vitcore.runs import locks, seal
from vitcore.runs.files import write_own
from vitcore.runs.folder import FORMAT, Results, read_record, reason, write_json

POLL_SECONDS = 0.5  # between two looks at what has come of a piece
PATIENCE = 10.0  # seconds that one who changes a piece of work waits for another
BEGINNING = 10.0
"""Seconds that a driver may take until it holds its lock; so long this process starts no second one."""

_KEY = re.compile(r"[a-z0-9-]{1,40}")
_begun: dict[Path, float] = {}


@dataclass(frozen=True)
class Kind:
    """A kind of such work.

    Attributes:
        name: what a sentence calls a piece of it, and the field of its file that holds what was asked for.
        folder: where in the results its files lie.
        command: what locks and logs are called after.
        listing: the command that lists the pieces.
        driver: the module that works on a piece: `python -m driver KEY --results FOLDER`.
    """

    name: str
    folder: str
    command: str
    listing: str
    driver: str


@dataclass(frozen=True)
class Record:
    """A piece's file.

    Attributes:
        asked: what was asked for; the account's mark is on it.
        more: what has come of it besides.
        created: unix seconds.
        ended: why nobody works on it any more; empty while it is open.
        sentence: what was said when it ended.
        own: whether this account asked for it.
    """

    asked: Mapping[str, Any]
    more: Mapping[str, Any]
    created: float
    ended: str
    sentence: str
    own: bool


class Piece(Protocol):
    """A piece as its kind reads it."""

    @property
    def worked_on(self) -> bool:
        """Whether somebody should work on it."""


T = TypeVar("T", bound=Piece)


def new_key(now: float) -> str:
    """A name that no other piece has, which begins with its moment."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{secrets.token_hex(2)}"


def place(results: Results, kind: Kind, key: str) -> Path:
    """Where a piece's file lies. Raises UserError where that is no name of one."""
    if not _KEY.fullmatch(key):
        raise UserError(f"{key[:60]!r} is no {kind.name}'s name; `vitcore {kind.listing}` lists them")
    return results.root / kind.folder / f"{key}.json"


def keys(results: Results, kind: Kind) -> list[str]:
    """Every piece's name, newest first."""
    return sorted((path.stem for path in (results.root / kind.folder).glob("*.json")), reverse=True)


def every(results: Results, kind: Kind, load: Callable[[Results, str], T]) -> list[T]:
    """Every piece that can be read, newest first."""
    found = []
    for key in keys(results, kind):
        with suppress(UserError):
            found.append(load(results, key))
    return found


def keep(results: Results, kind: Kind, key: str, record: Record) -> None:
    """Writes a piece's file, whole. Raises UserError where it cannot be written."""
    content = {
        "v": FORMAT,
        "created": record.created,
        kind.name: record.asked,
        seal.FIELD: seal.of(record.asked) if record.own else "",
        **record.more,
        "ended": record.ended,
        "sentence": record.sentence,
    }
    path = place(results, kind, key)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, content)
    except OSError as error:
        raise UserError(f"the {kind.name} cannot be kept in {path.parent}: {reason(error)}") from None


def read(results: Results, kind: Kind, key: str) -> Record:
    """A piece's file. Raises UserError where there is none of that name, or it is broken."""
    path = place(results, kind, key)
    if not path.is_file():
        raise UserError(f"there is no {kind.name} {key!r}; `vitcore {kind.listing}` lists those that are")
    raw = read_record(path, f"{kind.name} {key}", kind.name, "; delete it and ask anew")
    asked: dict[str, Any] = raw[kind.name]
    try:
        created = float(raw.get("created", 0))
    except (TypeError, ValueError, OverflowError) as error:
        raise broken(results, kind, key, error) from None
    common = ("v", "created", kind.name, seal.FIELD, "ended", "sentence")
    more = {name: value for name, value in raw.items() if name not in common}
    own = seal.fits(asked, raw.get(seal.FIELD))
    return Record(asked, more, created, str(raw.get("ended", "")), str(raw.get("sentence", "")), own)


def broken(results: Results, kind: Kind, key: str, error: Exception) -> UserError:
    """What is said of a file whose content makes no sense."""
    path = place(results, kind, key)
    return UserError(f"{kind.name} {key} cannot be read ({error}); delete {path} and ask anew")


def forget(results: Results, kind: Kind, key: str) -> None:
    """Deletes a piece; its runs stay. Raises UserError where it cannot."""
    try:
        place(results, kind, key).unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{kind.name} {key} cannot be deleted: {reason(error)}") from None


@contextmanager
def deciding(results: Results, kind: Kind, key: str) -> Iterator[None]:
    """For whoever reads a piece's state and acts on it: a person's wish and the driver's next step take turns.

    Raises:
        UserError: another has held it for too long.
    """
    turn = locks.lock(results.shared_locks / f"{kind.command}-{key}.turn.lock")
    try:
        turn.acquire(timeout=PATIENCE)
    except Timeout:
        raise UserError(f"{kind.name} {key} is being worked on and does not let go; try again in a while") from None
    except OSError as error:
        raise UserError(f"{kind.name} {key} cannot be changed here: {reason(error)}") from None
    try:
        yield
    finally:
        turn.release()


def ensure(results: Results, kind: Kind, open_keys: Iterable[str]) -> None:
    """Starts a driver for each of these pieces that has none. Idempotent; cheap where all is well.

    Raises:
        UserError: one cannot be started.
    """
    for key in open_keys:
        path = lock_path(results, kind, key)
        if locks.is_locked(path) or time.monotonic() < _begun.get(path, -math.inf) + BEGINNING:
            continue
        _begun[path] = time.monotonic()
        _start(results, kind, key)


def lock_path(results: Results, kind: Kind, key: str) -> Path:
    """Held by the piece's driver for its life."""
    return results.shared_locks / f"{kind.command}-{key}.lock"


class Driver(Protocol[T]):
    """Whoever works on one piece."""

    def load(self, results: Results, key: str) -> T:
        """The piece as it is now; raises UserError where it has been deleted, or is broken."""

    def look(self) -> None:
        """Reads what has come of its runs."""

    def step(self, piece: T) -> None:
        """Does what is to be done next, while nobody else changes it."""


def drive(kind: Kind, begin: Callable[[Results], Driver[T]]) -> None:
    """A driver's life: it works on the piece that its arguments name; a second driver of the same leaves at once."""
    parser = argparse.ArgumentParser(description=f"Work on a {kind.name} until it has ended.")
    parser.add_argument("key")
    parser.add_argument("--results")
    arguments = parser.parse_args()
    results = Results(arguments.results)
    try:
        with locks.lock(lock_path(results, kind, arguments.key)).acquire(timeout=0):
            work(results, kind, arguments.key, begin(results))
    except Timeout:
        return


def work(results: Results, kind: Kind, key: str, driver: Driver[T]) -> None:
    """Looks and acts until the piece has ended, or has been deleted."""
    while is_open(results, key, driver.load):
        driver.look()
        with deciding(results, kind, key):
            if is_open(results, key, driver.load):  # still: nobody has given it up meanwhile
                driver.step(driver.load(results, key))
        time.sleep(POLL_SECONDS)


def is_open(results: Results, key: str, load: Callable[[Results, str], T]) -> bool:
    """Whether somebody should work on it; nobody should on what has been deleted, or is broken."""
    try:
        return load(results, key).worked_on
    except UserError:
        return False


def _start(results: Results, kind: Kind, key: str) -> None:
    log = results.shared_locks / f"{kind.command}-{key}.log"
    try:
        results.shared_locks.mkdir(parents=True, exist_ok=True)
        with os.fdopen(write_own(log, os.O_WRONLY | os.O_APPEND), "ab") as file:
            arguments = [key, "--results", str(results.root)]
            processes.forget(processes.start(kind.driver, arguments, file, detached=True))
    except OSError as error:
        raise UserError(f"the {kind.name} is kept, but nobody can be started to work on it: {reason(error)}") from None
