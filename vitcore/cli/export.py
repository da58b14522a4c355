"""`export`: a stored run's model as a file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vitcore.cli.predict import Weights
from vitcore.runs.folder import Results


def export(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A stored run's id.")],
    onnx: Annotated[Path, typer.Option(help="The ONNX file to write; one of that name is replaced.")],
    weights: Weights = "last",
) -> None:
    """Write a stored run's model as ONNX: images of 0 to 1 in, logits out, the normalization within."""
    from vitcore.runs.export import write_onnx

    write_onnx(Results().run(run), onnx, weights)
    typer.echo(onnx)
