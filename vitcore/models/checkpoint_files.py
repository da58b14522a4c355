"""What a stranger's checkpoint holds, told by its content and never by its suffix; nothing in it is executed.

Read are safetensors and torch's own files (zip archives, and the pickles of before) by `weights_only`, which makes
tensors, tables and plain values. The one class besides is argparse.Namespace: timm's CheckpointSaver keeps a training
script's arguments in it, and it holds nothing but such values itself.
"""

from __future__ import annotations

import argparse
import json
import re
import stat
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from vitcore.errors import UserError, first_line

LARGEST_BYTES = 64 << 30
_HEAD = 512  # bytes by which a file is told
_LONGEST_HEADER = 100_000_000  # bytes of a safetensors file's own table, as its library has it
_SLACK = 1 << 20  # bytes that an archive may take up unpacked beyond its own size
_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")

_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "a Git LFS pointer, which only names the weights; `git lfs pull` brings them"),
    (b"\x89HDF", "an HDF5 file, as Keras writes it; save the weights as a PyTorch state dict or as safetensors"),
    (b"GGUF", "a GGUF file; give the weights as a PyTorch state dict or as safetensors"),
    (b"\x1f\x8b", "compressed (gzip); unpack it first"),
    (b"BZh", "compressed (bzip2); unpack it first"),
    (b"\xfd7zXZ", "compressed (xz); unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed (zstd); unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"\x93NUMPY", "an array of NumPy's; give a PyTorch state dict or safetensors"),
)
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head")


def read(path: Path) -> Any:
    """What a checkpoint holds: a table of names and tensors of any shapes (...), or tables and lists around such.

    Raises:
        UserError: in one sentence; it is absent, may not be read, is something else than a checkpoint, is not whole,
            or holds what would have to be executed.
    """
    name = path.name
    try:
        size = _size(path)
        with path.open("rb") as file:
            head = file.read(_HEAD)
            file.seek(0)
            _refuse_other_kinds(name, head, size)
            if _is_safetensors(head):
                return load_file(path)
            if head.startswith(b"PK\x03\x04"):
                _check_archive(name, file, size)
            return _unpickled(name, file)
    except FileNotFoundError:
        raise UserError(f"there is no file {name}; give the path of a .pt, .pth or .safetensors checkpoint") from None
    except PermissionError as error:
        raise UserError(
            f"{name} cannot be read: {error.strerror}; its owner can make it readable (chmod a+r), the file "
            "itself may well be whole"
        ) from None
    except (SafetensorError, OSError) as error:
        raise UserError(f"{name} cannot be read as a checkpoint ({first_line(error)}); is it whole?") from None


def _size(path: Path) -> int:
    """The file's bytes, once it is seen to be one: a pipe would keep its reader waiting for ever."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise UserError(f"{path.name} is no file; give the path of a .pt, .pth or .safetensors checkpoint")
    if found.st_size > LARGEST_BYTES:
        raise UserError(
            f"{path.name} has {found.st_size:,} bytes, and at most {LARGEST_BYTES:,} are read of a checkpoint"
        )
    return found.st_size


def _is_safetensors(head: bytes) -> bool:
    return len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= _LONGEST_HEADER


def _refuse_other_kinds(name: str, head: bytes, size: int) -> None:
    if not size:
        raise UserError(f"{name} is empty; is the download whole?")
    for begins, what in _OTHERS:
        if head.startswith(begins):
            raise UserError(f"{name} is {what}")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(_PAGES):
        raise UserError(
            f"{name} is a web page and no checkpoint: the download brought the page about the file; download the file "
            "itself"
        )
    if head[257:262] == b"ustar":
        raise UserError(f"{name} is a tar archive; unpack it first")
    if text.startswith((b"{", b"[")) and not _is_safetensors(head):
        index = b'"weight_map"' in text or name.endswith(".index.json")
        what = "the index of a checkpoint in several files" if index else "a text in JSON and no checkpoint"
        raise UserError(f"{name} is {what}; give one file that holds all the weights")


def _check_archive(name: str, file: BinaryIO, size: int) -> None:
    """Raises UserError where a zip archive is none that torch wrote with tensors alone, or would fill the memory."""
    try:
        entries = zipfile.ZipFile(file).infolist()
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
        raise UserError(f"{name} cannot be read as a checkpoint ({first_line(error)}); is it whole?") from None
    finally:
        file.seek(0)
    leaves = {entry.filename.rpartition("/")[2] for entry in entries}
    if "constants.pkl" in leaves:
        raise UserError(
            f"{name} is a TorchScript program, of which nothing is run here; save the state_dict of the model instead"
        )
    if "data.pkl" not in leaves:
        kind = "of NumPy's arrays" if any(leaf.endswith(".npy") for leaf in leaves) else "without a state dict"
        raise UserError(f"{name} is a zip archive {kind}; unpack it, or give a PyTorch state dict or safetensors")
    if sum(entry.file_size for entry in entries) > size + _SLACK:
        raise UserError(f"{name} takes up more unpacked than it does itself, as no checkpoint of torch's does")


def _unpickled(name: str, file: BinaryIO) -> Any:
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001  a broken pickle may raise anything at all
        match = _GLOBAL.search(str(error))
        why = f" (it holds {match[1][:80]})" if match else ""
        raise UserError(
            f"{name} is no checkpoint of tensors alone{why}, so nothing in it was opened; "
            "give a .pt or .pth state dict that torch loads with weights_only, or .safetensors"
        ) from None


def described(content: Any) -> str:
    """What something without a state dict is, in a word or two, for a message."""
    if isinstance(content, dict):
        keys = ", ".join(json.dumps(str(key)[:40]) for key in list(content)[:4])
        return f"a table with {keys}" if content else "an empty table"
    return f"a {type(content).__name__}"
