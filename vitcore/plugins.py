"""Kernels, architectures and datasets of one's own, from files named by VITCORE_PLUGINS or installed packages.

A plug-in is a Python file that calls `register_kernel`, `register_architecture` or `register_dataset`; VITCORE_PLUGINS
names several with the system's path separator between them, and an installed package names its module under the entry
point `vitcore.plugins`. They are loaded where specs are read, by every process alike. A run's spec names the plug-ins
that it is made of, each with the digest of its content: without them, or once they changed, the run is refused.
"""

from __future__ import annotations

import contextvars
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitcore.data.readers.arrays import FromFunction, Given
from vitcore.data.registry import DATASETS, READERS, Dataset
from vitcore.errors import UserError, first_line
from vitcore.layers.kernels import KERNELS, Kernel, is_formula
from vitcore.models.registry import ARCHITECTURES, Architecture

if TYPE_CHECKING:
    from torch import Tensor, nn

VARIABLE, GROUP = "VITCORE_PLUGINS", "vitcore.plugins"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9^+_.()/-]{0,39}")
_TABLES: Mapping[str, dict[str, Any]] = {"kernel": KERNELS, "architecture": ARCHITECTURES, "dataset": DATASETS}
SESSION = "this session"


@dataclass(frozen=True)
class Plugin:
    """A plug-in that was found: its name, its files, the digest of their content, and why it is not there, if so."""

    name: str
    files: tuple[Path, ...]
    digest: str
    trouble: str = ""


_found: dict[str, Plugin] = {}
_owners: dict[tuple[str, str], str] = {}
_loading: contextvars.ContextVar[Plugin | None] = contextvars.ContextVar("loading", default=None)
_loaded = False


def load() -> None:
    """Load every plug-in that is named, once a process; one that cannot be is kept as a sentence (`troubles`)."""
    global _loaded
    if _loaded:
        return
    _loaded = True
    paths = [Path(text).expanduser().absolute() for text in os.environ.get(VARIABLE, "").split(os.pathsep) if text]
    if paths:  # for workers, wherever they are started
        os.environ[VARIABLE] = os.pathsep.join(map(str, paths))
    for path in paths:
        _load_file(path)
    for point in importlib.metadata.entry_points(group=GROUP):
        _load_point(point)


def troubles() -> list[str]:
    """A sentence for each plug-in that could not be loaded, or whose files changed after this process loaded them."""
    load()
    changed = [
        f"the plug-in {each.name} has changed since it was loaded here; start this program again to use it as it is now"
        for each in _found.values()
        if not each.trouble and _digest(each.files) != each.digest
    ]
    return [*(each.trouble for each in _found.values() if each.trouble), *changed]


def used(names: Mapping[str, str]) -> str | None:
    """The plug-ins that these come from, as "name@digest", in order; None: vitcore's own are all.

    Args:
        names: "architecture", "kernel", "dataset" -> what was chosen.

    Raises:
        ValueError: one was registered in this session alone, so that no worker has it.
    """
    owners = {_owners[pair] for pair in names.items() if pair in _owners}
    if SESSION in owners:
        own = next(name for kind, name in names.items() if _owners.get((kind, name)) == SESSION)
        raise ValueError(
            f"{own!r} was registered in this session alone, and a run is trained by another process; put it into a "
            f"file and name that in {VARIABLE}"
        )
    return " ".join(sorted(f"{owner}@{_found[owner].digest}" for owner in owners)) or None


def check_there(stamped: object) -> None:
    """Hold that the plug-ins of a stored spec are loaded, in whatever state.

    Raises:
        UserError: one is missing or broken.
    """
    load()
    for name, _ in _parted(stamped):
        plugin = _found.get(name)
        if plugin is None:
            raise UserError(f"this run needs the plug-in {name[:80]}, which is not loaded; name its file in {VARIABLE}")
        if plugin.trouble:
            raise UserError(f"this run needs the plug-in {name}: {plugin.trouble}")


def check_unchanged(stamped: object) -> None:
    """Hold that the plug-ins of a spec are loaded, and as they were when it was made.

    Raises:
        UserError: one is missing, broken or another than it was.
    """
    check_there(stamped)
    for name, digest in _parted(stamped):
        if _found[name].digest != digest:
            raise UserError(
                f"the plug-in {name} has changed since this run was made (its content was {digest} and is "
                f"{_found[name].digest}); put it back as it was, or make a new run"
            )


