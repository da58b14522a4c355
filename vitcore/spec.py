"""RunSpec: all that decides a run, frozen and validated; form, command line and messages are drawn from it.

The spec is the waist of the house: below it nobody knows of runs, above it nobody touches a layer.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from vitcore.data.datasets import DATASETS
from vitcore.errors import Refusal
from vitcore.layers.kernels import KERNELS
from vitcore.models import ARCHITECTURES, check


def _nearest(value: str, table: Iterable[str]) -> str:
    """What a person may have meant: the names most like theirs, or all of them where they are few."""
    names = list(table)
    near = difflib.get_close_matches(value, names, n=4, cutoff=0.5)
    return (
        f"the nearest are {', '.join(near)}"
        if near
        else f"there are {', '.join(names[:12])}" + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    )


@dataclass(frozen=True)
class OneOf:
    """A choice from a table of the library, marked in the annotation so that forms can list the table."""

    table: Mapping[str, Any]
    kind: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.look_up, handler(source))

    def look_up(self, value: str) -> str:
        if value not in self.table:
            raise ValueError(f"there is no {self.kind} {value!r}; {_nearest(value, self.table)}")
        return value


def option(
    default: Any,
    label: str,
    help: str,
    *,
    advanced: bool = False,
    **bounds: Any,
) -> Any:
    """A spec field: its default, its label on the form, its help, its bounds, and whether it hides under "more"."""
    return Field(default, title=label, description=help, json_schema_extra={"advanced": advanced}, **bounds)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ModelSpec(_Part):
    """The network."""

    architecture: Annotated[str, OneOf(ARCHITECTURES, "architecture")] = option(
        "cct-2/3x2", "Architecture", "The network, as its paper names it."
    )
    kernel: Annotated[str, OneOf(KERNELS, "kernel")] = option(
        "softmax", "Attention kernel", "What stands between a query and a key."
    )
    patch: int | None = option(
        None, "Patch", "Side of a patch in pixels; empty: the architecture's own.", advanced=True, ge=1, le=64
    )
    positions: Literal["learnable", "sinusoidal", "none"] = option(
        "learnable", "Positions", "How tokens are told where they stand.", advanced=True
    )
    features: int | None = option(
        None,
        "Random features",
        "Features of a linear kernel; empty: the kernel's own (none but for FAVOR+: the head's width itself).",
        advanced=True,
        ge=1,
        le=4096,
    )
    orthogonal: bool = option(
        True, "Orthogonal features", "Random features from orthogonal blocks (Choromanski et al. 2021).", advanced=True
    )
    redraw_every: int = option(
        0, "Redraw features every", "Training steps between two draws of the features; 0: never.", advanced=True, ge=0
    )
    epsilon: float | None = option(
        None,
        "Epsilon",
        "Added to a linear kernel's features; empty: the kernel's own; 0: as the Performer report had it.",
        advanced=True,
        ge=0,
        le=1,
    )
    dropout: float | None = option(
        None, "Dropout", "In the MLP; empty: the architecture's own.", advanced=True, ge=0, lt=1
    )
    attention_dropout: float | None = option(
        None, "Attention dropout", "On attention weights; empty: the architecture's own.", advanced=True, ge=0, lt=1
    )
    stochastic_depth: float | None = option(
        None, "Stochastic depth", "Chance to skip the last block; empty: its own.", advanced=True, ge=0, lt=1
    )


class DataSpec(_Part):
    """What it is trained on."""

    dataset: Annotated[str, OneOf(DATASETS, "dataset")] = option(
        "digits", "Dataset", "What the network learns; the test split never reaches training."
    )
    folder: str | None = option(
        None,
        "My pictures",
        "Path of a folder, zip or tar with a folder of pictures for each class; for the dataset 'folder' alone.",
        advanced=True,
        min_length=1,
        max_length=1000,
    )
    samples: int | None = option(None, "Training rows", "Rows drawn for training; empty: all of them.", ge=1)
    replacement: bool = option(
        False, "With replacement", "Whether a row may be drawn more than once, as in the Performer report's Table 3."
    )
    stratified: bool = option(False, "Stratified", "Keep the classes' shares in the subset.", advanced=True)
    subset_seed: int | None = option(
        None, "Subset seed", "Seed of the subset alone; empty: the run's seed.", advanced=True, ge=0, lt=2**31
    )
    draw_from: Literal["training", "all"] = option(
        "training",
        "Draw rows from",
        "'all' draws from training and test rows together, as the Performer report did: the test error then flatters.",
        advanced=True,
    )
    side: int | None = option(
        None,
        "Picture side",
        "Pixels to which pictures are resized; empty: the dataset's own.",
        advanced=True,
        ge=8,
        le=512,
    )


class OptimiserSpec(_Part):
    """How weights move."""

    optimiser: Literal["adamw", "adam", "sgd", "muon"] = option(
        "adamw", "Optimiser", "Muon takes the matrices and leaves the rest to AdamW."
    )
    learning_rate: float = option(1e-3, "Learning rate", "The schedule's highest.", gt=0, le=10)
    weight_decay: float = option(0.03, "Weight decay", "Decoupled for AdamW and Muon.", ge=0, le=1)
    beta1: float = option(0.9, "Beta 1", "Adam's first moment; SGD's and Muon's momentum.", advanced=True, ge=0, lt=1)
    beta2: float = option(0.999, "Beta 2", "Adam's second moment.", advanced=True, ge=0, lt=1)
    clip_norm: float | None = option(
        None, "Clip gradients", "Largest norm of the whole gradient; empty: none.", advanced=True, gt=0
    )


class ScheduleSpec(_Part):
    """How the learning rate moves."""

    schedule: Literal["constant", "cosine", "linear", "onecycle", "step"] = option(
        "cosine", "Schedule", "How the learning rate falls."
    )
    warmup: float = option(0.1, "Warm-up", "Share of all steps in which the rate rises.", advanced=True, ge=0, le=0.9)
    start_rate: float = option(
        0.0, "First rate", "Share of the learning rate at the first step.", advanced=True, ge=0, le=1
    )
    final_rate: float = option(
        0.01, "Last rate", "Share of the learning rate at the last step.", advanced=True, ge=0, le=1
    )
    step_epochs: int = option(30, "Step every", "Epochs between two drops of the step schedule.", advanced=True, ge=1)
    step_factor: float = option(0.1, "Step factor", "What a drop multiplies by.", advanced=True, gt=0, le=1)


class AugmentSpec(_Part):
    """What is done to training pictures, on whole batches and on the training device."""

    crop: int = option(0, "Random crop", "Pixels of padding before a random crop; 0: none.", advanced=True, ge=0, le=32)
    flip: bool = option(False, "Flip", "Mirror half of the pictures left to right.", advanced=True)
    rotate: float = option(0, "Rotate", "Largest random turn in degrees.", advanced=True, ge=0, le=180)
    rand_augment: int = option(
        0, "RandAugment", "Magnitude, two operations a picture; 0: none.", advanced=True, ge=0, le=30
    )
    erasing: float = option(0, "Random erasing", "Chance that a box is erased.", advanced=True, ge=0, le=1)
    mixup: float = option(0, "Mixup", "Alpha of its Beta distribution; 0: none.", advanced=True, ge=0, le=10)
    cutmix: float = option(0, "CutMix", "Alpha of its Beta distribution; 0: none.", advanced=True, ge=0, le=10)


class TrainingSpec(_Part):
    """How long, in what portions, towards what loss."""

    epochs: int = option(5, "Epochs", "Times that the training rows are gone through.", ge=1, le=10_000)
    batch_size: int = option(128, "Batch size", "Pictures in one step.", ge=1, le=65_536)
    evaluate_every: int = option(
        1, "Evaluate every", "Epochs between two evaluations on the test rows.", advanced=True, ge=1
    )
    target_error: float | None = option(
        None,
        "Stop at error",
        "Stop once the test error in percent is this low; empty: never.",
        advanced=True,
        ge=0,
        le=100,
    )
    label_smoothing: float = option(
        0, "Label smoothing", "Share of the target given to all classes.", advanced=True, ge=0, lt=1
    )
    softmax_before_loss: bool = option(
        False,
        "Softmax before cross-entropy",
        "A second softmax, as the CIFAR-10 report had it: confines the loss and shrinks gradients about tenfold.",
        advanced=True,
    )
    weight_average: float = option(
        0, "Weight averaging", "Decay of an exponential average of the weights; 0: none.", advanced=True, ge=0, lt=1
    )
    teacher: str | None = option(
        None,
        "Teacher",
        "Id of the stored run to distil from (small letters, digits, dashes); empty: none.",
        advanced=True,
        pattern=r"^[a-z0-9][a-z0-9-]*$",
    )
    distillation: Literal["hard", "soft"] = option(
        "hard",
        "Distillation",
        "Hard labels (Touvron et al. 2021) or softened ones (Hinton et al. 2015).",
        advanced=True,
    )
    temperature: float = option(3.0, "Temperature", "Softness of a soft teacher.", advanced=True, gt=0, le=100)


class RunSpec(_Part):
    """A run: model + data + optimiser + schedule + augmentation + training + seed."""

    model: ModelSpec = ModelSpec()
    data: DataSpec = DataSpec()
    optimiser: OptimiserSpec = OptimiserSpec()
    schedule: ScheduleSpec = ScheduleSpec()
    augment: AugmentSpec = AugmentSpec()
    training: TrainingSpec = TrainingSpec()
    seed: int = option(0, "Seed", "Governs weights, subset, order, augmentation and dropout.", ge=0, lt=2**31)
    device: str = option(
        "auto", "Device", "auto, cpu, cuda, cuda:1, mps.", advanced=True, pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$"
    )
    precision: Literal["auto", "float32", "bfloat16"] = option(
        "auto", "Precision", "auto: bfloat16 where the device is quicker in it, else float32.", advanced=True
    )
    compile: bool = option(False, "Compile", "torch.compile the step; its compile time is shown.", advanced=True)
    name: str = option(
        "",
        "Name",
        "At most 80 letters, digits, dots, dashes and underscores; empty: made from the choices.",
        pattern=r"^[A-Za-z0-9._-]{0,80}$",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        data, known = self.data, DATASETS[self.data.dataset]
        if (data.dataset == "folder") != (data.folder is not None):
            raise ValueError(
                "the dataset 'folder' and the path of one's own pictures go together; "
                f"given were {data.dataset!r} and {data.folder or 'no path'!r}"
            )
        rows = known.train_rows + (known.test_rows if data.draw_from == "all" else 0)
        if data.samples is not None and not data.replacement and rows and data.samples > rows:
            raise ValueError(
                f"{data.samples:,} rows without replacement are more than the {rows:,} that {known.label} has; "
                f"ask for at most {rows:,}, or draw with replacement"
            )
        check(
            self.model.architecture,
            side=data.side or known.side,
            kernel=self.model.kernel,
            patch=self.model.patch,
        )
        return self

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> RunSpec:
        """A spec from nested plain data, as in spec.json.

        Raises:
            Refusal: one sentence naming the field, what was given and what would be right.
        """
        try:
            return cls.model_validate(raw)
        except ValidationError as error:
            raise Refusal(_sentence(error)) from None

    @classmethod
    def of(cls, base: RunSpec | None = None, /, **values: Any) -> RunSpec:
        """A spec from flat field names (`architecture="cct-2/3x2", epochs=2`), over `base` or the defaults."""
        raw = (base or cls()).model_dump()
        places = {field.name: field.path for field in fields()}
        for name, value in values.items():
            if name not in places:
                raise Refusal(f"a run has no option {name!r}; {_nearest(name, places)}")
            *parents, leaf = places[name]
            part = raw
            for parent in parents:
                part = part[parent]
            part[leaf] = value
        return cls.parse(raw)

    def flat(self) -> dict[str, Any]:
        """Every option by its leaf name, in the form's order."""
        found: dict[str, Any] = {}
        for field in fields():
            value: Any = self
            for part in field.path:
                value = getattr(value, part)
            found[field.name] = value
        return found

    def to_dict(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    def fingerprint(self) -> str:
        """What two runs share when they differ by seed and machine alone: 12 hex digits.

        Fields at their defaults do not count, so an option added later leaves old runs matched.
        """
        raw = self.model_dump(
            mode="json", exclude_defaults=True, exclude={"seed", "device", "precision", "compile", "name"}
        )
        text = json.dumps({k: v for k, v in raw.items() if v != {}}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def title(self) -> str:
        """The name, or one made from the choices that matter most."""
        if self.name:
            return self.name
        rows = f"{self.data.samples:,}" if self.data.samples else "all"
        kernel = f" {KERNELS[self.model.kernel].label}" if ARCHITECTURES[self.model.architecture].attention else ""
        return f"{self.model.architecture}{kernel} on {self.data.dataset} ({rows}), seed {self.seed}"


@dataclass(frozen=True)
class SpecField:
    """One leaf option of a RunSpec, as a form or a command line needs it."""

    name: str
    path: tuple[str, ...]
    section: str
    kind: type  # bool, int, float or str
    optional: bool  # None is allowed
    default: Any
    label: str
    help: str
    advanced: bool
    choices: tuple[str, ...]  # empty: free
    bounds: Mapping[str, float]  # of ge, gt, le, lt


def command_line(spec: RunSpec) -> str:
    """The command that starts this run: only what differs from the defaults, quoted for every shell alike."""
    words = ["python -m vitcore train"]
    for field in fields():
        value = getattr(_part(spec, field.path), field.name)
        if value == field.default:
            continue
        flag = field.name.replace("_", "-")
        if field.kind is bool:
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            text = str(value)
            words.append(f"--{flag} " + (text if re.fullmatch(r"[A-Za-z0-9._/:+-]+", text) else f'"{text}"'))
    return " ".join(words)


def _part(spec: RunSpec, path: tuple[str, ...]) -> Any:
    """What holds the leaf at the end of `path`."""
    part: Any = spec
    for name in path[:-1]:
        part = getattr(part, name)
    return part


def fields() -> list[SpecField]:
    """Every leaf option in the form's order; leaf names are unique over all sections."""
    return list(_all_fields())


@functools.cache
def _all_fields() -> tuple[SpecField, ...]:
    return tuple(_walk(RunSpec, ()))  # once: reading ten thousand runs asks for them as often


def _walk(part: type[BaseModel], path: tuple[str, ...]) -> Iterator[SpecField]:
    for name, info in part.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _walk(inner, (*path, name))
        else:
            yield _leaf(name, info, path)


def _leaf(name: str, info: FieldInfo, path: tuple[str, ...]) -> SpecField:
    annotation: Any = info.annotation
    inner = [arg for arg in get_args(annotation) if arg is not type(None)]
    literal = get_origin(annotation) is Literal
    optional = not literal and type(None) in get_args(annotation)
    extra: dict[str, Any] = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    tables = [mark.table for mark in info.metadata if isinstance(mark, OneOf)]
    choices = tuple(inner) if literal else tuple(tables[0]) if tables else ()
    bounds = {b: getattr(m, b) for m in info.metadata for b in ("ge", "gt", "le", "lt") if hasattr(m, b)}
    return SpecField(
        name=name,
        path=(*path, name),
        section=path[0] if path else "run",
        kind=str if literal else inner[0] if optional else annotation,
        optional=optional,
        default=info.default,
        label=info.title or name,
        help=info.description or "",
        advanced=bool(extra.get("advanced")),
        choices=choices,
        bounds=bounds,
    )


def _sentence(error: ValidationError) -> str:
    """The first thing wrong, as one sentence: the option, what was given, what would be right."""
    first = error.errors(include_url=False)[0]
    path, given = ".".join(str(part) for part in first["loc"]), first.get("input")
    if first["type"] == "value_error" or not path:
        return first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        return f"a run has no option {path!r}; it may come from a newer vitcore, or be misspelt"
    known = {".".join(field.path): field for field in fields()}
    wish = first["msg"][0].lower() + first["msg"][1:]
    if first["type"] == "string_pattern_mismatch" and path in known:
        wish = f"it must fit: {known[path].help.rstrip('.')}"
    shown = f"{str(given)[:80]!r} does not do" if isinstance(given, str | int | float | None) else "that does not do"
    return f"{path}: {shown}; {wish}"
