"""`calibration`: whether stored runs are right as often as they are sure, and the temperature that would mend them."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from vitcore.cli.evaluations import cancel, evaluated


def calibration(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Stored runs' ids.")],
    stop: Annotated[bool, typer.Option("--stop", help="Cancel an evaluation under way.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Every bin and number, one JSON object a run.")] = False,
) -> None:
    """Say whether runs are right as often as they are sure, on their test images.

    Expected calibration error in 15 bins with its 95 % interval, and the temperature fitted on the validation images
    (Guo et al. 2017). What a run answers is evaluated in the background, once, and kept with it.
    """
    from vitcore.analysis import calibration as calibrated
    from vitcore.analysis import outputs
    from vitcore.runs.annotations import title

    if stop:
        cancel(runs, outputs.KIND)
        return
    folders = evaluated(runs, outputs.KIND, outputs.read, "is evaluated", "vitcore calibration --stop")
    for run in folders:
        found = calibrated.calibration(run)
        if as_json:
            typer.echo(json.dumps({"run": run.id, **_plain(found)}))
        else:
            typer.echo(f"{title(run)} ({run.id})\n  {found.sentence}")


def _plain(found: Any) -> dict[str, Any]:
    """Dataclasses as dictionaries; a bin without an image has no numbers."""
    from dataclasses import asdict

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [plain(each) for each in value]
        return None if value != value else value

    return dict(plain(asdict(found)))
