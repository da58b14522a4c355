"""Short runs for the tests: tiny budgets, everything they report kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from vitcore import events
from vitcore.spec import RunSpec
from vitcore.training import Outcome, train

TIMES = ("training_seconds", "evaluation_seconds", "cpu_seconds", "images_per_second", "memory_mb", "eta_seconds")
QUICK: dict[str, Any] = {"architecture": "cnn", "samples": 40, "batch_size": 8, "epochs": 2, "device": "cpu"}


class Lines:
    """What a run reported, stream by stream."""

    def __init__(self) -> None:
        self.lines: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def __call__(self, line: events.Line) -> None:
        self.lines[line.stream].append(line.written())

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines["events"] if line["event"] == kind]

    def measured(self) -> dict[int, dict[str, Any]]:
        """The epochs by number, times apart; a line told again replaces the first."""
        return {
            line["epoch"]: {key: value for key, value in line.items() if key not in TIMES}
            for line in self.events("epoch")
        }

    def losses(self) -> dict[int, float]:
        return {line["step"]: line["loss"] for line in self.lines["steps"]}


def quick(folder: Path | None = None, **options: Any) -> tuple[Outcome, Lines]:
    """Train on a few digits; `control`, `resume` and `guide` (a teacher) go to `train`, the rest into the spec."""
    passed = {name: options.pop(name) for name in ("control", "resume", "ranks") if name in options}
    guide = options.pop("guide", None)
    messages = Lines()
    if folder is not None:
        folder.mkdir(exist_ok=True)
    return train(RunSpec.of(**(QUICK | options)), messages, folder=folder, teacher=guide, **passed), messages


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def same(item: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """Bit for bit."""
    return item.keys() == other.keys() and all(torch.equal(item[name], other[name]) for name in item)


def after(asks: int, answer: str = "stop") -> Callable[[], str | None]:
    """A control that answers from its `asks`-th question on."""
    left = asks

    def control() -> str | None:
        nonlocal left
        left -= 1
        return answer if left < 0 else None

    return control


class Guide(nn.Module):
    """A teacher that always says the same class."""

    def __init__(self, answer: int) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return nn.functional.one_hot(torch.full((len(images),), self.answer), 10).float() * 20
