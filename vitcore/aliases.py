"""What format 1 called differently: the one table of old names that files, flags, addresses and views may still use.

Writers know the new names alone; readers take both. A file that holds a name twice, the old and the new, is read by the
new one's value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

OPTIONS = {
    "optimiser": "optimizer",
    "positions": "pos_embed",
    "side": "image_size",
    "stochastic_depth": "drop_path",
    "weight_average": "ema_decay",
    "start_rate": "initial_lr_factor",
    "final_rate": "final_lr_factor",
}
"""Sections and fields of a spec; its flags are the same words."""

EVENTS = {"train_rows": "train_samples", "test_rows": "test_samples", "val_rows": "val_samples", "processor": "cpu"}
"""Fields of a journal's lines."""

COLUMNS = {**OPTIONS, **EVENTS, "drawings_edition": "drawings_version", "error_mean": "error_median"}
"""Columns of the tables, as saved views and addresses name them."""

QUEUE_ENTRY = "waiting.json"
"""The file by which format 1 queued a run; today's is queued.json."""

WORDS = {
    "device_queue": "lane",
    "version": "edition",
    "image_size": "side",
    "image": "picture",
    "optimizers": "optimisers",
}
"""Keys of small files beside the journals (the queue's entry, a score of drawings) and of checkpoints."""

_FORMAT_1 = {new: old for old, new in OPTIONS.items()}


def current(raw: Mapping[str, Any], names: Mapping[str, str] = OPTIONS) -> dict[str, Any]:
    """The mapping by today's names; what it holds is left as it is."""
    if not any(name in raw for name in names):
        return dict(raw)
    return {
        **{names[name]: value for name, value in raw.items() if name in names},
        **{name: value for name, value in raw.items() if name not in names},
    }


def format_1(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Nested plain data of a spec as format 1 named it: what fingerprints are made of, so that they never change."""
    return {
        _FORMAT_1.get(name, name): format_1(value) if isinstance(value, Mapping) else value
        for name, value in raw.items()
    }


def value(raw: Mapping[str, Any], name: str) -> Any:
    """What a small file has under a name, or under the name that format 1 had for it; None where it has neither."""
    return raw.get(name, raw.get(WORDS[name]))


def flags(arguments: Iterable[str]) -> list[str]:
    """A command line's words with old flags by their new names: `--side 32` and `--side=32` are `--image-size`."""
    names = {f"--{old}".replace("_", "-"): f"--{new}".replace("_", "-") for old, new in OPTIONS.items()}
    words = list(arguments)
    end = words.index("--") if "--" in words else len(words)
    found = [word.partition("=") for word in words[:end]]
    return ["".join((names.get(flag, flag), equals, given)) for flag, equals, given in found] + words[end:]
