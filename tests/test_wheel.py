"""An installed wheel shows the same published tables as a clone does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_published_tables_are_in_the_wheel(tmp_path: Path) -> None:
    source, built, installed = tmp_path / "source", tmp_path / "built", tmp_path / "installed"
    source.mkdir()
    built.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "requirements.txt"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "vitcore", source / "vitcore", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "results" / "published", source / "results" / "published")
    build = f"from setuptools import build_meta; print(build_meta.build_wheel({str(built)!r}))"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    ask = (
        "from vitcore.reports import kept, published; from pathlib import Path;"
        "print(published.__file__, sorted(published.tables()), len(kept.kept_runs()), sep='\\n')"
    )
    told = []
    for place in (installed, ROOT):
        environment = {**os.environ, "PYTHONPATH": str(place)}
        done = subprocess.run(
            [sys.executable, "-P", "-c", ask], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
        )
        file, *rest = done.stdout.splitlines()
        assert Path(file).is_relative_to(place)
        told.append(rest)
    assert told[0] == told[1]
    assert int(told[0][1]) > 0
