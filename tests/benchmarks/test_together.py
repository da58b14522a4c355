"""A fast sample of benchmarks.robustness.together: everybody at once on one folder; nothing lost or locked."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_nothing_is_lost_doubled_or_locked_where_everybody_is_at_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.robustness.together", "--minutes", "0.2"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 lost, 0 told twice" in done.stdout
    assert "wrong" not in done.stdout
