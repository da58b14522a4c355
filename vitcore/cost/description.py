"""One architecture, built with chosen options on the meta device and described: size, cost, memory, layers, stages.

`python -m vitcore.cost.description` does the same in a process of its own, for the networks that take seconds.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from vitcore import plugins, processes
from vitcore.errors import UserError, first_line
from vitcore.models import architecture_of, timm_catalog
from vitcore.models.dimensions import Dimensions
from vitcore.models.stages import Stage, stages, tokens

BATCH = 128
PATIENCE = 120  # seconds that a count in another process may take


@dataclass(frozen=True)
class Choice(Dimensions):
    """What differs from the architecture's own configuration; None: its own."""

    channels: int | None = None
    image_size: int | None = None
    classes: int | None = None
    kernel: str = "softmax"
    features: int | None = None
    pos_embed: str = "learnable"
    patch: int | None = None
    dropout: float | None = None
    drop_path: float | None = None


@dataclass(frozen=True)
class Description:
    """An architecture as built: counts of one image, bytes of a float32 training step with AdamW."""

    name: str
    channels: int
    image_size: int
    classes: int
    tokens: int | None
    parameters: int
    macs: int
    memory: int
    batch: int
    stages: tuple[Stage, ...] = field(repr=False)
    layers: tuple[Mapping[str, Any], ...] = field(repr=False)  # models.count.LayerRow as dicts


def describe(name: str, choice: Choice, batch: int = BATCH) -> Description:
    """Build the network without content and count it; what takes long is done in a process of its own.

    Raises:
        UserError: a combination that cannot be built, in one sentence.
    """
    if architecture_of(name).family == timm_catalog.FAMILY:
        timm_catalog.check(name)
    return described(name, choice, batch) if _quick(name, choice) else _elsewhere(name, choice, batch)


def described(name: str, choice: Choice, batch: int) -> Description:
    """The same in this process, however long it takes.

    Raises:
        UserError: no such network can be built.
    """
    import torch

    from vitcore.cost import memory
    from vitcore.models import build, count, counted_at

    own = counted_at(name)
    channels, image_size = choice.channels or own.channels, choice.image_size or own.image_size
    classes = choice.classes or own.classes
    try:
        with torch.device("meta"):
            model = build(name, **asdict(replace(choice, channels=channels, image_size=image_size, classes=classes)))
    except ValueError as error:
        raise UserError(str(error)) from None
    try:
        needed = memory.described(model, channels, image_size, batch)
    except ValueError as error:  # a batch normalization that sees a single number
        raise UserError(
            f"{name} cannot be trained on {batch} image{'s' * (batch != 1)} a step: {first_line(error)}"
        ) from None
    rows = count.layers_table(model, channels, image_size)
    parts = direct_parts([row.name for row in rows])
    return Description(
        name=name,
        channels=channels,
        image_size=image_size,
        classes=classes,
        tokens=tokens(model, image_size),
        parameters=count.parameters(model),
        macs=sum(row.macs for row in rows if row.name in parts),
        memory=needed,
        batch=batch,
        stages=tuple(
            stages(model, {row.name: row.output_shape for row in rows}, channels=channels, image_size=image_size)
        ),
        layers=tuple(asdict(row) for row in rows),
    )


def direct_parts(names: Sequence[str]) -> set[str]:
    """Those of a layer table's rows that lie in no other row: `blocks.0`, but not `blocks.0.mlp`."""
    known = set(names)

    def inside(name: str) -> bool:
        ends = [at for at, letter in enumerate(name) if letter == "."]
        return any(name[:end] in known for end in ends)

    return {name for name in names if not inside(name)}


def _quick(name: str, choice: Choice) -> bool:
    """Whether a count takes well under a second: so few modules does it have."""
    own = architecture_of(name)
    if own.family == timm_catalog.FAMILY:
        return "timm" in sys.modules
    return own.family == "small_cnn" or (
        own.family in ("compact", "vit") and (choice.depth or own.config["depth"]) <= 14
    )


def _elsewhere(name: str, choice: Choice, batch: int) -> Description:
    asked = json.dumps({"name": name, "choice": asdict(choice), "batch": batch})
    return _parsed(json.loads(processes.answer("vitcore.cost.description", [asked], PATIENCE)[0]))


def _parsed(raw: dict[str, Any]) -> Description:
    drawn = tuple(Stage(**{**stage, "details": tuple(stage["details"])}) for stage in raw.pop("stages"))
    shapes = ("input_shape", "output_shape")
    rows = tuple({**row, **{name: tuple(row[name]) for name in shapes}} for row in raw.pop("layers"))
    return Description(**{**raw, "stages": drawn, "layers": rows})


def main() -> None:
    """Describes what the argument asks for, as JSON on standard output; a refusal is the last line of stderr."""
    plugins.load()
    asked = json.loads(sys.argv[1])
    try:
        found = described(asked["name"], Choice(**asked["choice"]), asked["batch"])
    except UserError as error:
        sys.exit(str(error))
    print(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
