"""A study as one zip: study.json, its rows as Parquet, and each run's spec and journals; read with care elsewhere.

Weights, steps, notes and tags stay at home. A bundle may come from anybody: it is read file by file, each of a name and
size that a bundle has, and nothing in it is ever run.
"""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import shutil
import time
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pyarrow import ArrowException, parquet

from vitcore.data.storage.regular import open_regular
from vitcore.errors import UserError
from vitcore.runs.annotations import read as read_annotations
from vitcore.runs.files import limit, read_own
from vitcore.runs.folder import FORMAT, Results, RunFolder, reason
from vitcore.store.exports import parquet as as_parquet
from vitcore.study.contents import MOST_RUNS, Study
from vitcore.study.drawn import Drawn
from vitcore.study.material import Material, as_frame

LARGEST = 2 << 30  # bytes, packed and unpacked
FRAMES = ("runs.parquet", "kept.parquet", "epochs.parquet", "confusions.parquet")
JOURNALS = ("spec.json", "events.jsonl", "confusion.jsonl", "val-confusion.jsonl", "annotations.json")
_MEMBER = re.compile(rf"runs/([a-z0-9-]{{1,64}})/({'|'.join(map(re.escape, JOURNALS))})")
_MOST_ROWS = 2_000_000
_MOST_FILES = 20 * MOST_RUNS * len(JOURNALS)
_SMALL = 4 << 20
README = """A study made with vitcore: the document beside this file, and what it was made of.

  vitcore study open THIS.zip       adds its runs to your results folder and makes the document again

runs.parquet, epochs.parquet and confusions.parquet are tables that pandas, DuckDB or R read, kept.parquet those runs
that come with vitcore itself; runs/ has each run's spec and journals. Weights are not in it.
"""


@dataclass(frozen=True)
class Bundle:
    """What a bundle holds: the study, its figures' digests by part and key, its rows, and each run's files.

    Attributes:
        ids: of every run, in the order of `Material.runs`.
        runs: rows of those that were stored.
        built_in: rows of those that come with the project.
    """

    study: Study
    digests: Mapping[str, str]
    ids: tuple[str, ...]
    runs: pd.DataFrame
    built_in: pd.DataFrame
    epochs: pd.DataFrame
    matrices: pd.DataFrame
    files: Mapping[str, Mapping[str, bytes]]


def write(path: Path, material: Material, figures: Sequence[Drawn], results: Results) -> None:
    """The bundle of a study, there whole or not at all.

    Raises:
        UserError: it cannot be written, or a run's journal cannot be read.
    """
    about = {
        "v": FORMAT,
        "made": round(time.time(), 3),
        "study": material.study.to_dict(),
        "runs": list(material.runs["id"]),
        "figures": {name_of(each): each.digest for each in figures},
    }
    built_in = material.runs["kept"].astype(bool)
    own = [name for name in ("note", "tags", "color") if name in material.runs]
    rows = material.runs.drop(columns=own)
    frames = (rows[~built_in], rows[built_in], material.epochs, as_frame(material.matrices))
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("README.txt", README)
            archive.writestr("study.json", json.dumps(about, ensure_ascii=False, indent=1))
            for name, frame in zip(FRAMES, frames, strict=True):
                archive.writestr(name, as_parquet(frame))
            for id in rows.loc[~built_in, "id"]:
                for name, content in _files(results.run(str(id))).items():
                    archive.writestr(f"runs/{id}/{name}", content)
        os.replace(draft, path)
    except OSError as error:
        raise UserError(f"the bundle cannot be written to {path}: {reason(error)}") from None
    finally:
        draft.unlink(missing_ok=True)


def name_of(figure: Drawn) -> str:
    """What a figure is called in study.json."""
    return f"{figure.part or 'runs'}/{figure.key}"


def _files(run: RunFolder) -> dict[str, bytes]:
    found = {}
    for name in JOURNALS:
        try:
            found[name] = read_own(run.path / name)
        except FileNotFoundError:
            continue
        except (OSError, UserError) as error:
            raise UserError(f"{name} of run {run.id} cannot be read: {error}") from None
    named = read_annotations(run).name
    found.pop("annotations.json", None)
    if named:  # notes and tags are its owner's own
        found["annotations.json"] = json.dumps({"v": FORMAT, "name": named}, ensure_ascii=False).encode()
    return found


