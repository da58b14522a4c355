"""The sets of weights within one checkpoint: as trained, and averages of them; which was taken is always said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from vitcore.errors import UserError

Set = dict[str, Tensor]

# Names under which programs keep an average of the weights: timm's state_dict_ema, model_ema, ema, averaged, swa.
_AVERAGED = re.compile(r"(^|_)(ema\d*|averaged?|avg|swa|shadow)(_|$)", re.IGNORECASE)
WHOLE = "the file itself"
_COUNTERS = ("n_averaged", "num_updates", "decay")  # single numbers that an averaging keeps beside its weights
_WRAPPERS = ("module", "_orig_mod", "model", "net", "network")  # words that may stand before an average's
_USUAL = (WHOLE, "state_dict", "model", "model_state_dict")
_DEPTH = 4  # of tables within tables


def of(found: Any) -> dict[str, Set]:
    """Every set of weights in what a checkpoint holds, by the name it has there; none where it holds none."""
    sets: dict[str, Set] = {}
    _gather(found, "", sets, _DEPTH)
    return sets


def chosen(
    sets: Mapping[str, Set], wanted: str, file: str, fits: Callable[[Set], bool] = lambda tensors: True
) -> tuple[Set, list[str]]:
    """The set that is wanted ("trained", "averaged", or by its name), and what there is to say of the choice.

    Tables of tensors that are not `fits`, by their names the model's, are no weights ("average_precision" of each
    class), whatever they are called; where none is, all are looked at, and the model's own check tells what is amiss.

    Raises:
        UserError: there is none, or not that one.
    """
    if not sets:
        raise UserError(f"{file} holds no state dict; a checkpoint is a table of names and tensors")
    sets = {name: tensors for name, tensors in sets.items() if fits(tensors)} or sets
    averaged = [name for name in sets if is_ema_set(name)]
    trained = sorted((name for name in sets if name not in averaged), key=_place)
    if wanted == "averaged":
        if not averaged:
            raise UserError(
                f"{file} holds no averaged weights; it has {_listed(list(sets))}: leave the choice at trained"
            )
        taken = averaged[0]
    elif wanted == "trained":
        taken = (trained or averaged)[0]
    elif wanted in sets:
        taken = wanted
    else:
        raise UserError(
            f"{file} holds no weights named {wanted[:60]!r}; choose trained, averaged, or {_listed(list(sets))}"
        )
    others = [name for name in sets if name != taken]
    if not others:
        return sets[taken], ([f"They are averaged weights ({taken}); it holds no others."] if taken in averaged else [])
    kind = "averaged" if taken in averaged else "trained"
    offers = [
        f"{_kind(name, averaged)} ({name}): --weights {_option(name, taken, trained, averaged)}" for name in others
    ]
    return sets[taken], [f"It holds several sets of weights: taken were the {kind} ones ({taken}). Also there: "
                         f"{'; '.join(offers)}."]  # fmt: skip


def _place(name: str) -> int:
    """The usual names of a model's own weights before any other table of tensors."""
    last = name.rpartition(".")[2]
    return _USUAL.index(last) if last in _USUAL else len(_USUAL)


def is_ema_set(name: str) -> bool:
    """Whether a set of that name is an average of weights."""
    return any(_AVERAGED.search(part) for part in name.split("."))


def _gather(found: Any, name: str, sets: dict[str, Set], depth: int) -> None:
    """Put into `sets` what `found`, itself named `name`, holds."""
    if not isinstance(found, Mapping) or not found:
        return
    tensors = {str(key): value for key, value in found.items() if isinstance(value, Tensor)}
    if len(tensors) == len(found):
        _split(tensors, name, sets)
        return
    if any("." in key for key in tensors):  # weights beside an epoch and the like in one table
        _split(tensors, name, sets)
    if not depth:
        return
    for key, value in found.items():
        if isinstance(key, str) and "optim" not in key.lower():
            _gather(value, f"{name}.{key}" if name else key, sets, depth - 1)


def _split(tensors: Set, name: str, sets: dict[str, Set]) -> None:
    """One table may hold two sets, told apart by what stands in front of the names ("ema.", "model_ema.")."""
    parts: dict[str, Set] = {}
    for key, tensor in tensors.items():
        front, rest = _averaged_front(key)
        if not front and key.rpartition(".")[2] in _COUNTERS:
            continue
        parts.setdefault(front, {})[rest] = tensor
    for front, part in parts.items():
        named = ".".join(filter(None, (name, front))) or WHOLE
        # Beside an average in one table the trained ones may be named "model.…" where the average is "ema.…".
        fronts = {key.partition(".")[0] for key in part}
        wrapped = len(fronts) == 1 and next(iter(fronts)) in ("model", "net", "network")
        sets[named] = {key.partition(".")[2]: value for key, value in part.items()} if wrapped else part


def _averaged_front(key: str) -> tuple[str, str]:
    """What stands before a name of an average ("ema", "module.ema_model"), and the name; no front: it is of none."""
    words = key.split(".")
    for place, word in enumerate(words[:-1]):
        if _AVERAGED.search(word):
            return ".".join(words[: place + 1]), ".".join(words[place + 1 :])
        if word not in _WRAPPERS:
            break
    return "", key


def _kind(name: str, averaged: list[str]) -> str:
    return "averaged" if name in averaged else "trained"


def _option(name: str, taken: str, trained: list[str], averaged: list[str]) -> str:
    """What to give for `name`: the word, where it is enough to tell it."""
    kin = averaged if name in averaged else trained
    word = _kind(name, averaged)
    return word if kin[0] == name else f"'{name}'"


def _listed(names: list[str]) -> str:
    return ", ".join(f"{name[:60]!r}" for name in names[:6])
