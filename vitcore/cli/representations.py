"""`representations`: which layers of two stored runs do alike, and how far their attention looks."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from vitcore.cli.evaluations import cancel, evaluated
from vitcore.errors import UserError


def representations(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Stored runs' ids; the first beside each other.")],
    stop: Annotated[bool, typer.Option("--stop", help="Cancel an evaluation under way.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Every number, one JSON object a pair and a run.")] = False,
) -> None:
    """Lay the layers of stored runs side by side by what they make of the same test images.

    Centered kernel alignment (Kornblith et al. 2019) of the first run's layers with each other run's, with 95 %
    intervals over images, and mean attention distances in pixels. Evaluated in the background, once, and kept.
    """
    from vitcore.analysis import representations as inside

    if stop:
        cancel(runs, inside.KIND)
        return
    folders = evaluated(runs, inside.KIND, inside.read, "is looked into", "vitcore representations --stop")
    found = {run.id: inside.read(run) for run in folders}
    for id, made in found.items():
        if made is None:
            raise UserError(f"run {id} has not been looked into; ask again")
        _distances(id, made, as_json)
    first = folders[0].id
    for second in [run.id for run in folders[1:]] or [first]:
        _pair(first, second, found, as_json)


def _distances(id: str, made: Any, as_json: bool) -> None:
    if made.distances is None:
        return
    if as_json:
        typer.echo(json.dumps({"run": id, "attention_distance_pixels": made.distances.tolist()}))
        return
    means = ", ".join(f"{value:.1f}" for value in made.distances.mean(axis=1))
    typer.echo(f"{id}: attention looks so many pixels far, block by block: {means}")


def _pair(first: str, second: str, found: dict[str, Any], as_json: bool) -> None:
    from vitcore.analysis.representations import similarities

    rows, columns = found[first], found[second]
    alike = similarities(rows, columns)
    if as_json:
        cells = [[None if each.center != each.center else list(each) for each in line] for line in alike]
        names = [rows.layers, columns.layers]
        typer.echo(json.dumps({"rows": first, "columns": second, "layers": names, "alignment": cells}))
        return
    typer.echo(f"{first} against {second}: each layer's nearest, by centered kernel alignment")
    for layer, line in zip(rows.layers, alike, strict=True):
        known = [place for place, each in enumerate(line) if each.center == each.center]
        if known:
            best = max(known, key=lambda place: line[place].center)
            center, low, high = line[best]
            typer.echo(f"  {layer}: {columns.layers[best]}, {center:.2f} ({low:.2f} to {high:.2f})")
