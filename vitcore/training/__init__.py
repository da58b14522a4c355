"""Training: from a spec to weights, with everything that happened on the way reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vitcore.training.loop import train as train
    from vitcore.training.outcome import Outcome as Outcome

__all__ = ["Outcome", "train"]


def __getattr__(name: str) -> Any:
    # Fetched when asked for, so that what only needs a torch-free part of this folder does not wait for torch.
    if name == "train":
        from vitcore.training.loop import train

        return train
    if name == "Outcome":
        from vitcore.training.outcome import Outcome

        return Outcome
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
