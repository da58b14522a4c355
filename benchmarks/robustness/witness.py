"""What the parties of benchmarks/robustness/together.py tell while they go on."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Heard:
    """What the parties met: each one's waits in seconds, and whatever went wrong, in words."""

    waits: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def took(self, party: str, seconds: float) -> None:
        self.waits.setdefault(party, []).append(seconds)
