"""Every kind of line in a run's journals, field by field: a fact or a metric of a run is spelled here and nowhere else.

The trainer makes these lines and the journal writes them. The fold (runs/fold.py), the SQL (store/tables.py), the
columns of Compare and of CSV files, the axes of charts and the table in results/README.md are drawn from them. A new
metric is one field of `Epoch` and one line where it is computed (training/reporting.py).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass
from typing import Annotated, Any, ClassVar

from vitcore.schema import SQL, Field, Meaning, fields

__all__ = ["SQL", "Field", "fields"]

ENDINGS = ("finished", "stopped", "paused", "diverged", "failed", "interrupted", "cancelled")
"""How a run can end: the values of `Ended.status`."""


class Line:
    """A line of a journal: `stream` names the journal, `event` the kind of line where a journal holds several."""

    stream: ClassVar[str] = "events"
    event: ClassVar[str] = ""

    def written(self) -> dict[str, Any]:
        """As plain data; a field that is at its default is left out."""
        found: dict[str, Any] = {"event": self.event} if self.event else {}
        for each in dataclasses.fields(self):  # type: ignore[arg-type]  # every kind is a dataclass
            value = getattr(self, each.name)
            if each.default is MISSING or value != each.default:
                found[each.name] = dataclasses.asdict(value) if dataclasses.is_dataclass(value) else value  # type: ignore[arg-type]
        return found


@dataclass(frozen=True)
class Taken(Line):
    """A worker has taken the run out of the queue."""

    event: ClassVar[str] = "taken"
    pid: int
    engine: Annotated[str | None, Meaning("what placed it: local, ray or slurm; runs from before have none")] = None
    node: Annotated[str | None, Meaning("the name of the machine that trains it")] = None
    device_queue: Annotated[
        str | None, Meaning("the device it was given there: cpu, mps, cuda-0, …", label="Queue of")
    ] = None
    slot: Annotated[int | None, Meaning("which of the runs at once on that device it is, from 0")] = None


@dataclass(frozen=True)
class Heartbeat(Line):
    """A worker on another machine lives: how many it has told before, and the engine's clock in whole unix seconds."""

    event: ClassVar[str] = "heartbeat"
    count: Annotated[int, Meaning(column=None)]
    clock: Annotated[int, Meaning(column="heartbeat")]


@dataclass(frozen=True)
class Host:
    """The machine that trains."""

    machine: Annotated[str, Meaning("the CPU's family, such as x86_64")]
    cpu: Annotated[str, Meaning("the CPU's name")]
    cores: Annotated[int | None, Meaning("how many the machine has")]
    torch: Annotated[str, Meaning("torch's version", label="torch")]
    system: Annotated[str, Meaning("the operating system")]


@dataclass(frozen=True)
class Software:
    """The vitcore that trains."""

    version: Annotated[
        str | None,
        Meaning(
            "vitcore's version; runs from before it was kept have none",
            column="vitcore_version",
            label="vitcore",
        ),
    ]
    commit: Annotated[
        str | None,
        Meaning(
            "of a clone of vitcore the commit, with a + where files differed from it",
            column="vitcore_commit",
            label="vitcore's commit",
        ),
    ] = None


