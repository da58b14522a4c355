"""RunSpec: all that decides a run, frozen and validated; form, command line and messages are drawn from it.

The spec is the waist of the house: below it nobody knows of runs, above it nobody touches a layer.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
import shlex
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import ValidationError, field_validator, model_validator

from vitcore import aliases, plugins
from vitcore.data import validation
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.layers import kernels
from vitcore.models import architecture_of, check, timm_catalog
from vitcore.spec import printable
from vitcore.spec.augmentation import AugmentSpec
from vitcore.spec.identity import plainest
from vitcore.spec.options import Part, SpecField, nearest, option, walk
from vitcore.spec.sections import DataSpec, InitSpec, ModelSpec, OptimizerSpec, ScheduleSpec, TrainingSpec
from vitcore.spec.typed import written

__all__ = [
    "MOST_PROCESSES",
    "AugmentSpec",
    "DataSpec",
    "InitSpec",
    "ModelSpec",
    "OptimizerSpec",
    "RunSpec",
    "ScheduleSpec",
    "SpecField",
    "TrainingSpec",
    "command_line",
    "fields",
    "initial",
]

plugins.load()

MOST_PROCESSES = 64


class RunSpec(Part):
    """A run: model + data + optimizer + schedule + augmentation + training + seed."""

    model: ModelSpec = ModelSpec()
    data: DataSpec = DataSpec()
    optimizer: OptimizerSpec = OptimizerSpec()
    schedule: ScheduleSpec = ScheduleSpec()
    augment: AugmentSpec = AugmentSpec()
    training: TrainingSpec = TrainingSpec()
    init: InitSpec = InitSpec()
    seed: int = option(
        0, "Seed", "Governs weights, subset, order, augmentation and dropout.", ge=0, lt=2**31, usual="0, 1, 2 …"
    )
    device: str = option(
        "auto", "Device", "auto, cpu, cuda, cuda:1, mps.", advanced=True, pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$"
    )
    precision: Literal["auto", "float32", "bfloat16"] = option(
        "auto", "Precision", "auto: bfloat16 where the device is quicker in it, else float32.", advanced=True
    )
    compile: bool = option(False, "Compile", "torch.compile the step; its compile time is shown.", advanced=True)
    processes: int = option(
        1,
        "Processes",
        "Processes of this machine that train together, each on its portion of every batch: with CUDA a GPU each, "
        "with the CPU a share of its cores. 1: one, with threads.",
        advanced=True,
        ge=1,
        le=MOST_PROCESSES,
    )
    name: str = option(
        "",
        "Name",
        "Any text of at most 120 signs; empty: made from the choices.",
    )

    plugins: str | None = option(
        None,
        "Plug-ins",
        "The plug-ins that it is made of, each with the digest of its content; empty: none.",
        advanced=True,
        derived=True,
        pattern=r"^[A-Za-z0-9._-]+@[0-9a-f]{12}( [A-Za-z0-9._-]+@[0-9a-f]{12})*$",
    )

    @model_validator(mode="before")
    @classmethod
    def _stamped(cls, raw: Any) -> Any:
        """A spec that is made anew names the plug-ins that it is made of, as they are now."""
        if not isinstance(raw, dict) or raw.get("plugins") is not None:
            return raw
        chosen: dict[str, str] = {}
        for section, names in (("model", ("architecture", "kernel")), ("data", ("dataset",))):
            part = raw.get(section)
            given = part if isinstance(part, dict) else dict(part) if isinstance(part, Part) else {}
            chosen |= {name: given[name] for name in names if isinstance(given.get(name), str)}
        found = plugins.used(chosen)
        return {**raw, "plugins": found} if found else raw

    @field_validator("name")
    @classmethod
    def _can_be_seen(cls, name: str) -> str:
        return printable.checked(name, "a name")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        data, known = self.data, DATASETS[self.data.dataset]
        if known.at_path != (data.folder is not None):
            own = " or ".join(repr(name) for name, other in DATASETS.items() if other.at_path)
            raise ValueError(
                f"the dataset {own} and the path of one's own images go together; "
                f"given were {data.dataset!r} and {data.folder or 'no path'!r}"
            )
        held_out = self._held_out()
        rows = known.train_samples - held_out + (known.test_samples if data.draw_from == "all" else 0)
        if data.samples is not None and not data.replacement and rows and data.samples > rows:
            has = f"that are left of {known.label} with {held_out:,} held out for validation" if held_out else ""
            raise ValueError(
                f"{data.samples:,} rows without replacement are more than the {rows:,} "
                f"{has or f'that {known.label} has'}; ask for at most {rows:,}, or draw with replacement"
                + (", or set validation to 0" if held_out and data.samples <= rows + held_out else "")
            )
        self._check_crop()
        self.check_steps(data.samples or rows or None)
        self._check_init()
        self._check_recipe()
        self._check_processes(data.samples or rows or None)
        return self

    def _check_crop(self) -> None:
        """Raises ValueError where images would be cut out of smaller ones."""
        data = self.data
        image_size = data.image_size or DATASETS[data.dataset].image_size
        if data.crop_from is not None and data.crop_from < image_size:
            raise ValueError(
                f"images of {image_size} pixels cannot be cut from {data.crop_from}; cut from at least {image_size}, "
                "or leave it empty"
            )

    def _check_init(self) -> None:
        """Raises ValueError where what is asked of the first weights has no meaning."""
        init, name = self.init, self.model.architecture
        if init.freeze and not (init.init_from or init.init_fingerprint):
            raise ValueError(
                "freezing all but the head keeps the weights that were taken over, and none are; name the run to start "
                "from (init_from), or leave it off"
            )
        if init.layer_decay < 1 and not architecture_of(name).attention:
            raise ValueError(
                f"{name} has no blocks whose rates could differ, so a layer-wise rate decay of {init.layer_decay:g} "
                "cannot be set; leave it at 1"
            )

    def _check_processes(self, rows: int | None) -> None:
        """Raises ValueError where several processes cannot share out the batches, of rows as far as these are known."""
        count, device = self.processes, self.device
        if count == 1:
            return
        images = min(self.training.batch_size, rows or self.training.batch_size)
        if count > images:
            raise ValueError(
                f"{count} processes are more than the {images} image{'s' * (images != 1)} of a batch, of which each "
                f"takes its portion; choose at most {images}, or a larger batch"
            )
        if device.startswith(("mps", "cuda:")):
            raise ValueError(
                f"{count} processes train on the CPU or on as many GPUs, and {device} is a single device; choose cpu "
                "or cuda, or 1 process"
            )
        if architecture_of(self.model.architecture).batch_norm:
            raise ValueError(
                f"{self.model.architecture} normalizes each batch by its own statistics (batch normalization), which "
                f"no portion of it has, so {count} processes cannot share its batches out; train it with 1 process"
            )

    def _check_recipe(self) -> None:
        """Raises ValueError where options of schedule, augmentation and loss contradict one another."""
        epochs, schedule, augment, training = self.training.epochs, self.schedule, self.augment, self.training
        if schedule.warmup_epochs + schedule.cooldown_epochs > epochs:
            raise ValueError(
                f"{schedule.warmup_epochs} epochs of warm-up and {schedule.cooldown_epochs} of cool-down are more than "
                f"the {epochs} there are; train longer, or take fewer of them"
            )
        if augment.rand_augment_policy == "timm" and augment.rand_augment > 10:
            raise ValueError(
                f"timm's RandAugment has magnitudes up to 10, and {augment.rand_augment} was given; "
                "give at most 10, or take the paper's policy, which goes to 30"
            )
        if not training.evaluate_test and self.data.validation is None:
            raise ValueError(
                "without validation a run has the test images alone to be evaluated on; hold some images out for "
                "validation, such as 0.1, or evaluate on the test images"
            )
        if training.loss_function == "bce" and training.softmax_before_loss:
            raise ValueError(
                "a softmax before the loss goes with cross-entropy alone, and the loss is bce; leave one of them out"
            )

    def _held_out(self) -> int:
        """How many training images are held out for validation, as far as the table of datasets tells.

        Raises:
            ValueError: a class would be left without one, or nothing to train on.
        """
        data, known = self.data, DATASETS[self.data.dataset]
        if data.validation is None or not known.train_samples:
            return 0
        if known.val_samples:
            return known.val_samples
        even, more = divmod(known.train_samples, len(known.classes))  # the classes' own sizes are known once it is read
        sizes = [even + (number < more) for number in range(len(known.classes))]
        return sum(validation.check(data.validation, sizes, known.classes, known.label))

    def check_steps(self, rows: int | None, image_size: int | None = None) -> None:
        """Hold that the network can be built and trained on so many rows (None: not known yet).

        Raises:
            ValueError: one sentence.
        """
        model = self.model
        check(
            model.architecture,
            image_size=image_size or self.data.image_size or DATASETS[self.data.dataset].image_size,
            kernel=model.kernel,
            patch=model.patch,
            dropout=model.dropout,
            attention_dropout=model.attention_dropout,
            drop_path=model.drop_path,
            chosen=model.dimensions(),
            images=1 if 1 in (self.training.batch_size, rows) else None,
        )

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> RunSpec:
        """A spec from nested plain data, as in spec.json.

        Raises:
            UserError: one sentence naming the field, what was given and what would be right.
        """
        plugins.check_there(raw.get("plugins") if isinstance(raw, Mapping) else None)
        try:
            return cls.model_validate(raw)
        except ValidationError as error:
            why = [trouble for trouble in plugins.troubles() if "could" in trouble or "names" in trouble]
            raise UserError("; ".join([_sentence(error), *why[:1]])) from None

    @classmethod
    def begun(cls, **values: Any) -> RunSpec:
        """A spec from flat field names over what form, command line and front door begin with: with validation."""
        return cls.of(**{**initial(), **aliases.current(values)})

    @classmethod
    def of(cls, base: RunSpec | None = None, /, **values: Any) -> RunSpec:
        """A spec from flat field names (`architecture="cct-2/3x2", epochs=2`), over `base` or the defaults.

        Raises:
            UserError: a run has no such option, or the values do not go together.
        """
        raw = (base or cls()).model_dump() | {"plugins": None}
        places = {field.name: field.path for field in fields()}
        for name, value in aliases.current(values).items():
            if name not in places:
                raise UserError(f"a run has no option {name[:80]!r}; {nearest(name[:80], places)}")
            *parents, leaf = places[name]
            part = raw
            for parent in parents:
                part = part[parent]
            part[leaf] = value
        found = cls.parse(raw)
        if found.model.architecture != (base.model.architecture if base else None):
            found._check_architecture()
        return found

    def _check_architecture(self) -> None:
        """Hold that a network of timm's is there; a stored run of one is read without timm too.

        Raises:
            UserError: timm is not installed, or has no such network.
        """
        if architecture_of(self.model.architecture).family == timm_catalog.FAMILY:
            timm_catalog.check(self.model.architecture)

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
        """The spec as JSON has it: sections with their fields, all of them."""
        return self.model_dump(mode="json")

    def fingerprint(self, data_digest: str | None = None) -> str:
        """What two runs share when they differ by seed and machine alone: 12 hex digits.

        Fields at their defaults do not count, so an option added later leaves old runs matched; nor do those that
        change nothing in this network; a dataset's own side and number of rows, an architecture's own patch and a
        kernel's own epsilon count as left empty. The data count by their name; those in a folder of one's own, whose
        name says little, by what was found there too. A run that others start from or learn from counts by its own
        fingerprint, so that seeds of a whole chain are alike. It is made of the names of format 1 (`aliases`), so that
        it stays what it was.
        """
        plain = plainest(self.model, self.data, self.augment, self.init, self.training)
        raw = self.model_copy(update=plain).model_dump(
            mode="json", exclude_defaults=True, exclude={"seed", "device", "precision", "compile", "processes", "name"}
        )
        raw = aliases.format_1(raw)
        if data_digest and self.data.folder:
            raw["data_digest"] = data_digest
        text = json.dumps({k: v for k, v in raw.items() if v != {}}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def title(self) -> str:
        """The name, or one made from the choices that matter most."""
        if self.name:
            return self.name
        rows = f"{self.data.samples:,}" if self.data.samples else "all"
        kernel = (
            f" {kernels.kernel_of(self.model.kernel).label}"
            if architecture_of(self.model.architecture).attention
            else ""
        )
        return f"{self.model.architecture}{kernel} on {self.data.dataset} ({rows}), seed {self.seed}"


def fields() -> list[SpecField]:
    """Every leaf option in the form's order; leaf names are unique over all sections."""
    return list(_all_fields())


