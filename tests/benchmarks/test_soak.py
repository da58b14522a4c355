"""A fast sample of benchmarks/robustness/soak.py: random kills, and nothing that was reported is lost."""

import subprocess
import sys
from pathlib import Path

SOAK = Path(__file__).resolve().parents[2] / "benchmarks" / "robustness" / "soak.py"


def test_nothing_reported_is_lost_to_random_kills() -> None:
    done = subprocess.run(
        [sys.executable, str(SOAK), "--kills", "3", "--epochs", "8"], capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "none lost, none changed" in done.stdout