@dataclass(frozen=True)
class Started(Line):
    """An attempt begins: on what, with which data, and from which epoch on; None: unknown, of one trained elsewhere."""

    event: ClassVar[str] = "started"
    device: Annotated[str | None, Meaning("the device that `auto` came to", column="device_used", label="Device used")]
    precision: Annotated[
        str | None, Meaning("the precision that `auto` came to", column="precision_used", label="Precision used")
    ]
    classes: Annotated[Sequence[str], Meaning("the classes' names")]
    test_samples: Annotated[int | None, Meaning("images it was tested on")]
    parameters: Annotated[int | None, Meaning("of the network", form="compact", cost=True)]
    macs: Annotated[
        int | None,
        Meaning("multiply-accumulates", label="MACs", unit="per image", form="compact", cost=True),
    ]
    epochs: Annotated[int | None, Meaning(column=None)]  # the spec's column has them
    resumed_from: Annotated[int, Meaning("the epoch after which it last went on; 0: begun afresh")]
    resumed_step: Annotated[int | None, Meaning(column=None)] = None
    threads: Annotated[int | None, Meaning("threads that torch computed with")] = None
    bfloat16_gain: Annotated[
        float | None,
        Meaning(
            "how many times as quick a step in bfloat16 was as one in float32, measured where the precision was auto",
            label="bfloat16 gain",
        ),
    ] = None
    host: Host | None = None
    vitcore: Software | None = None
    pid: int | None = None
    train_samples: Annotated[int | None, Meaning("images it learned from")] = None
    val_samples: Annotated[
        int | None, Meaning("images held out of training to choose epochs by; 0: none", label="Validation samples")
    ] = None
    data_digest: Annotated[
        str | None,
        Meaning(
            "twelve hexadecimal digits that differ where classes, images or labels do; runs from before it was kept "
            "have none"
        ),
    ] = None
    steps_per_epoch: Annotated[int | None, Meaning("steps of the optimizer in an epoch")] = None
    timm: Annotated[
        str | None,
        Meaning("timm's version, of a run whose network is timm's", column="timm_version", label="timm"),
    ] = None
    majority_error: Annotated[
        float | None,
        Meaning(
            "of always answering the class of most training images, on the test images; of a person's own images alone",
            label="Largest class alone",
            unit="%",
        ),
    ] = None


@dataclass(frozen=True)
class Attempt(Line):
    """The line that begins an attempt in the other journals, after its Started among the events."""

    event: ClassVar[str] = "started"
    resumed_from: int
    resumed_step: int | None = None


@dataclass(frozen=True)
class Progress(Line):
    """How far a run is within an epoch, about once a second."""

    event: ClassVar[str] = "progress"
    epoch: Annotated[int, Meaning(column=None)]  # under way, where an Epoch's is over
    step: int
    steps: int
    images_per_second: Annotated[float, Meaning(column="speed")]
    eta_seconds: Annotated[
        float | None, Meaning("how long it will still take", label="Time left", unit="s", form=".0f", of_run="running")
    ]
    loss: Annotated[
        float | None,
        Meaning("of the last step told", label="Loss", form=".4f", better="lower", of_run="kept", finite=True),
    ]


