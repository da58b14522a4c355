"""The training loop, told in order: the one place where a spec becomes a trained model."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from vitcore import events
from vitcore.data.identity import identity
from vitcore.errors import UserError
from vitcore.events import Note
from vitcore.models.transfer import train_mode
from vitcore.spec import RunSpec
from vitcore.training import finite, reporting
from vitcore.training.alike import hold_alike
from vitcore.training.best import TEST_ERROR, VAL_ERROR, Best
from vitcore.training.checkpoint import WEIGHTS, load_resume, metadata, save_model, save_resume
from vitcore.training.evaluate import Scores
from vitcore.training.initial import Initial, notes, required
from vitcore.training.memory import keep_pages, too_large
from vitcore.training.outcome import Outcome, RankLost, Status
from vitcore.training.process_parallel import note
from vitcore.training.progress import Report, StepLog, TrainingProgress
from vitcore.training.ranks import Ranks
from vitcore.training.schedule import lr_factor
from vitcore.training.scoring import outcome, scored
from vitcore.training.state import TrainingState, known_precision
from vitcore.training.step import Steps
from vitcore.training.stop_signal import Control, StopRequested, StopSignal

CHECKPOINT_SECONDS = 60.0  # within an epoch
DATA_UNKNOWN = "This run was left by a vitcore that did not keep what its data were, so they were not compared."
CHECKPOINT_SHARE = 0.05  # of the time since the last one: short epochs do not each wait for the disk


def train(
    spec: RunSpec,
    report: Report,
    *,
    folder: Path | None = None,
    control: Control = lambda: None,
    resume: bool = False,
    teacher: nn.Module | None = None,
    initial: Initial | None = None,
    ranks: Ranks | None = None,
) -> Outcome:
    """Train `spec`'s model and report every line (vitcore.events) of what comes of it.

    Args:
        folder: where checkpoints go, at the end of epochs, every minute, and when stopped; it must be there; none:
            they go nowhere.
        control: asked at least twice a second; "stop" or "pause" ends the run, keeping what was learned.
        resume: go on from the folder's checkpoint, where there is one.
        teacher: whose answers to learn from, in evaluation mode; the spec says how.
        initial: the weights to start from, where the spec names a run; one that goes on from its checkpoint needs none.
        ranks: the processes that train it together, of which this is the first; the others `follow` (follower.py).

    Raises:
        RankLost: another of the processes ended without a word.
        UserError: what was asked for cannot be done here (no such folder, data absent, no such device, too little
            memory...).
    """
    if folder is not None and not folder.is_dir():
        raise UserError(f"there is no folder {folder} to keep checkpoints in; make it first")
    ask = StopSignal(control)
    keep_pages()
    try:
        run = Run(spec, report, folder, ask, teacher, resume, initial, ranks)
        run.gather()
        run.tell_start()
        if spec.compile:
            run.compile()
        return run.go()
    except StopRequested:
        return Outcome(ask.status, reporting.not_begun(ask.status), None, 0, 0.0, 0.0)
    except RankLost:
        left = ranks.failure() if ranks else None
        if left is None:
            raise
        raise UserError(left) from None
    except (MemoryError, RuntimeError) as error:
        user_error = too_large(error, spec)
        if user_error is None:
            raise
        raise user_error from error
    finally:
        if ranks is not None:
            ranks.leave()


@dataclass(frozen=True)
class Ending:
    """Why the loop was left."""

    status: Status
    reason: str


class Run:
    """One run: its parts, what it has counted, and the loop over them; a resumed one goes on from its checkpoint."""

    def __init__(
        self,
        spec: RunSpec,
        report: Report,
        folder: Path | None,
        ask: StopSignal,
        teacher: nn.Module | None,
        resume: bool,
        initial: Initial | None = None,
        ranks: Ranks | None = None,
    ) -> None:
        self.spec, self.report, self.folder, self.ask, self.ranks = spec, report, folder, ask, ranks
        state = load_resume(folder, spec) if resume and folder else None
        self.initial = initial if state is None else None
        if state is None:
            required(spec, initial)
        self.parts = TrainingState(spec, report, ask, teacher, state, self.initial, ranks)
        self.data = identity(self.parts.images)
        self.progress_state = TrainingProgress()
        self.steps = Steps(spec, self.parts)
        self.log = StepLog(report, self.progress_state, self.steps.count, self.parts.rows * spec.training.epochs)
        self._cpu_before, self._cpu_start = 0.0, time.process_time()
        self._shares_before: int | None = None  # among how many a resumed run's batches were shared out
        self._saved, self._saving = time.monotonic(), 0.0
        self._saved_epoch: int | None = None  # the epoch whose weights are on the disk
        self.best = Best(VAL_ERROR if self.parts.validation else TEST_ERROR)
        if state is not None and folder is not None:
            self._restore(state, folder)
        elif folder is not None:
            self.best.restore(folder, None)

    def gather(self) -> None:
        """Have the other processes, if there are any, make the same run ready. Raises UserError where one cannot."""
        if self.ranks is not None:
            self.ranks.tell(known_precision(self.parts))
            hold_alike(self.ranks, self.parts)

    def tell_start(self) -> None:
        """Report what the run is, what is right of each held-out image, and what a person should know of both."""
        self.report(reporting.started(self.parts, self.spec, self.progress_state))
        if self.spec.training.evaluate_test:
            self.report(reporting.truth(self.parts, self.parts.images.test.labels))
        if self.parts.validation:
            self.report(reporting.truth(self.parts, self.parts.validation.labels, events.ValTruth))
        if self.initial is not None and self.parts.taken is not None:
            for line in notes(self.parts.taken, self.initial):
                self.report(line)
        if self.ranks is not None:
            self.report(Note(note(min(self.spec.training.batch_size, self.parts.rows), self.ranks.count)))
        for text in [
            *reporting.warnings(self.spec, self.parts),
            *reporting.shared_out(self._shares_before, self.parts.parallel.count),
        ]:
            self.report(Note(text))

    def compile(self) -> None:
        """Compile the network on its first batch, before the clock of the training runs."""
        took = self.steps.compile(self.progress_state.epoch)
        self.report(Note(f"torch.compile took {took:.1f} s, not counted as training."))

    def go(self) -> Outcome:
        """Train to the end, or until somebody or a loss that is no number ends it; how it ended."""
        ending: Ending | None = None
        while ending is None and self.progress_state.evaluated < self.spec.training.epochs:
            ending = self._epoch() or self._assess()
        self.log.close()
        if ending is None or ending.status != "diverged" or not self._has_weights():
            self._checkpoint()
        if ending is None:
            epochs = self.progress_state.evaluated
            ending = Ending("finished", f"all {epochs} epochs are done" if epochs > 1 else "the one epoch is done")
        if ending.status == "diverged" and self.parts.validation and self.folder is not None:
            self.best.write(self.folder, self._metadata())  # nothing more will come that keeps them
            self.best.settle(self.folder)
        return outcome(ending.status, ending.reason, self.parts, self.spec, self.progress_state, self.best, self.folder)

    def _epoch(self) -> Ending | None:
        """Train through what is left of the epoch; an ending where it was cut short."""
        progress_state, parts, batches = self.progress_state, self.parts, self.parts.batches
        if progress_state.epoch > progress_state.evaluated:  # resumed between training and evaluation
            return None
        order = batches.order(progress_state.epoch)
        train_mode(parts.model, frozen=self.spec.init.freeze)
        while progress_state.position < batches.steps:
            if self.ask():
                return self._requested_end()
            began = time.perf_counter()
            self._step(*batches.batch(order, progress_state.position))
            due = self.log.due()
            if due or progress_state.position == batches.steps:
                self.log.flush()
            took = time.perf_counter() - began
            progress_state.epoch_seconds += took
            progress_state.training_seconds += took
            if due and self.log.bad_step is None and time.monotonic() - self._saved > CHECKPOINT_SECONDS:
                self._checkpoint()
            if self.log.bad_step is not None:
                break
        progress_state.epoch += 1
        return None

    def _step(self, images: Tensor, labels: Tensor) -> None:
        """One step of the optimizer on images (b c y x) uint8; nothing in it waits for the device."""
        progress_state = self.progress_state
        done = progress_state.epoch * self.parts.batches.steps + progress_state.position
        with self.ranks.step(done) if self.ranks else nullcontext():
            taken = self.steps.take(done, images, labels)
        progress_state.position += 1
        progress_state.epoch_images += len(labels)
        progress_state.images_seen += len(labels)
        self.log.add(done + 1, progress_state.epoch + 1, len(labels), taken)

    def _assess(self) -> Ending | None:
        """Evaluate where it is due, tell the epoch, keep a checkpoint; an ending where the run is over early.

        What chooses is evaluated first: the validation images, and without any the test images. With validation these
        are looked at after the last epoch alone, or never where the spec leaves them alone.
        """
        progress_state, spec, split = self.progress_state, self.spec.training, self.best.metric.of
        step, finite_weights = self.log.bad_step, self._finite()
        diverged = step is not None or not finite_weights
        interrupted: Callable[[], bool] = (lambda: False) if diverged else self.ask
        found: dict[str, Scores] = {}
        over, reached = diverged or progress_state.epoch == spec.epochs, False
        began = time.perf_counter()
        if over or progress_state.epoch % spec.evaluate_every == 0:
            chosen_by = scored(self.parts, self.spec, self.parts.eval_model, split, interrupted)
            if chosen_by is None:
                return self._requested_end()
            found[split] = chosen_by
            reached = spec.target_error is not None and chosen_by.error_percent <= spec.target_error
        if (over or reached) and "test" not in found and spec.evaluate_test:
            tested = scored(self.parts, self.spec, self.parts.eval_model, "test", interrupted)
            if tested is None:
                return self._requested_end()
            found["test"] = tested
        progress_state.evaluation_seconds += time.perf_counter() - began if found else 0.0
        self._tell_epoch(found.get("test"), found.get("validation"))
        if diverged:
            return self._diverged(progress_state.epoch)
        if split in found:
            self.best.consider(found[split].error_percent, progress_state.epoch, self.parts.eval_model)
        if time.monotonic() - self._saved > self._saving / CHECKPOINT_SHARE:
            self._checkpoint()
        if not reached:
            return None
        text = f"the {split} error is {found[split].error_percent:.2f} %"
        return Ending("finished", f"{text}, no more than the {spec.target_error:g} % aimed at")

    def _tell_epoch(self, scores: Scores | None, val: Scores | None = None) -> None:
        progress_state, steps = self.progress_state, self.parts.batches.steps
        progress_state.cpu_seconds = self._cpu_seconds()
        progress_state.error_percent = scores.error_percent if scores else progress_state.error_percent
        progress_state.val_error = val.error_percent if val else progress_state.val_error
        done = (progress_state.epoch - 1) * steps + progress_state.position - 1
        rate = self.spec.optimizer.learning_rate * lr_factor(self.spec.schedule, done, self.steps.count, steps)
        self.report(reporting.epoch(progress_state, scores, rate, self.parts.device, val))
        for split, matrix, answers in (
            (scores, events.Matrix, events.Answers),
            (val, events.ValMatrix, events.ValAnswers),
        ):
            if split:
                notes = reporting.matrix(progress_state, split, matrix)
                if notes is not None:
                    self.report(notes)
                self.report(answers(progress_state.epoch, split.answers.tolist()))
        progress_state.next_epoch()

    def _diverged(self, epoch: int) -> Ending:
        """That a loss or the weights stopped being numbers in `epoch` (from 1)."""
        stored = self._saved_epoch if self._has_weights() else None
        return Ending("diverged", reporting.diverged(self.log.bad_step, epoch, self.spec, stored))

    def _requested_end(self) -> Ending:
        """What was asked for, unless there is nothing left to keep: the last losses may not have been looked at yet."""
        self.log.flush()
        if self.log.bad_step is not None or not self._finite():
            return self._diverged(min(self.progress_state.evaluated + 1, self.spec.training.epochs))
        status, done = self.ask.status, self.progress_state.evaluated
        if not self.progress_state.images_seen:
            return Ending(status, reporting.not_begun(status))
        return Ending(
            status, f"{status} on request after {done} whole epoch{'s' * (done != 1)}; what was learned is kept"
        )

    def _finite(self) -> bool:
        """Whether all weights are numbers, those that learn and those that are kept."""
        models = {id(model): model for model in (self.parts.model, self.parts.eval_model)}
        return all(finite.all_finite(model.state_dict()) for model in models.values())

    def _cpu_seconds(self) -> float:
        """Of all attempts, and of all processes that train together."""
        own = time.process_time() - self._cpu_start
        return self._cpu_before + own + self.parts.parallel.others_cpu_seconds

    def _has_weights(self) -> bool:
        return self.folder is not None and (self.folder / WEIGHTS).exists()

    def _checkpoint(self) -> None:
        """Keep everything that going on, or predicting, needs. Reads state only: results do not depend on when.

        Weights that are no numbers are kept nowhere: those that were would be lost, and these can learn no more.
        """
        if self.folder is None or not self._finite():
            return
        began = time.monotonic()
        self.log.flush()
        self.progress_state.cpu_seconds = self._cpu_seconds()
        parts, progress_state = self.parts, self.progress_state
        if progress_state.images_seen:  # a head that has learned nothing must answer nobody
            classes, epoch = parts.images.classes, progress_state.evaluated
            save_model(self.folder, parts.eval_model, self.spec, classes, parts.image_size, epoch)
        self.best.write(self.folder, self._metadata())
        known = {
            "spec": self.spec.to_dict(),
            "data": self.data,
            **known_precision(parts),
            "shares": parts.parallel.count,
            "tally": progress_state.state(),
            "best": self.best.state(),
        }
        save_resume(self.folder, {**known, **parts.state()})
        self.best.settle(self.folder)
        self._saved_epoch = progress_state.evaluated
        self._saved = time.monotonic()
        self._saving = self._saved - began

    def _metadata(self) -> dict[str, str]:
        parts = self.parts
        return metadata(self.spec, parts.images.classes, parts.batches.images.shape[-1], self.progress_state.evaluated)

    def _restore(self, state: dict[str, Any], folder: Path) -> None:
        """Go on from what the folder's checkpoint holds."""
        if "data" not in state:
            self.report(Note(DATA_UNKNOWN))
        try:
            self.parts.restore(state)
            for name, value in state["tally"].items():
                setattr(self.progress_state, name, value)
            self.best.restore(folder, state.get("best"))
            self._shares_before = state.get("shares")
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            raise UserError(f"the checkpoint in {folder} does not fit this run; start the run anew") from error
        if not self._finite():
            raise UserError(
                f"the checkpoint in {folder} is of a training that has diverged (its weights are not finite), so "
                "nothing can be learned from it any more; start the run anew, with a lower learning rate"
            )
        self._cpu_before, self._saved_epoch = self.progress_state.cpu_seconds, self.progress_state.evaluated