def register_kernel(
    name: str, feature: Callable[[Tensor], Tensor], *, epsilon: float = 0.0, label: str = "", formula: str = "φ(x)"
) -> None:
    """Add a linear attention kernel.

    Args:
        feature: maps queries or keys (..., m) to features (..., m), number by number or otherwise.
        epsilon: added to the features so that no denominator is zero.
        label: what people read; empty: the name.
        formula: what the Kernels page prints of it.

    Raises:
        ValueError: the name is taken or none.
    """
    if is_formula(name) or not 0 <= epsilon <= 1:
        raise ValueError(
            f"the kernel {name!r} cannot be registered: its epsilon is from 0 to 1, and no formula is a name"
        )
    _add("kernel", name, Kernel(label or name, formula, feature, epsilon, source=_source()))


def register_architecture(
    name: str,
    build: Callable[..., nn.Module] | None = None,
    *,
    family: str = "",
    config: Mapping[str, Any] | None = None,
    image_size: int = 32,
    channels: int = 3,
    classes: int = 10,
    label_of_source: str = "",
) -> None:
    """Add a network: a function that builds it, or a family of vitcore's own with other figures.

    Args:
        build: called with `channels`, `image_size` and `classes`; gives a module from images (b c y x) to
            logits (b classes). Such a network takes no attention kernel.
        family: "compact", "vit", … with the `config` that a row of `ARCHITECTURES` has; kernels and dimensions go with
            it as with the family's others.
        image_size: pixels at which it is counted where nobody chooses; so are channels and classes.
        label_of_source: what is cited for it; empty: the plug-in.

    Raises:
        ValueError: the name is taken or none, or neither or both of `build` and `family` are given.
    """
    if (build is None) == (not family):
        raise ValueError(
            f"the architecture {name!r} needs either a function that builds it or a family with its config"
        )
    source = label_of_source or _source()
    if build is None:
        like = [each for each in ARCHITECTURES.values() if each.family == family]
        if not like:
            known = ", ".join(dict.fromkeys(each.family for each in ARCHITECTURES.values()))
            raise ValueError(f"there is no family {family!r} for the architecture {name!r}; there are {known}")
        row = replace(
            like[0], config=dict(config or {}), source=source, image_size=image_size, channels=channels,
            classes=classes, published=None, note="",
        )  # fmt: skip
    else:
        row = Architecture(
            "plugin",
            {},
            source,
            False,
            image_size=image_size,
            channels=channels,
            classes=classes,
            builder=_guarded(name, build),
        )
    _add("architecture", name, row)


def register_dataset(
    name: str,
    give: Given,
    *,
    classes: Sequence[str],
    train: int,
    test: int,
    image_size: int,
    channels: int = 1,
    label: str = "",
    mean: Sequence[float] = (),
    std: Sequence[float] = (),
) -> None:
    """Add a dataset that a function gives as arrays.

    Args:
        give: gives (train images, train labels, test images, test labels): uint8 (n y x) or (n y x c) and labels (n,).
            Called once; what it gave is kept decoded until the plug-in changes.
        train, test: how many images there are of either.
        image_size: pixels to which they are resized unless a run says otherwise.
        mean, std: of the training pixels from 0 to 1, by channel; empty: 0.5 and 0.25.

    Raises:
        ValueError: the name is taken or none, or the numbers are impossible.
    """
    if len(classes) < 2 or min(train, test) < 1 or channels not in (1, 3) or not 8 <= image_size <= 512:
        raise ValueError(
            f"the dataset {name!r} needs 2 classes or more, 1 training and 1 test image or more, 1 or 3 channels and a "
            f"image_size of 8 to 512; given were {len(classes)}, {train}, {test}, {channels} and {image_size}"
        )
    plugin = _loading.get()
    row = Dataset(
        label or name, channels, image_size, tuple(map(str, classes)), train, test, _source(),
        tuple(mean) or (0.5,) * channels, tuple(std) or (0.25,) * channels, "arrays",
        f"plugin-{name.replace('/', '-')}",
    )  # fmt: skip
    _add("dataset", name, row)
    READERS[name] = FromFunction(give, plugin.files if plugin else ())


