"""Weights by name from the Hugging Face hub: `hf:OWNER/NAME`, fetched once into this person's cache.

Asked is the hub alone, without a token and without a word about this machine; it must answer within five seconds,
and where it does not, what was fetched before is taken, or one sentence says so. Of a repository one file of weights
comes, never code.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vitcore.data.storage.places import user_cache
from vitcore.errors import UserError, first_line

PREFIX = "hf:"
EXAMPLE = "hf:google/vit-base-patch16-224"
EXTRA = "pip install 'vitcore[hub]'"
SECONDS = 5.0  # until the hub must have answered, names looked up, connected and read
LARGEST_BYTES = 4 << 30  # ViT-g has 4.0 GB in float32
FILES = ("model.safetensors", "pytorch_model.bin")
"""Under which Hugging Face and timm keep a network's weights, the one to take first."""

_SUFFIXES = (".safetensors", ".bin", ".pt", ".pth")
_CLOSED = (401, 403, 404)  # the hub says no more of a repository that is private than of one that is not there
_WORD = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_NAME = re.compile(rf"hf:(?P<repo>{_WORD}/{_WORD})(@(?P<revision>{_WORD}))?(/(?P<file>{_WORD}(/{_WORD})*))?")


@dataclass(frozen=True)
class Named:
    """What a name says: the repository, the revision (a branch, tag or commit) and the file, if it names one."""

    repo: str
    revision: str
    file: str | None

    def __str__(self) -> str:
        return PREFIX + self.repo


@dataclass(frozen=True)
class Fetched:
    """A file of weights on this machine, and where it is from, in words that hold its commit and its digest."""

    path: Path
    origin: str


@dataclass(frozen=True)
class _Offered:
    """A file as the hub lists it; its SHA-256 where the hub tells that."""

    name: str
    size: int
    digest: str | None


def is_name(text: str) -> bool:
    """Whether a text means a repository of the hub rather than a file of this machine."""
    return text.startswith(PREFIX)


def parsed(text: str) -> Named:
    """What `hf:OWNER/NAME`, `hf:OWNER/NAME@REVISION` or either with `/FILE` means. Raises UserError."""
    found = _NAME.fullmatch(text.strip())
    if found is None or ".." in text:
        raise UserError(
            f"{text[:120]!r} names no repository of the hub; weights are named as in {EXAMPLE}, with @REVISION or "
            "/FILE behind it where others are meant"
        )
    return Named(found["repo"], found["revision"] or "main", found["file"])


def fetch(text: str, *, endpoint: str | None = None, seconds: float = SECONDS) -> Fetched:
    """The weights that a name means, from the cache where the hub says that they are the same.

    Args:
        endpoint: the hub's address; None: HF_ENDPOINT, else https://huggingface.co.
        seconds: until the hub must have answered.

    Raises:
        UserError: in one sentence; the name means nothing, huggingface_hub is not installed, the hub does not answer
            and nothing was fetched before, or the file is not to be had, too large, or not the one that is published.
    """
    named = parsed(text)
    _library()
    address = endpoint or os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    try:
        commit, offered = _asked(named, address.rstrip("/"), seconds)
    except _Silent as silent:
        known = _cached(named)
        if known is None:
            raise UserError(
                f"{_host(address)} {silent}, so the weights of {named} cannot be fetched; bring their file here by "
                "another way and give its path"
            ) from None
        note = f"; {_host(address)} {silent}, so it is what was fetched before"
        return Fetched(known, _origin(named, known, _commit(known), _digest(known)) + note)
    file = _chosen(named, offered)
    path = _downloaded(named, file, address.rstrip("/"), seconds)
    digest = _digest(path)
    if file.digest is not None and digest != file.digest:
        path.resolve().unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        raise UserError(
            f"{file.name} of {named} came with other bytes than are published (SHA-256 {digest[:12]}…, not "
            f"{file.digest[:12]}…); fetch it again"
        )
    return Fetched(path, _origin(named, path, commit, digest))


class _Silent(Exception):
    """Why the hub has said nothing."""


def _library() -> Any:
    """huggingface_hub, told to say nothing of this machine; whatever imported it before may have read other settings.

    Files come by plain HTTP from the hub itself: its other way (Xet) leads to further hosts, with retries of its own.
    """
    try:
        import huggingface_hub
        from huggingface_hub import constants
    except ImportError:
        raise UserError(f"weights by name need huggingface_hub, which is not installed; {EXTRA} brings it") from None
    constants.HF_HUB_DISABLE_TELEMETRY = constants.HF_HUB_DISABLE_XET = True
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    return huggingface_hub


