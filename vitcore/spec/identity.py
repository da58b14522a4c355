"""What of a run's options makes no difference: said at its default, so that equal runs spelled differently are one."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from vitcore.data import validation
from vitcore.data.registry import DATASETS
from vitcore.layers import kernels
from vitcore.models import architecture_of, dimensions, timm_catalog, without_effect
from vitcore.spec.augmentation import AugmentSpec
from vitcore.spec.options import Part
from vitcore.spec.sections import DataSpec, InitSpec, ModelSpec, TrainingSpec


def plainest(
    model: ModelSpec, data: DataSpec, augment: AugmentSpec, init: InitSpec, training: TrainingSpec
) -> dict[str, Part]:
    """These sections by their names, with everything that makes no difference at its default.

    They are not validated again: stored specs of earlier versions may hold what is refused today.
    """
    return {
        "model": model.model_copy(update=_of_model(model)),
        "data": data.model_copy(update=_of_data(data)),
        "augment": augment.plainest(),
        "init": init.model_copy(update=_of_init(init)),
        # A run that another learns from counts by its fingerprint, not by its id, where that is known.
        "training": training.model_copy(update={"teacher": None} if init.teacher_fingerprint else {}),
    }


def _of_model(model: ModelSpec) -> dict[str, Any]:
    known = architecture_of(model.architecture)
    idle = without_effect(model.architecture, model.kernel, model.features)
    equal: dict[str, Any] = {name: ModelSpec.model_fields[name].default for name in idle}
    if not model.drop_path and not known.attention and known.family != timm_catalog.FAMILY:
        equal["drop_path"] = None  # none is these networks' own
    equal |= dimensions.plainest(known, model.dimensions(), model.patch)
    if equal.get("patch", model.patch) == known.config.get("patch"):
        equal["patch"] = None
    if model.epsilon is not None and model.epsilon == kernels.kernel_of(model.kernel).epsilon:
        equal["epsilon"] = None
    return equal | {"kernel": kernels.identity(model.kernel)}


def _of_data(data: DataSpec) -> dict[str, Any]:
    known = DATASETS[data.dataset]
    equal: dict[str, Any] = {}
    if data.image_size == known.image_size:
        equal["image_size"] = None
    if not known.any_shape:
        equal["resize"] = "crop"
    if data.crop_from == (data.image_size or known.image_size):
        equal["crop_from"] = None
    rows = known.train_samples + (known.test_samples if data.draw_from == "all" else 0)
    if data.validation is None:
        equal["validation_seed"] = 0
    elif known.val_samples:  # its own split, whatever share or count is asked for
        equal |= {"validation": 0.1, "validation_seed": 0}
        rows -= known.val_samples
    elif rows:
        equal["validation"] = float(held_out := validation.count(data.validation, known.train_samples))
        rows -= held_out
    if data.samples is not None and data.samples == rows:
        equal["samples"] = None
    if data.folder is not None:
        with suppress(ValueError, OSError):  # what can be no path stays as it was given
            equal["folder"] = os.path.realpath(os.path.expanduser(data.folder))
    return equal


def _of_init(init: InitSpec) -> dict[str, Any]:
    """A run that others start from counts by its fingerprint, not by its id, where that is known."""
    equal: dict[str, Any] = {}
    if init.init_fingerprint:
        equal["init_from"] = None
    elif not init.init_from:
        equal["init_weights"] = "last"
    if init.freeze:
        equal["layer_decay"] = 1.0
    return equal
