"""`study`: tables, figures and runs as one document to hand in, and its bundle opened on another machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from vitcore.errors import UserError
from vitcore.runs.folder import Results, reason

app = typer.Typer(help="Hand results in: one offline document and a bundle to open elsewhere.", no_args_is_help=True)


@app.command()
def make(
    name: Annotated[Path, typer.Argument(metavar="NAME", help="NAME.html and NAME.zip are written.")],
    title: Annotated[str, typer.Option(help="What the study is about.")],
    author: Annotated[str, typer.Option(help="Who hands it in.")] = "",
    text: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its text, in Markdown.", show_default=False)
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option(metavar="TABLE[:PROTOCOL]", help="A published table; may be repeated.", show_default=False),
    ] = None,
    run: Annotated[
        list[str] | None, typer.Option(metavar="RUN", help="A stored run's id; may be repeated.", show_default=False)
    ] = None,
    figure: Annotated[
        list[str] | None,
        typer.Option(help="A figure of the runs: a metric, confusion or size; may be repeated.", show_default=False),
    ] = None,
) -> None:
    """Write a study: a document that opens offline in any browser, and the bundle it can be made from again."""
    from vitcore.store.index import Index
    from vitcore.study import bundle, document
    from vitcore.study.contents import Study
    from vitcore.study.drawn import drawn
    from vitcore.study.material import gather

    study = Study.of(title, author, _read(text), tables=table or (), figures=figure or (), runs=run or ())
    page, packed = name.with_name(f"{name.name}.html"), name.with_name(f"{name.name}.zip")
    for path in (page, packed):
        _absent(path)
    results = Results()
    index = Index(results)
    index.poll()
    material = gather(study, index)
    figures = drawn(material)
    bundle.write(packed, material, figures, results)
    _write(page, document.render(material, figures, bundle=packed.name))
    typer.echo(f"{page} is the document, {packed} the bundle: `vitcore study open {packed.name}` makes it again")


@app.command("open")
def open_bundle(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE.zip", help="As `study make` has written it.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="The document; else BUNDLE-opened.html.", show_default=False),
    ] = None,
) -> None:
    """Add a bundle's runs to the results folder, make its document again, and say whether its figures are the same.

    Exit code 0 where every figure is the same, 1 else.
    """
    from vitcore.store.index import Index
    from vitcore.study import bundle as bundles
    from vitcore.study import document, opening
    from vitcore.study.drawn import drawn

    page = out or bundle.with_name(f"{bundle.stem}-opened.html")
    _absent(page)
    found, results = bundles.read(bundle), Results()
    added = bundles.unpack(found, results)
    index = Index(results)
    index.poll()
    material = opening.material(found, index)
    figures = drawn(material)
    _write(page, document.render(material, figures, bundle=bundle.name))
    sentence = opening.compare(figures, found.digests)
    typer.echo(f"{len(added)} of {len(found.files)} runs are new in {results.runs}; {page} is written: {sentence}")
    raise typer.Exit(0 if sentence.endswith("the same") else 1)


def _read(path: Path | None) -> str:
    from vitcore.data.storage.regular import read_regular
    from vitcore.study.contents import LONGEST_TEXT

    if path is None:
        return ""
    try:
        return read_regular(path, 4 * LONGEST_TEXT).decode()
    except OSError as error:
        raise UserError(f"the text {path} cannot be read: {reason(error)}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is no text in UTF-8; save it as such") from None


def _absent(path: Path) -> None:
    if os.path.lexists(path):
        raise UserError(f"{path} is there already; take it away, or choose another name")


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {reason(error)}") from None
    finally:
        draft.unlink(missing_ok=True)
