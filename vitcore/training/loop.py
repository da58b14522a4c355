"""The training loop, told in order: the one place where a spec becomes a trained model."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from vitcore.data.augment import Augment, Normalise
from vitcore.data.batches import Batches
from vitcore.data.datasets import DATASETS
from vitcore.data.load import Images, load
from vitcore.data.seeds import derived, generator
from vitcore.data.subsets import subset
from vitcore.errors import Refusal
from vitcore.layers.attention import redraw_features
from vitcore.models import count
from vitcore.spec import RunSpec
from vitcore.training.checkpoint import build_model, load_resume, save_model, save_resume
from vitcore.training.device import described, host, memory_mb, resolve, resolve_precision
from vitcore.training.evaluate import Scores, evaluate
from vitcore.training.loss import make_loss
from vitcore.training.memory import keep_pages, too_large
from vitcore.training.optim import Average, Optimisers
from vitcore.training.outcome import Outcome, Status
from vitcore.training.schedule import share
from vitcore.training.tally import Report, StepLog, Tally, finite

Control = Callable[[], str | None]
ASK_SECONDS = 0.1  # between two looks at whether to stop
CHECKPOINT_SECONDS = 60.0  # within an epoch
CHECKPOINT_SHARE = 0.05  # of the time since the last one: short epochs do not each wait for the disk
WIDEST_MATRIX = 256  # classes: a larger confusion matrix is not worth its bytes in a journal


class Interrupted(Exception):
    """Somebody asked for a stop or a pause before there was anything to keep."""


def train(
    spec: RunSpec,
    report: Report,
    *,
    folder: Path | None = None,
    control: Control = lambda: None,
    resume: bool = False,
    teacher: nn.Module | None = None,
) -> Outcome:
    """Train `spec`'s model and tell `report(stream, line)` of it; the streams are "events", "steps" and "confusion".

    Args:
        folder: where checkpoints go, at the end of epochs, every minute, and when stopped; none: nowhere.
        control: asked at least twice a second; "stop" or "pause" ends the run, keeping what was learnt.
        resume: go on from the folder's checkpoint, where there is one.
        teacher: whose answers to learn from, in evaluation mode; the spec says how.

    Raises:
        Refusal: what was asked for cannot be done here (data absent, no such device, too little memory...).
    """
    ask = Asked(control)
    keep_pages()
    try:
        run = Run(spec, report, folder, ask, teacher)
        if resume:
            run.restore()
        run.tell_start()
        return run.go()
    except Interrupted:
        return Outcome(_status(ask.answer), f"{_status(ask.answer)} before the first step", None, 0, 0.0, 0.0)
    except (MemoryError, RuntimeError) as error:
        refusal = too_large(error, spec)
        if refusal is None:
            raise
        raise refusal from error


class Asked:
    """Whether to stop, asked no more often than it matters; the first answer stands."""

    def __init__(self, control: Control) -> None:
        self._control, self._last = control, -math.inf
        self.answer: str | None = None

    def __call__(self) -> bool:
        now = time.monotonic()
        if self.answer is None and now - self._last >= ASK_SECONDS:
            self._last, self.answer = now, self._control()
        return self.answer is not None


@dataclass(frozen=True)
class Ending:
    """Why the loop was left."""

    status: Status
    reason: str


class Run:
    """One run's parts, in the order in which they come to be, and the loop over them."""

    def __init__(
        self, spec: RunSpec, report: Report, folder: Path | None, ask: Asked, teacher: nn.Module | None
    ) -> None:
        self.spec, self.report, self.folder, self.ask = spec, report, folder, ask
        self.device = resolve(spec.device)
        self.precision = resolve_precision(spec.precision, self.device)

        # The data: a subset chosen by its own seed, in an order and with changes drawn from the run's.
        self.images = self._load()
        pictures, labels = _drawn_from(self.images, spec)
        seed = spec.seed if spec.data.subset_seed is None else spec.data.subset_seed
        shares = labels if spec.data.stratified else None
        rows = subset(len(labels), spec.data.samples, spec.data.replacement, seed, shares)
        self.batches = Batches(pictures, labels, rows, spec.training.batch_size, spec.seed, self.device)
        self.normalise = Normalise(self.images.mean, self.images.std, self.device)
        self.augment = Augment(**dict(spec.augment))

        # The model: its weights are the first thing drawn, dropout's stream starts anew after them.
        torch.manual_seed(spec.seed)
        channels, side = pictures.shape[1], pictures.shape[2]
        self.model = build_model(spec, channels, side, len(self.images.classes)).to(self.device)
        self.average = _average(self.model, spec)
        torch.manual_seed(derived(spec.seed, "dropout"))
        self.optimisers = Optimisers(self.model, spec.optimiser)
        self.loss = make_loss(spec.training, _ready(teacher, spec, self.device))
        self.forward: Callable[[Tensor], Any] = torch.compile(self.model) if spec.compile else self.model

        self.tally = Tally()
        self.steps = self.batches.steps * spec.training.epochs
        self.log = StepLog(report, self.tally, self.steps, len(rows) * spec.training.epochs)
        self._cpu_before, self._cpu_start = 0.0, time.process_time()
        self._saved, self._saving = time.monotonic(), 0.0
        self._rows = len(rows)

    def _load(self) -> Images:
        told: dict[str, int] = {}

        def progress(what: str, done: float) -> None:
            if self.ask():
                raise Interrupted
            quarter = int(4 * done)
            if told.get(what) != quarter:
                told[what] = quarter
                self.report("events", {"event": "note", "text": f"{what}: {100 * done:.0f} %"})

        return load(self.spec.data.dataset, self.spec.data.side, progress, self.spec.data.folder)

    def tell_start(self) -> None:
        channels, side = self.batches.images.shape[1:3]
        self.report(
            "events",
            {
                "event": "started",
                "device": described(self.device),
                "precision": str(self.precision).removeprefix("torch."),
                "threads": torch.get_num_threads(),
                "host": host(),
                "pid": os.getpid(),
                "train_rows": self._rows,
                "test_rows": len(self.images.test.labels),
                "classes": list(self.images.classes),
                "parameters": count.parameters(self.model),
                "macs": count.macs(self.model, channels, side),
                "steps_per_epoch": self.batches.steps,
                "epochs": self.spec.training.epochs,
                "resumed_from": self.tally.evaluated,
            },
        )
        for text in _warnings(self.spec, self.images):
            self.report("events", {"event": "note", "text": text})

    def go(self) -> Outcome:
        ending: Ending | None = None
        while ending is None and self.tally.evaluated < self.spec.training.epochs:
            ending = self._epoch() or self._assess()
        self._checkpoint()
        if ending is None:
            epochs = self.tally.evaluated
            ending = Ending("finished", f"all {epochs} epochs are done" if epochs > 1 else "the one epoch is done")
        tally = self.tally
        return Outcome(
            ending.status, ending.reason, tally.error_percent, tally.evaluated, tally.training_seconds, tally.speed()
        )

    def _epoch(self) -> Ending | None:
        """Train through what is left of the epoch; an ending where it was cut short."""
        tally, batches = self.tally, self.batches
        if tally.epoch > tally.evaluated:  # resumed between training and evaluation
            return None
        order = batches.order(tally.epoch)
        self.model.train()
        while tally.position < batches.steps:
            if self.ask():
                return self._interrupted()
            began = time.perf_counter()
            self._step(*batches.batch(order, tally.position))
            due = self.log.due()
            if due or tally.position == batches.steps:
                self.log.flush()
            took = time.perf_counter() - began
            tally.epoch_seconds += took
            tally.training_seconds += took
            if due and self.log.bad_step is None and time.monotonic() - self._saved > CHECKPOINT_SECONDS:
                self._checkpoint()
            if self.log.bad_step is not None:
                break
        tally.epoch += 1
        return None

    def _step(self, images: Tensor, labels: Tensor) -> None:
        """One step of the optimiser on pictures (b c y x) uint8; nothing in it waits for the device."""
        spec, tally = self.spec, self.tally
        done = tally.epoch * self.batches.steps + tally.position
        if spec.model.redraw_every and done and done % spec.model.redraw_every == 0:
            redraw_features(self.model, generator(spec.seed, "features", done))
        draws = generator(spec.seed, "augment", done)
        inputs, targets = self.augment.batch(self.normalise(self.augment.pictures(images, draws)), labels, draws)
        rate = self.optimisers.set_rate(share(spec.schedule, done, self.steps, self.batches.steps))
        with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
            given = self.forward(inputs)
        loss = self.loss(given, targets, inputs)
        self.optimisers.clear()
        loss.backward()
        if spec.optimiser.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), spec.optimiser.clip_norm)
        self.optimisers.step()
        if self.average is not None:
            self.average.update(done + 1)
        tally.position += 1
        tally.epoch_images += len(labels)
        tally.images_seen += len(labels)
        self.log.add(done + 1, tally.epoch + 1, len(labels), rate, loss)

    def _assess(self) -> Ending | None:
        """Evaluate where it is due, tell the epoch, keep a checkpoint; an ending where the run is over early."""
        tally, spec = self.tally, self.spec.training
        diverged = self.log.bad_step is not None
        scores: Scores | None = None
        if diverged or tally.epoch % spec.evaluate_every == 0 or tally.epoch == spec.epochs:
            began = time.perf_counter()
            scores = self._evaluate(interruptible=not diverged)
            tally.evaluation_seconds += time.perf_counter() - began
            if scores is None:
                return self._interrupted()
        self._tell_epoch(scores)
        if diverged:
            return Ending("diverged", _diverged(self.log.bad_step or 0, tally.epoch, self.spec))
        if time.monotonic() - self._saved > self._saving / CHECKPOINT_SHARE:
            self._checkpoint()
        if scores and spec.target_error is not None and scores.error_percent <= spec.target_error:
            return Ending(
                "finished",
                f"the test error is {scores.error_percent:.2f} %, no more than the {spec.target_error:g} % aimed at",
            )
        return None

    def _evaluate(self, interruptible: bool) -> Scores | None:
        return evaluate(
            self.average.model if self.average else self.model,
            self.images.test.images,
            self.images.test.labels,
            self.normalise,
            device=self.device,
            precision=self.precision,
            softmax_before_loss=self.spec.training.softmax_before_loss,
            interrupted=self.ask if interruptible else lambda: False,
        )

    def _tell_epoch(self, scores: Scores | None) -> None:
        tally = self.tally
        tally.cpu_seconds = self._cpu_before + time.process_time() - self._cpu_start
        if scores:
            tally.error_percent = scores.error_percent
        done = (tally.epoch - 1) * self.batches.steps + tally.position - 1
        rate = self.spec.optimiser.learning_rate * share(self.spec.schedule, done, self.steps, self.batches.steps)
        self.report(
            "events",
            {
                "event": "epoch",
                "epoch": tally.epoch,
                "train_loss": finite(tally.epoch_loss / max(1, tally.epoch_images)),
                "test_loss": finite(scores.loss) if scores else None,
                "accuracy": scores.accuracy if scores else None,
                "error_percent": scores.error_percent if scores else None,
                "f1": scores.f1 if scores else None,
                "learning_rate": rate,
                "images_seen": tally.images_seen,
                "training_seconds": tally.training_seconds,
                "evaluation_seconds": tally.evaluation_seconds,
                "cpu_seconds": tally.cpu_seconds,
                "images_per_second": tally.epoch_images / tally.epoch_seconds if tally.epoch_seconds else 0.0,
                "memory_mb": memory_mb(self.device),
            },
        )
        if scores and len(scores.confusion) <= WIDEST_MATRIX:
            self.report("confusion", {"epoch": tally.epoch, "matrix": scores.confusion.tolist()})
        tally.evaluated, tally.position = tally.epoch, 0
        tally.epoch_loss, tally.epoch_images, tally.epoch_seconds = 0.0, 0, 0.0

    def _interrupted(self) -> Ending:
        self.log.flush()
        status = _status(self.ask.answer)
        done = self.tally.evaluated
        return Ending(
            status, f"{status} on request after {done} whole epoch{'s' * (done != 1)}; what was learnt is kept"
        )

    def _checkpoint(self) -> None:
        """Keep everything that going on, or predicting, needs. Reads state only: results do not depend on when."""
        if self.folder is None:
            return
        began = time.monotonic()
        self.log.flush()
        self.tally.cpu_seconds = self._cpu_before + time.process_time() - self._cpu_start
        kept = self.average.model if self.average else self.model
        side = self.batches.images.shape[-1]
        save_model(self.folder, kept, self.spec, self.images.classes, side, self.tally.evaluated)
        cuda = self.device.type == "cuda"
        state = {
            "spec": self.spec.to_dict(),
            "tally": self.tally.state(),
            "model": self.model.state_dict(),
            "average": self.average.model.state_dict() if self.average else None,
            "optimisers": self.optimisers.state(),
            "random": torch.get_rng_state(),
            "cuda_random": torch.cuda.get_rng_state(self.device) if cuda else None,
        }
        save_resume(self.folder, state)
        self._saved = time.monotonic()
        self._saving = self._saved - began

    def restore(self) -> None:
        """Go on from the folder's checkpoint, where there is one."""
        state = load_resume(self.folder, self.spec) if self.folder else None
        if state is None:
            return
        try:
            self.model.load_state_dict(state["model"])
            if self.average:
                self.average.model.load_state_dict(state["average"])
            self.optimisers.restore(state["optimisers"])
            for name, value in state["tally"].items():
                setattr(self.tally, name, value)
            torch.set_rng_state(state["random"])
            if self.device.type == "cuda" and state["cuda_random"] is not None:
                torch.cuda.set_rng_state(state["cuda_random"], self.device)
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            raise Refusal(f"the checkpoint in {self.folder} does not fit this run; start the run anew") from error
        self._cpu_before = self.tally.cpu_seconds


