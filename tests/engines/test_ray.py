"""A real Ray cluster of two nodes on this machine, where Ray is installed; and what needs no cluster."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import struct
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.runs.processes import endless, epochs_of, tiny, wait_for_status, wait_until, worker_of
from vitcore.engines.engine import State
from vitcore.errors import UserError
from vitcore.runs import engine_report, engine_settings, journal, locks, placed, queue
from vitcore.runs.engine_settings import EngineSettings
from vitcore.runs.folder import Results

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray (240 MB) is not installed: vitcore[ray]")
HOW = pytest.mark.parametrize("stream", [False, True], ids=["by the shared folder", "streamed"])


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head and a node of one CPU each; workers of no lower priority than the suite's others."""
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_worker_niceness="0")
    from ray.cluster_utils import Cluster

    own = {"num_cpus": 1, "node_ip_address": "127.0.0.1", "include_dashboard": False}
    found = Cluster(initialize_head=True, head_node_args=own)
    try:
        yield found
    finally:
        found.shutdown()


def losses(results: Results, id: str) -> dict[int, float]:
    lines, _ = journal.read(results.run(id).events)
    return {line["epoch"]: line["train_loss"] for line in lines if line.get("event") == "epoch"}


@needs_ray
@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore")
@HOW
def test_a_run_whose_node_is_killed_goes_on_elsewhere_with_the_same_losses(
    results: Results, cluster: Any, stream: bool
) -> None:
    """Two runs of one seed, a node each: the undisturbed one is the measure of the other."""
    node = cluster.add_node(num_cpus=1, node_ip_address="127.0.0.1")
    engine_settings.store(results, EngineSettings(engine="ray", address=cluster.address, stream=stream))
    ids = [queue.enqueue(results, tiny(epochs=40, samples=64, batch_size=8)) for _ in range(2)]
    wait_until(lambda: all(epochs_of(results, id) for id in ids), "both train")
    assert all(placed.read(results.run(id)) for id in ids)
    raylet = node.all_processes["raylet"][0].process.pid
    [lost] = [id for id in ids if raylet in [parent.pid for parent in worker_of(results, id).parents()]]
    os.kill(raylet, signal.SIGKILL)
    node.all_processes["raylet"][0].process.wait()  # a process that nobody has taken leave of passes for alive
    statuses: set[str] = set()

    def over() -> bool:
        statuses.update(queue.status(results, id) for id in ids)
        return all(queue.status(results, id) == "finished" for id in ids)

    wait_until(over, "both have finished")
    assert statuses <= {"running", "queued", "finished"}, "never interrupted, since it is taken up again"
    assert losses(results, ids[0]) == losses(results, ids[1])
    assert [*losses(results, lost)] == list(range(1, 41))
    lines, _ = journal.read(results.run(lost).events)
    assert [line["threads"] for line in lines if line.get("event") == "started"] == [1, 1]
    assert sum(line.get("event") == "taken" for line in lines) == 2
    assert any("Taken up again" in line.get("text", "") for line in lines)
    assert [line["seq"] for line in lines] == list(range(len(lines)))


@needs_ray
@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore")
@HOW
def test_what_waits_says_why_and_pause_resume_and_cancel_work_as_ever(
    results: Results, cluster: Any, stream: bool
) -> None:
    engine_settings.store(results, EngineSettings(engine="ray", address=cluster.address, stream=stream))
    id = queue.enqueue(results, endless())
    wait_until(lambda: epochs_of(results, id), "a third trains")
    waits = queue.enqueue(results, endless(seed=1))
    wait_until(lambda: waits in {w for each in engine_report.reports(results).values() for w in each.waits}, "it waits")
    assert "1 CPU" in engine_report.reports(results)["ray"].waits[waits]
    queue.cancel(results, waits)
    queue.pause(results, id)
    wait_for_status(results, id, "paused")
    queue.resume(results, id)
    wait_until(lambda: len([1 for line in journal.read(results.run(id).events)[0] if line["event"] == "started"]) == 2,
               "it goes on")  # fmt: skip
    queue.stop(results, id)
    wait_for_status(results, id, "stopped")
    wait_until(lambda: not placed.read(results.run(id)), "it is settled")


