"""Settling for real: small runs queued round by round, drivers and workers killed, wishes of a person, bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.runs.processes import endless, tiny, wait_until, worker_of
from tests.store.writing import add, epoch_line
from vitcore.errors import UserError
from vitcore.runs import background, queue
from vitcore.runs.folder import Results
from vitcore.settle import driver, drivers, wishes
from vitcore.settle.question import KIND, ask, deciding, forget, load, questions
from vitcore.settle.settings import setting
from vitcore.spec import RunSpec
from vitcore.store import queries
from vitcore.store.index import Index

COUNTERPARTS = tuple(tiny(architecture="performer", features=8, kernel=kernel) for kernel in ("x^4", "max(x^4,0)"))
PAIR = tuple(tiny(epochs=1, learning_rate=rate) for rate in (0.001, 0.0011))


def living(results: Results) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "vitcore.settle.driver" in line and str(results.root) in line:
            found.append(process)
    return found


def seeds(results: Results) -> Counter[tuple[float, int]]:
    index = Index(results)
    index.poll()
    runs = queries.runs(index)
    return Counter(zip(runs["learning_rate"], runs["seed"].astype(int), strict=True))


def stored(results: Results, seed: int, errors: tuple[float, float]) -> None:
    """One seed of both settings, as if they had been trained before."""
    for each, error in zip(PAIR, errors, strict=True):
        folder = results.create(RunSpec.of(each, seed=seed))
        add(folder, {"event": "started", "device": "cpu", "precision": "float32"})
        for line in (epoch_line(1, error_percent=error), {"event": "ended", "status": "finished"}):
            add(folder, line)


@pytest.mark.timeout(600)
def test_a_question_is_settled_through_kills_with_no_seed_twice(results: Results) -> None:
    """Killed between rounds and within one: whoever takes the question up goes on where it was."""
    for seed in range(4):  # so far apart, now this way and now that, that four pairs settle nothing
        stored(results, seed, (40.0, 60.0) if seed % 2 else (60.0, 40.0))
    question = ask(results, PAIR, margin=80.0, budget=20)
    assert ask(results, PAIR, margin=80.0, budget=20) == question, "asked twice it is one question"
    drivers.ensure(results)
    wait_until(lambda: len(seeds(results)) > 8, "the fifth seed is queued")
    for process in living(results):
        process.kill()
    running = [id for id in results.ids() if queue.status(results, id) == "running"]
    if running:
        os.kill(worker_of(results, running[0]).pid, signal.SIGKILL)
    # As a server does every few seconds: one that was just killed may hold its lock for a moment.
    wait_until(lambda: drivers.ensure(results) or load(results, question.key).ended, "the question has ended")
    found = load(results, question.key)
    assert found.ended == "answered", found.sentence
    assert "no difference as large as 80 points (" in found.sentence
    assert set(seeds(results).values()) == {1}, "no seed twice"
    assert len(seeds(results)) > 8, "some were trained"
    wait_until(lambda: not living(results), "the driver has gone")


@pytest.mark.timeout(600)
def test_the_command_line_asks_follows_lists_and_answers(results: Results) -> None:
    for seed in range(5):
        stored(results, seed, (50.0 + seed, 50.0))
    common = "architecture=cnn samples=64 batch_size=16 epochs=1"
    command = [sys.executable, "-m", "vitcore", "--results", str(results.root), "settle"]
    words = [f"{common} learning_rate=0.001", f"{common} --learning-rate=0.0011", "--margin", "60", "--budget", "12"]
    done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=500, check=True)
    key, last = done.stdout.strip().splitlines()
    assert last.startswith("answered: lr 0.001 and lr 0.0011: no difference as large as 60 points")
    assert "runs: " in done.stderr
    listed = subprocess.run([*command, "--list"], capture_output=True, text=True, timeout=100, check=True)
    assert listed.stdout.startswith(f"{key}  answered  ")


@pytest.mark.timeout(300)
def test_given_up_what_waits_is_taken_out_and_it_can_go_on(results: Results) -> None:
    pair = endless(), endless(learning_rate=0.002)
    question = ask(results, pair, budget=6)
    drivers.ensure(results)
    wait_until(lambda: any(queue.status(results, id) == "running" for id in results.ids()), "a run has begun")
    wishes.stop(results, question.key)
    assert load(results, question.key).ended == "stopped"
    assert all(queue.status(results, id) != "queued" for id in results.ids())
    wait_until(lambda: not living(results), "the driver has gone")
    with pytest.raises(UserError, match="at least 6 runs"):
        wishes.go_on(results, question.key, budget=2)
    assert wishes.go_on(results, question.key).budget == 6, "as before, where nobody says otherwise"
    again = wishes.go_on(results, question.key, budget=8)
    assert (again.ended, again.budget) == ("", 8)
    [cancelled] = [id for id in results.ids() if queue.status(results, id) == "cancelled"]
    wait_until(
        lambda: drivers.ensure(results) or any(queue.status(results, id) == "queued" for id in results.ids()),
        "the seed that was taken out of the queue is queued again",
    )
    wishes.stop(results, question.key)
    assert queue.status(results, cancelled) == "cancelled"


def test_given_up_while_the_driver_looks_nothing_more_is_queued(results: Results) -> None:
    """The driver has seen an open question and is about to act; a person's word comes first."""
    question = ask(results, PAIR, budget=6)
    at_work = threading.Thread(target=background.work, args=(results, KIND, question.key, driver.Driver(results)))
    with deciding(results, question.key):
        at_work.start()
        time.sleep(1)  # it waits for its turn by now, or will
        wishes.end(results, load(results, question.key), "stopped", "so it is")
    at_work.join(30)
    assert not at_work.is_alive()
    assert results.ids() == []
    assert load(results, question.key).ended == "stopped"


