"""A run that another program trains, logged as it goes: with `vc.log(...)` around the training, `epoch` after each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from vitcore.data.registry import DATASETS
from vitcore.errors import UserError, first_line
from vitcore.runs import elsewhere, metrics
from vitcore.runs.elsewhere import Elsewhere
from vitcore.runs.folder import Results
from vitcore.runs.recorder import Recorder
from vitcore.spec import RunSpec, printable

if TYPE_CHECKING:
    import numpy as np


class Log:
    """A run of another program while it is being logged; `vitcore.log` makes it.

    Attributes:
        id: the name of its folder in `results/runs`; `vitcore.run(id)` reads what was logged.
    """

    def __init__(self, recorder: Recorder, truth: np.ndarray | None, classes: list[str], dataset: object) -> None:
        self.id = recorder.folder.id
        self._recorder, self._truth, self._classes, self._dataset = recorder, truth, classes, dataset
        self._stopped = self._ended = False

    def epoch(
        self, *, epoch: int | None = None, predictions: Any = None, truth: Any = None, **metrics_of_it: Any
    ) -> int:
        """An epoch is over; on the disk when this returns.

        Args:
            epoch: its number, from 1; None: the next.
            predictions: the class of each test image, (images,) or scores (images, classes), in the same order at
                every epoch. Once `truth` is known, accuracy, F1 and the confusion matrix follow from them.
            truth: the true class of each test image (images,), where `log` did not get it; once is enough.
            metrics_of_it: by the names of `vitcore.run(id).curves`: accuracy and f1 (shares of the test images),
                error_percent, test_loss, val_accuracy, val_error, val_loss, train_loss (or loss), learning_rate, …

        Returns:
            The epoch's number.

        Raises:
            UserError: a metric has another name or cannot be so; nothing of the epoch is then stored.
        """
        number = self._recorder.last + 1 if epoch is None else _whole(epoch, "epoch")
        values = metrics.checked(metrics_of_it)
        labels, names = self._known_truth(truth)
        answers = None if predictions is None else self._answers(predictions, labels, len(names))
        if answers is not None and labels is not None:
            from vitcore.runs import answered

            values = answered.scores(labels, answers, len(names), values)
        self._recorder.check(number)
        if labels is not None and self._truth is None:
            self._recorder.score(labels, len(names))
            self._truth, self._classes = labels, names
        if answers is not None:
            if labels is None:
                self._recorder.unscored(number, answers)
            else:
                self._recorder.answers(number, labels, answers, len(names))
        self._recorder.epoch(number, values)
        return number

    def _known_truth(self, truth: Any) -> tuple[np.ndarray | None, list[str]]:
        """The true classes and their names as they are known with this epoch. Raises UserError."""
        if truth is None:
            return self._truth, self._classes
        labels, names = _classes(truth, self._classes or None, self._dataset)
        assert labels is not None
        before, answered, answers = self._truth, self._recorder.unscored_images, self._recorder.unscored_classes
        if not self._classes and len(names) < answers:  # more classes were answered than are true of any image
            names = [str(number) for number in range(answers)]
        if before is not None and (len(before) != len(labels) or (before != labels).any()):
            raise UserError(
                f"truth was given before, of {len(before):,} images, and is another now; the test images and their "
                "order stay the same within a run"
            )
        if before is None and answered is not None and answered != len(labels):
            raise UserError(
                f"truth has {len(labels):,} images, and the epochs before had {answered:,} predictions; give the true "
                "class of each image that was answered, in the same order"
            )
        return labels, names

    def _answers(self, given: Any, truth: np.ndarray | None, classes: int) -> np.ndarray:
        """The class answered to each test image (images,). Raises UserError."""
        from vitcore.runs import answered

        if truth is not None:
            return answered.classes_of(given, len(truth), classes)
        return answered.classes_of(given, self._recorder.unscored_images, classes, "the epochs before had")

    def step(self, step: int, *, loss: float | None = None, learning_rate: float | None = None) -> None:
        """A step of the epoch that is under way, for the curve of losses; costs no wait for the disk."""
        given = metrics.checked({"train_loss": loss, "learning_rate": learning_rate})
        self._recorder.step(_whole(step, "step"), given.get("train_loss"), given.get("learning_rate"))

    def note(self, text: str) -> None:
        """A sentence that stands with the run."""
        self._recorder.note(str(text)[:10_000])

    @property
    def stop_requested(self) -> bool:
        """Whether somebody has pressed Stop, on a page or by `vitcore stop`; it is for your program to heed."""
        if not self._stopped:
            self._stopped = self._recorder.folder.request.exists()
        return self._stopped

    def end(self, status: str = "finished", reason: str = "") -> None:
        """The run is over; the end of a `with` block says so by itself."""
        if not self._ended:
            self._ended = True
            self._recorder.end(status, reason or f"Logged to its end by {self._recorder.last:,} epochs.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None:
            self.end(*(("stopped", "Its program ended it early, as it was asked to.") if self._stopped else ()))
        elif issubclass(kind, KeyboardInterrupt):
            self.end("stopped", "Its program was interrupted from the keyboard.")
        else:
            self.end("failed", f"{kind.__name__}: {first_line(error or kind())}.")


def log(
    name: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    spec: RunSpec | None = None,
    epochs: int | None = None,
    truth: Any = None,
    classes: Sequence[str] | None = None,
) -> Log:
    """Begins a run that this program trains by itself, with whatever library; use it as `with log(...) as run:`.

    It stands beside all other runs, marked as logged from elsewhere. While this process lives it is running; where it
    dies, what was logged is there and the run counts as interrupted.

    Args:
        name: what the run is called.
        parameters: its settings, by any names; those that bear the name of an option here (learning_rate, dataset, …)
            stand in that option's column.
        spec: given where the run was trained by exactly this spec of the library: then alone it counts as one of its
            seeds in groups, tables and verdicts.
        epochs: how many it is going to train, where that is known.
        truth: the true class of each test image (images,), for `predictions`; an epoch can give it too.
        classes: their names, in the order of the numbers; None: the dataset's, where `parameters` or `spec` name one
            that is known here, else the numbers.

    Raises:
        UserError: a name that cannot be seen, parameters that do not fit, or a results folder that cannot be written.
    """
    settings = elsewhere.checked(parameters or {})
    try:
        called = printable.checked(str(name), "a name")
    except ValueError as error:
        raise UserError(str(error)) from None
    if not called:
        raise UserError("a run from elsewhere needs a name to be found by; give it one, such as 'keras-vit'")
    if spec is not None and not isinstance(spec, RunSpec):
        raise UserError(
            f"spec is a vitcore.RunSpec; a {type(spec).__name__} was given; other settings go into parameters"
        )
    dataset = spec.data.dataset if spec else settings.get("dataset")
    labels, names = _classes(truth, classes, dataset)
    planned = None if epochs is None else _whole(epochs, "epochs")
    run = Elsewhere(elsewhere.LOGGED, called, settings if planned is None else {"epochs": planned, **settings})
    recorder = Recorder(Results().create_elsewhere(run, spec))
    known = {"test_samples": None if labels is None else len(labels), "epochs": planned}
    recorder.start(classes=names, known=known, here=True)
    return Log(recorder, labels, names, dataset)


def _classes(truth: Any, classes: Sequence[str] | None, dataset: object) -> tuple[np.ndarray | None, list[str]]:
    """The true classes as numbers, and the classes' names as far as they are known."""
    names = [] if classes is None else [str(each) for each in classes]
    if truth is None:
        return None, names
    from vitcore.runs import answered

    labels = answered.truth_of(truth, len(names))
    count = int(labels.max()) + 1
    own = DATASETS[dataset].classes if isinstance(dataset, str) and dataset in DATASETS else ()
    if not names:
        names = list(own) if len(own) >= count else [str(number) for number in range(count)]
    return labels, names


def _whole(value: Any, name: str) -> int:
    """A number of an epoch or a step. Raises UserError."""
    if callable(item := getattr(value, "item", None)):
        value = item()
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UserError(f"{name} is a whole number from 1 on; given was {str(value)[:40]!r}")
    return value