@dataclass(frozen=True)
class Epoch(Line):
    """An epoch that is over, evaluated or not: what has been learned and what it took so far, as far as it is known."""

    event: ClassVar[str] = "epoch"
    epoch: Annotated[int, Meaning("from 1", axis="x")]
    error_percent: Annotated[
        float | None,
        Meaning("test error", "Test error", "%", ".2f", better="lower", of_run="evaluated", axis="y"),
    ]
    accuracy: Annotated[
        float | None,
        Meaning(
            "share of the test images that are right",
            *("Test accuracy", "share", ".4f"),
            better="higher",
            of_run="evaluated",
            axis="y",
        ),
    ]
    f1: Annotated[
        float | None,
        Meaning(
            "F1 on the test images, the mean over classes",
            *("Test macro F1", "share", ".4f"),
            better="higher",
            of_run="evaluated",
            axis="y",
        ),
    ]
    val_error: Annotated[
        float | None,
        Meaning("validation error", "Validation error", "%", ".2f", "lower", of_run="validated", best=True, axis="y"),
    ]
    val_accuracy: Annotated[
        float | None,
        Meaning(
            "share of the validation images that are right",
            *("Validation accuracy", "share", ".4f"),
            better="higher",
            of_run="validated",
            axis="y",
        ),
    ]
    val_f1: Annotated[
        float | None,
        Meaning(
            "F1 on the validation images, the mean over classes",
            *("Validation macro F1", "share", ".4f"),
            better="higher",
            of_run="validated",
            axis="y",
        ),
    ]
    train_loss: Annotated[
        float | None,
        Meaning("mean of the epoch's steps", "Training loss", "", ".4f", "lower", of_run="last", axis="y", finite=True),
    ]
    test_loss: Annotated[
        float | None,
        Meaning("mean of the test images", "Test loss", "", ".4f", "lower", of_run="evaluated", axis="y", finite=True),
    ]
    val_loss: Annotated[
        float | None,
        Meaning(
            "mean of the validation images",
            *("Validation loss", "", ".4f", "lower"),
            of_run="validated",
            axis="y",
            finite=True,
        ),
    ]
    learning_rate: Annotated[float | None, Meaning("of the epoch's last step", "Learning rate", "", "g", axis="y")]
    images_seen: Annotated[
        int | None, Meaning("training images so far, each as often as it came", "Images seen", axis="x")
    ]
    training_seconds: Annotated[
        float | None,
        Meaning("in training steps alone", "Training time", "s", ".1f", of_run="last", axis="x", cost=True),
    ]
    evaluation_seconds: Annotated[float | None, Meaning("in evaluations", "Evaluation time", "s", ".1f")]
    cpu_seconds: Annotated[
        float | None,
        Meaning(
            "of the process on all cores, evaluation included",
            *("CPU time", "s", ".1f"),
            of_run="last",
            axis="x",
            cost=True,
        ),
    ]
    images_per_second: Annotated[
        float | None,
        Meaning("speed of training", "Images per second", "", ",.0f", "higher", of_run="last", axis="y"),
    ]
    memory_mb: Annotated[
        float | None, Meaning("the most memory held", "Memory", "MB", ",.0f", "lower", of_run="highest", axis="y")
    ]
    train_accuracy: Annotated[
        float | None,
        Meaning(
            "share of the epoch's training images that were right when they were learned from, changed as they were; "
            "of batches that were not mixed; runs from before it was kept have none",
            *("Training accuracy", "share", ".4f"),
            better="higher",
            of_run="last",
            axis="y",
        ),
    ] = None
    gradient_norm: Annotated[
        float | None,
        Meaning(
            "length of the gradient before clipping, the mean of every eighth step of the epoch; without clipping "
            "known on CPUs alone; runs from before it was kept have none",
            *("Gradient norm", "", ".4g"),
            axis="y",
        ),
    ] = None


@dataclass(frozen=True)
class Note(Line):
    """A sentence of the trainer for the person."""

    event: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class Loaded(Line):
    """What a run that starts from another's weights has taken over, tensor by tensor."""

    event: ClassVar[str] = "loaded"
    run: Annotated[str, Meaning(column=None)]  # the spec's init_from
    weights: Annotated[str, Meaning(column=None)]
    epoch: Annotated[int, Meaning(column=None)]
    loaded: Annotated[Sequence[str], Meaning(column=None)]
    resized: Annotated[Sequence[str], Meaning(column=None)]
    fresh: Annotated[Sequence[str], Meaning(column=None)]


@dataclass(frozen=True)
class Ended(Line):
    """How a run ended, one of ENDINGS, with one sentence why; what it had reached, where there was anything."""

    event: ClassVar[str] = "ended"
    status: Annotated[str, Meaning(column="ending")]
    reason: str
    epochs: Annotated[int | None, Meaning(column=None)] = None
    error_percent: Annotated[float | None, Meaning(column="end_error_percent")] = None
    val_error: Annotated[float | None, Meaning(column="end_val_error")] = None
    best_epoch: Annotated[
        int | None,
        Meaning("epoch of least validation error, whose weights are kept as the best", column="end_best_epoch"),
    ] = None
    val_error_best: Annotated[float | None, Meaning(column="end_val_error_best")] = None
    test_error_best: Annotated[
        float | None,
        Meaning(
            "test error of the best epoch's weights, measured once",
            *("Test error, best epoch", "%", ".2f"),
            better="lower",
            column="end_test_error_best",
        ),
    ] = None
    training_seconds: Annotated[float | None, Meaning(column="end_training_seconds")] = None
    images_per_second: Annotated[float | None, Meaning(column="end_images_per_second")] = None


