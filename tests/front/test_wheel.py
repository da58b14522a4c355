"""An installed wheel is the whole: the front door trains, the published tables and the app are in it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import urllib.response
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runs.processes import PATIENCE, end_all
from vitcore.runs.folder import Results

ROOT = Path(__file__).parents[2]
SOURCES = ("app.py", "pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "requirements.txt")
FOLDERS = ("vitcore", "pages", ".streamlit")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by setuptools' own backend, which asks no network."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in SOURCES:
        shutil.copy(ROOT / name, source)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = f"from setuptools import build_meta; print(build_meta.build_wheel({str(built)!r}))"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("installed")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(place)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    return place


@pytest.fixture
def elsewhere(installed: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of somebody who has the wheel and no clone; what runs there is ended."""
    environment = {name: value for name, value in os.environ.items() if name != "VITCORE_RESULTS"}
    yield {**environment, "PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1"}
    end_all(Results(tmp_path / "results"))


def ask(code: str, environment: dict[str, str], folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_wheel_holds_every_file_that_a_clone_serves(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    places = {"vitcore": "vitcore", "pages": "vitcore/app/pages"}
    tracked = [
        f"{place}/{path.relative_to(ROOT / source).as_posix()}"
        for source, place in places.items()
        for path in (ROOT / source).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    ]
    assert {"vitcore/py.typed", "vitcore/store/schema.sql", "vitcore/spec/presets.json"} <= set(tracked)
    assert not {*tracked, "vitcore/app/app.py", "vitcore/app/.streamlit/config.toml"} - packed
    top = {name.split("/")[0] for name in packed}
    assert {name for name in top if not name.endswith(".dist-info")} == {"vitcore"}  # no `pages` for everybody


def test_the_published_tables_are_those_of_a_clone(elsewhere: dict[str, str], installed: Path, tmp_path: Path) -> None:
    code = (
        "import vitcore as vc; from vitcore.reproduction import evidence;"
        "print(vc.__file__, *vc.published().index, len(evidence.stored_runs()), sep='\\n')"
    )
    file, *messages = ask(code, elsewhere, tmp_path)
    clone, *equal = ask(code, {**elsewhere, "PYTHONPATH": str(ROOT)}, tmp_path)
    assert Path(file).is_relative_to(installed)
    assert Path(clone).is_relative_to(ROOT)
    assert messages == equal
    assert int(messages[-1]) > 0


@pytest.mark.timeout(600)  # a worker steps back before whatever else a machine does
def test_the_front_door_trains_on_digits(elsewhere: dict[str, str], tmp_path: Path) -> None:
    code = (
        "import vitcore as vc, numpy as np\n"
        "run = vc.train(architecture='cct-mini/3x3', dataset='digits', samples=64, batch_size=16, epochs=2)\n"
        "image = np.zeros((28, 28), np.uint8); image[4:24, 13:16] = 255\n"
        "print(run.status, len(run.curves), run.confusion.sum(), len(vc.runs()))\n"
        "print(len(vc.plot.curves([run]).data), run.model().training, len(vc.predict(run, image).probabilities))\n"
    )
    first, second = ask(code, elsewhere, tmp_path)
    assert first.split()[:2] == ["finished", "2"]
    assert int(first.split()[2]) > 0
    assert first.split()[3] == "1"
    assert second == "1 False 10"
    assert (tmp_path / "results" / "runs").is_dir()


def test_the_command_is_the_command_line(elsewhere: dict[str, str], installed: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(installed / "bin" / "vitcore"), "reports", "list"]
    done = subprocess.run(command, cwd=tmp_path, env=elsewhere, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "performer-table-1" in done.stdout


def test_the_command_starts_the_app(elsewhere: dict[str, str], installed: Path, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(installed / "bin" / "vitcore"), "app", "--port", str(port), "--no-browser"]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=elsewhere, stdout=log, stderr=log)
    try:
        answer = _answer(f"http://127.0.0.1:{port}/assets/plotly.min.js", server)
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    finally:
        server.kill()
        server.wait(10)
    text = (tmp_path / "server.log").read_text(encoding="utf-8", errors="replace")
    assert f"http://127.0.0.1:{port}" in text  # its settings came with it: on this machine alone
    assert "Network URL" not in text


def test_the_apps_pages_run_from_the_wheel(elsewhere: dict[str, str], installed: Path, tmp_path: Path) -> None:
    app = installed / "vitcore" / "app"
    code = (
        f"import sys; sys.path.insert(0, {str(app)!r})\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"page = AppTest.from_file({str(app / 'pages' / 'navigation.py')!r}, default_timeout=120).run()\n"
        "import pages, vitcore; print(pages.__file__, vitcore.__file__, [e.value for e in page.exception], sep='\\n')\n"
        "page.switch_page('reports/performer.py').run()\n"
        "print([e.value for e in page.exception], len(page.dataframe) + len(page.markdown) > 3)\n"
    )
    served, package, home, report = ask(code, elsewhere, tmp_path)
    assert Path(served).is_relative_to(app)
    assert Path(package).is_relative_to(installed)
    assert (home, report) == ("[]", "[] True")


def _answer(url: str, server: subprocess.Popen[bytes]) -> urllib.response.addinfourl:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            found: urllib.response.addinfourl = urllib.request.urlopen(url, timeout=10)
            with found:
                return found
        except (urllib.error.URLError, OSError):
            assert server.poll() is None, "the server ended before it answered"
            time.sleep(0.2)
    raise AssertionError("the server did not answer")
