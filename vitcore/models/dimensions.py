"""The dimensions of a transformer that a person may choose in place of its architecture's own.

Chosen ones go into the architecture's configuration, which is what the families build from; nothing else knows of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from vitcore.models.registry import Architecture
from vitcore.models.timm_catalog import FAMILY

OWN = "own"
_TOKENIZER = re.compile(r"patch/(?P<patch>\d+)|conv/(?P<convolution>\d+)x(?P<convolutions>\d+)")


@dataclass(frozen=True)
class Dimensions:
    """What was chosen; None and "own" are the architecture's own.

    `tokenizer` is "patch/4" for patches of 4 x 4 pixels, or "conv/3x2" for 2 convolutions of 3 x 3, as the names of the
    compact family's members end.
    """

    depth: int | None = None
    embed_dim: int | None = None
    num_heads: int | None = None
    mlp_ratio: float | None = None
    pool: str = OWN
    tokenizer: str | None = None
    norm_order: str = OWN


NAMES = tuple(each.name for each in fields(Dimensions))


def configured(known: Architecture, chosen: Dimensions) -> Mapping[str, Any]:
    """The architecture's configuration with what was chosen in it."""
    config, own = dict(known.config), resolved(known)
    if not known.attention:
        return config
    if chosen.tokenizer not in (None, own["tokenizer"]):
        for key in ("patch", "convolution", "convolutions", "maps", "stem_stride", "crops"):
            config.pop(key, None)
        config |= _sizes(chosen.tokenizer or "") | {"quality": False}
    width = chosen.embed_dim or config["embed_dim"]
    ratio = chosen.mlp_ratio or own["mlp_dim"] / config["embed_dim"]
    config |= {
        "depth": chosen.depth or config["depth"],
        "embed_dim": width,
        "num_heads": chosen.num_heads or config["num_heads"],
    }
    config["mlp_ratio" if "mlp_ratio" in config else "mlp_dim"] = (
        ratio if "mlp_ratio" in config else max(1, round(width * ratio))
    )
    if chosen.pool != OWN:
        config["pool"] = chosen.pool
    if chosen.norm_order != OWN:
        config["norm_order"] = chosen.norm_order
    return config


def resolved(known: Architecture, chosen: Dimensions | None = None, patch: int | None = None) -> dict[str, Any]:
    """Every dimension as a number or a word, by its name; nothing for a network that is no transformer."""
    if not known.attention:
        return {}
    config = known.config if chosen is None else configured(known, chosen)
    cut = f"patch/{patch or config['patch']}" if "patch" in config else _convolutions(config)
    if config.get("quality", known.family == "hybrid"):
        cut = f"quality/{patch or config['patch']}"
    return {
        "depth": config["depth"],
        "embed_dim": config["embed_dim"],
        "num_heads": config["num_heads"],
        "mlp_dim": mlp_dim(config),
        "pool": config.get("pool", {"vit": "class", "hybrid": "mean"}.get(known.family)),
        "tokenizer": cut,
        "norm_order": config.get("norm_order", {"compact": "compact", "vit": "pre", "hybrid": "post"}[known.family]),
    }


def mlp_dim(config: Mapping[str, Any]) -> int:
    """The width of a configuration's MLP between its two maps."""
    return max(1, round(config["embed_dim"] * config["mlp_ratio"])) if "mlp_ratio" in config else int(config["mlp_dim"])


def plainest(known: Architecture, chosen: Dimensions, patch: int | None) -> dict[str, Any]:
    """The choices that are the architecture's own anyway, as left alone; patches by their size alone."""
    own, found = resolved(known), resolved(known, chosen)
    equal: dict[str, Any] = {}
    for name in ("depth", "embed_dim", "num_heads", "pool", "norm_order"):
        if own.get(name) == getattr(chosen, name):
            equal[name] = OWN if name in ("pool", "norm_order") else None
    if chosen.mlp_ratio is not None and found == resolved(known, _without_ratio(chosen)):
        equal["mlp_ratio"] = None
    if chosen.tokenizer is not None and own:
        if chosen.tokenizer == own["tokenizer"]:
            equal["tokenizer"] = None
        elif str(own["tokenizer"]).startswith("patch/") and (size := _sizes(chosen.tokenizer).get("patch")):
            equal |= {"tokenizer": None, "patch": size}
    return equal


def check(name: str, known: Architecture, chosen: Dimensions, patch: int | None) -> None:
    """Refuse dimensions that do not go together, or that the network does not have.

    Raises:
        ValueError: one sentence with the numbers that would do.
    """
    given = [each for each in NAMES if getattr(chosen, each) not in (None, OWN)]
    if given and not known.attention:
        is_none = "is built by timm" if known.family == FAMILY else "is no transformer"
        raise ValueError(
            f"{name} {is_none}, so its {given[0]} cannot be set; leave it at its own, or choose a transformer of "
            "vitcore's"
        )
    if patch is not None and chosen.tokenizer is not None:
        raise ValueError(
            f"a patch of {patch} and the tokenizer {chosen.tokenizer} both say how an image is cut; leave one of them "
            "empty"
        )
    if not known.attention:
        return
    if chosen.tokenizer is not None and not _possible(chosen.tokenizer):
        raise ValueError(
            f"there is no tokenizer {chosen.tokenizer[:40]!r}; give patch/4 for patches of 4 pixels (1 to 64), or "
            "conv/3x2 for 2 convolutions (1 to 6) of 3 x 3 (1 to 15)"
        )
    found = resolved(known, chosen)
    width, heads = found["embed_dim"], found["num_heads"]
    if width % heads:
        fitting = ", ".join(str(count) for count in range(1, 65) if width % count == 0)
        below = f"{width // heads * heads} or " if width > heads else ""
        raise ValueError(
            f"{heads} heads do not divide an embed_dim of {width}; choose {fitting} heads, or an embed_dim of {below}"
            f"{(width // heads + 1) * heads}"
        )
    if known.config.get("distilled") and found["pool"] != "class":
        raise ValueError(
            f"{name} reads a class token and a distillation token, so it takes no pool {found['pool']!r}; leave it at "
            "its own, or choose an architecture that is not distilled"
        )
    window = known.config.get("window")
    if window is not None and found["pool"] == "class":
        raise ValueError(
            f"attention in {name} reaches {window} tokens either way, so a class token would not see the whole image; "
            "choose the pool mean or sequence"
        )


def _without_ratio(chosen: Dimensions) -> Dimensions:
    return Dimensions(**{each: getattr(chosen, each) for each in NAMES if each != "mlp_ratio"})


def _sizes(tokenizer: str) -> dict[str, int]:
    """What a tokenizer's text says, by the configuration's keys; nothing where it says nothing."""
    found = _TOKENIZER.fullmatch(tokenizer)
    return {key: int(size) for key, size in found.groupdict().items() if size} if found else {}


def _possible(tokenizer: str) -> bool:
    most = {"patch": 64, "convolution": 15, "convolutions": 6}
    sizes = _sizes(tokenizer)
    return bool(sizes) and all(1 <= size <= most[key] for key, size in sizes.items())


def _convolutions(config: Mapping[str, Any]) -> str:
    return f"conv/{config['convolution']}x{config['convolutions']}"
