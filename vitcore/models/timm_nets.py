"""Any of timm's image models, built for these images and tried without computing anything before it is handed out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.func import functional_call

from vitcore.errors import first_line
from vitcore.models import timm_catalog
from vitcore.models.registry import Architecture

if TYPE_CHECKING:
    from vitcore.models import Options

_OPTIONS = {"img_size": "image size", "patch_size": "patch", "drop_rate": "dropout", "drop_path_rate": "drop path"}
"""What timm calls the options that are handed on, and what they are called here."""


def build(config: Mapping[str, Any], options: Options) -> nn.Module:
    """timm's network, fresh weights: images (b c y x) -> logits (b classes).

    The families that need the image's size are given it; the others take what comes.

    Raises:
        ValueError: one sentence; timm is absent or has no such network, or that network takes no such images or
            options.
    """
    name = timm_catalog.PREFIX + config["model"]
    timm_catalog.check(name)
    given = {
        "img_size": options.image_size,
        "patch_size": options.patch,
        "drop_rate": options.dropout,
        "drop_path_rate": options.drop_path,
    }
    model = _made(name, config["model"], options, {key: value for key, value in given.items() if value is not None})
    _refuse_cropping(name, model, options)
    _try(name, model, options)
    model.draws_globally = True  # type: ignore[assignment]  # its dropout and drop path, whichever thread it runs in
    return model


def own(known: Architecture) -> Architecture:
    """The row with the channels, pixels and classes at which timm publishes the network."""
    published = library().get_pretrained_cfg(known.config["model"], allow_unregistered=True)
    if published is None:
        return known
    channels, image_size, _ = published.input_size
    return replace(known, channels=channels, image_size=image_size, classes=published.num_classes or known.classes)


def library() -> Any:
    """timm itself, imported behind torchvision, which it imports too.

    Raises:
        ValueError: it cannot be imported, though it is installed.
    """
    import vitcore.vision  # noqa: F401  torchvision by its own door

    try:
        import timm
    except ImportError as error:
        raise ValueError(f"timm is installed and cannot be imported: {first_line(error)}") from error
    return timm


def _made(name: str, model: str, options: Options, given: dict[str, Any]) -> nn.Module:
    """The network; an image size that its family does not take is left out, any other such option is refused."""
    try:
        return _created(model, options, given)
    except TypeError as error:
        refused = next((key for key in given if repr(key) in str(error)), None)
        if refused == "img_size":
            return _made(name, model, options, {key: value for key, value in given.items() if key != refused})
        if refused is None:
            raise _cannot(name, options, error) from error
        raise ValueError(
            f"{name} has no {_OPTIONS[refused]}, so {given[refused]} cannot be set; leave it empty"
        ) from None
    except Exception as error:  # whatever another package's network says of a size that it does not take
        raise _cannot(name, options, error) from error


def _created(model: str, options: Options, given: Mapping[str, Any]) -> nn.Module:
    timm = library()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of timm's own, about names and parts that are to go
        made: nn.Module = timm.create_model(
            model, pretrained=False, in_chans=options.channels, num_classes=options.classes, **given
        )
    return made


def _refuse_cropping(name: str, model: nn.Module, options: Options) -> None:
    """Raises ValueError where patches would leave out a part of the image without a word."""
    cut = getattr(getattr(model, "patch_embed", None), "patch_size", None)
    patch = cut[0] if isinstance(cut, tuple) else cut
    image_size = options.image_size
    if not isinstance(patch, int) or not image_size % patch:
        return
    fitting = [each for each in range(2, min(image_size // 2, 32) + 1) if not image_size % each]
    below = image_size // patch * patch
    sizes = f"images of {f'{below} or ' if below else ''}{below + patch} pixels"
    patches = f"a patch of {', '.join(map(str, fitting))}, where it takes one, or " if fitting else ""
    raise ValueError(
        f"{name} cuts patches of {patch} pixels, which do not divide an image of {image_size} pixels; choose "
        f"{patches}{sizes}"
    )


def _try(name: str, model: nn.Module, options: Options) -> None:
    """Raises ValueError unless two images become two rows of logits, by their shapes alone."""
    stand_ins = {
        key: torch.empty_like(tensor, device="meta")
        for key, tensor in [*model.named_parameters(), *model.named_buffers()]
    }
    images = torch.empty(2, options.channels, options.image_size, options.image_size, device="meta")
    mode = model.training
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = functional_call(model.eval(), stand_ins, (images,))
    except Exception as error:
        raise _cannot(name, options, error) from error
    finally:
        model.train(mode)
    shape = tuple(getattr(found, "shape", ()))
    if shape != (2, options.classes):
        raise _cannot(name, options, f"it gives {shape or type(found).__name__} for two images")


def _cannot(name: str, options: Options, why: object) -> ValueError:
    images = f"{options.channels} x {options.image_size} x {options.image_size}"
    size = own(timm_catalog.row(name)).image_size
    text = first_line(why) if isinstance(why, Exception) else str(why)
    reason = f" ({text})" if text else ""
    others = "" if size == options.image_size else f"; it is made for {size} pixels: set that image size, or"
    return ValueError(f"{name} cannot be built for images of {images}{reason}{others or ';'} choose another network")
