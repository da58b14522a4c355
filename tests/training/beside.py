"""The processes beside a test that train along with it: `python -m tests.training.beside RANK`, told what by lines.

Each line of its input is a JSON object: where the processes meet, how many they are, and the options of the run. One
such process goes through all the runs of a file of tests, since starting one takes longer than training a few steps.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.training.runs import QUICK, Guide, Lines, quick
from vitcore.errors import UserError
from vitcore.runs.together import meet
from vitcore.spec import RunSpec
from vitcore.training import Outcome
from vitcore.training.follower import follow
from vitcore.training.outcome import RankLost
from vitcore.training.ranks import Place, Ranks

ROOT = Path(__file__).resolve().parents[2]


def met(store: str, rank: int, count: int) -> Ranks:
    return meet(Path(store), Place(rank, count, rank, count))


class Beside:
    """The processes of ranks 1 to `most` - 1, this one being the first."""

    def __init__(self, most: int) -> None:
        command = [sys.executable, "-m", "tests.training.beside"]
        self.processes = [
            subprocess.Popen([*command, str(rank)], cwd=ROOT, stdin=subprocess.PIPE, text=True)
            for rank in range(1, most)
        ]

    def train(self, folder: Path, count: int, **options: Any) -> tuple[Outcome, Lines]:
        """As `quick`, by `count` processes."""
        folder.mkdir(exist_ok=True)
        store = str(folder / f"store-{len(list(folder.glob('store-*')))}")
        guide, control = options.get("guide"), options.get("control")
        sent = {name: value for name, value in options.items() if name not in ("guide", "control")}
        line = {"store": store, "count": count, "folder": str(folder), "guide": guide and guide.answer, **sent}
        for process in self.processes[: count - 1]:
            assert process.stdin
            process.stdin.write(json.dumps(line) + "\n")
            process.stdin.flush()
        more = {"control": control} if control else {}
        return quick(folder, **{**options, **more, "ranks": met(store, 0, count)})

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
            assert process.stdin
            process.stdin.close()


def main() -> None:
    rank = int(sys.argv[1])
    for text in sys.stdin:
        line = json.loads(text)
        ranks = met(line.pop("store"), rank, line.pop("count"))
        folder, guide, resume = Path(line.pop("folder")), line.pop("guide"), line.pop("resume", False)
        try:
            spec = RunSpec.of(**(QUICK | line))
            follow(spec, ranks, folder=folder, resume=resume, teacher=None if guide is None else Guide(guide))
        except (UserError, RankLost) as error:
            print(f"process {rank}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
