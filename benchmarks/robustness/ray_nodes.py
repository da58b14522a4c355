"""A Ray cluster of two nodes of one CPU on this machine, whose nodes are killed and begun again.

A folder can be hidden from both nodes: they then live in a mount namespace of their own, where an empty file system
lies over it (Linux, and the right to mount; `unshare -r` gives it to others than root where the system lets them).
"""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

_TOLD = "nodes: "
NODE = {"num_cpus": 1, "node_ip_address": "127.0.0.1"}


class Nodes:
    """The head, at one port for its life and after, and a node beside it."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self._cluster: Any = None
        self.begin()

    def begin(self) -> None:
        """Starts a head and a node; at the same port where there was a head before."""
        from ray.cluster_utils import Cluster

        own = {**NODE, "include_dashboard": False, "gcs_server_port": self.port}
        self._cluster = Cluster(initialize_head=True, head_node_args=own)
        self.other = self._cluster.add_node(**NODE)

    def raylet(self) -> int:
        """The process id of the raylet of the node beside the head."""
        return int(self.other.all_processes["raylet"][0].process.pid)

    def kill_other(self) -> None:
        """kill -9 to the raylet of the node beside the head."""
        _kill(self.other, "raylet")

    def kill_head(self) -> None:
        """kill -9 to whatever makes up the head; the node beside it is left as it is."""
        _kill(self._cluster.head_node)

    def end(self) -> None:
        with suppress(Exception):  # what is killed already complains
            self._cluster.shutdown()


class HiddenNodes:
    """The same two nodes, begun by a process that cannot see a folder, whatever its path; nor can what it begins."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        own = shlex.join([sys.executable, "-m", "benchmarks.robustness.ray_nodes"])
        inside = f"mount -t tmpfs none {shlex.quote(str(folder))} && exec {own}"
        words = ["unshare", *([] if os.geteuid() == 0 else ["-r"]), "-m", "sh", "-c", inside]
        self._inside = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
        )
        answer = self._read().split()
        if len(answer) != 2:
            raise SystemExit("a folder cannot be hidden here; `unshare -m` must be allowed")
        self.address, self._raylet = answer[0], int(answer[1])

    def raylet(self) -> int:
        """The process id of the raylet of the node beside the head."""
        return self._raylet

    def kill_other(self) -> None:
        """kill -9 to the raylet of the node beside the head."""
        assert self._inside.stdin is not None
        self._inside.stdin.write("kill\n")
        self._inside.stdin.flush()
        self._read()

    def end(self) -> None:
        self._inside.communicate()

    def _read(self) -> str:
        """The next line of what it says, Ray's own passed over; empty where it has ended."""
        assert self._inside.stdout is not None
        for line in self._inside.stdout:
            if line.startswith(_TOLD):
                return line.removeprefix(_TOLD)
        return ""


@contextmanager
def nodes() -> Iterator[Nodes]:
    """The cluster, until the block ends; its workers are of no lower priority than what they are started by."""
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_worker_niceness="0")
    found = Nodes()
    try:
        yield found
    finally:
        found.end()


@contextmanager
def hidden_nodes(folder: Path, **environment: str) -> Iterator[HiddenNodes]:
    """The same, of nodes that do not see a folder, with variables of their own."""
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_worker_niceness="0")
    found = HiddenNodes(folder, environment)
    try:
        yield found
    finally:
        found.end()


def _kill(node: Any, *kinds: str) -> None:
    for kind, processes in node.all_processes.items():
        if not kinds or kind in kinds:
            for each in processes:
                with suppress(psutil.NoSuchProcess):
                    psutil.Process(each.process.pid).kill()
                each.process.wait()  # one that nobody has taken leave of passes for alive


def main() -> None:
    """Begins the nodes and says where; kills one at a word; ends with what it reads from."""
    found = Nodes()
    try:
        print(f"{_TOLD}{found.address} {found.raylet()}", flush=True)
        for _ in sys.stdin:
            found.kill_other()
            print(f"{_TOLD}killed", flush=True)
    finally:
        found.end()


if __name__ == "__main__":
    main()
