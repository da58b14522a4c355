"""Fetch a file once, with progress and checksum; a half-finished one never takes the real one's place."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from vitcore.data.storage.places import data_root
from vitcore.errors import UserError

Progress = Callable[[str, float], None]
PATIENCE = 30  # seconds without a byte
BLOCK = 1 << 18


def download(urls: Sequence[str], path: Path, md5: str, progress: Progress | None = None) -> None:
    """Bring the first of `urls` that answers to `path`.

    Raises:
        UserError: no address answered, the bytes are not the published ones, or the folder cannot be written.
    """
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
    reasons: list[str] = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for url in urls:
            try:
                found = _copy(url, draft, path.name, progress)
            except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
                reasons.append(f"{url} did not answer ({getattr(error, 'reason', error)})")
                continue
            if found == md5:
                os.replace(draft, path)
                return
            reasons.append(f"{url} sent other bytes than were published (md5 {found}, not {md5})")
    except OSError as error:
        raise UserError(f"{path.name} cannot be kept in {path.parent}: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)
    below = path.relative_to(data_root()) if path.is_relative_to(data_root()) else path.name
    raise UserError(
        f"{path.name} could not be downloaded: {'; '.join(reasons)}; put the file into {path.parent} by hand, "
        f"or set VITCORE_DATA to a folder that has {below}"
    )


def _copy(url: str, draft: Path, name: str, progress: Progress | None) -> str:
    """Copy `url` to `draft`; the md5 of what came."""
    digest = hashlib.md5(usedforsecurity=False)
    request = urllib.request.Request(url, headers={"User-Agent": "vitcore"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer, draft.open("wb") as file:
        size, done = int(answer.headers.get("Content-Length") or 0), 0
        while block := answer.read(BLOCK):
            file.write(block)
            digest.update(block)
            done += len(block)
            if progress:
                progress(f"downloading {name}", done / size if size else 0.0)
    return digest.hexdigest()
