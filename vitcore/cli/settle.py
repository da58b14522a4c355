"""`settle`: paired seeds of two or more settings until the question is answered; list, stop and reopen questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vitcore.cli import background
from vitcore.errors import UserError
from vitcore.runs.folder import Results

if TYPE_CHECKING:
    import pandas as pd


def settle(
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SETTING...",
            help='Two or more of: a stored run\'s id; options ("kernel=relu epochs=2"); TABLE:ROW:COLUMN.',
            show_default=False,
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            help="The smallest difference that matters, in points of error; else a table's noise floor, or 0.5.",
            show_default=False,
        ),
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option(
            help="Runs that it may use at most, stored ones included; 40, or what a question had before.",
            show_default=False,
        ),
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Leave at once; it goes on in the background.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the questions and their answers.")] = False,
    stop: Annotated[str | None, typer.Option(metavar="KEY", help="Give a question up.", show_default=False)] = None,
    go_on: Annotated[
        str | None, typer.Option("--continue", metavar="KEY", help="Open an ended question again.", show_default=False)
    ] = None,
) -> None:
    """Run as many seeds as it takes to say which setting is better, and not one more.

    After every seed an anytime-valid test decides, so it may be looked at and stopped at any time. Each seed is trained
    by all settings; those that are stored already count.
    """
    from vitcore.settle import drivers, wishes
    from vitcore.settle.question import BUDGET, ask
    from vitcore.settle.settings import setting, usual_margin

    results = Results()
    ways = sum((bool(settings), listed, stop is not None, go_on is not None))
    if ways != 1:
        raise UserError("say one of: two or more settings, --list, --stop KEY, --continue KEY")
    if listed:
        _list(results)
    elif stop is not None:
        wishes.stop(results, stop)
        _say(results, stop)
    else:
        if go_on is not None:
            key = wishes.go_on(results, go_on, budget).key
        else:
            specs = [setting(text, results) for text in settings or ()]
            if margin is None:
                margin, source = usual_margin(settings or ())
                typer.echo(f"margin {margin:g} points ({source})", err=True)
            key = ask(results, specs, margin, BUDGET if budget is None else budget).key
            drivers.ensure(results)
        typer.echo(key)
        if not detach:
            follow(results, key)


def follow(results: Results, key: str) -> None:
    """A line whenever something has changed, until the question has ended."""
    from vitcore.settle import drivers
    from vitcore.settle.question import Question, load
    from vitcore.settle.sentences import answer, common
    from vitcore.settle.standing import standing

    def line(question: Question, runs: pd.DataFrame) -> str:
        stands = standing(question, runs)
        return f"{stands.spent} of {question.budget} runs: {answer(question, stands)}"

    typer.echo(common(load(results, key).settings), err=True)
    background.follow(results, lambda: load(results, key), drivers.ensure, line, f"vitcore settle --stop {key}")
    _say(results, key)


def _say(results: Results, key: str) -> None:
    from vitcore.settle.question import load

    question = load(results, key)
    typer.echo(f"{question.state}: {question.sentence}")


def _list(results: Results) -> None:
    from vitcore.settle.question import questions
    from vitcore.settle.sentences import names

    for question in questions(results):
        typer.echo(
            f"{question.key}  {question.state}  {' | '.join(names(question.settings))}  {question.sentence}".rstrip()
        )
