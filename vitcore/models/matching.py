"""A table of tensors held against a network: by whose names it goes, and under which prefix its weights stand.

Wrappers put words before the names of what they wrap (`module.`, `_orig_mod.`, `model.`, `backbone.`, …), in any order.
No list of such words is needed: what follows the prefix are names that the network has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from vitcore.models.key_maps import KeyMap, Place

_COUNTER = "num_batches_tracked"  # of batch normalizations; old files have none, and nothing here reads it
_PROFILED = ("total_ops", "total_params")  # what a profiler (thop) leaves among the weights


@dataclass(frozen=True)
class Match:
    """What a table comes to under one program's names.

    Attributes:
        prefix: what stands before the names, without its last dot; empty: nothing.
        given: the tensors (...) under our names, whether or not the network has them.
        unknown: names under the prefix that the program does not use.
        aside: names that are of no use: elsewhere in the table, or what the program keeps beside a network.
        complete: whether all tensors of the network, its heads apart, are there.
    """

    map: KeyMap
    prefix: str
    given: dict[str, Tensor] = field(repr=False)
    unknown: tuple[str, ...]
    aside: tuple[str, ...]
    complete: bool
    hits: int


def matches(
    tensors: Mapping[str, Tensor], own: Collection[str], heads: Collection[str], maps: Sequence[KeyMap]
) -> list[Match]:
    """The complete matches, one a prefix where a table holds several networks; else the one that comes nearest.

    Args:
        tensors: of any shapes (...), by the names that the file has.
        own: the network's names, its heads' among them.
        heads: names of what tells the classes apart, which a file may lack or keep elsewhere.
    """
    body = {name for name in own if name not in heads and not name.endswith(_COUNTER)}
    nearest: Match | None = None
    for each in maps:
        found = _hits(tensors, body, each)
        whole = [prefix for prefix, names in found.items() if names == body]
        if whole:
            return [_match(tensors, body, heads, each, prefix, whole, found) for prefix in whole]
        best = max(found, key=lambda prefix: (len(found[prefix]), -len(prefix)), default="")
        item = _match(tensors, body, heads, each, best, [], found)
        if nearest is None or item.hits > nearest.hits:
            nearest = item
    return [nearest] if nearest else []


def _hits(tensors: Mapping[str, Tensor], body: set[str], names: KeyMap) -> dict[str, set[str]]:
    """By prefix, which of the network's names stand behind it."""
    found: dict[str, set[str]] = defaultdict(set)
    for key in tensors:
        for prefix, rest in _cuts(key):
            place = names.place(rest)
            if place and place.name in body:
                found[prefix].add(place.name)
                break
    return found


def _cuts(key: str) -> Iterator[tuple[str, str]]:
    """A name's prefix and rest, from no prefix to the longest."""
    parts = key.split(".")
    for place in range(len(parts)):
        yield ".".join(parts[:place]), ".".join(parts[place:])


def _match(
    tensors: Mapping[str, Tensor],
    body: set[str],
    heads: Collection[str],
    names: KeyMap,
    prefix: str,
    whole: Sequence[str],
    found: Mapping[str, set[str]],
) -> Match:
    front = f"{prefix}." if prefix else ""
    others = tuple(f"{each}." for each in whole if each and each != prefix and each.startswith(prefix))
    parts: dict[str, dict[int, tuple[Place, Tensor]]] = defaultdict(dict)
    unknown, aside = [], []
    for key, tensor in tensors.items():
        rest = key.removeprefix(front)
        elsewhere = not key.startswith(front) or (others and key.startswith(others))
        if elsewhere or rest in names.unused or rest.rpartition(".")[2] in _PROFILED:
            aside.append(key)
        elif (place := names.place(rest)) is not None:
            parts[place.name][place.part] = place, tensor
        else:
            unknown.append(key)
    _add_heads(parts, aside, tensors, heads, names, prefix)
    given = {name: joined for name, pieces in parts.items() if (joined := _joined(pieces)) is not None}
    hits = len(found.get(prefix, ()))
    return Match(names, prefix, given, tuple(unknown), tuple(aside), body <= given.keys(), hits)


def _add_heads(
    parts: dict[str, dict[int, tuple[Place, Tensor]]],
    aside: list[str],
    tensors: Mapping[str, Tensor],
    heads: Collection[str],
    names: KeyMap,
    prefix: str,
) -> None:
    """Take a head that stands beside what was wrapped, or beside what holds that."""
    for head in heads:
        if head in parts:
            continue
        for key in list(aside):
            rests = [rest for before, rest in _cuts(key) if not before or prefix.startswith(f"{before}.")]
            places = [place for rest in rests if (place := names.place(rest)) and place.name == head]
            if places:
                parts[head][0] = places[0], tensors[key]
                aside.remove(key)
                break


def _joined(pieces: Mapping[int, tuple[Place, Tensor]]) -> Tensor | None:
    """The tensor that the pieces make, one behind the other; None where one is missing or they do not go together."""
    place = pieces[min(pieces)][0]
    if sorted(pieces) != list(range(max(len(pieces), place.least))):
        return None
    if len(pieces) == 1:
        return pieces[0][1]
    try:
        return torch.cat([pieces[each][1] for each in sorted(pieces)], dim=place.dim)
    except (RuntimeError, IndexError):
        return None
