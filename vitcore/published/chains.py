"""The links of a chained recipe: what is trained first, so that another run can start from it or learn from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vitcore.spec import RunSpec, command_line


@dataclass(frozen=True)
class Link:
    """One run of a chain; its spec tells by fingerprints what it takes, since the runs themselves are not there yet."""

    label: str
    spec: RunSpec
    source: str = ""  # where its recipe was read


def takes(spec: RunSpec) -> tuple[str, ...]:
    """The fingerprints of the runs that a spec takes weights or answers of."""
    found = (spec.init.init_fingerprint, spec.init.teacher_fingerprint)
    return tuple(dict.fromkeys(digest for digest in found if digest))


def unique(links: Sequence[Link]) -> tuple[Link, ...]:
    """Each run once, where it stands first: before all that take it."""
    found: dict[RunSpec, Link] = {}
    for link in links:
        found.setdefault(link.spec, link)
    return tuple(found.values())


def worded(links: Sequence[Link]) -> str:
    """'RegNetY-16GF → DeiT-S (teacher RegNetY-16GF)': in the order in which they are trained."""
    labels = {link.spec.fingerprint(): link.label for link in links}
    return " → ".join(_worded(link, labels) for link in links)


def _worded(link: Link, labels: dict[str, str]) -> str:
    init, teacher = link.spec.init.init_fingerprint, link.spec.init.teacher_fingerprint
    sources = [f"starts from {labels[init]}"] if init in labels else []
    sources += [f"teacher {labels[teacher]}"] if teacher in labels else []
    return f"{link.label} ({', '.join(sources)})" if sources else link.label


def command(spec: RunSpec, table: str, row: str, protocol: str) -> str:
    """The command that starts a cell's run; of one that takes other runs' weights, the one that queues the chain."""
    if not takes(spec):
        return command_line(spec)
    return f"python -m vitcore reports fill {table} --row {row} --protocol {protocol} --seeds {spec.seed + 1}"