@functools.cache
def _all_fields() -> tuple[SpecField, ...]:
    return tuple(walk(RunSpec))  # once: reading ten thousand runs asks for them as often


def initial() -> dict[str, Any]:
    """What form, command line and front door begin with where that is not the default, by the options' leaf names."""
    return {field.name: field.initial for field in fields() if field.initial != field.default}


def command_line(spec: RunSpec) -> str:
    """The command that starts this run: only what differs from what the command line begins with.

    Quoted for every shell alike; where a text holds what a shell reads itself ($, `, !, quotes, line ends), for sh.
    """
    words = ["python -m vitcore train"]
    if spec.init.checkpoint_digest:  # trained elsewhere: nothing here makes these weights but bringing them in
        words = [f"python -m vitcore import {spec.model.architecture} FILE --dataset {spec.data.dataset}"]
        return " ".join([*words, f"--pos-embed {spec.model.pos_embed}"])
    for field in fields():
        value = getattr(_part(spec, field.path), field.name)
        if value == field.initial or field.derived:
            continue
        flag = field.name.replace("_", "-")
        if field.kind is bool:
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            text = "0" if value is None else written(value)  # empty where not empty is begun with: validation alone
            words.append(f"--{flag} {_quoted(text)}")
    return " ".join(words)


def _quoted(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9._/:+-]+", text):
        return text
    return f'"{text}"' if re.fullmatch(r"[\w ._/:+,=()@^*<-]*", text, re.ASCII) else shlex.quote(text)


