"""The command line: the same runs, specs and tables as the pages', without a browser."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from typer._click.core import Command, Context
from typer.core import TyperGroup
from typer.exceptions import TyperException

from vitcore import aliases
from vitcore.cli import (
    application,
    calibration,
    control,
    datasets,
    drawings,
    engine,
    export,
    export_runs,
    forecast,
    import_runs,
    listing,
    predict,
    reports,
    representations,
    robustness,
    search,
    settle,
    study,
    train,
    verify,
)
from vitcore.errors import UserError
from vitcore.runs.folder import ENVIRONMENT


class _Group(TyperGroup):
    """Takes the flags of format 1 (`aliases`) for those of today."""

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        return super().resolve_command(ctx, aliases.flags(args))


app = typer.Typer(
    cls=_Group,
    name="vitcore",
    help="Train, compare and use vision transformers.",
    no_args_is_help=True,
    add_completion=False,
)
app.command("app")(application.start)
app.command("train")(train.train)
app.command("forecast")(forecast.forecast)
app.command("runs")(listing.runs)
app.command("models")(listing.models)
app.command("predict")(predict.predict)
app.command("export")(export.export)
app.command("import")(predict.import_published)
app.command("export-runs")(export_runs.export_runs)
app.command("import-runs")(import_runs.import_runs)
app.command("stop")(control.stop)
app.command("pause")(control.pause)
app.command("resume")(control.resume)
app.command("cancel")(control.cancel)
app.command("first")(control.first)
app.command("tag")(control.tag)
app.command("rename")(control.rename)
app.command("delete")(control.delete)
app.command("restore")(control.restore)
app.command("settle")(settle.settle)
app.command("robustness")(robustness.robustness)
app.command("calibration")(calibration.calibration)
app.command("representations")(representations.representations)
app.command("verify")(verify.verify)
app.add_typer(datasets.app, name="datasets")
app.add_typer(drawings.app, name="drawings")
app.add_typer(reports.app, name="reports")
app.add_typer(search.app, name="search")
app.add_typer(study.app, name="study")
app.add_typer(engine.app, name="engine")


@app.callback()
def everywhere(
    results: Annotated[
        str | None, typer.Option(help="The results folder; else VITCORE_RESULTS, else ./results.", show_default=False)
    ] = None,
) -> None:
    """Train, compare and use vision transformers."""
    if results is not None:
        os.environ[ENVIRONMENT] = results


def main() -> None:
    """Runs a command; whatever a person got wrong is one line on stderr and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a sign shows a question mark
    try:
        code = app(standalone_mode=False)
    except UserError as user_error:
        code = _complain(str(user_error))
    except TyperException as error:
        code = _complain(error.format_message() if hasattr(error, "format_message") else str(error))
    except KeyboardInterrupt:
        code = 1
    except BrokenPipeError:  # `… runs | head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code or 0)


def _complain(sentence: str) -> int:
    print(" ".join(sentence.split()), file=sys.stderr)
    return 2
