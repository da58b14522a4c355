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
    }
    try:
        from vitcore.runs import hosts
        from vitcore.training.version import version as own

        known = own()
        found |= {"node": hosts.name(), "vitcore": " ".join(filter(None, (known.version, known.commit)))}
        from vitcore.data.load import available, downloads

        found["data"] = "" if downloads(asked["dataset"]) else available(asked["dataset"], asked["folder"]) or ""
    except ImportError:
        pass
    except Exception as error:  # noqa: BLE001  whatever keeps the node from answering is what it has to say
        found["data"] = str(error)
    found["clock"] = time.time()
    return found


def train(run_id: str, root: str, arguments: list[str]) -> int:
    """A worker's life, in a process of its own; what it ended with. Asked to go, it lets the worker pause first.

    It polls: a wait that blocks can be interrupted by nobody.
    """
    from vitcore import processes
    from vitcore.engines.local import log
    from vitcore.runs.folder import Results

    folder = Results(root).run(run_id)
    with log(folder) as file:
        worker = processes.start("vitcore.runs.worker", [run_id, *arguments, "--results", root], file, detached=True)
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
