"""What one run is made of, in the order in which it comes to be: data, model, optimizers; and its state to keep."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from vitcore import aliases
from vitcore.data.augment import Augment, Normalize
from vitcore.data.identity import refuse_others
from vitcore.data.load import Images, load
from vitcore.data.loader import Batches
from vitcore.data.registry import pixel_scale
from vitcore.data.seeds import derived
from vitcore.data.splits import parted
from vitcore.data.storage.decode_all import Broken
from vitcore.data.subsets import subset
from vitcore.errors import UserError
from vitcore.events import Note
from vitcore.models import count
from vitcore.models.transfer import freeze
from vitcore.spec import RunSpec
from vitcore.training.initial import Initial, start_from
from vitcore.training.loss import make_loss
from vitcore.training.network import build_model
from vitcore.training.optim import EMA, Optimizers
from vitcore.training.precision import DTYPES, by_units, choose
from vitcore.training.process_parallel import ProcessParallel
from vitcore.training.progress import Report
from vitcore.training.ranks import Ranks, device_of
from vitcore.training.stop_signal import StopRequested, StopSignal
from vitcore.training.thread_parallel import ThreadParallel


class TrainingState:
    """Everything a spec names, built; `load` is told to `report`, and given up when `ask` says so.

    `began` is the checkpoint that a resumed run goes on from, `initial` what a new one starts from, `ranks` the
    processes that share its batches; `chosen` is the precision that the first of them has come to, as a checkpoint
    names it.

    Raises:
        UserError: data absent or other than those, no such device, a teacher that is not there.
        Interrupted: somebody asked for a stop while the data were read.
    """

    def __init__(
        self,
        spec: RunSpec,
        report: Report,
        ask: StopSignal,
        teacher: nn.Module | None,
        began: Mapping[str, Any] | None = None,
        initial: Initial | None = None,
        ranks: Ranks | None = None,
        chosen: Mapping[str, Any] | None = None,
    ) -> None:
        self.device = device_of(spec.device, ranks)

        # The data: a subset chosen by its own seed, in an order and with changes drawn from the run's.
        self.images = _loaded(spec, report, ask)
        if began is not None and began.get("data") is not None:
            refuse_others(began["data"], self.images, spec.data.folder or spec.data.dataset)
        images, labels = _drawn_from(self.images, spec)
        data = spec.data
        stays, self.validation = parted(self.images, data.validation, data.validation_seed, data.folder or data.dataset)
        pool = torch.cat([stays, torch.arange(len(self.images.train.labels), len(labels))])
        seed = spec.seed if spec.data.subset_seed is None else spec.data.subset_seed
        shares = labels[pool] if spec.data.stratified else None
        rows = pool[subset(len(pool), spec.data.samples, spec.data.replacement, seed, shares)]
        self.rows = len(rows)
        _check_steps(spec, self.rows, self.image_size)
        self.batches = Batches(
            images, labels, rows, spec.training.batch_size, spec.seed, self.device, spec.data.repeats
        )
        self.normalize = Normalize(*pixel_scale(spec.data.dataset, spec.data.normalize), self.device)
        channels, image_size = images.shape[1], self.image_size
        self.augment = Augment(**dict(spec.augment), mean=self.images.mean, image_size=image_size)

        # The model: its weights are the first thing drawn, dropout's stream starts anew after them.
        torch.manual_seed(spec.seed)
        self.model = build_model(spec, channels, image_size, len(self.images.classes))
        self.taken = None if initial is None else start_from(self.model, initial, self.images.classes)
        self.model.to(self.device)
        if spec.init.freeze:
            freeze(self.model)
        self.macs = count.macs(self.model, channels, image_size)
        self.precision, self.bfloat16_gain = _precision(
            spec, self.model, (channels, image_size), self.macs, chosen or began
        )
        self.ema = _ema(self.model, spec)
        torch.manual_seed(derived(spec.seed, "dropout"))
        self.optimizers = Optimizers(self.model, spec.optimizer, spec.init.layer_decay)
        self.loss = make_loss(spec.training, _ready(teacher, spec, self.device))
        self.parallel = _parallel(self.model, self.device, spec, ranks)
        self.forward: Callable[[Tensor], Any] = torch.compile(self.model) if spec.compile else self.model

    @property
    def image_size(self) -> int:
        """Pixels of a side of what the network sees."""
        return self.images.image_size or self.images.train.images.shape[-1]

    @property
    def eval_model(self) -> nn.Module:
        """The model that is scored and that predicts: the weights' average where there is one."""
        return self.ema.model if self.ema else self.model

    def state(self) -> dict[str, Any]:
        """What going on needs, of the parts that learn or draw."""
        cuda = self.device.type == "cuda"
        return {
            "model": self.model.state_dict(),
            "average": self.ema.model.state_dict() if self.ema else None,
            "optimizers": self.optimizers.state(),
            "random": torch.get_rng_state(),
            "cuda_random": torch.cuda.get_rng_state(self.device) if cuda else None,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put `state` back; any of the errors of a state that does not fit."""
        self.model.load_state_dict(state["model"])
        if self.ema:
            self.ema.model.load_state_dict(state["average"])
        self.optimizers.restore(aliases.value(state, "optimizers"))
        torch.set_rng_state(state["random"])
        if self.device.type == "cuda" and state["cuda_random"] is not None:
            torch.cuda.set_rng_state(state["cuda_random"], self.device)


def known_precision(parts: TrainingState) -> dict[str, Any]:
    """What the precision came to, as a resume file holds it."""
    return {"precision": str(parts.precision).removeprefix("torch."), "bfloat16_gain": parts.bfloat16_gain}


def _parallel(
    model: nn.Module, device: torch.device, spec: RunSpec, ranks: Ranks | None
) -> ThreadParallel | ProcessParallel:
    if ranks is not None:
        return ProcessParallel(model, device, spec.seed, ranks, in_pool=not spec.compile)
    return ThreadParallel(model, device, spec.seed, 1 if spec.compile else None)


def _loaded(spec: RunSpec, report: Report, ask: StopSignal) -> Images:
    shown: dict[str, int] = {}

    def progress(what: str, done: float) -> None:
        if ask():
            raise StopRequested
        quarter = int(4 * done)
        if shown.get(what) != quarter:
            shown[what] = quarter
            report(Note(f"{what}: {100 * done:.0f} %"))

    data = spec.data
    try:
        return load(data.dataset, progress=progress, **data.reading())
    except Broken as error:
        for sentence in error.reasons.values():  # the reason of the failure names the first few alone
            report(Note(sentence))
        raise


def _drawn_from(images: Images, spec: RunSpec) -> tuple[Tensor, Tensor]:
    """The images and labels among which the subset is drawn: whole where crops of them are, else what is seen."""
    parts = (images.train,) if spec.data.draw_from == "training" else (images.train, images.test)
    found = [split.images if spec.augment.resized_crop else images.center(split.images) for split in parts]
    labels = [split.labels for split in parts]
    return (found[0], labels[0]) if len(parts) == 1 else (torch.cat(found), torch.cat(labels))


def _precision(
    spec: RunSpec, model: nn.Module, image: tuple[int, int], macs: float, began: Mapping[str, Any] | None
) -> tuple[torch.dtype, float | None]:
    """What the products are made in, and bfloat16's measured gain; a resumed run goes on in what it began in."""
    if began is not None and spec.precision == "auto":
        known = DTYPES.get(str(began.get("precision")))
        return known or by_units(next(model.parameters()).device), began.get("bfloat16_gain")
    channels, size = image
    chosen = choose(spec.precision, model, (channels, size, size), macs)
    return chosen.precision, chosen.gain


def _check_steps(spec: RunSpec, rows: int, image_size: int) -> None:
    """Hold that the network can be trained on so many rows, which a spec cannot know of a person's own images."""
    try:
        spec.check_steps(rows, image_size)
    except ValueError as error:
        raise UserError(str(error)) from None


def _ema(model: nn.Module, spec: RunSpec) -> EMA | None:
    decay = spec.training.ema_decay
    return EMA(model, copy.deepcopy(model), decay) if decay else None


def _ready(teacher: nn.Module | None, spec: RunSpec, device: torch.device) -> nn.Module | None:
    if spec.training.teacher and teacher is None:
        raise UserError(
            f"the teacher {spec.training.teacher!r} was not found among the stored runs; name a finished run"
        )
    return None if teacher is None else teacher.to(device).eval().requires_grad_(False)
