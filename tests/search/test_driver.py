"""Searching for real: small runs, the driver and a worker killed, a stop that comes too late, a person's wishes."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from dataclasses import replace
from typing import Any

import psutil
import pytest

from tests.runs.processes import wait_until, worker_of
from tests.search.searched import ARMS, SPACE, searched, table, write
from tests.store.writing import add
from vitcore.errors import UserError
from vitcore.runs import locks, queue
from vitcore.runs.folder import Results
from vitcore.search import drivers, sampling, wishes
from vitcore.search.asking import ask
from vitcore.search.driver import Driver
from vitcore.search.plan import Budget, keep, load
from vitcore.search.space import Dimension
from vitcore.search.standing import standing
from vitcore.spec import RunSpec

KEY = "20260101-000000-abcd"


def living(results: Results) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "vitcore.search.driver" in line and str(results.root) in line:
            found.append(process)
    return found


def ended(results: Results) -> int:
    """How many runs have ended with a result."""
    return sum(queue.status(results, id) == "finished" for id in results.ids())


@pytest.mark.timeout(1200)
def test_killed_on_its_way_it_draws_and_trains_what_it_would_have(results: Results) -> None:
    search = ask(results, ARMS, SPACE, Budget(trials=2, epochs=1, sampler="random"))
    drivers.ensure(results)
    wait_until(lambda: any(queue.status(results, id) == "running" for id in results.ids()), "a trial is trained")
    for process in living(results):
        process.kill()
    running = [id for id in results.ids() if queue.status(results, id) == "running"]
    if running:
        os.kill(worker_of(results, running[0]).pid, signal.SIGKILL)
    for count in range(1, 5):  # each with the patience of one: the machine may be busy
        wait_until(lambda count=count: drivers.ensure(results) or ended(results) >= count, f"run {count} has ended")  # type: ignore[misc]
    wait_until(lambda: drivers.ensure(results) or load(results, search.key).ended, "the search has ended")
    found = load(results, search.key)
    assert found.ended == "complete", found.sentence
    wanted = {(arm, at): sampling.draw(search, (arm, 0), at, 0, []) for arm in (0, 1) for at in (0, 1)}
    assert {(trial.arm, trial.number): trial.values for trial in found.trials} == wanted
    runs = table(results)
    assert set(Counter(runs["fingerprint"]).values()) == {1}, "no trial twice"
    assert len(runs) == 4
    assert runs["error_percent"].isna().all(), "no test image was looked at"
    assert runs["test_error_best"].isna().all()
    assert not any(results.run(id).path.joinpath("predictions.bin").exists() for id in runs["id"])
    stands = standing(found, runs)
    assert sorted(each.error for each in stands.outcomes) == pytest.approx(sorted(runs["val_error"]))
    assert all(each.epochs == 1 for each in stands.outcomes), "as many epochs for one arm as for the other"
    wait_until(lambda: not living(results), "the driver has gone")


def pruning(results: Results, curve: list[float], **budget: Any) -> tuple[Driver, Any, Any]:
    """Six whole trials, and a seventh under way with this curve; its driver, and the run with its sign of life."""
    drawn = ((0, number, 1e-4 * (number + 1)) for number in range(7))
    search = searched(*drawn, arms=1, pruner="median", trials=7, **budget)
    search = keep(results, replace(search, key=KEY))
    for trial in search.trials[:6]:
        write(results, search.spec(trial), [20.0, 10.0])
    run = write(results, search.spec(search.trials[6]), curve, None)
    alive = locks.lock(run.alive)
    alive.acquire(timeout=5)
    driver = Driver(results)
    driver.index.poll()
    return driver, run, alive


def test_what_does_worse_is_stopped_and_keeps_its_epochs(asleep: Results) -> None:
    driver, run, alive = pruning(asleep, [90.0])
    driver.step(load(asleep, KEY))
    assert run.request.read_text() == "stop"
    add(run, {"event": "ended", "status": "stopped", "reason": "stopped on request"})
    alive.release()
    driver.index.poll()
    driver.step(load(asleep, KEY))
    found = load(asleep, KEY)
    assert found.ended == "complete"
    assert "1 of 7 pruned, 13 of 14 epochs trained" in found.sentence
    last = standing(found, table(asleep)).outcomes[-1]
    assert (last.ended, last.error, last.epochs) == ("pruned", 90.0, 1)


def test_what_does_well_goes_on(asleep: Results) -> None:
    driver, run, alive = pruning(asleep, [5.0])
    driver.step(load(asleep, KEY))
    assert not run.request.exists()
    alive.release()


def test_a_stop_that_comes_too_late_makes_a_whole_trial_of_it(asleep: Results) -> None:
    """Between the look at its epochs and the stop the run has ended: the stop is refused, and nothing is lost."""
    driver, run, alive = pruning(asleep, [90.0, 80.0])
    add(run, {"event": "ended", "status": "finished", "reason": "all 2 epochs are done"})
    alive.release()
    with pytest.raises(UserError, match="only a running"):
        queue.stop(asleep, run.id)
    driver.step(load(asleep, KEY))
    assert not load(asleep, KEY).ended, "it has not yet looked again"
    driver.index.poll()
    driver.step(load(asleep, KEY))
    found = load(asleep, KEY)
    last = standing(found, table(asleep)).outcomes[-1]
    assert (found.ended, last.ended, last.error) == ("complete", "complete", 80.0)


def test_ranges_that_give_no_run_end_it_in_a_sentence(asleep: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vitcore.search.driver.ATTEMPTS", 2)
    arm = RunSpec.of(ARMS[0], architecture="cct-mini/3x3", num_heads=32, embed_dim=64)
    search = ask(asleep, [arm], [Dimension("embed_dim", 33, 64)], Budget(trials=2, sampler="random"))
    Driver(asleep).step(search)
    found = load(asleep, search.key)
    assert found.ended == "blocked"
    assert "of 2 draws within these ranges none gave a run" in found.sentence
    assert asleep.ids() == []


def test_where_optuna_has_gone_meanwhile_it_ends_in_a_sentence(
    asleep: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = ask(asleep, ARMS, SPACE, Budget(trials=2, epochs=1, sampler="random"))
    monkeypatch.setitem(sys.modules, "optuna", None)  # what an import of it then finds
    Driver(asleep).step(search)
    assert 'pip install "vitcore[search]"' in load(asleep, search.key).sentence
    assert load(asleep, search.key).ended == "blocked"


def test_given_up_what_waits_is_taken_out_and_it_can_go_on(asleep: Results) -> None:
    search = ask(asleep, ARMS, SPACE, Budget(trials=2, epochs=1, sampler="random"))
    Driver(asleep).step(search)
    assert [queue.status(asleep, id) for id in asleep.ids()] == ["queued"] * 4
    wishes.stop(asleep, search.key)
    assert [queue.status(asleep, id) for id in asleep.ids()] == ["cancelled"] * 4
    stopped = load(asleep, search.key)
    assert stopped.ended == "stopped"
    assert "0 of 4 trials have ended." in stopped.sentence
    again = keep(asleep, replace(stopped, ended="", sentence=""))
    driver = Driver(asleep)
    driver.index.poll()
    driver.step(again)
    assert load(asleep, search.key).trials == stopped.trials, "the same trials"
    assert sorted(queue.status(asleep, id) for id in asleep.ids()) == ["cancelled"] * 4 + ["queued"] * 4