def read(path: Path) -> Bundle:
    """A bundle, whoever made it.

    Raises:
        UserError: it is no bundle, is damaged or encrypted, or holds what a bundle does not.
    """
    try:
        with open_regular(path, LARGEST) as file, zipfile.ZipFile(file) as archive:
            content = {name: archive.read(name) for name in _checked(path, archive)}
    except OSError as error:
        raise UserError(f"{path.name} cannot be read: {reason(error)}") from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, zlib.error) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path.name} is no bundle of a study, or is damaged ({error}); take another copy") from None
    about = _about(path, content["study.json"])
    files: dict[str, dict[str, bytes]] = {}
    for name, data in content.items():
        found = _MEMBER.fullmatch(name)
        if found:
            files.setdefault(found[1], {})[found[2]] = data
    for id, own in files.items():
        if not {"spec.json", "events.jsonl"} <= own.keys():
            raise UserError(f"{path.name} holds run {id} without its spec or its journal; take another copy")
    runs, built_in, epochs, matrices = (_frame(path, name, content[name]) for name in FRAMES)
    digests = about.get("figures")
    known = {str(name): str(digest) for name, digest in digests.items()} if isinstance(digests, dict) else {}
    ids = about.get("runs")
    rows = {*_ids(runs), *_ids(built_in)}
    if not isinstance(ids, list) or {str(id) for id in ids} != rows or len(ids) != len(runs) + len(built_in):
        raise UserError(f"the runs that {path.name} names are not those that its tables hold; take another copy")
    named = tuple(map(str, ids))
    return Bundle(Study.parse(about.get("study")), known, named, runs, built_in, epochs, matrices, files)


def _ids(frame: pd.DataFrame) -> list[str]:
    return [str(id) for id in frame["id"]] if "id" in frame else []


def _checked(path: Path, archive: zipfile.ZipFile) -> list[str]:
    """The names of the members, once each is seen to be one that a bundle has, and none too large."""
    members, names = archive.infolist(), [member.filename for member in archive.infolist()]
    if len(members) > _MOST_FILES or sum(member.file_size for member in members) > LARGEST:
        raise UserError(f"{path.name} is larger than a bundle of a study can be ({LARGEST >> 30} GB unpacked)")
    for needed in ("study.json", *FRAMES):
        if needed not in names:
            raise UserError(
                f"{path.name} is no bundle of a study: it holds no {needed}; make one by `vitcore study make`"
            )
    for member in members:
        inner = _MEMBER.fullmatch(member.filename)
        if inner is None and member.filename not in ("README.txt", "study.json", *FRAMES):
            raise UserError(
                f"{path.name} holds {member.filename[:80]!r}, which no bundle of a study has; take another copy"
            )
        if names.count(member.filename) > 1:
            raise UserError(f"{path.name} holds {member.filename!r} twice; take another copy")
        if member.flag_bits & 1:
            raise UserError(f"{path.name} is encrypted; unpack it with its password and pack it again without one")
        most = limit(Path(member.filename)) if inner else LARGEST if member.filename in FRAMES else _SMALL
        if member.file_size > most:
            raise UserError(f"{member.filename!r} in {path.name} has {member.file_size:,} bytes, more than {most:,}")
    return names


def _about(path: Path, data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UserError(f"study.json in {path.name} is not JSON as a bundle has it; take another copy")
    version = found.get("v")
    if isinstance(version, int) and version > FORMAT:
        raise UserError(
            f"{path.name} is of format {version}, written by a newer vitcore; this one reads up to {FORMAT}"
        )
    return found


def _frame(path: Path, name: str, data: bytes) -> pd.DataFrame:
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        facts = file.metadata
        unpacked = sum(facts.row_group(place).total_byte_size for place in range(facts.num_row_groups))
        if facts.num_rows > _MOST_ROWS or unpacked > LARGEST:
            raise UserError(
                f"{name} in {path.name} has {facts.num_rows:,} rows, more than a study's; take another copy"
            )
        frame: pd.DataFrame = file.read().to_pandas()
        return frame
    except (ArrowException, OSError, ValueError, KeyError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{name} in {path.name} is not Parquet as a bundle has it; take another copy") from None


def unpack(bundle: Bundle, results: Results) -> list[str]:
    """Adds the bundle's runs to a results folder; the ids of those that were not there.

    Raises:
        UserError: another run of the same id is stored there, or the folder cannot be written; then none was added.
    """
    new = []
    for id, files in sorted(bundle.files.items()):
        place = RunFolder(results.runs / id)
        if not os.path.lexists(place.path):
            new.append(id)
        elif any(_stored(place.path / name) != files[name] for name in ("spec.json", "events.jsonl")):
            raise UserError(
                f"{results.runs} has another run {id} than the bundle; open the bundle with --results NEW-FOLDER"
            )
    drafts: list[tuple[Path, Path]] = []
    try:
        results.runs.mkdir(parents=True, exist_ok=True)
        for id in new:
            draft = results.runs / f".{id}.{secrets.token_hex(4)}"
            draft.mkdir()
            drafts.append((draft, results.runs / id))
            for name, content in bundle.files[id].items():
                (draft / name).write_bytes(content)
        for draft, target in drafts:
            os.rename(draft, target)
    except OSError as error:
        for draft, target in drafts:
            shutil.rmtree(draft if draft.exists() else target, ignore_errors=True)
        raise UserError(f"the bundle's runs cannot be stored in {results.runs}: {reason(error)}") from None
    return new


def _stored(path: Path) -> bytes | None:
    try:
        return read_own(path)
    except (OSError, UserError):
        return None
