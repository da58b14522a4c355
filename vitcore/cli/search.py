"""`search`: trials of one or more arms with equal budgets; start, follow, list, show, stop, continue, confirm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vitcore.cli import background
from vitcore.errors import UserError
from vitcore.runs.folder import Results

if TYPE_CHECKING:
    import pandas as pd

    from vitcore.search.plan import Search
    from vitcore.search.standing import Standing

app = typer.Typer(help="Search a setting's options with equal budgets, and say what that shows.", no_args_is_help=True)
Key = Annotated[str, typer.Argument(metavar="KEY", help="A search's name, as `search list` has it.")]


@app.command("start")
def start(
    arms: Annotated[
        list[str],
        typer.Argument(
            metavar="ARM...",
            help='What is searched for, one or several: a stored run\'s id; options ("kernel=relu"); TABLE:ROW:COLUMN.',
        ),
    ],
    over: Annotated[
        list[str],
        typer.Option(
            metavar="OPTION",
            help="An option that is searched, several times: learning_rate (a range is proposed), "
            "learning_rate=1e-4..1e-2:log, optimizer=adamw,sgd.",
        ),
    ],
    trials: Annotated[str, typer.Option(metavar="INTEGER", help="Of each arm.")] = "12",
    epochs: Annotated[str, typer.Option(metavar="INTEGER", help="Of each run.")] = "5",
    seeds: Annotated[str, typer.Option(metavar="INTEGER", help="Of each trial; its error is their mean.")] = "1",
    repeats: Annotated[str, typer.Option(metavar="INTEGER", help="Independent searches of each arm.")] = "1",
    sampler: Annotated[
        str | None,
        typer.Option(
            help="random or tpe; tpe for one arm, random for several: TPE's trials depend on one another, so that one "
            "search has no interval.",
            show_default=False,
        ),
    ] = None,
    pruner: Annotated[str, typer.Option(help="Stops unpromising trials: none, median or hyperband.")] = "none",
    seed: Annotated[str, typer.Option(metavar="INTEGER", help="Of all that is drawn.")] = "0",
    detach: Annotated[bool, typer.Option("--detach", help="Leave at once; it goes on in the background.")] = False,
) -> None:
    """Search these options for each arm: as many trials, epochs and seeds for one as for the other.

    Trials are chosen by validation error and never evaluated on the test images; `confirm` does that, with fresh seeds.
    """
    from vitcore.search import drivers
    from vitcore.search.asking import ask, usual_sampler
    from vitcore.search.plan import Budget
    from vitcore.search.space import parse
    from vitcore.settle.settings import setting

    results = Results()
    specs = [setting(text, results, begun=True) for text in arms]
    space = [parse(text, specs[0]) for text in over]
    numbers = {"trials": trials, "epochs": epochs, "seeds": seeds, "repeats": repeats, "seed": seed}
    read = {name: _whole(name, text) for name, text in numbers.items()}
    drawn_from = read.pop("seed")
    budget = Budget(**read, sampler=sampler or usual_sampler(len(specs)), pruner=pruner)  # type: ignore[arg-type]
    key = ask(results, specs, space, budget, drawn_from).key
    drivers.ensure(results)
    typer.echo(f"searched: {'; '.join(dimension.words() for dimension in space)}", err=True)
    typer.echo(key)
    if not detach:
        _follow(results, key)


@app.command("list")
def listed() -> None:
    """List the searches, newest first: name, state, arms, what they say."""
    from vitcore.search.plan import searches
    from vitcore.search.sentences import names

    for search in searches(Results()):
        typer.echo(f"{search.key}  {search.state}  {' | '.join(names(search))}  {search.sentence}".rstrip())


@app.command("show")
def show(
    key: Key,
    csv: Annotated[bool, typer.Option("--csv", help="Every trial as CSV, to keep or to compute with.")] = False,
) -> None:
    """Show a search as it stands: its answer, what is expected of each budget, its trials."""
    from vitcore.search.tables import expected, trials

    search, stands = _stands(Results(), key)
    if csv:
        typer.echo(trials(search, stands).to_csv(index=False), nl=False)
        return
    _say(search, stands)
    for table in (expected(search, stands), trials(search, stands)):
        if len(table):
            typer.echo(f"\n{table.to_string(index=False, na_rep='–', float_format='{:.4g}'.format)}")
    if search.confirmed:
        typer.echo(f"\n{_confirmed(Results(), search)}")


@app.command("follow")
def follow(key: Key) -> None:
    """Follow a search until it has ended; interrupted, it goes on in the background."""
    _follow(Results(), key)


@app.command("stop")
def stop(key: Key) -> None:
    """Give a search up: what waits is taken out of the queue, what runs may end."""
    from vitcore.search import wishes

    wishes.stop(Results(), key)
    _say(*_stands(Results(), key))


@app.command("continue")
def go_on(
    key: Key,
    detach: Annotated[bool, typer.Option("--detach", help="Leave at once; it goes on in the background.")] = False,
) -> None:
    """Open an ended search again."""
    from vitcore.search import wishes

    wishes.go_on(Results(), key)
    if not detach:
        _follow(Results(), key)


@app.command("confirm")
def confirm(
    key: Key,
    best: Annotated[
        str | None,
        typer.Option(
            metavar="INTEGER", help="Settings of each arm; 2, of a search with one arm 3.", show_default=False
        ),
    ] = None,
    margin: Annotated[float | None, typer.Option(help="As of `settle`.", show_default=False)] = None,
    budget: Annotated[int | None, typer.Option(help="As of `settle`.", show_default=False)] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Leave at once; it goes on in the background.")] = False,
) -> None:
    """Run the best settings again with fresh seeds, until Settle says which is better; these alone are tested."""
    from vitcore.cli.settle import follow as follow_question
    from vitcore.search import wishes
    from vitcore.search.plan import load
    from vitcore.settle.question import BUDGET, MARGIN

    results = Results()
    count = None if best is None else _whole("best", best)
    question = wishes.confirm(
        results, key, count, MARGIN if margin is None else margin, BUDGET if budget is None else budget
    )
    typer.echo(question.key)
    if not detach:
        follow_question(results, question.key)
        typer.echo(_confirmed(results, load(results, key)))


@app.command("delete")
def delete(key: Key) -> None:
    """Delete a search that nobody works on; its runs stay."""
    from vitcore.search.plan import forget, load

    results = Results()
    if load(results, key).worked_on:
        raise UserError(f"search {key} is under way; stop it first")
    forget(results, key)


def _whole(name: str, text: str) -> int:
    """A whole number as the form would read it."""
    from vitcore.spec import SpecField
    from vitcore.spec.typed import read

    return int(read(SpecField(name, (name,), "", int, False, None, f"--{name}", "", False, (), {}), text))


def _stands(results: Results, key: str) -> tuple[Search, Standing]:
    from vitcore.search.plan import load
    from vitcore.search.standing import standing

    search = load(results, key)
    return search, standing(search, background.fresh_runs(results))


def _follow(results: Results, key: str) -> None:
    """A line whenever something has changed, until the search has ended."""
    from vitcore.search import drivers
    from vitcore.search.plan import load
    from vitcore.search.sentences import answer, common
    from vitcore.search.standing import standing

    def line(search: Search, runs: pd.DataFrame) -> str:
        return answer(search, standing(search, runs))

    typer.echo(common(load(results, key)), err=True)
    background.follow(results, lambda: load(results, key), drivers.ensure, line, f"vitcore search stop {key}")
    _say(*_stands(results, key))


def _say(search: Search, stands: Standing) -> None:
    from vitcore.search.sentences import conclusion

    typer.echo(f"{search.state}: {conclusion(search, stands)}")


def _confirmed(results: Results, search: Search) -> str:
    from vitcore.search.sentences import confirmed
    from vitcore.settle.question import load
    from vitcore.settle.standing import standing

    try:
        question = load(results, search.confirmed)
    except UserError:
        return "The question that was to confirm it has been deleted."
    return f"{confirmed(question, standing(question, background.fresh_runs(results)))} {question.sentence}".rstrip()