def _part(spec: RunSpec, path: tuple[str, ...]) -> Any:
    """What holds the leaf at the end of `path`."""
    part: Any = spec
    for name in path[:-1]:
        part = getattr(part, name)
    return part


def _sentence(error: ValidationError) -> str:
    """The first thing wrong, as one sentence: the option, what was given, what would be right."""
    first = error.errors(include_url=False)[0]
    path, given = ".".join(str(part) for part in first["loc"]), first.get("input")
    if first["type"] == "value_error" or not path:
        return first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        return f"a run has no option {_spelled(path)}; it may come from a newer vitcore, or be misspelled"
    known = {".".join(field.path): field for field in fields()}
    wish = first["msg"][0].lower() + first["msg"][1:]
    if first["type"] == "string_pattern_mismatch" and path in known:
        wish = f"it must fit: {known[path].help.rstrip('.')}"
    shown = f"{str(given)[:80]!r} does not do" if isinstance(given, str | int | float | None) else "that does not do"
    named = f"{known[path].label} ({known[path].name})" if path in known else _spelled(path)
    return f"{named}: {shown}; {wish}"


def _spelled(path: str) -> str:
    """What is no option, by its own name and its section's: nobody but a program writes them with dots between."""
    section, _, name = path.rpartition(".")
    return f"{name[:80]!r}" + (f" in its {section[:80]!r}" if section else "")
