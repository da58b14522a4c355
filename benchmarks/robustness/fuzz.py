"""Ten thousand generated bad inputs of every kind: each works or is refused in a sentence, and nothing is executed.

`python -m benchmarks.robustness.fuzz --cases 10000`. Prints how many of each kind ran; exit code 1 where one broke the
promise.
The tests run a fast sample of the same kinds (tests/fuzz).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import HypothesisWarning

from tests.fuzz.kinds import KINDS
from tests.fuzz.promise import Kind, hold


def run(kind: Kind, cases: int, first_seed: int, root: Path, shrink: bool) -> Counter[str]:
    """So many cases of one kind; hypothesis stops early where it has drawn all there are, and is asked again."""
    outcomes: Counter[str] = Counter()
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]

    def item(case: object) -> None:
        outcomes[hold(kind, case, root)] += 1

    again = 0
    while outcomes.total() < cases:
        left = cases - outcomes.total()
        chosen = settings(
            max_examples=left, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=phases
        )
        seed(first_seed + again)(chosen(given(kind.cases)(item)))()
        again += 1
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="kinds whose name holds this")
    parser.add_argument("--shrink", action="store_true", help="make a failing case as small as can be")
    arguments = parser.parse_args()
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", HypothesisWarning)  # an image's bytes are long
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    whole, broken, ran = sum(kind.share for kind in KINDS), 0, 0
    with tempfile.TemporaryDirectory() as root:
        for kind in KINDS:
            if arguments.only not in kind.name:
                continue
            began = time.monotonic()
            wanted = -(-arguments.cases * kind.share // whole)
            try:
                outcomes = run(kind, wanted, arguments.seed, Path(root), arguments.shrink)
            except Exception:  # noqa: BLE001  whatever came is what is looked for
                broken += 1
                print(f"{kind.name}: BROKEN", flush=True)
                trace = traceback.format_exc(limit=-6)
                print("\n".join(line[:300] for line in trace.splitlines()), file=sys.stderr)
                continue
            ran += outcomes.total()
            counts = f"{outcomes['worked']:,} worked, {outcomes['refused']:,} were refused"
            print(f"{kind.name}: {outcomes.total():,} cases, {counts}; {time.monotonic() - began:.0f} s", flush=True)
    print(f"{ran:,} cases; " + (f"{broken} kinds broke the promise" if broken else "none broke the promise"))
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
