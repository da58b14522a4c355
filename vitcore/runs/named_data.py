"""Images that a person has named: results/datasets/<slug>.json, a small file each, sealed by whoever named them.

A name is a convenience: a run's spec holds the path that it stands for, so that runs and fingerprints are the same
without it. A name that another account or machine gave is listed, and nothing is read at the path that it gives.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vitcore.data import identity
from vitcore.data.load import load, lying
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.runs import locks, seal
from vitcore.runs.folder import FORMAT, Results, read_record, slug, write_json
from vitcore.spec import RunSpec

LONGEST = 60  # letters of a name
PART = "dataset"  # of the file
FOLDER = "folder"  # the dataset of a spec that names a path
WAY_ON = "forget it, or name the images anew"


@dataclass(frozen=True)
class NamedData:
    """Images at a path under a name.

    Attributes:
        slug: the name in small letters, digits and dashes, as the file and `--dataset` have it.
        resize, skip_broken: how they are read, as a run's options of these names.
        data: what they were when they were named (`vitcore.data.identity`): classes, rows and digests of each split.
        inventory: of the files then: changes whenever one of them is written, comes or goes.
    """

    slug: str
    name: str
    folder: str
    resize: str
    skip_broken: bool
    data: Mapping[str, Any]
    inventory: str

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits of images and labels, validation split included, as a run's `data_digest`."""
        return identity.digest_of(self.data)

    def options(self) -> dict[str, Any]:
        """A run's options that the name stands for."""
        return {
            "dataset": FOLDER, "folder": self.folder, "resize": self.resize, "skip_broken": self.skip_broken,
        }  # fmt: skip


def listed(results: Results) -> tuple[list[NamedData], list[str]]:
    """All that this account has named, by name; and a sentence about each file that is not to be followed."""
    found, messages = [], []
    for file in sorted(_folder(results).glob("[!.]*.json")):
        try:
            found.append(_read(file))
        except UserError as error:
            messages.append(str(error))
    return sorted(found, key=lambda item: item.name.casefold()), messages


def state(results: Results) -> tuple[tuple[str, int, int], ...]:
    """What changes whenever a name's file does, none of them opened: names, moments in nanoseconds, bytes."""
    try:
        with os.scandir(_folder(results)) as entries:
            known = [(entry.name, entry.stat()) for entry in entries]
    except OSError:
        return ()
    return tuple(sorted((name, about.st_mtime_ns, about.st_size) for name, about in known))


def stored(results: Results, name: str) -> NamedData:
    """What goes by this name, or by its slug.

    Raises:
        UserError: nothing does, or its file is not to be followed.
    """
    file = _file(results, name)
    if not file.is_file():
        known = ", ".join(item.slug for item in listed(results)[0])
        raise UserError(f"no images are named {name.strip()[:80]!r} here; " + (f"there are {known}" if known else _HOW))
    return _read(file)


_HOW = "name some on Datasets, or by `vitcore datasets add`"


def add(
    results: Results, name: str, folder: str, *, resize: str = "crop", skip_broken: bool = False, replace: bool = False
) -> NamedData:
    """Read the images at a path and keep the path, how it is read, and what was there under a name.

    Args:
        replace: whether images of this name make way.

    Raises:
        UserError: the name is none or is taken, the images cannot be read, or the results folder cannot be written.
    """
    _check(results, name, replace)
    place = str(Path(folder).expanduser().absolute()) if folder else ""  # as of a spec, whose folder is never empty
    RunSpec.of(
        dataset=FOLDER, folder=place, resize=resize, skip_broken=skip_broken
    )  # what no run could have is refused in the form's words
    inventory, data = _look(place, resize, skip_broken)
    item = NamedData(slug(name), name.strip(), place, resize, skip_broken, data, inventory)
    with _alone(results):
        _check(results, name, replace)  # somebody may have been quicker
        _write(results, item)
    return item


def rename(results: Results, old: str, name: str) -> NamedData:
    """Give named images another name; the path stays.

    Raises:
        UserError: there are none of the old name, or the new one is none or is taken.
    """
    with _alone(results):
        item = stored(results, old)
        _check(results, name, replace=slug(name) == item.slug)
        new = NamedData(**{**vars(item), "slug": slug(name), "name": name.strip()})
        _write(results, new)
        if new.slug != item.slug:
            _unlink(_file(results, item.slug))
    return new


def forget(results: Results, name: str) -> None:
    """Delete a name, whoever gave it; the images stay where they are.

    Raises:
        UserError: there is none, or its file cannot be deleted.
    """
    with _alone(results):
        _unlink(_file(results, name))


