"""A search of A against B on digits, and the same one killed twice on its way: same trials, same answer.

    python -m benchmarks.robustness.searched [--trials 8]

Two results folders of their own. In the second the driver and the worker are killed (SIGKILL) after a fourth of the
runs, and all that is alive after a half; each time it is opened again, as the app or the command line do. Compared are
the trials drawn, every validation error, and what is said at the end.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

from vitcore.runs import queue
from vitcore.runs.folder import Results
from vitcore.search import drivers
from vitcore.search.asking import ask
from vitcore.search.plan import Budget, load
from vitcore.search.sentences import answer
from vitcore.search.space import parse
from vitcore.search.standing import Outcome, Standing, standing
from vitcore.spec import RunSpec
from vitcore.store import queries
from vitcore.store.index import Index

PATIENCE = 3_600.0
COMMON = {"dataset": "digits", "samples": 300, "batch_size": 32, "validation": 0.1}
ARMS = tuple(RunSpec.of(architecture="cct-mini/3x3", kernel=kernel, **COMMON) for kernel in ("softmax", "relu"))


def alive(results: Results, *modules: str) -> list[psutil.Process]:
    """Processes of these modules that work on this results folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        here = str(results.root) in line
        if here and any(module in line for module in modules):
            found.append(process)
    return found


def ended(results: Results) -> int:
    """How many of its runs have ended."""
    return sum(queue.status(results, id) == "finished" for id in results.ids())


def searched(
    root: Path, trials: int, epochs: int, kills: dict[float, tuple[str, ...]]
) -> tuple[Results, Standing, str]:
    """The search in a folder of its own, and where it stands at the end."""
    results = Results(root)
    space = [parse(text, ARMS[0]) for text in ("learning_rate=1e-4..3e-2:log", "weight_decay")]
    search = ask(results, ARMS, space, Budget(trials, epochs, sampler="random"))
    left, all_runs, deadline = dict(kills), trials * len(ARMS), time.monotonic() + PATIENCE
    while load(results, search.key).worked_on:
        drivers.ensure(results)
        for share in [share for share in left if ended(results) >= share * all_runs]:
            killed = 0
            for process in alive(results, *left.pop(share)):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
                    killed += 1
            print(f"after {ended(results)} of {all_runs} runs {killed} processes were killed", flush=True)
        if time.monotonic() > deadline:
            raise SystemExit("it took too long")
        time.sleep(0.5)
    index = Index(results)
    index.poll()
    found = load(results, search.key)
    stands = standing(found, queries.runs(index))
    return results, stands, answer(found, stands)


def _named(outcome: Outcome) -> tuple[object, ...]:
    trial = outcome.trial
    return trial.arm, trial.repeat, trial.number, *trial.values.items()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    root = chosen.folder or Path(tempfile.mkdtemp())
    everything = ("vitcore.search.driver", "vitcore.engines.dispatcher", "vitcore.runs.worker")
    kills = {0.25: ("vitcore.search.driver", "vitcore.runs.worker"), 0.5: everything}
    _, calm, calm_answer = searched(root / "calm", chosen.trials, chosen.epochs, {})
    results, killed, killed_answer = searched(root / "killed", chosen.trials, chosen.epochs, kills)
    errors = [{_named(each): each.error for each in stands.outcomes} for stands in (calm, killed)]
    drawn = [set(found) for found in errors]
    print(f"trials: {len(calm.outcomes)} undisturbed, {len(killed.outcomes)} killed; the same: {drawn[0] == drawn[1]}")
    print(f"runs of the killed search: {len(results.ids())}, of {len(killed.outcomes)} trials")
    print(f"validation errors the same: {errors[0] == errors[1]}")
    print(f"answer the same: {killed_answer == calm_answer}\n\n{killed_answer}")


if __name__ == "__main__":
    main()