def _add(kind: str, name: str, row: object) -> None:
    plugin = _loading.get()
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name[:60]!r} is no name of a {kind}: give 1 to 40 letters, digits and ^ + _ . ( ) / -")
    if name in _TABLES[kind] and (plugin or _owners.get((kind, name)) != SESSION):
        raise ValueError(f"there is a {kind} {name!r} already; give it another name")
    _TABLES[kind][name] = row
    _owners[kind, name] = plugin.name if plugin else SESSION


def _source() -> str:
    plugin = _loading.get()
    return f"the plug-in {plugin.name}" if plugin else "registered in this session"


def _guarded(name: str, build: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    """The builder, whose failures are sentences: it is tried on one black image."""

    def guarded(channels: int, image_size: int, classes: int) -> nn.Module:
        import torch
        from torch import nn

        what = f"the network {name} for images of {channels} x {image_size} x {image_size} and {classes} classes"
        try:
            model = build(channels=channels, image_size=image_size, classes=classes)
            if not isinstance(model, nn.Module):
                raise TypeError(f"build gave {type(model).__name__}, not a torch.nn.Module")
            device = next((each.device for each in model.parameters()), torch.device("cpu"))
            with torch.no_grad():
                shape = tuple(model.eval()(torch.zeros(1, channels, image_size, image_size, device=device)).shape)
            if shape != (1, classes):
                raise ValueError(f"it gives {shape} for one image, not (1, {classes})")
        except Exception as error:
            raise ValueError(f"{what} cannot be built: {type(error).__name__}: {first_line(error)}") from error
        return model.train()

    return guarded


@contextmanager
def _within(plugin: Plugin) -> Iterator[None]:
    """Load one plug-in; whatever it does wrong is kept as a sentence, and what it had registered is taken back."""
    _found[plugin.name] = plugin
    before = {kind: set(table) for kind, table in _TABLES.items()}
    token = _loading.set(plugin)
    try:
        yield
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever it is, it is told in a sentence
        at = [
            each.lineno
            for each in traceback.extract_tb(error.__traceback__)
            if each.filename in set(map(str, plugin.files))
        ]
        line = f", line {at[-1]}" if at else ""
        trouble = f"the plug-in {plugin.name} could not be loaded: {type(error).__name__}: {first_line(error)}{line}"
        _found[plugin.name] = replace(plugin, trouble=trouble)
        for kind, table in _TABLES.items():
            for name in set(table) - before[kind]:
                del table[name]
                _owners.pop((kind, name), None)
                READERS.pop(name, None)
    finally:
        _loading.reset(token)


def _load_file(path: Path) -> None:
    name = path.stem
    if name in _found:
        other = _found[name].files
        trouble = f"{VARIABLE} names two plug-ins {name!r}, {other[0] if other else 'a package'} and {path}; rename one"
        _found[name] = replace(_found[name], trouble=trouble)
        return
    if not path.is_file():
        trouble = f"{VARIABLE} names the plug-in {path}, and there is no such file"
        _found[name] = Plugin(name, (), "", trouble)
        return
    with _within(Plugin(name, (path.resolve(),), _digest([path]))):
        spec = importlib.util.spec_from_file_location(f"vitcore_plugin_{name}", path.resolve())
        if spec is None or spec.loader is None:
            raise ImportError("it is no Python file; its name must end in .py")
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def _load_point(point: importlib.metadata.EntryPoint) -> None:
    try:
        where = importlib.util.find_spec(point.module)
    except (ImportError, ValueError):
        where = None
    origin = Path(where.origin) if where and where.origin else None
    files = () if origin is None else tuple(sorted(origin.parent.rglob("*.py")) if where and
                                            where.submodule_search_locations else [origin])  # fmt: skip
    with _within(Plugin(point.name, files, _digest(files))):
        if not files:
            raise ImportError(f"there is no module {point.module}")
        point.load()


def _digest(files: Sequence[Path]) -> str:
    """The first 12 digits of the SHA-256 of what stands in the files; of files that are gone, of nothing."""
    digest = hashlib.sha256()
    for file in files:
        try:
            digest.update(file.read_bytes())
        except OSError:
            digest.update(b"gone")
    return digest.hexdigest()[:12]


def _parted(stamped: object) -> list[tuple[str, str]]:
    """Names and digests of what `used` gave."""
    parts = [each.partition("@") for each in stamped.split()] if isinstance(stamped, str) else []
    return [(name, digest) for name, _, digest in parts]
