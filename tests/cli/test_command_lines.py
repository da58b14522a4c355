"""Commands that a person copies or reads do what they say: quoted for the shell, and every value checked."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from vitcore.cli import app
from vitcore.errors import Refusal
from vitcore.spec import RunSpec, command_line

ROOT = Path(__file__).parents[2]
LETTERS = st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")


def words_of(line: str) -> list[str]:
    """What a program is given by bash for this line."""
    shell = ["bash", "-c", "set -f; shift_all() { printf '%s\\0' \"$@\"; }; shift_all " + line]
    return subprocess.run(shell, capture_output=True, check=True).stdout.decode().split("\0")[:-1]


def spec_of(words: list[str], monkeypatch: pytest.MonkeyPatch) -> RunSpec:
    """The spec that the command line makes of its words."""
    made: list[RunSpec] = []

    def enqueue(results: object, spec: RunSpec) -> str:
        made.append(spec)
        return "an-id"

    with monkeypatch.context() as patch:
        patch.setattr("vitcore.cli.train.queue.enqueue", enqueue)
        assert words[:3] == ["python", "-m", "vitcore"]
        app([*words[3:], "--detach"], standalone_mode=False)
    return made[0]


ODD = [
    'a"b',
    "$HOME",
    "`id`",
    "a!b",
    "two\nlines",
    "it's",
    "a\\b",
    "*",
    "~",
    "-x",
    "ü ß",
    "a;b&c|d",
    "#",
    "%PATH%",
    " ",
]


@pytest.mark.parametrize("folder", ODD)
def test_a_copied_command_starts_the_same_run(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        spec = RunSpec.of(dataset="folder", folder=folder)
    except Refusal:
        spec = RunSpec.of(dataset="folder", folder=f"/{folder}/x")
    assert spec_of(words_of(command_line(spec)), monkeypatch) == spec


def test_so_it_does_with_any_text_in_it() -> None:
    @settings(max_examples=40, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.text(LETTERS, min_size=1, max_size=12))
    def one(folder: str) -> None:
        with pytest.MonkeyPatch.context() as patch:
            try:
                spec = RunSpec.of(dataset="folder", folder=folder)
            except Refusal:
                return
            assert spec_of(words_of(command_line(spec)), patch) == spec

    one()


def commands() -> list[str]:
    """Every command in README, less its comments."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"python -m vitcore ((?:[a-z]+)(?: [^`#\n]*)?)", text)
    return sorted({" ".join(one.split("(")[0].replace("…", "").split()) for one in found})


def test_readme_has_commands() -> None:
    assert len(commands()) >= 8


@pytest.mark.parametrize("line", commands())
def test_every_command_in_readme_is_one(line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is parsed as it stands, and the spec, table or preset that it names is there."""
    from vitcore.cli.train import chosen_spec
    from vitcore.published.tables import table

    command, words = typer.main.get_command(app), words_of(line)
    context = command.make_context("vitcore", list(words))
    while isinstance(words, list) and hasattr(command, "commands"):
        name, *words = words
        command = command.commands[name]
        context = command.make_context(name, list(words))
    given_values = dict(context.params)
    if context.info_name in ("train", "forecast"):
        for own in ("detach", "as_json"):
            given_values.pop(own, None)
        chosen_spec(given_values.pop("start_from"), given_values)
    for key in [given_values["key"]] if "key" in given_values else given_values.get("keys", []):
        table(key)


WRONG = [
    ["runs", "--status", "nonsense"],
    ["models", "nonsense"],
    ["train", "--preset", "nonsense"],
    ["train", "--architecture", "nonsense"],
    ["train", "--dataset", "nonsense"],
    ["train", "--kernel", "nonsense"],
    ["train", "--optimiser", "nonsense"],
    ["train", "--schedule", "nonsense"],
    ["forecast", "--dataset", "cifar10"],
    ["reports", "show", "nonsense"],
    ["reports", "show", "performer-table-1", "--protocol", "nonsense"],
    ["reports", "export", "performer-table-1", "--protocol", "nonsense"],
    ["reports", "export", "performer-table-1", "--format", "nonsense"],
    ["reports", "fill", "nonsense", "--dry-run"],
    ["reports", "fill", "performer-table-1", "--protocol", "nonsense", "--dry-run"],
    ["reports", "fill", "performer-table-1", "--row", "nonsense", "--dry-run"],
    ["import", "nonsense", "a.pt"],
    ["import", "cct-2/3x2", "a.pt", "--dataset", "nonsense"],
    ["import", "cct-2/3x2", "a.pt", "--positions", "nonsense"],
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_a_value_that_is_none_of_the_set_is_refused(words: list[str], tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["--results", str(tmp_path), *words], env={"VITCORE_RESULTS": str(tmp_path)})
    assert told.exit_code != 0
    assert isinstance(told.exception, Refusal), told.output
    assert "nonsense" in str(told.exception) or "cifar10" in str(told.exception)


def test_every_choice_of_a_spec_is_checked_by_the_command_line() -> None:
    from vitcore.spec import fields

    for field in fields():
        if field.choices:
            with pytest.raises(Refusal, match="nonsense"):
                RunSpec.of(**{field.name: "nonsense"})


def test_the_exit_code_of_a_nonsensical_status_is_two(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "vitcore", "--results", str(tmp_path), "runs", "--status", "nonsense"]
    done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert "queued" in done.stderr