def _asked(named: Named, endpoint: str, seconds: float) -> tuple[str, list[_Offered]]:
    """The commit of the revision and its files; `_Silent` where nobody answers, UserError where the answer is a no.

    It is asked in a thread of its own, since no setting bounds how long a name server is waited for.
    """
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(_answer(named, endpoint, seconds)), daemon=True)
    thread.start()
    thread.join(seconds)
    if not found:
        raise _Silent(f"did not answer within {seconds:g} seconds")
    if isinstance(found[0], Exception):
        raise found[0]
    return str(found[0].sha or named.revision), [
        _Offered(each.rfilename, each.size or 0, each.lfs.sha256 if each.lfs is not None else None)
        for each in found[0].siblings or ()
    ]


def _answer(named: Named, endpoint: str, seconds: float) -> Any:
    """What the hub says of a repository, or the exception that stands for it."""
    from huggingface_hub import errors

    api = _library().HfApi(endpoint=endpoint, token=False)
    try:
        return api.model_info(named.repo, revision=named.revision, files_metadata=True, timeout=seconds)
    except errors.RevisionNotFoundError:
        return UserError(f"{named} has no revision {named.revision!r}; name a branch, tag or commit that it has")
    except errors.OfflineModeIsEnabled:
        return _Silent("is not asked (HF_HUB_OFFLINE is set)")
    except errors.HfHubHTTPError as error:
        if error.response.status_code in _CLOSED:
            return UserError(
                f"{_host(endpoint)} has no open repository {named.repo}; check its name, and where it is private or "
                "behind terms, download the file yourself and give its path"
            )
        return _Silent(f"answered with status {error.response.status_code}")
    except Exception as error:  # noqa: BLE001  a proxy's page, an address that is none, a connection that breaks off
        return _Silent(f"did not answer ({_short(error)})")


def _chosen(named: Named, offered: list[_Offered]) -> _Offered:
    """The file to take. Raises UserError where there is none, it is not one of weights, or it is too large."""
    files = {each.name: each for each in offered}
    weights = sorted(name for name in files if name.endswith(_SUFFIXES))
    if named.file is not None:
        wanted = named.file if named.file in weights else None
    else:
        usual = [name for name in FILES if name in files]
        alone = [name for name in weights if name.endswith(".safetensors")]
        wanted = next(iter(usual or (alone if len(alone) == 1 else ())), None)
    if wanted is None:
        if f"{FILES[0]}.index.json" in files and named.file is None:
            raise UserError(f"{named} keeps its weights in several files, and one that holds them all is taken here")
        what = f"no weights {named.file!r}" if named.file else f"neither {' nor '.join(FILES)}"
        others = f"; it has {', '.join(weights[:4])}: name one behind a slash" if weights else " and no other weights"
        raise UserError(f"{named} has {what}{others}")
    if files[wanted].size > LARGEST_BYTES:
        raise UserError(
            f"{wanted} of {named} has {files[wanted].size:,} bytes, and at most {LARGEST_BYTES:,} are fetched by name; "
            "download it yourself and give its path"
        )
    return files[wanted]


def _downloaded(named: Named, file: _Offered, endpoint: str, seconds: float) -> Path:
    """The file in the cache, fetched if it is not there as the hub has it now. Raises UserError."""
    try:
        return Path(
            _library().hf_hub_download(
                named.repo,
                file.name,
                revision=named.revision,
                cache_dir=_cache(),
                etag_timeout=seconds,
                endpoint=endpoint,
                token=False,
            )
        )
    except Exception as error:  # noqa: BLE001  as many kinds as there are ways for a download to break off
        raise UserError(
            f"{file.name} of {named} ({file.size:,} bytes) could not be fetched into {_cache()}: {_short(error)}"
        ) from None


def _cached(named: Named) -> Path | None:
    """The file that was fetched by this name before, if any."""
    for name in (named.file,) if named.file else FILES:
        found = _library().try_to_load_from_cache(named.repo, name, cache_dir=_cache(), revision=named.revision)
        if isinstance(found, str):
            return Path(found)
    return None


def _origin(named: Named, path: Path, commit: str, digest: str) -> str:
    return f"{named} at revision {commit[:12]} ({path.name}, SHA-256 {digest[:12]})"


def _commit(path: Path) -> str:
    """Of which commit a file of the cache is: it lies in a folder of that name, below `snapshots`."""
    parts = path.parts
    return parts[len(parts) - parts[::-1].index("snapshots")]


def _cache() -> Path:
    return user_cache() / "hub"


def _host(address: str) -> str:
    return urlsplit(address).netloc or address[:80]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _short(error: Exception) -> str:
    return first_line(error)[:160]
