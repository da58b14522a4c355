"""A stored run's model as an ONNX file for other programs: images of 0 to 1 in, logits out."""

from __future__ import annotations

import json
import logging
import os
import secrets
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitcore.data.registry import DATASETS, pixel_scale
from vitcore.errors import UserError, first_line
from vitcore.runs.folder import RunFolder, reason

if TYPE_CHECKING:
    from torch import nn

FILE = "model.onnx"
"""Its name in a run's folder, where the pages keep it."""

LARGEST = 1_900_000_000  # bytes of weights; one ONNX file holds 2 GB


def write_onnx(run: RunFolder, file: Path, weights: str = "last") -> None:
    """Write the run's model (of its "last" or "best" `weights`), normalization included, for any number of images.

    The graph takes `images`, float32 (b c y x) with values from 0 to 1 as a PNG of the dataset's own size has them
    after division by 255, and gives `logits`, (b classes). Its metadata hold the classes' names and the spec.

    Raises:
        UserError: there is no checkpoint, the model cannot be written as ONNX, or the file cannot be written.
    """
    from vitcore.training.checkpoint import load_model

    if not file.parent.is_dir():
        raise UserError(f"there is no folder {file.parent}; make it first, or choose another for the ONNX file")
    if (elsewhere := run.elsewhere()) is not None:
        raise UserError(
            f"run {run.id} was trained by another program ({elsewhere.origin}), so its weights are not here"
        )
    model, spec, classes = load_model(run.path, weights)
    size = sum(weight.numel() * weight.element_size() for weight in model.state_dict().values())
    if size > LARGEST:
        raise UserError(f"{spec.model.architecture} has {size / 1e9:.1f} GB of weights, and one ONNX file holds 2 GB")
    data = DATASETS[spec.data.dataset]
    shape = (2, data.channels, spec.data.image_size or data.image_size, spec.data.image_size or data.image_size)
    graph = graph_of(model, *pixel_scale(spec.data.dataset, spec.data.normalize), shape, spec.model.architecture)
    about = {"classes": json.dumps(list(classes)), "spec": json.dumps(spec.to_dict()), "run": run.id}
    draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(2)}")
    try:
        for name, value in about.items():
            graph.model.metadata_props[name] = value
        graph.save(draft)
        os.replace(draft, file)
    except OSError as error:
        raise UserError(f"the ONNX file cannot be written to {file}: {reason(error)}") from None
    finally:
        draft.unlink(missing_ok=True)


def graph_of(
    model: nn.Module, mean: tuple[float, ...], std: tuple[float, ...], shape: tuple[int, ...], name: str
) -> Any:
    """The ONNX program of a model with its normalization, for images of `shape` (b c y x) and any b.

    Raises:
        UserError: torch cannot express the model in ONNX.
    """
    import torch

    for package in ("torch.onnx", "onnxscript", "onnx_ir"):
        logging.getLogger(package).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter warns of its own parts' deprecations
            return torch.onnx.export(
                _with_normalization(model, mean, std),
                (torch.rand(shape),),
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
                input_names=["images"],
                output_names=["logits"],
                verbose=False,
            )
    except ImportError as error:
        raise UserError(
            f"writing ONNX needs the package {error.name}; `pip install onnx onnxscript` brings it"
        ) from None
    except Exception as error:
        raise UserError(f"{name} cannot be written as ONNX: {first_line(error)}") from error


def _with_normalization(model: nn.Module, mean: tuple[float, ...], std: tuple[float, ...]) -> nn.Module:
    import torch
    from torch import Tensor, nn

    class Whole(nn.Module):
        """Images of 0 to 1 -> logits."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model
            self.register_buffer("mean", torch.tensor(mean)[:, None, None])
            self.register_buffer("std", torch.tensor(std)[:, None, None])

        mean: Tensor
        std: Tensor

        def forward(self, images: Tensor) -> Tensor:
            logits: Tensor = self.model((images - self.mean) / self.std)
            return logits

    return Whole().eval()
