"""What a folder's name says: the split it stands for, in any spelling, and which names are one."""

from __future__ import annotations

import re
import unicodedata

WORDS = {
    **dict.fromkeys(("train", "training", "trn", "trainval", "trainset"), "train"),
    **dict.fromkeys(("test", "testing", "tst", "testset"), "test"),
    **dict.fromkeys(("val", "valid", "validation", "valset", "dev", "development", "devset"), "val"),
    **dict.fromkeys(("eval", "evaluation"), "eval"),
}
PREFIXES = {"train": "train", "test": "test", "val": "val", "eval": "eval", "dev": "val"}
FILLING = ("set", "data", "dataset", "images", "pictures", "folder", "split")  # say nothing beside "train"


def composed(name: str) -> str:
    """A folder's name in the one form of Unicode that all of its spellings share; bytes that are no text are told."""
    return unicodedata.normalize("NFC", name.encode("utf-8", "backslashreplace").decode())


def kind(name: str) -> tuple[str, bool]:
    """The split that a folder's name stands for ("": none), and whether a whole word of it says so."""
    text = words(name)
    found = {WORDS[word] for word in text if word in WORDS}
    if found == {"train", "val"} and len(text) == 2:
        return "train", True  # both together, as Pascal VOC has it
    if found:
        return (found.pop(), True) if len(found) == 1 else ("", False)
    start = text[0] if text else ""
    return next((split for prefix, split in PREFIXES.items() if start.startswith(prefix)), ""), False


def words(name: str) -> list[str]:
    """The words of a folder's name in small letters, without digits and signs: "trainImages_2" -> train, images."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", composed(name)).casefold()
    return re.findall(r"[^\W\d_]+", parted)
