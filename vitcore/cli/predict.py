"""`predict` and `import`: using a stored run's weights, and storing those of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

Weights = Annotated[
    Literal["last", "best"],
    typer.Option(help="Whose: those of the last epoch, or of the best (chosen by its test error: that flatters)."),
]


def predict(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A stored run's id.")],
    image: Annotated[Path, typer.Argument(help="An image file.")],
    top: Annotated[int, typer.Option(min=1, help="Classes to name.")] = 5,
    weights: Weights = "last",
) -> None:
    """Say what a stored run's model sees on an image, likeliest first."""
    from vitcore.runs.predict import predict_file

    found = predict_file(Results().run(run), image, weights)
    ranked = sorted(zip(found.probabilities, found.classes, strict=True), reverse=True)
    for probability, name in ranked[:top]:
        typer.echo(f"{100 * probability:6.2f} %  {name}")


def import_published(
    architecture: Annotated[str, typer.Argument(help="The architecture that the weights belong to.")],
    file: Annotated[
        str,
        typer.Argument(
            help="A checkpoint: safetensors, or what torch.save wrote; or hf:OWNER/NAME, a repository of timm's or "
            "Hugging Face's on huggingface.co, from which it is fetched.",
        ),
    ],
    dataset: Annotated[str, typer.Option(help="What it was trained on.")] = "cifar-10",
    image_size: Annotated[int | None, typer.Option(help="Image side in pixels; empty: the dataset's own.")] = None,
    pos_embed: Annotated[str, typer.Option(help="learnable, sinusoidal or none.")] = "learnable",
    name: Annotated[str, typer.Option(help="The stored run's name.")] = "",
    evaluate: Annotated[bool, typer.Option(help="Measure it on the test samples.")] = True,
    weights: Annotated[
        str, typer.Option(help="Of a file with several sets: trained, averaged (EMA), or the set's own name.")
    ] = "trained",
) -> None:
    """Store a published checkpoint as a run, to be compared and drawn with like any other."""
    from vitcore.runs import hub
    from vitcore.runs.import_checkpoint import store

    spec = RunSpec.of(architecture=architecture, dataset=dataset, image_size=image_size, pos_embed=pos_embed, name=name)
    path, origin = Path(file), ""
    if hub.is_name(file):
        fetched = hub.fetch(file)
        path, origin = fetched.path, fetched.origin
        typer.echo(f"Taken from {origin}.", err=True)
    id, text = store(Results(), spec, path, evaluate=evaluate, weights=weights, origin=origin)
    for sentence in text:
        typer.echo(sentence, err=True)
    typer.echo(id)
