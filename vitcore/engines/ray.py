"""Ray as an engine: each run is a task on a node that sees the results folder, and is streamed from one that does not.

Which node is chosen here, so that what a run waits for can be said: one that will do (versions, data, the folder) and
has what the run needs free. A task is tried once; a run whose node went is queued again by the dispatcher.
"""

from __future__ import annotations

import importlib
import logging
import math
import os
import secrets
import socket
import time
import types
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from vitcore.engines import ray_node
from vitcore.engines.engine import Capacity, State, Wait
from vitcore.engines.ray_data import Look, NodeData
from vitcore.engines.ray_remote import Remote
from vitcore.engines.ray_stream import Stream
from vitcore.errors import UserError, first_line
from vitcore.runs import cost_estimate, placed, queue
from vitcore.runs.engine_settings import EngineSettings
from vitcore.runs.folder import Results, RunFolder, reason
from vitcore.spec import RunSpec

VERSION = "2.60.0"
MISSING = "Ray is not installed here; `pip install 'vitcore[ray]'` brings it"
PATIENCE = 3.0  # seconds that somebody has to answer at an address
AGED = 2.0  # seconds that what is known of the nodes counts
LOOKING = 60.0  # seconds that a node has to say what it has; a first worker there may have to start
MEMORY = 1 << 30  # bytes of a run of which nothing is known
SPARE = 1.25  # times what runs of this network held


@dataclass
class _Task:
    """A submitted run: Ray's reference, or what streams it; where it was put and what it needs there."""

    reference: Any
    node: str
    needs: Mapping[str, float]
    stream: Stream | None = None


class _Answer(NamedTuple):
    """What a node had to say.

    Attributes:
        why: it will not do; empty where it will.
        behind: seconds that its clock is behind this machine's.
        shared: whether it sees the results folder, by which results come back then.
        name: what it calls itself.
        absent: why the dataset is not there, in a sentence; empty where it is.
        downloads: whether it could get that by itself.
    """

    why: str
    behind: float = 0.0
    shared: bool = False
    name: str = ""
    absent: str = ""
    downloads: bool = False


