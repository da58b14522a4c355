"""Saved views, kept with the results: results/views/<slug>.json, one small file each, readable and deletable."""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from pages.compare.view import View, written
from vitcore.errors import UserError
from vitcore.runs import locks
from vitcore.runs.folder import FORMAT, Results, read_record, reason, slug, write_json

LONGEST = 60  # letters of a name
_LARGEST = 2_000_000  # bytes; no view of ten thousand runs reaches it


@dataclass(frozen=True)
class Saved:
    """A view with its name; `slug` is its file's."""

    slug: str
    name: str
    view: View


def listed(results: Results) -> tuple[list[Saved], list[str]]:
    """Every saved view by name, and a sentence about each file that is none."""
    found, messages = [], []
    for file in sorted(_folder(results).glob("[!.]*.json")):
        try:
            if file.stem != slug(file.stem):
                raise UserError(f"{file.name} among the saved views is not named as one: small letters, digits, dashes")
            found.append(_read(file))
        except UserError as error:
            messages.append(str(error))
    return sorted(found, key=lambda item: item.name.casefold()), messages


def save(results: Results, name: str, view: View, *, replace: bool = False) -> Saved:
    """Keep a view under a name.

    Raises:
        UserError: the name is none, is taken and is not to be replaced, or the folder cannot be written.
    """
    named(name)
    with _alone(results):
        return _save(results, name, view, replace=replace)


def _save(results: Results, name: str, view: View, *, replace: bool) -> Saved:
    item = Saved(named(name), name.strip(), view)
    file = _file(results, item.slug)
    if file.exists() and not replace:
        raise UserError(f"a view is kept as {_name_of(file)!r} already; choose another name, or replace it")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, {"v": FORMAT, "name": item.name, "saved": round(time.time(), 3), "view": written(view)})
    except OSError as error:
        raise UserError(f"the view cannot be kept in {file.parent}: {reason(error)}") from None
    return item


def rename(results: Results, slug: str, name: str, *, replace: bool = False) -> Saved:
    """Give a saved view another name; what had that name is replaced where `replace` says so.

    Raises:
        UserError: as `save`; or there is no such view.
    """
    with _alone(results):
        old = _read(_file(results, slug))
        new = _save(results, name, old.view, replace=replace or named(name) == slug)
        if new.slug != slug:
            _delete(results, slug)
        return new


def _alone(results: Results) -> AbstractContextManager[None]:
    """While nobody else changes views."""
    busy = f"another process is writing the views in {_folder(results)}; try again"
    return locks.turn(results.shared_locks / "views.lock", busy, f"the views in {_folder(results)} cannot be changed")


def delete(results: Results, slug: str) -> None:
    """Delete a saved view for good.

    Raises:
        UserError: there is none, or it cannot be deleted.
    """
    with _alone(results):  # not while another renames it: it would come back under its new name
        _delete(results, slug)


def _delete(results: Results, slug: str) -> None:
    file = _file(results, slug)
    try:
        file.unlink()
    except FileNotFoundError:
        raise UserError(f"there is no saved view {slug!r} in {file.parent}") from None
    except OSError as error:
        raise UserError(f"the view {slug!r} cannot be deleted: {reason(error)}") from None


def named(name: str) -> str:
    """The file's name for a view's: small letters, digits and dashes, so that no name can leave the folder.

    Raises:
        UserError: the name has no letter or digit, or is too long.
    """
    if len(name.strip()) > LONGEST:
        raise UserError(f"a name of {len(name.strip())} letters is too long for a view; {LONGEST} is the most")
    if not slug(name) or not name.strip().isprintable():
        raise UserError(
            f"{name.strip()!r} is no name for a view; give it at least one of the letters a to z, or a digit"
        )
    return slug(name)


def _folder(results: Results) -> Path:
    return results.root / "views"


def _file(results: Results, name: str) -> Path:
    return _folder(results) / f"{named(name)}.json"


def _name_of(file: Path) -> str:
    try:
        return _read(file).name
    except UserError:
        return file.stem


def _read(file: Path) -> Saved:
    what, way_on = f"the saved view {file.name}", "; delete it, or save the view anew"
    if os.path.isfile(file) and os.path.getsize(file) > _LARGEST:
        raise UserError(f"{what} is too large to be one{way_on}")
    raw = read_record(file, what, "view", way_on)
    try:
        view = View.model_validate(raw["view"])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(f"{what} does not hold together: {where}: {first['msg']}{way_on}") from None
    name = raw.get("name")
    return Saved(file.stem, name[:LONGEST] if isinstance(name, str) and name.strip() else file.stem, view)