def changed(item: NamedData, look: Callable[[str, str], str] = lying) -> str | None:
    """What a look at the files, none of them opened, says has happened since they were named; None: nothing.

    Args:
        look: `vitcore.data.load.lying`, or what has asked it lately.
    """
    try:
        now = look(FOLDER, item.folder)
    except (UserError, OSError) as error:
        return f"they are no longer there: {error}"
    if now == item.inventory:
        return None
    return "files have come, gone or been written since they were named; read them again to see whether images differ"


def differences(item: NamedData) -> list[str]:
    """Read the images again: what is different since they were named, in parts of a sentence; raises UserError."""
    return identity.changes(item.data, _look(item.folder, item.resize, item.skip_broken)[1])


def update(results: Results, name: str) -> NamedData:
    """Take what the files hold now for what goes by the name; raises UserError as `add` does."""
    item = stored(results, name)
    return add(results, item.name, item.folder, resize=item.resize, skip_broken=item.skip_broken, replace=True)


def resolved(results: Results, options: Mapping[str, Any]) -> dict[str, Any]:
    """A run's options, where `dataset` is such a name with those that it stands for; others that are given count.

    Raises:
        UserError: the name's file is not to be followed, or a path is given beside it.
    """
    name = options.get("dataset")
    if not isinstance(name, str) or name in DATASETS or not slug(name) or not _file(results, name).is_file():
        return dict(options)
    if options.get("folder"):
        raise UserError(
            f"{name[:80]!r} is a name for images at a path, and another path is given too; leave one of them out"
        )
    given = {key: value for key, value in options.items() if key not in ("dataset", "folder")}
    return {**stored(results, name).options(), **given}


def _look(folder: str, resize: str, skip_broken: bool) -> tuple[str, dict[str, Any]]:
    """What lies there before it is read, and what it is once it has been."""
    inventory = lying(FOLDER, folder)
    images = load(FOLDER, folder=folder, resize=resize, skip_broken=skip_broken, validation=True)
    return inventory, identity.identity(images)


def _check(results: Results, name: str, replace: bool) -> None:
    """Raises UserError where the name is none, is a dataset's of everybody, or is taken and not to be replaced."""
    if len(name.strip()) > LONGEST:
        raise UserError(f"a name of {len(name.strip())} letters is too long for images; {LONGEST} is the most")
    if not slug(name) or not name.strip().isprintable():
        raise UserError(
            f"{name.strip()!r} is no name for images; give it at least one of the letters a to z, or a digit"
        )
    taken = {slug(key) for key in DATASETS} | {slug(known.label) for known in DATASETS.values()}
    if slug(name) in taken:
        raise UserError(f"{name.strip()!r} is a dataset that everybody has; choose another name")
    if _file(results, name).exists() and not replace:
        raise UserError(f"images are named {slug(name)!r} already; choose another name, or forget that one first")


def _alone(results: Results) -> AbstractContextManager[None]:
    """While nobody else changes names."""
    busy = f"another process is writing the names in {_folder(results)}; try again"
    return locks.turn(
        results.shared_locks / "datasets.lock", busy, f"the names in {_folder(results)} cannot be changed"
    )


def _folder(results: Results) -> Path:
    return results.root / "datasets"


def _file(results: Results, name: str) -> Path:
    """Its place; a slug leads nowhere else. Raises UserError where the name has none."""
    if not slug(name):
        raise UserError(f"{name.strip()[:80]!r} names no images; a name has letters a to z, or digits")
    return _folder(results) / f"{slug(name)}.json"


def _write(results: Results, item: NamedData) -> None:
    content = {name: value for name, value in vars(item).items() if name != "slug"}
    file = _file(results, item.slug)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, {"v": FORMAT, PART: content, seal.FIELD: seal.of(content)})


def _unlink(file: Path) -> None:
    try:
        file.unlink()
    except FileNotFoundError:
        raise UserError(f"no images are named {file.stem!r} here; {_HOW}") from None


def _read(file: Path) -> NamedData:
    """A file of this account; raises UserError where it is another's, or does not hold together."""
    what = f"the named images {file.stem[:80]!r}"
    record = read_record(file, what, PART, f"; {WAY_ON}")
    content = record[PART]
    if not seal.fits(content, record.get(seal.FIELD)):
        raise UserError(f"{what} were named by another account or machine, so nothing is read at their path; {WAY_ON}")
    try:
        item = NamedData(file.stem, **content)
    except TypeError:
        raise UserError(f"{what} are of another version of vitcore; {WAY_ON}") from None
    if file.stem != slug(item.name):
        raise UserError(f"{what} are in a file that is not called after them; {WAY_ON}")
    return item
