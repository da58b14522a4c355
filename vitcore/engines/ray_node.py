"""What a Ray task does on a node: asks whether the node will do, and lives as long as the run's worker beside it.

`look` is sent to nodes by its text, so that it answers where there is no vitcore, or another one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

POLL_SECONDS = 0.2
LAST_WORD = 30.0  # seconds that a worker has to end a step and keep a checkpoint once it is asked to go


def look(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a node has: versions, the results folder, the dataset that a run wants; self-contained.

    Args:
        asked: `marker`, a path that is there where the node sees the results folder; `dataset` and `folder` of the
            run's data.
    """
    import os
    import platform
    import time
    from importlib import metadata

    def version(name: str) -> str:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return "none"

    found: dict[str, Any] = {
        "node": platform.node(),
        "python": platform.python_version(),
        "torch": version("torch"),
        "vitcore": "none",
        "shared": os.path.exists(asked["marker"]),
        "data": "",
        "downloads": False,
    }
    try:
        from vitcore.runs import hosts
        from vitcore.training.version import version as own

        known = own()
        found |= {"node": hosts.name(), "vitcore": " ".join(filter(None, (known.version, known.commit)))}
        from vitcore.data.load import available, downloads

        found["data"] = available(asked["dataset"], asked["folder"]) or ""
        found["downloads"] = downloads(asked["dataset"])
    except ImportError:
        pass
    except Exception as error:  # noqa: BLE001  whatever keeps the node from answering is what it has to say
        found["data"] = str(error)
    found["clock"] = time.time()
    return found


def identify(dataset: str, reading: Mapping[str, Any]) -> dict[str, Any]:
    """Which images the node has (`vitcore.data.identity`); they are decoded there. Raises UserError."""
    from vitcore.data import identify

    return identify.asked(dataset, reading)


def brought(place: str, *, whole: bool = False) -> tuple[str, bool]:
    """Where a folder below the node's data folder lies, and whether all of it was brought there once.

    Args:
        whole: whether it has been, just now.
    """
    from vitcore.data.storage.places import data_root

    marker = data_root() / place / ".whole"
    if whole:
        marker.touch()
    return str(marker.parent), marker.exists()


def hold_room(size: int) -> None:
    """Holds that so many bytes have room in the node's data folder. Raises UserError."""
    import shutil

    from vitcore.data.storage.places import data_root
    from vitcore.errors import UserError

    root = data_root()
    root.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(root).free
    if size > free:
        raise UserError(f"{root} has {free / 2**30:.1f} GB free, and the images take {size / 2**30:.1f} GB; make room")


def put_data(name: str, token: str, offset: int, data: bytes, size: int) -> None:
    """Writes a part of a file of `size` bytes in the node's data folder; it takes its name once it is whole.

    Raises:
        UserError: the name leads out of the folder.
    """
    import os

    from vitcore.data.storage.places import data_root
    from vitcore.errors import UserError

    path = data_root() / name
    if not path.resolve().is_relative_to(data_root().resolve()):
        raise UserError(f"{name[:80]!r} leads out of {data_root()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{token}")
    with draft.open("ab") as file:
        file.truncate(offset)
        file.write(data)
    if offset + len(data) == size:
        os.replace(draft, path)


def train(run_id: str, root: str, arguments: list[str], environment: Mapping[str, str]) -> int:
    """A worker's life, in a process of its own; what it ended with. Asked to go, it lets the worker pause first.

    It polls: a wait that blocks can be interrupted by nobody.

    Args:
        environment: what the worker finds in its own besides this process's.
    """
    from vitcore import processes
    from vitcore.engines.local import log
    from vitcore.runs.folder import Results

    folder = Results(root).run(run_id)
    with log(folder) as file:
        words = [run_id, *arguments, "--results", root]
        worker = processes.start("vitcore.runs.worker", words, file, detached=True, environment=environment)
    try:
        while (code := worker.poll()) is None:
            time.sleep(POLL_SECONDS)
        return code
    except BaseException:  # cancelled, or the node is about to go
        worker.terminate()
        deadline = time.monotonic() + LAST_WORD
        while worker.poll() is None and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        worker.kill()
        raise
