"""`python -m vitcore reports`: what it says, queues and writes."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from vitcore.cli import reports
from vitcore.errors import UserError
from vitcore.published.tables import tables
from vitcore.reproduction import evidence
from vitcore.spec import RunSpec


@pytest.fixture(autouse=True)
def own_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITCORE_RESULTS", str(tmp_path / "results"))
    monkeypatch.setattr(evidence, "FOLDER", tmp_path)  # the runs kept with the project grow by themselves


def sentence(*words: str) -> str:
    found = CliRunner().invoke(reports.app, list(words), catch_exceptions=False)
    assert found.exit_code == 0
    return found.output


def test_every_table_is_listed_and_shown() -> None:
    listed = sentence("list")
    for key, table in tables().items():
        assert key in listed
        assert table.rows[0].label.split()[0] in sentence("show", key)


def test_fill_says_how_many_and_a_dry_run_queues_nothing(tmp_path: Path) -> None:
    messages = sentence("fill", "performer-table-2", "performer-table-3", "--seeds", "2", "--dry-run")
    assert "72 runs are missing" in messages
    assert messages.count("python -m vitcore train") == 72
    assert not (tmp_path / "results" / "runs").exists()
    pair = sentence("fill", "performer-table-1", "--row", "relu", "--explain", "--dry-run")
    assert pair.count("--kernel relu") == 2, "the row's own run, and the one that learns"


def test_an_export_is_written_and_read_back(tmp_path: Path) -> None:
    back = pd.read_csv(io.StringIO(sentence("export", "hybrid-figure-4")))
    assert back["published"].tolist()[:3] == [0.7848, 0.7842, 0.9667]
    out = tmp_path / "table.tex"
    sentence("export", "slides-table-3", "--format", "latex", "--out", str(out))
    assert r"\toprule" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["show", "table-9"], "no published table 'table-9'"),
        (["show", "performer-table-1", "--protocol", "magic"], "no protocol 'magic'"),
        (["fill", "performer-table-1", "--row", "tanh"], "no row 'tanh'"),
        (["export", "performer-table-1", "--format", "docx"], "no format 'docx'"),
    ],
)
def test_what_is_wrong_is_named(words: list[str], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        sentence(*words)


def test_the_default_spec_needs_no_flags() -> None:
    from vitcore.spec import command_line

    assert command_line(RunSpec.begun()) == "python -m vitcore train"
    assert command_line(RunSpec()) == "python -m vitcore train --validation 0"
