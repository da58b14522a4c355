"""Every page run by AppTest as the app runs it: through the navigation, on a results folder of its own."""

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from tests.pages.opening import PAGES, ROOT, Open
from tests.pages.texts import give_weights, tell
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec


@pytest.fixture(scope="session", autouse=True)
def packages_are_scanned_once() -> Iterator[None]:
    """Streamlit looks through every installed package for components at each AppTest's start: half a second of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    """A results folder in which nothing has been stored yet; the app reads the same."""
    return _used(tmp_path / "results", monkeypatch)


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs on digits that differ by epochs and seed, with weights."""
    results = Results(tmp_path_factory.mktemp("stocked"))
    for epochs, seed, error in ((2, 0, 6.0), (1, 1, 8.0)):
        spec = RunSpec.of(architecture="cct-mini/3x3", samples=200, epochs=epochs, seed=seed, batch_size=50)
        give_weights(tell(results, spec, error=error))
    return results.root


@pytest.fixture
def stocked(two_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    """A results folder of the test's own in which two runs are stored."""
    shutil.copytree(two_runs, tmp_path / "results")
    return _used(tmp_path / "results", monkeypatch)


def _used(root: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    root.mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("VITCORE_RESULTS", str(root))
    st.cache_resource.clear()
    return Results(root)


@pytest.fixture
def open_page() -> Open:
    """Opens a page by its file's name and holds that it came up without an exception."""

    def open_one(name: str, query: dict[str, str] | None = None) -> AppTest:
        app = AppTest.from_file(str(ROOT / "pages" / "navigation.py"), default_timeout=60)
        app.run()
        if name != "home":
            app.switch_page(PAGES[name])
            app.query_params.update(query or {})
            app.run()
        assert not app.exception, [error.value for error in app.exception]
        return app

    return open_one


@pytest.fixture(autouse=True)
def nothing_is_hidden(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """An exception that cannot even be shown is in no `app.exception`: the log alone tells of it."""
    yield
    hidden = [record.getMessage() for record in caplog.get_records("call") if record.name == "streamlit.error_util"]
    assert not [text.encode("utf-8", "replace") for text in hidden if text.startswith("Failed to display")]