@needs_ray
@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore")
def test_weights_of_other_runs_go_to_a_node_with_the_run_that_takes_them(results: Results, cluster: Any) -> None:
    engine_settings.store(results, EngineSettings(engine="ray", address=cluster.address, stream=True))
    first = queue.enqueue(results, tiny())
    wait_for_status(results, first, "finished")
    second = queue.enqueue(results, tiny(seed=1, init_from=first, teacher=first))
    wait_for_status(results, second, "finished", "failed")
    lines, _ = journal.read(results.run(second).events)
    assert lines[-1]["status"] == "finished", lines[-1]["reason"]
    assert any(f"the last weights of run {first}" in line.get("text", "") for line in lines)


@pytest.fixture
def engine(results: Results, cluster: Any) -> Iterator[Any]:
    """The engine itself, with no dispatcher beside it."""
    from vitcore.engines.ray import RayEngine

    settings = EngineSettings(engine="ray", address=cluster.address)
    engine_settings.store(results, settings)
    with locks.lock(queue.dispatcher_lock(results, "ray")).acquire(timeout=5):
        found = RayEngine(results, settings)
        try:
            yield found
        finally:
            found.close()


def state_of(engine: Any, id: str) -> State:
    """How a run stands once its task is over."""
    found: list[State] = []
    wait_until(lambda: found.append(engine.state(id)) or found[-1].now != "submitted", "its task is over")
    return found[-1]


@needs_ray
@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore")
def test_a_task_that_raises_on_its_node_has_failed_with_its_reason(results: Results, engine: Any) -> None:
    """Its run's folder goes while the task waits for a node that another's task has."""
    import ray

    done = results.root / "done"

    def occupy() -> None:
        while not done.exists():
            time.sleep(0.05)

    other = ray.remote(occupy).options(num_cpus=1).remote()
    id = queue.enqueue(results, tiny())
    assert engine.submit(id) is None
    shutil.rmtree(results.run(id).path)
    done.touch()
    ray.get(other)
    found = state_of(engine, id)
    assert (found.now, found.code) == ("ended", 1)
    assert found.why.startswith(f"Its task failed on its node: there is no run {id!r} in ")


@needs_ray
@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore")
def test_a_task_that_waits_for_its_worker_can_be_cancelled_and_the_worker_pauses(results: Results, engine: Any) -> None:
    """Ray's wish is heeded between two looks; a wait for a process that blocks would never hear of it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        pytest.skip("started with SIGINT ignored, as by `&` in a script: Ray's nodes inherit that, and cancel by it")
    id = queue.enqueue(results, endless())
    assert engine.submit(id) is None
    wait_until(lambda: epochs_of(results, id), "it trains")
    engine.cancel(id)
    wait_for_status(results, id, "paused")
    assert state_of(engine, id) == State("ended")


def mnist(root: Path, seed: int) -> Path:
    """A data folder with an MNIST of 40 and 20 images in it."""
    raw, generator = root / "MNIST" / "raw", np.random.default_rng(seed)
    raw.mkdir(parents=True)
    for name, count in (("train", 40), ("t10k", 20)):
        images = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        (raw / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, count, 28, 28) + images.tobytes())
        labels = np.arange(count, dtype=np.uint8) % 10
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, count) + labels.tobytes())
    return root


def handed_over(engine: Any, id: str) -> str:
    """Why an engine does not take a run, once all who were asked have answered; empty: it has taken it."""
    found: list[str] = []

    def settled() -> bool:
        wait = engine.submit(id)
        found.append(wait.why if wait else "")
        engine._known = (-math.inf, [])  # the nodes as they are now
        return " to read its images" not in found[-1] and "to be " not in found[-1]

    wait_until(settled, "the node's images are known")
    return found[-1]


@needs_ray
@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore")
def test_a_node_gets_the_images_that_it_lacks_and_one_with_others_is_passed_over(
    results: Results, cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nodes have data folders of their own; each alone has the two CPUs that the run wants."""
    monkeypatch.setenv("VITCORE_DATA", str(mnist(tmp_path / "here", seed=0)))
    settings = EngineSettings(engine="ray", address=cluster.address, cpus=2, stream=True)
    engine_settings.store(results, settings)
    from vitcore.engines.ray import RayEngine

    with locks.lock(queue.dispatcher_lock(results, "ray")).acquire(timeout=5):
        id = queue.enqueue(results, tiny(dataset="mnist", samples=None))
        engine = RayEngine(results, settings)
        try:
            own = {"num_cpus": 2, "node_ip_address": "127.0.0.1"}
            other = cluster.add_node(**own, env_vars={"VITCORE_DATA": str(mnist(tmp_path / "other", seed=1))})
            why = handed_over(engine, id)
            assert "has another MNIST than this machine: of the 40 images to train on some are others" in why
            assert queue.status(results, id) == "queued"
            cluster.remove_node(other)
            lacking = tmp_path / "lacking"
            cluster.add_node(**own, env_vars={"VITCORE_DATA": str(lacking)})
            wait_until(lambda: len([node for node in engine._ray.nodes() if node["Alive"]]) == 2, "the other has gone")
            assert handed_over(engine, id) == ""
            assert state_of(engine, id) == State("ended")
        finally:
            engine.close()
    assert queue.status(results, id) == "finished"
    for path in (tmp_path / "here").rglob("*ubyte"):
        assert (lacking / path.relative_to(tmp_path / "here")).read_bytes() == path.read_bytes()


