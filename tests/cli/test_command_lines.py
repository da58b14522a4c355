"""Commands that a person copies or reads do what they say: quoted for the shell, and every value checked."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.exceptions import TyperException
from typer.testing import CliRunner

from vitcore.cli import app
from vitcore.errors import UserError
from vitcore.spec import RunSpec, command_line, fields

ROOT = Path(__file__).parents[2]
COMMAND = typer.main.get_command(app)  # built once: it has a hundred options
LETTERS = st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")


def words_of(lines: Sequence[str]) -> list[list[str]]:
    """What a program is given by bash for each of these lines; one bash reads them all."""
    script = 'set -f; told() { printf \'%s\\0\' "$#" "$@"; }\n' + "".join(f"told {line}\n" for line in lines)
    shell = subprocess.run(["bash"], input=script.encode(), capture_output=True, check=True)
    words, found = shell.stdout.decode().split("\0")[:-1], []
    while words:
        count = int(words.pop(0))
        found.append(words[:count])
        del words[:count]
    assert len(found) == len(lines)
    return found


def spec_of(words: list[str], monkeypatch: pytest.MonkeyPatch) -> RunSpec:
    """The spec that the command line makes of its words."""
    made: list[RunSpec] = []

    def enqueue(results: object, spec: RunSpec, *, after: Sequence[str] = ()) -> str:
        assert not after
        made.append(spec)
        return "an-id"

    with monkeypatch.context() as patch:
        patch.setattr("vitcore.cli.train.queue.enqueue", enqueue)
        assert words[:3] == ["python", "-m", "vitcore"]
        COMMAND.main([*words[3:], "--detach"], standalone_mode=False)
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


def specs_with(texts: Sequence[str]) -> list[RunSpec]:
    """A spec with each text as its folder, where that can be one."""
    found = []
    for text in texts:
        for folder in (text, f"/{text}/x"):
            try:
                found.append(RunSpec.of(dataset="folder", folder=folder))
                break
            except UserError:
                continue
    return found


def test_a_copied_command_starts_the_same_run(monkeypatch: pytest.MonkeyPatch) -> None:
    specs = specs_with(ODD)
    assert len(specs) == len(ODD)
    for spec, words in zip(specs, words_of([command_line(spec) for spec in specs]), strict=True):
        assert spec_of(words, monkeypatch) == spec


def test_so_it_does_with_any_text_in_it() -> None:
    @settings(max_examples=2, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.text(LETTERS, min_size=1, max_size=12), min_size=20, max_size=20, unique=True))
    def many(texts: list[str]) -> None:
        specs = specs_with(texts)
        for spec, words in zip(specs, words_of([command_line(spec) for spec in specs]), strict=True):
            with pytest.MonkeyPatch.context() as patch:
                assert spec_of(words, patch) == spec

    many()


def commands() -> list[str]:
    """Every command in README and the pages that it moved to, less its comments."""
    pages = ("README.md", "docs/command-line.md", "docs/measurements.md")
    text = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in pages)
    found = re.findall(r"python -m vitcore ((?:[a-z-]+)(?: [^`#\n]*)?)", text)
    return sorted({" ".join(item.split("(")[0].replace("…", "").split()) for item in found})


def test_the_pages_have_commands() -> None:
    assert len(commands()) >= 8


@pytest.mark.parametrize("line", commands())
def test_every_command_on_a_page_is_one(line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is parsed as it stands, and the spec, table or preset that it names is there."""
    from vitcore.cli.train import chosen_spec
    from vitcore.published.tables import table

    command, [words] = typer.main.get_command(app), words_of([line])
    context = command.make_context("vitcore", list(words))
    while isinstance(words, list) and hasattr(command, "commands"):
        name, *words = words
        command = command.commands[name]
        context = command.make_context(name, list(words))
    given_values = dict(context.params)
    if context.info_name in ("train", "forecast"):
        for own in ("detach", "as_json", "after"):
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
    ["train", "--optimizer", "nonsense"],
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
    ["import", "cct-2/3x2", "a.pt", "--pos-embed", "nonsense"],
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_a_value_that_is_none_of_the_set_is_refused(words: list[str], tmp_path: Path) -> None:
    messages = CliRunner().invoke(app, ["--results", str(tmp_path), *words], env={"VITCORE_RESULTS": str(tmp_path)})
    assert messages.exit_code != 0
    assert isinstance(messages.exception, UserError), messages.output
    assert "nonsense" in str(messages.exception) or "cifar10" in str(messages.exception)


FREE = {
    "title", "author", "results", "note", "name", "folder", "teacher", "init_from", "row", "weights of import", "out",
    "onnx", "tensorboard", "mlflow", "partition", "account",
}  # fmt: skip
"""Options that take any text, as a cluster's own names; `row` and a file's own sets of weights are looked for in what
they name."""


def options() -> Iterator[tuple[str, list[str], Any]]:
    """Every option of every command that takes a value, with the words that call the command."""
    needed = {
        "predict": ["a", "b"],
        "export": ["a", "--onnx", "b"],
        "import": ["cct-2/3x2", "a.pt"],
        "import-runs": ["a"],
        "export-runs": ["a"],
    }
    needed |= {item: ["performer-table-1"] for item in ("show", "fill")} | {
        item: ["a"] for item in ("tag", "robustness", "calibration", "representations")
    }
    needed |= {"start": ["architecture=cnn", "--over", "learning_rate"], "confirm": ["a"]}
    needed |= {"add": ["a", "b"], "verify": ["performer-table-1"], "make": ["a", "--title", "t"], "open": ["b.zip"]}
    root: Any = typer.main.get_command(app)
    for name, command in root.commands.items():
        for own, entry in getattr(command, "commands", {"": command}).items():
            called = [name, own] if own else [name]
            more = ["performer-table-1"] if called == ["reports", "export"] else needed.get(called[-1], [])
            for option in entry.params:
                if option.param_type_name == "option" and not option.is_flag:
                    yield " ".join(called), [*called, *more], option


def test_every_option_with_a_set_of_values_refuses_others_by_name(tmp_path: Path) -> None:
    """What came and, in the same sentence, the option or what it is of, and what would do."""
    known = 0
    for name, words, option in options():
        if option.name in FREE or f"{option.name} of {name}" in FREE:
            continue
        line = ["--results", str(tmp_path), *words, option.opts[0], "nonsense"]
        line += ["--detach"] if name == "train" else []
        messages = CliRunner().invoke(app, line, standalone_mode=False)
        text = (
            messages.exception.format_message()
            if isinstance(messages.exception, TyperException)
            else str(messages.exception)
        )
        assert messages.exception is not None, (line, messages.output)
        assert "nonsense" in text or option.opts[0] in text, (line, text)
        assert isinstance(messages.exception, UserError | TyperException), (line, text)
        known += 1
    assert known > 80
    assert not (tmp_path / "runs").exists(), "nothing was queued"


def test_every_choice_of_a_spec_is_told_where_another_is_given() -> None:
    for field in fields():
        if field.choices:
            with pytest.raises(UserError, match="nonsense") as messages:
                RunSpec.of(**{field.name: "nonsense"})
            assert any(str(choice) in str(messages.value) for choice in field.choices), str(messages.value)


def test_the_exit_code_of_a_nonsensical_status_is_two(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "vitcore", "--results", str(tmp_path), "runs", "--status", "nonsense"]
    done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert "queued" in done.stderr
