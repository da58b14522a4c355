"""Settings as a person names them, and the difference that matters where nobody says which."""

import pytest
import typer
from typer.testing import CliRunner

from vitcore.cli import settle
from vitcore.errors import UserError
from vitcore.reproduction.verdicts import published_floor
from vitcore.runs.folder import Results
from vitcore.settle import wishes
from vitcore.settle.question import MARGIN, questions
from vitcore.settle.settings import setting, usual_margin
from vitcore.spec import RunSpec

FLOOR = round(published_floor("performer").deviation, 2)


def test_cells_of_a_table_have_its_noise_floor_as_their_margin() -> None:
    margin, source = usual_margin(["performer-table-1:relu:error", "performer-table-1:x4:error"])
    assert margin == FLOOR == 1.37
    assert "noise floor of performer-table-1" in source


def test_a_table_without_a_known_floor_and_plain_options_have_the_usual_margin() -> None:
    assert usual_margin(["kernel=relu", "20261126-120000-cnn-abcd"]) == (MARGIN, "the usual one")
    margin, source = usual_margin(["slides-table-1:resnet18:x", "slides-table-1:resnet34:x"])
    assert margin == MARGIN
    assert "the noise floor of slides-table-1 is not known" in source
    assert usual_margin(["slides-table-1:resnet18:x", "performer-table-1:relu:error"])[0] == FLOOR
    assert usual_margin(["tags=a:b:c", "kernel=relu"])[0] == MARGIN, "options are no cell"


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(UserError, match="no-such-table"):
        usual_margin(["no-such-table:a:b"])


def test_the_command_line_says_the_margin_it_took_and_keeps_one_that_is_given(
    asleep: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITCORE_RESULTS", str(asleep.root))
    monkeypatch.setattr("vitcore.settle.question.available", lambda *_: "")  # MNIST is not on every machine
    cells = ["performer-table-1:relu:error", "performer-table-1:x4:error"]
    app = typer.Typer()
    app.command()(settle.settle)
    try:
        messages = CliRunner().invoke(app, [*cells, "--detach"], catch_exceptions=False)
        assert f"margin {FLOOR:g} points (the noise floor of performer-table-1" in messages.output
        given = CliRunner().invoke(app, [*cells, "--detach", "--margin", "2"], catch_exceptions=False)
        assert "margin" not in given.output
        assert {question.margin for question in questions(asleep)} == {FLOOR, 2.0}
    finally:
        for question in questions(asleep):
            wishes.stop(asleep, question.key)


def test_the_same_cell_is_the_spec_of_its_scaled_protocol(results: Results) -> None:
    found = setting("performer-table-1:x4:error", results)
    assert isinstance(found, RunSpec)
    assert (found.model.kernel, found.data.dataset, found.seed) == ("x^4", "mnist", 0)
