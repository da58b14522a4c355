"""A Ray cluster of two nodes of one CPU on this machine, whose nodes are killed and begun again."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil

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


@contextmanager
def nodes() -> Iterator[Nodes]:
    """The cluster, until the block ends; its workers are of no lower priority than what they are started by."""
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_worker_niceness="0")
    found = Nodes()
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
