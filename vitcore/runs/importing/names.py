"""What other programs call their metrics, in the names that they have here; of what does not say which images it is of,
nothing is taken.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping

from vitcore import events
from vitcore.runs.importing.foreign import listed

_SPLITS = {
    "train": "train", "training": "train", "tr": "train", "val": "val", "valid": "val", "validation": "val",
    "eval": "val", "dev": "val", "test": "test", "testing": "test",
}  # fmt: skip
_WORDS = {
    "loss": "loss", "nll": "loss", "crossentropy": "loss", "cross entropy": "loss", "acc": "accuracy",
    "accuracy": "accuracy", "top1": "accuracy", "top 1": "accuracy", "acc1": "accuracy", "acc top1": "accuracy",
    "acc 1": "accuracy", "categorical accuracy": "accuracy", "sparse categorical accuracy": "accuracy",
    "top1 accuracy": "accuracy", "top 1 accuracy": "accuracy", "acc top 1": "accuracy", "accuracy top 1": "accuracy",
    "error": "error", "err": "error", "error rate": "error", "error percent": "percent", "err percent": "percent",
    "f1": "f1", "macro f1": "f1", "f1 macro": "f1", "f1 score": "f1", "lr": "lr", "learning rate": "lr",
}  # fmt: skip
_OURS = {
    ("train", "loss"): "train_loss", ("val", "loss"): "val_loss", ("test", "loss"): "test_loss",
    ("", "loss"): "train_loss",
    ("val", "accuracy"): "val_accuracy", ("test", "accuracy"): "accuracy", ("val", "error"): "val_error",
    ("test", "error"): "error_percent", ("val", "percent"): "val_error", ("test", "percent"): "error_percent",
    ("val", "f1"): "val_f1", ("test", "f1"): "f1", ("", "lr"): "learning_rate", ("train", "lr"): "learning_rate",
}  # fmt: skip
_BOOKKEEPING = re.compile(
    r"^_|^(global_?step|step|epoch|trainer/global_step|hp_metric|epoch_?time|time|timestamp)$", re.I
)
_SURELY_OURS = ("error_percent", "test_loss", "val_error", "images_seen")
"""Metrics whose names no other program has: beside one of them all of our own names mean what they mean here."""


class Naming:
    """Which of a run's metrics stand for which of ours.

    Attributes:
        taken: our name by theirs.
        sentences: about those that are left out.
    """

    def __init__(self, names: Collection[str], given: Mapping[str, str]) -> None:
        self.taken: dict[str, str] = {}
        self._unknown: list[str] = []
        self._unsure: list[str] = []
        self._of_training: list[str] = []
        self._measured = {_split(name) for name in names}
        own = any(name in names for name in _SURELY_OURS)
        known = {name for name in events.metrics() if name != "epoch"}
        for name in sorted(names, key=lambda name: (name not in given, name)):
            found = given.get(name) or (name if own and name in known else self._understood(name, known))
            if found and found not in self.taken.values():
                self.taken[name] = found
            elif found:
                self._unknown.append(name)

    def _understood(self, name: str, known: Collection[str]) -> str | None:
        if _BOOKKEEPING.search(name):
            return None
        split, word = _split(name)
        if word is None:
            if name in known and name not in ("accuracy", "f1"):
                return name
            self._unknown.append(name)
            return None
        found = _OURS.get((split, word))
        if found is None and split == "train":
            self._of_training.append(name)
        elif found is None:
            beside = ("val", word) in self._measured  # as Keras calls those of training
            (self._of_training if beside else self._unsure).append(name)
        return found

    @property
    def sentences(self) -> list[str]:
        """One for each reason why metrics are left out."""
        reasons = (
            (self._unsure, "which does not say of which images it is; call it test_… or val_…, or name it by --metric"),
            (self._of_training, "which is of the training images, and of those the loss alone is kept"),
            (self._unknown, "which is no metric here; --metric THEIRS=OURS says which one it is"),
        )
        return [f"Left out: {listed(names)}, {why}." for names, why in reasons if names]


def scaled(name: str, own: str, values: Mapping[int, float]) -> tuple[dict[int, float], str]:
    """A metric's values in our unit, and a sentence where it was another; no values where that cannot be known.

    An accuracy above 1 is in percent. An error that never is above 1 may be a share or percents: nobody can tell.
    """
    finite = [value for value in values.values() if math.isfinite(value)]
    field = events.metrics()[own]
    loose = dict(values) if field.meaning.finite else {step: v for step, v in values.items() if math.isfinite(v)}
    if not finite:
        return loose, ""
    low, high = min(finite), max(finite)
    shown = listed([name])
    if low < 0 and not field.meaning.finite:
        return {}, f"Left out: {shown}, since a value of it is below 0."
    if field.meaning.unit == "share" and high > 1:
        if high > 100:
            return {}, f"Left out: {shown}, since its values go up to {high:g}, which is neither a share nor percent."
        return {step: value / 100 for step, value in loose.items()}, f"{shown} was read as percent."
    if field.meaning.unit == "%":
        spelled = _split(name)[1] == "percent" or name == own
        if high > 100:
            return {}, f"Left out: {shown}, since its values go up to {high:g} %."
        if high <= 1 and not spelled:
            return {}, (
                f"Left out: {shown}, which never is above 1 and so may be a share or percent; "
                f"call it {own} where it is percent, or give the accuracy."
            )
    return loose, ""


def _split(name: str) -> tuple[str, str | None]:
    """The split that a metric's name speaks of, empty where it does not, and what it measures."""
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    words = [word for word in words if word not in ("epoch", "metrics", "metric")]  # of Keras' tags
    splits = [_SPLITS[word] for word in words if word in _SPLITS]
    rest = " ".join(word for word in words if word not in _SPLITS)
    return (splits[0] if len(set(splits)) == 1 else ""), (_WORDS.get(rest) if len(set(splits)) <= 1 else None)
