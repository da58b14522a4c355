"""What every test may use: the genuine datasets where they lie, or places of its own where nothing lies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.stored_runs import frame, seeds

__all__ = ["frame", "seeds"]  # fixtures for every folder

# Before torch is first imported, here and in every process a test starts: several test processes share the cores, and
# threads that wait for one another by spinning would take them from the rest.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# The files that take longest, first: three processes share the suite by files, and what begins last must be short.
LONGEST = (
    *(
        "browser/test_walk.py",
        "cli/test_command_line.py",
        "pages/test_hostile_results.py",
        "benchmarks/test_together.py",
    ),
    *("training/test_process_parallel.py", "runs/test_together.py"),
    *("runs/test_workers.py", "runs/test_faults.py", "benchmarks/test_soak.py", "browser/test_live_runs.py"),
    *("browser/test_compare.py", "browser/test_views.py", "lab/test_measure.py", "runs/test_distillation.py"),
    *("runs/test_courtesies.py", "pages/test_reports.py", "pages/test_train.py", "front/test_wheel.py"),
    *("models/test_zoo.py", "runs/test_hostile_files.py", "runs/test_export.py", "runs/test_modes.py"),
)
HERE = Path(__file__).parent
BESIDE = Path(__file__).parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    first = {HERE / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: first.get(item.path, len(first)))  # stable: the rest stays in its order


@pytest.fixture(scope="session")
def linked_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of links to the genuine datasets: decoded copies come to lie in it, and none beside the datasets."""
    genuine = Path(os.environ.get("VITCORE_DATA") or BESIDE)
    if not (genuine / "MNIST" / "raw").is_dir():
        pytest.skip(f"no genuine datasets in {genuine}; set VITCORE_DATA to a folder with MNIST/raw in it")
    folder = tmp_path_factory.mktemp("data")
    for entry in genuine.iterdir():
        if not entry.name.startswith("."):
            (folder / entry.name).symlink_to(entry.absolute(), target_is_directory=entry.is_dir())
    return folder


@pytest.fixture
def real_data(linked_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of genuine datasets (MNIST, CIFAR-10 as JPEG, Tiny ImageNet), also named to the code under test."""
    monkeypatch.setenv("VITCORE_DATA", str(linked_data))
    return linked_data


@pytest.fixture
def own_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty data folder and an empty cache, so that nothing is found that the test did not put there."""
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setenv("VITCORE_DATA", str(data))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    return data