def test_images_of_one_s_own_are_found_where_an_engine_has_put_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spec names a path of the machine that it was queued on."""
    from vitcore.data import load

    images = mnist(tmp_path / "images", seed=0)
    base, paths = load.files("folder", str(images))
    assert (base, len(paths)) == (images, 4)
    assert load.available("folder", "/of/another/machine")
    monkeypatch.setenv(load.STAND_INS, json.dumps({"/of/another/machine": str(images)}))
    assert load.available("folder", "/of/another/machine") is None


@needs_ray
def test_an_engine_that_cannot_be_reached_is_a_sentence_and_the_queue_stays(results: Results) -> None:
    engine_settings.store(results, EngineSettings(engine="ray", address="127.0.0.1:9"))
    id = queue.enqueue(results, tiny())
    wait_until(lambda: engine_report.reports(results), "the dispatcher has a word")
    words = engine_report.reports(results)["ray"].words
    assert words == "no Ray cluster answers at 127.0.0.1:9: [Errno 111] Connection refused; the queue stays as it is"
    assert queue.queued(results) == [id]
    engine_settings.store(results, EngineSettings())
    wait_for_status(results, id, "finished")


@needs_ray
def test_a_cluster_of_a_file_that_was_left_behind_is_not_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray._private.services

    from vitcore.engines.ray import check

    file = tmp_path / "ray" / "ray_current_cluster"
    file.parent.mkdir()
    file.write_text("127.0.0.1:9")
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.setattr(ray._private.services, "find_gcs_addresses", set)  # whatever else runs on this machine
    with pytest.raises(UserError, match=r"no Ray cluster answers at 127.0.0.1:9 \(auto\)"):
        check("auto")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:10")
    with pytest.raises(UserError, match=r"no Ray cluster answers at 127.0.0.1:10 \(auto\)"):
        check("auto")
    assert check("local") == "local"


@needs_ray
@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({}, ""),
        ({"torch": "1.0"}, "node far has torch 1.0 and this machine"),
        ({"vitcore": "0.0.9"}, "node far has vitcore 0.0.9"),
        ({"vitcore": "none"}, "node far has no vitcore"),
        ({"shared": False}, ""),
    ],
)
def test_a_node_that_will_not_do_says_why(tmp_path: Path, other: dict[str, Any], why: str) -> None:
    from vitcore.engines import ray, ray_node

    asked = {"marker": str(tmp_path), "dataset": "digits", "folder": None}
    here = ray._by_value(ray_node.look)(asked)
    assert ray._unlike({**here, "node": "far", **other}, here, other_versions=False).startswith(why)
    assert bool(ray._unlike({**here, "node": "far", **other}, here, other_versions=True)) == bool(
        other.keys() - {"torch", "shared"} and other != {"vitcore": "0.0.9"}
    )


@needs_ray
def test_what_a_node_lacks_it_says_itself(tmp_path: Path) -> None:
    from vitcore.engines import ray_node

    found = ray_node.look({"marker": str(tmp_path / "none"), "dataset": "folder", "folder": str(tmp_path / "none")})
    assert not found["shared"]
    assert str(tmp_path / "none") in found["data"]
    assert not found["downloads"]


@pytest.mark.parametrize("text", ["nonsense", "ray://", "http://x:1", "host", "host:123456", "a b:1", ""])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="no address of a Ray cluster"):
        engine_settings.address(text)


def test_the_environment_may_name_a_cluster(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    engine_settings.store(results, EngineSettings(cpus=3))
    monkeypatch.setenv(engine_settings.ENVIRONMENT, "ray://head:10001")
    assert engine_settings.current(results) == EngineSettings(engine="ray", address="ray://head:10001", cpus=3)
