"""The mark by which this account knows a queued run as its own: what waits in a folder from elsewhere starts nothing.

A queue entry carries a keyed hash of the run's spec; the key lies in the account's own folder and in no results folder.
Opening a results folder therefore trains only what this account has queued; anything else waits for a person's word.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import platform
import secrets
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from vitcore.data.storage.places import user_state
from vitcore.data.storage.regular import read_regular
from vitcore.errors import UserError
from vitcore.runs.folder import RunFolder

FIELD = "seal"  # of queued.json
FOREIGN = (
    "It was queued on another machine or by another account, so it does not start by itself: resume it to train it "
    "here, or cancel it."
)
_KEY_BYTES = 32


def of(content: Mapping[str, Any]) -> str:
    """The mark of what this account has asked for: a run's spec, or a question's settings, as it is stored."""
    text = json.dumps(content, sort_keys=True).encode("utf-8", "surrogatepass")
    return hmac.new(_key(), text, hashlib.sha256).hexdigest()


def is_own(folder: RunFolder, entry: Mapping[str, Any]) -> bool:
    """Whether this account has queued the run of this entry, with the spec that lies there now."""
    try:
        return fits(folder.raw_spec(), entry.get(FIELD))
    except UserError:  # a spec that cannot be read
        return False


def fits(content: Mapping[str, Any], marker: object) -> bool:
    """Whether the mark is this account's for this content, such as a run's spec or a question's settings."""
    try:
        return isinstance(marker, str) and hmac.compare_digest(marker.encode(), of(content).encode())
    except ValueError:  # text that cannot be written
        return False


def _key() -> bytes:
    """This account's key, made where there is none; where none can be kept, what tells this machine from others."""
    place = user_state() / "queue.key"
    with suppress(OSError):
        if not place.exists():
            _make(place)
        with suppress(UserError):
            key = read_regular(place, 4096)
            if len(key) >= _KEY_BYTES:
                return key
    return hashlib.sha256(f"{platform.node()} {uuid.getnode()} {getattr(os, 'getuid', int)()}".encode()).digest()


def _make(place: Path) -> None:
    """Whole or not at all, and the first of two that make one at once stays."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        os.write(file, secrets.token_bytes(_KEY_BYTES))
        os.fsync(file)
        with suppress(FileExistsError):
            os.link(draft, place)
    finally:
        os.close(file)
        draft.unlink()
