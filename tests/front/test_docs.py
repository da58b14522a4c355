"""Every Python code block of README.md and docs/ runs as it stands, page by page, on fresh results folders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugins.tables import apart
from tests.runs.processes import end_all
from vitcore.runs.folder import Results

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Results]:
    monkeypatch.setenv("VITCORE_RESULTS", str(tmp_path / "results"))
    monkeypatch.chdir(tmp_path)
    yield Results()
    end_all(Results())


@pytest.mark.timeout(900)  # a page trains twice; workers step back before whatever else a machine does
@pytest.mark.parametrize(
    "page", [page for page in PAGES if BLOCK.search(page.read_text("utf-8"))], ids=lambda p: p.name
)
def test_every_python_block_runs(page: Path, results: Results) -> None:
    text, names = page.read_text(encoding="utf-8"), {"__name__": "__main__"}
    with apart():  # what a page registers goes with it
        for block in BLOCK.finditer(text):
            line = text.count("\n", 0, block.start(1))
            exec(compile("\n" * line + block[1], str(page), "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_code_block_says_its_language_or_is_for_a_shell(page: Path) -> None:
    """A Python block that is not marked as one would not be run."""
    fences = re.findall(r"^```(.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(fences) % 2 == 0
    assert set(fences[::2]) <= {"", "python"}
    assert set(fences[1::2]) <= {""}
    for language, shell in re.findall(r"^```(.*?)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        assert language == "python" or not re.search(r"^(import|from) |^\w+ = |^vc\.", shell, re.MULTILINE), shell


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_that_is_there(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
