"""`robustness`: stored runs on corrupted test images, in the background, and the table of what came out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from vitcore.cli.evaluations import cancel, follow
from vitcore.errors import UserError
from vitcore.runs.folder import Results, RunFolder

if TYPE_CHECKING:
    import pandas as pd


def robustness(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Stored runs' ids.")],
    corruption: Annotated[
        list[str] | None, typer.Option(help="Only this one; may be given several times.", show_default=False)
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Leave at once; it goes on in the background.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Cancel; what was counted stays.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Only show what was counted.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Every count with its interval, as CSV.")] = False,
) -> None:
    """Test stored runs on corrupted test images: noise, blur, contrast, rotation and so on, five severities each.

    Definitions and severities are those of ImageNet-C and its small kin (Hendrycks and Dietterich 2019). What was
    counted is kept with each run, and only what is missing is evaluated.
    """
    from vitcore.analysis import assessments
    from vitcore.analysis import robustness as counted

    if stop + show + detach > 1:
        raise UserError("say one of --detach, --stop and --show")
    results, names = Results(), list(corruption or ())
    steps = counted.plan(names)
    folders = [results.run(id) for id in dict.fromkeys(runs)]
    if stop:
        cancel(runs, counted.KIND)
        return
    if not show:
        asked = [run for run in folders if any(step not in counted.read(run) for step in steps)]
        for run in asked:
            assessments.ask(results, run, counted.KIND, {"corruptions": names})
        if asked:
            assessments.ensure(results)
        if detach:
            return

        def text(run: RunFolder) -> str:
            there = counted.read(run)
            return f"{sum(step in there for step in steps)} of {len(steps)}"

        follow(results, asked, counted.KIND, text, "vitcore robustness --stop")
    table = counted.table(folders)
    wanted = table[table["corruption"].isin({name for name, _ in steps})]
    if csv:
        from vitcore.store import exports

        typer.echo(exports.csv(wanted), nl=False)
    else:
        _print(folders, wanted)


def _print(runs: list[RunFolder], table: pd.DataFrame) -> None:
    """Of each run a table: corruptions down, severities across."""
    from vitcore.analysis.corruptions import CORRUPTIONS, SEVERITIES
    from vitcore.runs.annotations import title

    screen = Console()
    screen = screen if screen.is_terminal else Console(width=160)
    for run in runs:
        own = table[table["run"] == run.id].set_index(["corruption", "severity"])
        screen.print(f"{title(run)} ({run.id})", markup=False, highlight=False)
        if own.empty:
            screen.print("  nothing is counted yet")
            continue
        severities = [Column(f"severity {each}", justify="right") for each in range(1, SEVERITIES + 1)]
        drawn = Table("test error, % (95 % interval)", *severities, box=None, header_style="bold")
        for name, corruption in CORRUPTIONS.items():
            cells = [_cell(own, (name, severity)) for severity in range(1, SEVERITIES + 1)]
            if any(cells):
                drawn.add_row(corruption.label, *cells)
        clean = _cell(own, ("none", 0))
        screen.print(f"  as they are: {clean}" if clean else "", highlight=False)
        screen.print(drawn)


def _cell(table: pd.DataFrame, key: tuple[str, int]) -> str:
    if key not in table.index:
        return ""
    error, low, high = (float(table.loc[key, name]) for name in ("error", "low", "high"))  # type: ignore[arg-type]
    return f"{error:.2f} ({low:.2f} to {high:.2f})"
