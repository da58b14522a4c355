"""`engine`: where queued runs execute, and how many at once."""

from __future__ import annotations

import dataclasses
import re
from typing import Annotated

import typer

from vitcore.errors import UserError
from vitcore.runs import engine_report, engine_settings, queue, slots
from vitcore.runs.engine_settings import EngineSettings
from vitcore.runs.folder import Results

app = typer.Typer(help="Choose where queued runs execute; alone: what is chosen.", invoke_without_command=True)


@app.callback()
def show(context: typer.Context) -> None:
    """Choose where queued runs execute, for this results folder; without a command: say what is chosen."""
    if context.invoked_subcommand is not None:
        return
    results = Results()
    typer.echo(_words(engine_settings.current(results)))
    for text in engine_report.sentences(results):
        typer.echo(text)


@app.command()
def local(
    at_once: Annotated[
        list[str] | None,
        typer.Option(
            "--slots",
            metavar="DEVICE=N",
            help="Runs at once on a device: cpu=2, cuda-0=3, cuda=2 (every GPU); CPU threads are divided among them. "
            "Not given: as before; one at first.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Train on this machine: every GPU is used, each device by one run at a time or by several."""
    results = Results()
    before = engine_settings.stored(results)
    chosen = engine_settings.slots(at_once) if at_once else dict(before.slots)
    _choose(results, dataclasses.replace(before, engine="local", slots=chosen))


@app.command()
def ray(
    address: Annotated[
        str, typer.Option(help="auto (a cluster on this machine), local (one of its own), ray://host:10001, host:6379.")
    ] = "auto",
    cpus: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1024,
            help="CPUs, and so threads, of a run; else as many as the smallest node has.",
            show_default=False,
        ),
    ] = None,
    gpus: Annotated[
        float, typer.Option(min=0.01, max=64, help="GPUs of a run that takes one, or the part of one.")
    ] = 1,
    other_versions: Annotated[
        bool, typer.Option("--other-versions", help="Nodes with another vitcore or torch will do.")
    ] = False,
    stream: Annotated[
        bool, typer.Option("--stream", help="Results come back through Ray from nodes that see this folder too.")
    ] = False,
) -> None:
    """Train on the nodes of a Ray cluster; from those that do not see this results folder, results are streamed."""
    from vitcore.engines.ray import check

    results = Results()
    if gpus > 1 and gpus != int(gpus):
        raise UserError(f"--gpus {gpus:g}: a run has a part of one GPU, or whole ones")
    check(engine_settings.address(address))
    before = engine_settings.stored(results)
    chosen = {"cpus": cpus, "gpus": gpus, "other_versions": other_versions, "stream": stream}
    _choose(results, dataclasses.replace(before, engine="ray", address=address, **chosen))  # type: ignore[arg-type]


@app.command()
def slurm(
    partition: Annotated[str, typer.Option(help="Else SLURM's default.", show_default=False)] = "",
    account: Annotated[str, typer.Option(help="Who is charged; else your default.", show_default=False)] = "",
    minutes: Annotated[
        int, typer.Option(min=3, max=100_000, help="A job's time limit: there it keeps a checkpoint and goes on anew.")
    ] = 60,
    cpus: Annotated[int, typer.Option(min=1, max=1024, help="CPUs, and so threads, of a run.")] = 4,
    memory_gb: Annotated[
        float | None,
        typer.Option(
            min=0.5, max=10_000, help="Of a run; else 2 more than it is expected to hold.", show_default=False
        ),
    ] = None,
    gpu: Annotated[
        bool, typer.Option("--gpu", help="Runs whose device is auto get a GPU, as those on cuda do.")
    ] = False,
    cluster: Annotated[str, typer.Option(help="slurm; local: submitit's stand-in on this machine.")] = "slurm",
) -> None:
    """Train in SLURM jobs that see this results folder at the same path; queued together they are an array."""
    from vitcore.engines.slurm import check

    results = Results()
    if cluster not in ("slurm", "local"):
        raise UserError(f"--cluster {cluster!r}: it is slurm or local")
    check(cluster)
    chosen = {"partition": partition, "account": account, "minutes": minutes, "cpus": cpus, "memory_gb": memory_gb}
    for name in ("partition", "account"):
        if not re.fullmatch(r"[A-Za-z0-9_.,+-]*", str(chosen[name])):
            raise UserError(f"--{name} {chosen[name]!r}: SLURM's names have letters, digits, dots, dashes and commas")
    before = engine_settings.stored(results)
    _choose(results, dataclasses.replace(before, engine="slurm", gpu=gpu, cluster=cluster, **chosen))  # type: ignore[arg-type]


def _choose(results: Results, settings: EngineSettings) -> None:
    """Keeps the choice and wakes whoever it is for. Raises UserError."""
    engine_settings.store(results, settings)
    queue.ensure_dispatcher(results)
    typer.echo(_words(settings))


def _words(settings: EngineSettings) -> str:
    """The choice in a sentence."""
    if settings.engine == "ray":
        cpus = f"{settings.cpus} CPU{'s' * (settings.cpus != 1)}" if settings.cpus else "the smallest node's CPUs"
        way = "; results are streamed through Ray" if settings.stream else ""
        return (
            f"ray: runs train in the cluster at {settings.address}, each with {cpus} and {settings.gpus:g} GPU if "
            f"any{way}."
        )
    if settings.engine == "slurm":
        where = f"partition {settings.partition}" if settings.partition else "the default partition"
        where = where if settings.cluster == "slurm" else "submitit's stand-in on this machine"
        return (
            f"slurm: runs train in jobs of {settings.minutes} minutes in {where}, each with {settings.cpus or 4} CPUs."
        )
    parts = [
        f"{count} on {name} ({slots.threads(count)} thread{'s' * (slots.threads(count) != 1)} each)"
        for name, count in settings.slots.items()
    ]
    return f"local: runs train on this machine, {', '.join(parts) or 'one at a time on each device'}."
