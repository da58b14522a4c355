"""Whether a node has the images of a run: those of this machine, by their digests; brought there once where absent.

Reading images takes time, here and there, so each node and dataset has a thread of its own, and runs wait meanwhile.
"""

from __future__ import annotations

import json
import math
import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vitcore.data import identify, identity
from vitcore.data.load import STAND_INS, available, files, known, lying
from vitcore.engines import ray_node
from vitcore.engines.chunks import chunks
from vitcore.errors import UserError, first_line
from vitcore.spec import RunSpec

MOST = 8 << 30  # bytes of files that are brought to a node
AGED = 30.0  # seconds that a look at the files here counts
AGAIN = 300.0  # seconds after which a node that will not do is asked once more
BUILT_IN = "digits"  # the reader of images that come with a package, the same everywhere
FETCHED = "fetched"  # in a node's data folder: a person's own images, in a folder of their digest each


@dataclass
class Look:
    """How far a look at a node's images has come.

    Attributes:
        words: what a run waits for meanwhile, after "it waits for".
        why: once it is over, why the node will not do, after its name; empty where it will.
        environment: what a worker there needs to find the images.
    """

    words: str
    over: bool = False
    why: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    at: float = field(default_factory=time.monotonic)


@dataclass
class _Here:
    """What this machine's images are, asked once by whoever comes first."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    found: dict[str, Any] | None = None


class NodeData:
    """What is known of the images on the nodes of a cluster.

    Args:
        remote: makes of a function a call on a node: `remote(function, node id)(*arguments)` gives Ray's reference.
    """

    def __init__(self, ray: Any, remote: Callable[[Any, str], Callable[..., Any]]) -> None:
        self._ray, self._remote = ray, remote
        self._answers: dict[tuple[str, str], Look] = {}
        self._here: dict[str, _Here] = {}
        self._keys: dict[str, tuple[float, str, bool]] = {}

    def look(self, node: str, name: str, spec: RunSpec, absent: str, downloads: bool) -> Look:
        """How the images of a run are on a node; begins to look where nobody has since the files here are as they are.

        Args:
            node, name: Ray's id of it, and what it is called.
            absent: why they are not there, in a sentence; empty where they are.
            downloads: whether the node could get them by itself.
        """
        if known(spec.data.dataset).reader == BUILT_IN:
            return Look("", over=True)
        key, here = self._key(spec)
        if (node, key) not in self._answers:
            look = self._answers[node, key] = Look("the images to be read on this machine" if here else _words(name))
            way = _Way(node, name, absent, downloads, self._here.setdefault(key, _Here()) if here else None)
            threading.Thread(target=self._live, args=(look, way, spec), daemon=True).start()
        return self._answers[node, key]

    def refused(self, node: str, spec: RunSpec) -> str | None:
        """Why a node's images will not do, after its name; empty where they may; None: it is time to ask it anew."""
        key, _ = self._key(spec)
        look = self._answers.get((node, key))
        if look is None or not (look.over and look.why):
            return ""
        if time.monotonic() - look.at < AGAIN:
            return look.why
        del self._answers[node, key]
        return None

    def _key(self, spec: RunSpec) -> tuple[str, bool]:
        """What changes with the images of a run here, looked at now and then; and whether there are any."""
        asked = json.dumps([spec.data.dataset, spec.data.reading()], sort_keys=True)
        at, key, here = self._keys.get(asked, (-math.inf, "", False))
        if time.monotonic() - at > AGED:
            here = available(spec.data.dataset, spec.data.folder) is None
            key = asked + (lying(spec.data.dataset, spec.data.folder) if here else "")
            self._keys[asked] = time.monotonic(), key, here
        return key, here

    def _live(self, look: Look, way: _Way, spec: RunSpec) -> None:
        """A thread's life; whatever happens is why the node will not do."""
        why = " could not be asked for its images"
        try:
            why = self._compared(look, way, spec)
        except self._ray.exceptions.RayTaskError as error:  # of a UserError there it is one of both kinds
            why = f": {error.cause}"
        except UserError as error:
            why = f": {error}"
        except (self._ray.exceptions.RayError, OSError) as error:
            why = f"{why}: {first_line(error)}"
        finally:
            look.why, look.at, look.over = why, time.monotonic(), True

    def _compared(self, look: Look, way: _Way, spec: RunSpec) -> str:
        """Why the node's images will not do; empty: they are those of this machine, or this machine has none."""
        wanted, label, reading = self._wanted(way, spec), known(spec.data.dataset).label, spec.data.reading()
        if way.absent and wanted is not None:
            there = self._brought(look, way, spec, f"{FETCHED}/{identity.digest_of(wanted)}")
            if spec.data.folder:
                look.environment = {STAND_INS: json.dumps({spec.data.folder: there})}
                reading["folder"] = there
        elif way.absent and not way.downloads:
            return f": {way.absent}, and this machine has none to bring there"
        look.words = _words(way.name)
        found = self._ray.get(self._remote(ray_node.identify, way.node)(spec.data.dataset, reading))
        parts = identity.changes(wanted, found) if wanted is not None else []
        return f" has another {label} than this machine: {'; '.join(parts)}" if parts else ""

    def _brought(self, look: Look, way: _Way, spec: RunSpec, place: str) -> str:
        """Where the images are on the node: a dataset's at its own place, a person's own in one of their digest's.

        Raises:
            UserError: they are not to be sent.
        """
        base, paths = files(spec.data.dataset, spec.data.folder)
        if not spec.data.folder:
            self._send(look, way, spec, {path.relative_to(base).as_posix(): path for path in paths})
            return ""
        there, whole = self._ray.get(self._remote(ray_node.brought, way.node)(place))
        if not whole:
            self._send(look, way, spec, {f"{place}/{path.relative_to(base).as_posix()}": path for path in paths})
            self._ray.get(self._remote(ray_node.brought, way.node)(place, whole=True))
        own = Path(spec.data.folder).expanduser().absolute()
        return there if own == base else f"{there}/{own.name}"

    def _wanted(self, way: _Way, spec: RunSpec) -> Mapping[str, Any] | None:
        if way.here is None:
            return None
        with way.here.lock:
            if way.here.found is None:
                way.here.found = identify.asked(spec.data.dataset, spec.data.reading())
        return way.here.found

    def _send(self, look: Look, way: _Way, spec: RunSpec, paths: Mapping[str, Path]) -> None:
        """Sends files here to the node's data folder, by their names there; raises UserError where that is too much."""
        label = known(spec.data.dataset).label
        whole, sent = sum(path.stat().st_size for path in paths.values()), 0
        if whole > MOST:
            raise UserError(
                f"{label} is not there, and its {whole / 2**30:.1f} GB are more than the {MOST / 2**30:.0f} GB that "
                "are brought to a node; put it there by hand"
            )
        self._ray.get(self._remote(ray_node.hold_room, way.node)(whole))
        put, token = self._remote(ray_node.put_data, way.node), secrets.token_hex(4)
        for name, path in paths.items():
            with path.open("rb") as file:
                for offset, data, size in chunks(file):
                    have = f"{sent / 2**20:.1f} of {whole / 2**20:.1f} MB are there"
                    look.words = f"node {way.name} to be sent {label} ({have})"
                    self._ray.get(put(name, token, offset, data, size))
                    sent += len(data)
        print(f"{label} was sent to node {way.name}: {sent:,} bytes", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class _Way:
    """A node, what it lacks, and what is here to compare with; None: nothing is."""

    node: str
    name: str
    absent: str
    downloads: bool
    here: _Here | None


def _words(name: str) -> str:
    return f"node {name} to read its images"