def test_a_question_that_does_not_let_go_is_said(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vitcore.runs.background.PATIENCE", 0.2)
    question = ask(results, PAIR, budget=6)
    with deciding(results, question.key), pytest.raises(UserError, match="being worked on"):
        wishes.stop(results, question.key)
    assert load(results, question.key).state == "open"


def test_bad_questions_are_refused_in_a_sentence_before_anything_is_queued(results: Results) -> None:
    first, second = COUNTERPARTS
    wrong: list[tuple[tuple[Any, ...], str]] = [
        (([first],), "between 2 and 8 settings"),
        (([first, RunSpec.of(first, seed=5)],), "settings 1 and 2 are the same"),
        (([first, RunSpec.of(second, dataset="mnist")],), "different test images"),
        (([first, second], 0.0), "above 0"),
        (([first, second], float("nan")), "above 0"),
        (([first, second], 0.5, 5), "at least 6 runs"),
    ]
    for arguments, why in wrong:
        with pytest.raises(UserError, match=why):
            ask(results, *arguments)
    assert questions(results) == []
    assert results.ids() == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a setting is"),
        ("nonsense=3", "no option 'nonsense'"),
        ("kernel=relu epochs", "epochs=VALUE"),
        ("kernel='x", "cannot be read"),
        ("nobody-home", "there is no run"),
        ("performer-table-1:nothing:n", "has no row"),
        ("nothing:a:b", "nothing"),
        ("kernel=nonsense", "kernel"),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(results: Results, text: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        setting(text, results)


def test_a_question_kept_is_the_question_read_and_broken_ones_cost_only_themselves(results: Results) -> None:
    question = ask(results, COUNTERPARTS)
    assert load(results, question.key) == question
    (results.root / "questions" / "broken.json").write_text("{")
    (results.root / "questions" / "other.json").write_text('{"v": 1, "question": {"settings": 3}}')
    assert questions(results) == [question]
    raw = json.loads((results.root / "questions" / f"{question.key}.json").read_text())
    raw["question"]["first_seed"] = -1
    (results.root / "questions" / "before-all.json").write_text(json.dumps(raw))
    assert questions(results) == [question]
    for broken in ("broken", "before-all"):
        with pytest.raises(UserError):
            load(results, broken)
    with pytest.raises(UserError, match="no question's name"):
        load(results, "../escape")
    wishes.end(results, replace(question), "stopped", "so")
    assert load(results, question.key).sentence == "so"
    forget(results, question.key)
    assert questions(results) == []


def test_a_question_in_a_folder_from_elsewhere_starts_nothing_until_it_is_let_go_on(
    results: Results, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for seed in range(3):
        stored(results, seed, (5.0 + seed / 10, 5.0 + seed / 11))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "theirs"))
    key = ask(results, PAIR, 0.5).key
    assert load(results, key).state == "open"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "ours"))
    drivers.ensure(results)
    assert load(results, key).state == "not ours"
    assert not living(results)
    assert len(results.ids()) == 6
    wishes.go_on(results, key)
    assert load(results, key).state == "open"
    wait_until(lambda: len(results.ids()) > 6, "the next seeds are queued")
    wishes.stop(results, key)