class RayEngine:
    """A Ray cluster, joined by whoever makes this.

    Raises:
        UserError: Ray is absent, nobody answers at the address, or what answers is of another version.
    """

    def __init__(self, results: Results, settings: EngineSettings) -> None:
        self.results, self.settings = results, settings
        self._ray = joined(settings.address)
        self._tasks: dict[str, _Task] = {}
        self._answers: dict[tuple[str, str, str | None], _Answer] = {}
        self._refused: dict[str, str] = {}
        self._threads = settings.cpus or 0
        self._spare: Mapping[str, float] = {}  # of the whole cluster, whoever has the rest
        self._known: tuple[float, list[dict[str, Any]]] = (-math.inf, [])
        self._marker = _marker(results)
        self._data = NodeData(self._ray, self._remote)
        self._asked_at = settings.address if settings.address.startswith("ray://") else None
        self._asked_at = self._asked_at or self._ray.get_runtime_context().gcs_address

    def submit(self, run_id: str) -> Wait | None:
        """A task on the first node that will do and has room."""
        folder = self.results.run(run_id)
        spec = folder.spec()
        nodes = self._nodes()
        needs = self._needs(folder, spec, nodes)
        whys = {node["NodeID"]: self._why_not(node, spec) for node in nodes}
        fit = [node for node in nodes if not whys[node["NodeID"]]]
        large = [node for node in fit if _fits(needs, node["Resources"])]
        self._refused = {node["NodeID"]: whys[node["NodeID"]] for node in nodes if whys[node["NodeID"]]}
        if not large:
            reasons = "; ".join(dict.fromkeys(self._refused.values()))
            more = f" ({reasons})" if reasons else ""
            return Wait(f"a node with {_words(needs)}, and the cluster has none that will do{more}")
        free = self._free(nodes)
        roomy = [node for node in large if _fits(needs, free[node["NodeID"]])]
        if not roomy:
            return Wait(f"{_words(needs)} of a node, and none has as much free", others_too=True)
        images = [self._images(node, spec) for node in roomy]
        ready = [(node, look) for node, look in zip(roomy, images, strict=True) if look.over and not look.why]
        if not ready:
            return Wait(next((look.words for look in images if not look.over), "a node with its images"))
        placed.write(folder, "ray", processes=queue.processes_asked(folder))
        self._tasks[run_id] = self._start(folder, spec, *ready[0], needs)
        return None

    def flush(self) -> None:
        """Nothing to do: each run is a task by then."""

    def cancel(self, run_id: str) -> None:
        """A task that waits for its node is taken back; one that has begun finds its run gone from the queue."""
        if run_id not in self._tasks:
            return
        if (stream := self._tasks[run_id].stream) is not None:
            stream.cancel()
        else:
            self._ray.cancel(self._tasks[run_id].reference)

    def state(self, run_id: str) -> State:
        """What has become of the run's task; told once when it is over."""
        if run_id not in self._tasks:
            return State("absent")
        task = self._tasks[run_id]
        if task.stream is not None:
            return self._streamed(run_id, task.stream)
        if not self._ray.wait([task.reference], timeout=0)[0]:
            return State("submitted")
        del self._tasks[run_id]
        try:
            return State("ended", int(self._ray.get(task.reference)))
        except self._ray.exceptions.TaskCancelledError:
            return State("ended")
        except self._ray.exceptions.RayTaskError as error:  # the node will not do after all: it is asked anew
            self._answers.clear()
            return State("ended", 1, f"Its task failed on its node: {first_line(error.cause)}.")
        except self._ray.exceptions.RayError as error:
            return State("lost", why=_went(error))

    def _streamed(self, run_id: str, stream: Stream) -> State:
        """The same of a run whose node does not see the folder."""
        found = stream.state()
        if found.now != "submitted":
            del self._tasks[run_id]
        if found.why:
            self._answers.clear()
        return found

    def capacity(self) -> Capacity:
        """CPUs and GPUs of all nodes, and which nodes will not do.

        Raises:
            UserError: the cluster has gone.
        """
        nodes = self._nodes()
        if not nodes:
            raise UserError(f"the Ray cluster at {self.settings.address} has no node left")
        parts = [f"{len(nodes)} node{'s' * (len(nodes) != 1)}"]
        for name in ("CPU", "GPU"):
            whole = sum(node["Resources"].get(name, 0) for node in nodes)
            if whole:
                parts.append(f"{self._spare.get(name, 0):g} of {whole:g} {name}s free")
        words = f"Ray at {self.settings.address}: {', '.join(parts)}"
        refused = "; ".join(dict.fromkeys(self._refused.values()))
        return Capacity(len(nodes), len(nodes), f"{words}; {refused}" if refused else words)

    def close(self) -> None:
        """Leaves the cluster; a cluster of this process's own (`local`) ends with it."""
        self._ray.shutdown()
        with suppress(OSError):
            self._marker.unlink()

    def _nodes(self) -> list[dict[str, Any]]:
        """The nodes that live, as they were a moment ago.

        Raises:
            UserError: the cluster has gone; asked by a socket first, since Ray would ask for a minute and then die.
        """
        if time.monotonic() - self._known[0] < AGED:
            return self._known[1]
        host, _, port = str(self._asked_at).removeprefix("ray://").rpartition(":")
        if (why := _unanswered(host, port)) and (why := _unanswered(host, port)):
            raise UserError(f"the Ray cluster at {self.settings.address} has gone: {why}")
        try:
            self._spare = self._ray.available_resources()
            alive = [node for node in self._ray.nodes() if node["Alive"]]
            self._known = time.monotonic(), sorted(alive, key=lambda node: str(node["NodeID"]))
            return self._known[1]
        except (self._ray.exceptions.RayError, ConnectionError, RuntimeError, ValueError) as error:
            raise UserError(f"the Ray cluster at {self.settings.address} has gone: {first_line(error)}") from None

    def _free(self, nodes: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
        """What this engine's own tasks leave of each node; another's are Ray's to wait for."""
        free = {node["NodeID"]: dict(node["Resources"]) for node in nodes}
        for task in self._tasks.values():
            for name, amount in task.needs.items():
                if task.node in free:
                    free[task.node][name] = free[task.node].get(name, 0) - amount
        return free

    def _needs(self, folder: RunFolder, spec: RunSpec, nodes: list[dict[str, Any]]) -> dict[str, float]:
        """CPUs, the part of a GPU, and bytes of memory that a run is to have."""
        if not self._threads and nodes:  # the same for every run, since results depend on it
            self._threads = int(min(node["Resources"].get("CPU", 1) for node in nodes)) or 1
        wants_gpu = spec.device.startswith("cuda") or (
            spec.device == "auto" and any(node["Resources"].get("GPU") for node in nodes)
        )
        expected = cost_estimate.read(folder)
        count = queue.process_count(folder)
        known = expected.memory_mb * count if expected and expected.memory_mb and not wants_gpu else None
        needs = {"CPU": float(self._threads or 1), "memory": float(round(known * SPARE * 2**20)) if known else MEMORY}
        gpus = self.settings.gpus if count == 1 else max(self.settings.gpus, float(count))
        return needs | ({"GPU": gpus} if wants_gpu else {})

    def _why_not(self, node: Mapping[str, Any], spec: RunSpec) -> str:
        """Why a node will not do for a run, asked of the node once for each dataset; empty where it will."""
        key = (str(node["NodeID"]), spec.data.dataset, spec.data.folder)
        if key not in self._answers:
            self._answers[key] = self._look(node, spec)
        if self._answers[key].why:
            return self._answers[key].why
        refused = self._data.refused(key[0], spec)
        if refused is None:
            del self._answers[key]
            return self._why_not(node, spec)
        return f"node {self._answers[key].name}{refused}" if refused else ""

    def _images(self, node: Mapping[str, Any], spec: RunSpec) -> Look:
        """How the run's images are on a node that would do."""
        answer = self._answers[str(node["NodeID"]), spec.data.dataset, spec.data.folder]
        return self._data.look(str(node["NodeID"]), answer.name, spec, answer.absent, answer.downloads)

    def _look(self, node: Mapping[str, Any], spec: RunSpec) -> _Answer:
        """What a node has to say, asked now."""
        asked = {"marker": str(self._marker), "dataset": spec.data.dataset, "folder": spec.data.folder}
        try:
            found = self._ray.get(self._remote(_by_value(ray_node.look), node["NodeID"])(asked), timeout=LOOKING)
        except self._ray.exceptions.RayError as error:
            return _Answer(f"node {node['NodeManagerHostname']} does not answer: {first_line(error)}")
        why = _unlike(found, ray_node.look(asked), other_versions=self.settings.other_versions)
        shared = bool(found["shared"]) and not self.settings.stream
        return _Answer(why, time.time() - found["clock"], shared, found["node"], found["data"], found["downloads"])

    def _remote(self, function: Any, node: str) -> Any:
        """A function to be called on a node, beside whatever else is at work there."""
        options = {"num_cpus": 0, "max_retries": 0, "scheduling_strategy": self._on(node)}
        return self._ray.remote(function).options(**options).remote

    def _start(
        self, folder: RunFolder, spec: RunSpec, node: Mapping[str, Any], look: Look, needs: Mapping[str, float]
    ) -> _Task:
        answer = self._answers[str(node["NodeID"]), spec.data.dataset, spec.data.folder]
        device = "cuda-0" if "GPU" in needs else "cpu"
        arguments = ["--engine", "ray", "--device", device, "--threads", f"{needs['CPU']:.0f}"]
        arguments += ["--offset", f"{answer.behind:.3f}"]
        options = {
            "num_cpus": needs["CPU"],
            "num_gpus": needs.get("GPU", 0),
            "memory": int(needs["memory"]),
            "scheduling_strategy": self._on(node["NodeID"]),
        }
        if answer.shared:
            task = self._ray.remote(ray_node.train).options(**options, max_retries=0, name=f"vitcore {folder.id}")
            reference = task.remote(folder.id, str(self.results.root), arguments, look.environment)
            return _Task(reference, str(node["NodeID"]), needs)
        actor = self._ray.remote(Remote).options(**options, max_restarts=0).remote(folder.id)
        stream = Stream(self._ray, self.results, folder, actor, arguments, look.environment, _went)
        return _Task(None, str(node["NodeID"]), needs, stream)

    def _on(self, node: str) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        return NodeAffinitySchedulingStrategy(node, soft=False)


def _marker(results: Results) -> Path:
    """A file of a name that was never before: whoever sees it sees this very folder, and no copy of it.

    Raises:
        UserError: none can be made.
    """
    try:
        results.shared_locks.mkdir(parents=True, exist_ok=True)
        for other in results.shared_locks.glob("shared-*"):
            other.unlink(missing_ok=True)
        marker = results.shared_locks / f"shared-{secrets.token_hex(8)}"
        marker.touch()
        return marker
    except OSError as error:
        raise UserError(f"{results.shared_locks} cannot be written: {reason(error)}") from None


def joined(address: str) -> Any:
    """The module `ray`, joined to the cluster at an address: `auto`, `local`, `ray://host:port` or `host:port`.

    A cluster that `auto` finds by a file of an earlier one is asked whether it lives before it is joined.

    Raises:
        UserError: as for the engine.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody outside
    found = check(address)
    import ray

    options: dict[str, Any] = {"namespace": "vitcore", "log_to_driver": False, "logging_level": logging.ERROR}
    if address == "local":
        options |= {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
    try:
        ray.init(address=found, **options)
    except (ray.exceptions.RayError, ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise UserError(f"the Ray cluster at {address} cannot be joined: {_cause(error)}") from None
    return ray


def _cause(error: Exception) -> str:
    """What Ray says in one line; where its first only announces what follows, the last."""
    first = first_line(error)
    return (str(error).strip().splitlines()[-1][:200] if first.endswith(":") else first).rstrip(".")


def check(address: str) -> str:
    """Holds that somebody answers at the address; where `auto` has found a cluster, that one's.

    Raises:
        UserError: as for the engine.
    """
    try:
        import ray
    except ImportError:
        raise UserError(MISSING) from None
    if address.startswith("ray://") and not _has_client():
        raise UserError("an address that begins with ray:// needs Ray's client; `pip install 'vitcore[ray]'` brings it")
    if address == "local":
        return address
    found = address
    if address == "auto":
        from ray._private.services import get_ray_address_from_environment

        try:
            found = get_ray_address_from_environment("auto", None)
        except (ConnectionError, ray.exceptions.RayError):
            raise UserError(
                "no Ray cluster runs on this machine that `auto` could find; start one with `ray start --head`, name "
                "one by its address, or take --address local"
            ) from None
    host, _, port = found.removeprefix("ray://").rpartition(":")
    why = _unanswered(host, port)
    if why:
        raise UserError(f"no Ray cluster answers at {found}{' (auto)' * (address == 'auto')}: {why}")
    _stay_on_loopback(host, port)
    return found


def _unanswered(host: str, port: str) -> str:
    """Why nobody can be reached there; empty where somebody can."""
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE):
            return ""
    except (OSError, ValueError, OverflowError) as error:
        return first_line(error)


def _stay_on_loopback(host: str, port: str) -> None:
    """Ray takes 127.0.0.1 for the machine's outward address, where none is found that listens on the former alone."""
    from ray._private import ray_constants

    network: Any = importlib.import_module("ray._common.network_utils")
    if host in ("127.0.0.1", "localhost") and _unanswered(network.node_ip_address_from_perspective(), port):
        ray_constants.ENABLE_RAY_CLUSTER = False


def _has_client() -> bool:
    from importlib.util import find_spec

    return find_spec("grpc") is not None


def _by_value(function: Any) -> Any:
    """The function as of no module, so that it is sent by its text to nodes that may have another module, or none."""
    alone = types.FunctionType(function.__code__, {"__builtins__": __builtins__}, function.__name__)
    alone.__module__ = "__main__"
    return alone


def _unlike(found: Mapping[str, Any], here: Mapping[str, Any], *, other_versions: bool) -> str:
    """Why a node will not do; empty where it will."""
    name = found["node"]
    if found["vitcore"] == "none":
        return f"node {name} has no vitcore"
    if not other_versions:
        for what in ("vitcore", "torch"):
            if found[what] != here[what]:
                return (
                    f"node {name} has {what} {found[what]} and this machine {here[what]} (--other-versions allows it)"
                )
    return ""


def _fits(needs: Mapping[str, float], there: Mapping[str, float]) -> bool:
    return all(there.get(name, 0) + 1e-6 >= amount for name, amount in needs.items())


def _words(needs: Mapping[str, float]) -> str:
    parts = [f"{needs['CPU']:g} CPU{'s' * (needs['CPU'] != 1)}"]
    if "GPU" in needs:
        parts.append(f"{needs['GPU']:g} of a GPU" if needs["GPU"] < 1 else f"{needs['GPU']:g} GPU")
    return ", ".join([*parts, f"{needs['memory'] / 2**30:.1f} GB of memory"])


def _went(error: Exception) -> str:
    """Why a task was lost, in words."""
    name = type(error).__name__
    known = {
        "OutOfMemoryError": "Its node ran out of memory.",
        "NodeDiedError": "Its node has gone.",
        "WorkerCrashedError": "Its node, or Ray's process there, has gone.",
        "ActorDiedError": "Its node, or Ray's process there, has gone.",
        "ActorUnavailableError": "Its node cannot be reached any more.",
        "ActorUnschedulableError": "Its node has gone before it began.",
        "TaskUnschedulableError": "Its node has gone before it began.",
        "LocalRayletDiedError": "Ray has gone from its node.",
    }
    return known.get(name, f"Ray lost it ({name}: {first_line(error)}).")
