"""Where a question stands, from stored runs alone: order, divergence, losers, budgets, and what stands in the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest

from tests.stored_runs import stored
from vitcore.settle.question import Question
from vitcore.settle.sentences import answer, names
from vitcore.settle.standing import pairs_to_come, standing
from vitcore.spec import RunSpec

Frame = Callable[[Sequence[dict[str, Any]]], pd.DataFrame]
KERNELS = ("x^4", "max(x^4,0)", "relu")
SETTINGS = tuple(RunSpec.of(architecture="performer", dataset="mnist", samples=1000, kernel=each) for each in KERNELS)


def runs_of(setting: RunSpec, errors: Sequence[float], **more: Any) -> list[dict[str, Any]]:
    rows = []
    for seed, error in enumerate(errors):
        status = "finished" if error == error else "diverged"
        spec = RunSpec.of(setting, seed=seed)
        fields = {"status": status, "test_samples": 10_000, "data_digest": "d", "reason": None, **more}
        rows.append({**stored(spec, error), **fields})
    return rows


def asked(settings: Sequence[RunSpec] = SETTINGS[:2], margin: float = 0.5, budget: int = 40) -> Question:
    return Question(tuple(settings), margin, budget, key="q")


def test_nothing_stored_wants_the_first_seed_of_each(frame: Frame) -> None:
    found = standing(asked(), frame([]))
    assert (found.state, found.spent) == ("open", 0)
    assert [(spec.model.kernel, spec.seed) for spec in found.wanted] == [("x^4", 0), ("max(x^4,0)", 0)]


def test_equal_errors_are_no_difference_after_few_pairs(frame: Frame) -> None:
    errors = [5.1, 5.4, 4.9, 5.0]
    found = standing(asked(), frame(runs_of(SETTINGS[0], errors) + runs_of(SETTINGS[1], errors)))
    assert found.state == "answered"
    assert found.pairings[0].verdict == "equivalent"
    assert len(found.pairings[0].differences) == 4
    assert found.wanted == ()
    low, high = found.pairings[0].sequence[-1].low, found.pairings[0].sequence[-1].high
    assert low < 0 < high, "two equal differences make no interval of no width"


def test_two_pairs_say_nothing_however_far_apart(frame: Frame) -> None:
    rows = runs_of(SETTINGS[0], [1.0, 1.0]) + runs_of(SETTINGS[1], [60.0, 60.0])
    found = standing(asked(), frame(rows))
    assert found.state == "open"
    assert "too few to say" in answer(asked(), found)
    assert {spec.seed for spec in found.wanted} == {2}


@pytest.mark.parametrize("better", [0, 1])
def test_a_clear_difference_is_settled_in_its_direction(frame: Frame, better: int) -> None:
    low, high = [5.1, 5.4, 4.9, 5.0, 5.2], [15.2, 15.3, 14.8, 15.1, 14.9]
    rows = runs_of(SETTINGS[better], low) + runs_of(SETTINGS[1 - better], high)
    found = standing(asked(), frame(rows))
    assert found.state == "answered"
    assert found.racing == (better,)
    best, other = KERNELS[better], KERNELS[1 - better]
    assert answer(asked(), found).startswith(f"{best} is better than {other} (")


def test_a_seed_counts_once_all_of_it_have_ended_and_later_ones_wait(frame: Frame) -> None:
    rows = runs_of(SETTINGS[0], [5.0, 5.0, 5.0]) + runs_of(SETTINGS[1], [5.0, 5.0, 5.0])
    rows[1]["status"] = "running"
    found = standing(asked(), frame(rows))
    assert found.pairings[0].seeds == (0,)
    assert found.under_way == (rows[1]["id"],)
    assert found.wanted == ()


def test_a_run_of_the_same_seed_again_changes_nothing(frame: Frame) -> None:
    rows = runs_of(SETTINGS[0], [5.0]) + runs_of(SETTINGS[1], [6.0])
    again = {**rows[0], "id": rows[0]["id"] + "-z", "error_percent": 1.0}
    assert standing(asked(), frame([*rows, again])).errors[0, 0] == 5.0
    assert standing(asked(), frame([again, *rows])).errors[0, 0] == 5.0


def test_divergence_is_settled_by_how_often_and_never_by_its_error(frame: Frame) -> None:
    bad = float("nan")
    settled = None
    for seeds in range(1, 21):
        rows = runs_of(SETTINGS[2], [bad] * seeds) + runs_of(SETTINGS[0], [5.0] * seeds)
        found = standing(asked(SETTINGS[::2]), frame(rows))
        assert found.pairings[0].differences == ()
        if found.state == "answered":
            settled = seeds
            break
    assert settled == 10, "2^n C(2n,n)/4^n reaches 100 at n = 10"
    assert found.pairings[0].by == "divergence"
    assert "relu did at 10 and x^4 at 0" in answer(asked(SETTINGS[::2]), found)


def test_both_diverging_says_nothing(frame: Frame) -> None:
    rows = runs_of(SETTINGS[0], [float("nan")] * 20) + runs_of(SETTINGS[1], [float("nan")] * 20)
    found = standing(asked(), frame(rows))
    assert found.state == "spent"
    assert found.pairings[0].verdict == "open"


def test_a_loser_is_dropped_and_the_others_race_on(frame: Frame) -> None:
    wobble = [0.0, 0.2, -0.1, 0.1, 0.3, -0.2, 0.0, 0.1]
    good, close, bad = (runs_of(s, [base + w for w in wobble]) for s, base in zip(SETTINGS, (5, 5.3, 40), strict=True))
    for row, off in zip(close, (0.4, -0.5, 0.6, -0.3, 0.2, -0.6, 0.5, -0.2), strict=True):
        row["error_percent"] += off
    question = asked(SETTINGS, margin=0.1, budget=60)
    found = standing(question, frame(good + close + bad))
    assert found.state == "open"
    assert found.racing == (0, 1)
    assert {spec.model.kernel for spec in found.wanted} == {"x^4", "max(x^4,0)"}
    assert "relu" in names(SETTINGS)[2]


@pytest.mark.parametrize("status", ["failed", "stopped", "cancelled", "paused"])
def test_a_run_that_a_person_or_a_fault_ended_blocks_with_its_name(frame: Frame, status: str) -> None:
    rows = runs_of(SETTINGS[0], [5.0]) + runs_of(SETTINGS[1], [6.0])
    rows[1].update(status=status, reason="it was so")
    found = standing(asked(), frame(rows))
    assert found.state == "blocked"
    assert rows[1]["id"] in found.blocked
    assert status in found.blocked


def test_an_interrupted_run_is_to_be_resumed(frame: Frame) -> None:
    rows = runs_of(SETTINGS[0], [5.0]) + runs_of(SETTINGS[1], [6.0])
    rows[1]["status"] = "interrupted"
    assert standing(asked(), frame(rows)).interrupted == (rows[1]["id"],)


def test_runs_on_different_data_are_no_pair(frame: Frame) -> None:
    rows = runs_of(SETTINGS[0], [5.0]) + runs_of(SETTINGS[1], [6.0], data_digest="other")
    found = standing(asked(), frame(rows))
    assert found.state == "blocked"
    assert "different data" in found.blocked


def test_a_folder_of_ones_own_is_found_by_what_was_in_it(frame: Frame, tmp_path: Any) -> None:
    own = [
        RunSpec.of(dataset="folder", folder=str(tmp_path), kernel=each, architecture="performer")
        for each in KERNELS[:2]
    ]
    rows = runs_of(own[0], [5.0]) + runs_of(own[1], [6.0])
    for row, setting in zip(rows, own, strict=True):
        row["fingerprint"] = setting.fingerprint("d")
    assert standing(asked(own), frame(rows)).pairings[0].seeds == (0,)


def test_the_budget_is_kept(frame: Frame) -> None:
    errors = [5.0, 9.0, 1.0, 7.0], [6.0, 2.0, 8.0, 5.0]
    found = standing(asked(budget=9), frame(runs_of(SETTINGS[0], errors[0]) + runs_of(SETTINGS[1], errors[1])))
    assert (found.state, found.spent) == ("spent", 8)
    assert "what is open stays open" in answer(asked(budget=9), found)


def test_pairs_to_come_is_a_number_or_nothing(frame: Frame) -> None:
    errors = [5.0, 5.6, 4.9, 5.2], [6.1, 6.0, 6.6, 5.9]
    found = standing(asked(), frame(runs_of(SETTINGS[0], errors[0]) + runs_of(SETTINGS[1], errors[1])))
    assert found.state == "open"
    more = pairs_to_come(found.pairings[0], asked(), 1)
    assert more in range(1, 17)
    assert pairs_to_come(found.pairings[0], asked(budget=8), 1) is None


def test_spreads_that_are_far_from_equal_are_said_beside_the_answer(frame: Frame) -> None:
    steady, wild = [5.0, 5.1, 4.9, 5.0, 5.1, 5.0, 4.9], [25.0, 20.0, 31.0, 24.0, 28.0, 22.0, 27.0]
    found = standing(asked(), frame(runs_of(SETTINGS[0], steady) + runs_of(SETTINGS[1], wild)))
    assert found.state == "answered"
    assert "spread by 0.08 points and those of max(x^4,0) by 4.16" in answer(asked(), found)
    alike = standing(asked(), frame(runs_of(SETTINGS[0], steady) + runs_of(SETTINGS[1], [e + 9 for e in steady])))
    assert "spread by" not in answer(asked(), alike)
