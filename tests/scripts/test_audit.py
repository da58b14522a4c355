"""The audit reports what is known, and never takes what it could not ask for as sound."""

import json
import os
import subprocess
import sys
from pathlib import Path

from scripts.audit import report

ROOT = Path(__file__).resolve().parents[2]
SOUND = {"name": "sound", "version": "1", "vulns": []}
HOLED = {"name": "holed", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI"}


def test_holes_are_named_with_the_version_that_mends_them() -> None:
    text = report(json.dumps({"dependencies": [SOUND, HOLED, UNKNOWN]}), "")
    assert text == ["Audit: 1 known holes in 2 packages; 1 not audited.", "  holed 2: PYSEC-1, mended in 3"]


def test_what_could_not_be_asked_is_said_in_one_line() -> None:
    for output, errors in ((json.dumps({"dependencies": [UNKNOWN]}), ""), ("", "…\nConnectionError: no route")):
        (text,) = report(output, errors)
        assert "nothing was audited" in text
        assert "0 known holes" not in text


def test_without_a_network_it_says_so_and_fails_nothing() -> None:
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "", "no_proxy": ""}
    done = subprocess.run(
        [sys.executable, "-m", "scripts.audit"],
        cwd=ROOT,
        env={**os.environ, **nowhere},
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert "nothing was audited" in done.stdout