@dataclass(frozen=True)
class Step(Line):
    """A step's loss."""

    stream: ClassVar[str] = "steps"
    step: int
    epoch: int
    loss: float | None
    learning_rate: float | None


@dataclass(frozen=True)
class Stride(Step):
    """The last of several steps, in a run that is too long for a line a step, and the losses of all of them."""

    loss_min: float | None
    loss_max: float | None
    loss_mean: float | None


@dataclass(frozen=True)
class Matrix(Line):
    """Test images by true class and class answered."""

    stream: ClassVar[str] = "confusion"
    epoch: int
    matrix: Sequence[Sequence[int]]


@dataclass(frozen=True)
class ValMatrix(Matrix):
    """The same of the validation images."""

    stream: ClassVar[str] = "val_confusion"


@dataclass(frozen=True)
class Truth(Line):
    """The true class of every test image, in the order of the split; the first line of its stream."""

    stream: ClassVar[str] = "predictions"
    truth: Sequence[int]
    classes: int


@dataclass(frozen=True)
class Answers(Line):
    """The class answered to every test image."""

    stream: ClassVar[str] = "predictions"
    epoch: int
    answers: Sequence[int]


@dataclass(frozen=True)
class ValTruth(Truth):
    """The true class of every validation image; the first line of its stream."""

    stream: ClassVar[str] = "val_predictions"


@dataclass(frozen=True)
class ValAnswers(Answers):
    """The class answered to every validation image."""

    stream: ClassVar[str] = "val_predictions"


KINDS: tuple[type[Line], ...] = (Taken, Heartbeat, Started, Progress, Epoch, Note, Loaded, Ended)
"""The lines of events.jsonl."""


def metrics(axis: str = "") -> dict[str, Field]:
    """The fields of an epoch's line by name; those that can be this axis of a chart, where one is named."""
    return {each.name: each for each in fields(Epoch) if not axis or each.meaning.axis == axis}


def scores() -> tuple[str, ...]:
    """Those that only an epoch after which the test images were answered has."""
    return tuple(name for name, each in metrics().items() if each.meaning.of_run == "evaluated")


def validated() -> tuple[str, ...]:
    """Those that only an epoch after which the validation images were answered has."""
    return tuple(name for name, each in metrics().items() if each.meaning.of_run == "validated")


HELD_OUT: Mapping[str, tuple[str, str]] = {
    "held_out_accuracy": ("val_accuracy", "accuracy"),
    "held_out_error": ("val_error", "error_percent"),
    "held_out_f1": ("val_f1", "f1"),
    "held_out_loss": ("val_loss", "test_loss"),
}
"""Of each epoch what it is chosen by: of the validation images where the run has any, else of the test images."""


def unfinite() -> tuple[str, ...]:
    """Those that are written without a value where they were no number."""
    kinds = (Epoch, Progress, Step)
    return tuple(dict.fromkeys(each.name for kind in kinds for each in fields(kind) if each.meaning.finite))


def running() -> tuple[str, ...]:
    """Those of which progress tells too, within an epoch."""
    return tuple(each.name for each in fields(Progress) if each.name in metrics() and each.column is not None)


def of_progress() -> tuple[Field, ...]:
    """What progress tells of a run and no epoch does."""
    return tuple(each for each in fields(Progress) if each.name not in metrics())


def costs() -> dict[str, Field]:
    """What accuracy can be drawn against, by the column of runs."""
    return {each.name: each for kind in (Started, Epoch) for each in fields(kind) if each.meaning.cost}