def _drawn_from(images: Images, spec: RunSpec) -> tuple[Tensor, Tensor]:
    """The pictures and labels among which the subset is drawn."""
    if spec.data.draw_from == "training":
        return images.train.images, images.train.labels
    both = (images.train, images.test)
    return torch.cat([split.images for split in both]), torch.cat([split.labels for split in both])


def _average(model: nn.Module, spec: RunSpec) -> Average | None:
    decay = spec.training.weight_average
    return Average(model, copy.deepcopy(model), decay) if decay else None


def _ready(teacher: nn.Module | None, spec: RunSpec, device: torch.device) -> nn.Module | None:
    if spec.training.teacher and teacher is None:
        raise Refusal(f"the teacher {spec.training.teacher!r} was not found among the stored runs; name a finished run")
    return None if teacher is None else teacher.to(device).eval().requires_grad_(False)


def _warnings(spec: RunSpec, images: Images) -> list[str]:
    """What a reader of the results must know."""
    dataset, rows = DATASETS[spec.data.dataset], len(images.train.labels)
    texts = [dataset.note] if dataset.note else []
    if dataset.train_rows and rows < dataset.train_rows:
        texts.append(f"this copy of {dataset.label} holds {rows:,} of its {dataset.train_rows:,} training pictures")
    if spec.data.draw_from == "all":
        texts.append("training rows were drawn from the test rows too, so the test error flatters the model")
    return texts


def _diverged(step: int, epoch: int, spec: RunSpec) -> str:
    rate = spec.optimiser.learning_rate
    return (
        f"the loss stopped being a number at step {step:,} (epoch {epoch}, learning rate {rate:g}), "
        "so nothing more can be learnt; a lower rate, gradient clipping or a larger epsilon in the kernel may help"
    )


def _status(answer: str | None) -> Literal["stopped", "paused"]:
    return "paused" if answer == "pause" else "stopped"
