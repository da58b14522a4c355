"""Where a search stands, from stored runs alone; what it wants next; who wins, and when the winner is noise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.search.searched import finished, searched, table, write
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.search import courses, sampling, wishes
from vitcore.search.best import ranked, tied, winners
from vitcore.search.driver import due
from vitcore.search.plan import Budget, Search, keep, load
from vitcore.search.sampling import Past
from vitcore.search.sentences import answer, names
from vitcore.search.standing import standing
from vitcore.search.tables import expected, trials
from vitcore.settle.question import load as question_of
from vitcore.settle.standing import standing as settled

IMAGE = 100 / 144  # points of validation error


def rates(count: int) -> list[tuple[int, int, float]]:
    """So many trials of two arms, in turn."""
    return [(arm, number, 1e-4 * (1 + number + arm / 2)) for number in range(count) for arm in (0, 1)]


def test_what_was_drawn_is_wanted_once_and_never_tested(results: Results) -> None:
    search = searched(*rates(1), seeds=2)
    found = standing(search, table(results))
    assert [(spec.training.label_smoothing, spec.seed) for spec in found.wanted] == [(0, 0), (0, 1), (0.1, 0), (0.1, 1)]
    assert not any(spec.training.evaluate_test for spec in found.wanted)
    assert {spec.training.epochs for spec in found.wanted} == {2}
    write(results, found.wanted[0], [30.0], None)
    later = standing(search, table(results))
    assert len(later.wanted) == 3
    assert len(later.interrupted) == 1
    assert later.state == "open"


def test_every_ending_counts_as_what_it_is(results: Results) -> None:
    search = searched(*((0, number, 1e-3 + number / 1e4) for number in range(4)), arms=1, trials=4, pruner="median")
    specs = [search.spec(trial) for trial in search.trials]
    write(results, specs[0], [30.0, 20.0])
    write(results, specs[1], [50.0], "stopped")
    write(results, specs[2], [], "diverged")
    write(results, specs[3], [40.0, 25.0])
    found = standing(search, table(results))
    assert [(each.ended, each.error) for each in found.outcomes] == [
        ("complete", 20.0), ("pruned", 50.0), ("diverged", 100.0), ("complete", 25.0),
    ]  # fmt: skip
    assert (found.state, found.images) == ("complete", 144)
    assert [each.error for each in ranked(found.outcomes, search)] == [20.0, 25.0], "who was not trained whole wins not"
    assert "1 of 4 pruned, 5 of 8 epochs trained; a pruned trial counts with" in answer(search, found)
    assert list(trials(search, found)["ended"]) == ["complete", "pruned", "diverged", "complete"]
    assert list(expected(search, found)["expected"]) == [20.0] * 4, "one search: the best so far"
    assert "The best of 4 trials" in answer(search, found), "those that were not trained whole were drawn, too"


@pytest.mark.parametrize(("status", "curve"), [("failed", [30.0]), ("paused", [30.0])])
def test_what_stands_in_the_way_is_named_with_the_way_on(results: Results, status: str, curve: list[float]) -> None:
    search = searched((0, 0, 1e-3))
    run = write(results, search.spec(search.trials[0]), curve, status)
    found = standing(search, table(results))
    assert found.state == "blocked"
    assert f"run {run.id}" in answer(search, found)
    assert "resume or delete it (it is then run again), then go on." in answer(search, found)


def test_what_another_search_pruned_is_trained_whole_here(results: Results) -> None:
    pruned = searched((0, 0, 1e-3), arms=1, trials=1, pruner="median")
    run = write(results, pruned.spec(pruned.trials[0]), [60.0], "stopped")
    assert standing(pruned, table(results)).outcomes[0].ended == "pruned"
    whole = searched((0, 0, 1e-3), arms=1, trials=1)
    found = standing(whole, table(results))
    assert (found.state, found.interrupted) == ("open", (run.id,))


def test_trials_that_a_pruner_judges_are_not_independent(results: Results) -> None:
    """Seven stopped early at 60 % would make three trials, of which none would be pruned, look worse than they are."""
    search = searched(*rates(12), trials=12, pruner="median")
    for trial in search.trials:
        error = (20.0 if trial.number < 5 else 60.0) if trial.arm == 0 else 21.0
        write(results, search.spec(trial), [error + trial.number / 10], "stopped" if error == 60 else "finished")
    found = standing(search, table(results))
    assert courses.budget_of(search, found) == 0
    assert "is expected to reach" not in answer(search, found)
    assert "prune none" in answer(search, found)


def test_a_verdict_is_given_once_all_trials_have_ended(results: Results) -> None:
    search = searched(*rates(12), trials=12)
    order = sorted(search.trials, key=lambda trial: trial.number)
    for place, trial in enumerate(order):
        if place == 16:  # eight of each
            assert "does better" not in answer(search, standing(search, table(results)))
            assert "is ahead so far" in answer(search, standing(search, table(results)))
        write(results, search.spec(trial), [10.0 + 30 * trial.arm + trial.number / 10])
    assert "does better" in answer(search, standing(search, table(results)))


def test_those_that_nothing_tells_from_the_winner_follow_it(results: Results) -> None:
    """The third spreads so widely that nothing tells it from the first; the second, between them, is told."""
    search = searched((0, 0, 1e-3), (0, 1, 2e-3), (0, 2, 3e-3), arms=1, trials=3, seeds=3)
    for trial, errors in zip(search.trials, ((10, 10.1, 9.9), (20, 20.1, 19.9), (10, 50, 30)), strict=True):
        for seed, error in enumerate(errors):
            write(results, search.spec(trial, seed), [error])
    assert [each.trial.number for each in tied(search, standing(search, table(results)))] == [0]


def test_a_pruned_search_judges_the_first_seed_before_it_trains_the_others(results: Results) -> None:
    search = searched((0, 0, 1e-3), (0, 1, 2e-3), arms=1, seeds=3, pruner="median")
    first, second = (search.spec(trial) for trial in search.trials)
    assert [spec.seed for spec in standing(search, table(results)).wanted] == [0, 0]
    write(results, first, [30.0, 20.0])
    write(results, second, [60.0], "stopped")
    found = standing(search, table(results))
    assert [(spec.fingerprint(), spec.seed) for spec in found.wanted] == [
        (first.fingerprint(), 1),
        (first.fingerprint(), 2),
    ]
    assert found.outcomes[1].ended == "pruned"


def test_whose_turn_it_is_the_arms_take_turns_and_equally_many(results: Results) -> None:
    search = searched(trials=5)
    assert list(due(search, standing(search, table(results)))) == [
        (number, arm, 0) for number in range(4) for arm in (0, 1)
    ]
    in_turn = replace(search, budget=replace(search.budget, sampler="tpe", repeats=2))
    assert list(due(in_turn, standing(in_turn, table(results)))) == [(0, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1)]
    drawn = searched(*rates(2), sampler="tpe", trials=5)
    write(results, drawn.spec(drawn.of(0, 0)[0]), [30.0, 20.0])
    write(results, drawn.spec(drawn.of(0, 0)[1]), [30.0, 20.0])
    assert list(due(drawn, standing(drawn, table(results)))) == [(2, 0, 0)], "the other's are still under way"


def test_tpe_looks_at_what_came_before_and_at_nothing_else() -> None:
    search = searched(sampler="tpe")
    past = [Past({"learning_rate": 1e-4 * 2**at}, 50.0 - at, {}) for at in range(6)]
    first = sampling.draw(search, (0, 0), 6, 0, past)
    assert sampling.draw(search, (0, 0), 6, 0, past) == first
    worse = [replace(each, error=100 - each.error) for each in past]
    assert sampling.draw(search, (0, 0), 6, 0, worse) != first
    assert sampling.draw(search, (0, 0), 6, 1, past) != first, "another attempt is another draw"


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_what_does_worse_than_those_before_is_pruned(pruner: str) -> None:
    search = searched(pruner=pruner, epochs=9)
    past = [
        Past({"learning_rate": 1e-3}, 10.0 + at, {epoch: 10.0 + at + 9 - epoch for epoch in range(1, 10)})
        for at in range(12)
    ]
    worst = {epoch: 90.0 for epoch in range(1, 10)}
    best = {epoch: 1.0 for epoch in range(1, 10)}
    assert sampling.pruned_at(search, (0, 0), past, worst) is not None
    assert sampling.pruned_at(search, (0, 0), past, best) is None
    assert sampling.pruned_at(search, (0, 0), past, {1: float("nan")}) in (None, 1)
    assert sampling.pruned_at(search, (0, 0), [], worst) is None, "with nobody before it nothing is worse"


def test_the_expected_best_decides_between_arms_never_the_winner_alone(results: Results) -> None:
    """A has the best trial of all, but most of its trials are poor: with two trials each B is expected to do better."""
    search = searched(*rates(8), trials=8)
    errors = {(0, number): 60.0 + number for number in range(8)} | {(1, number): 10.0 + number for number in range(8)}
    errors[0, 7] = 5.0
    finished(results, search, errors)
    found = standing(search, table(results))
    sentence = answer(search, found)
    assert courses.budget_of(search, found) == 2
    assert "With 2 random trials each, smoothing 0 is expected to reach" in sentence
    assert "smoothing 0.1 does better (a difference of +" in sentence
    assert names(search) == ["smoothing 0", "smoothing 0.1"]
    same = {place: 10.0 + place[1] for place in errors}
    other = Results(results.root / "other")
    finished(other, search, same)
    assert "no difference that can be told (a difference of 0.00 points" in answer(
        search, standing(search, table(other))
    )


def test_one_search_by_tpe_has_no_interval_and_three_have(results: Results) -> None:
    search = searched(*rates(2), trials=2, sampler="tpe")
    finished(results, search, {(arm, number): 20.0 + number + arm for arm in (0, 1) for number in (0, 1)})
    sentence = answer(search, standing(search, table(results)))
    assert "repeat each search 3 times or more" in sentence
    thrice = replace(search, budget=replace(search.budget, repeats=3, trials=1), trials=())
    drawn = tuple(
        replace(searched((arm, 0, 1e-3 + repeat / 1e4 + arm / 1e5)).trials[0], repeat=repeat)
        for repeat in range(3)
        for arm in (0, 1)
    )
    thrice = replace(thrice, trials=drawn)
    for trial in drawn:
        write(results, thrice.spec(trial), [90.0, 20.0 + 30 * trial.arm + trial.repeat])
    found = answer(thrice, standing(thrice, table(results)))
    assert "With 1 TPE trial each, smoothing 0 is expected to reach 21.00 % (" in found
    assert "smoothing 0 does better (a difference of −30.00 points" in found


def test_of_twelve_trials_that_differ_by_an_image_the_winner_is_noise(results: Results) -> None:
    search = searched(*((0, number, 1e-4 * (1 + number)) for number in range(12)), arms=1)
    finished(results, search, {(0, number): IMAGE * (10 + (number if number < 3 else 20)) for number in range(12)})
    found = standing(search, table(results))
    assert len(tied(search, found)) == 3
    assert (
        "The winner is noise: nothing tells the best 3 of 12 trials apart, for they lie within 2 of 144 validation "
        "images, and fewer than 6 tell no two apart."
    ) in answer(search, found)
    clear = Results(results.root / "clear")
    finished(clear, search, {(0, number): IMAGE * (10 + 6 * number) for number in range(12)})
    sentence = answer(search, standing(search, table(clear)))
    assert "It is 6 of 144 validation images ahead of the next. As the best of 12 its error flatters" in sentence
    assert "noise" not in sentence


def test_seeds_that_spread_widely_make_it_noise_too(results: Results) -> None:
    search = searched((0, 0, 1e-3), (0, 1, 2e-3), arms=1, seeds=3, trials=2)
    for trial, errors in zip(search.trials, ([10.0, 30.0, 20.0], [20.0, 40.0, 30.0]), strict=True):
        for seed, error in enumerate(errors):
            write(results, search.spec(trial, seed), [error, error])
    assert "for their seeds spread as widely as they lie apart (10.00 points)" in answer(
        search, standing(search, table(results))
    )


def complete(results: Results, search: Search) -> Search:
    return keep(results, replace(search, key="20260101-000000-abcd", ended="complete"))


def test_the_best_are_confirmed_with_fresh_seeds_and_these_alone_are_tested(asleep: Results) -> None:
    search = complete(asleep, searched(*rates(3), trials=3, seeds=2))
    finished(asleep, search, {(arm, number): 20.0 + 5 * number + arm for arm in (0, 1) for number in range(3)})
    question = wishes.confirm(asleep, search.key)
    assert load(asleep, search.key).confirmed == question.key
    assert question.first_seed == 2, "no seed that has chosen them"
    assert [spec.optimizer.learning_rate for spec in question.settings] == pytest.approx([1e-4, 1.5e-4, 2e-4, 2.5e-4])
    stands = settled(question_of(asleep, question.key), table(asleep))
    assert {spec.seed for spec in stands.wanted} == {2}
    assert all(spec.training.evaluate_test for spec in stands.wanted)
    assert {spec.training.epochs for spec in stands.wanted} == {2}
    assert wishes.confirm(asleep, search.key).key == question.key, "asked twice it is one question"


def test_what_cannot_be_confirmed_is_said(asleep: Results) -> None:
    search = keep(asleep, replace(searched((0, 0, 1e-3), arms=1, trials=2), key="20260101-000000-abcd"))
    with pytest.raises(UserError, match="is not over; wait until it is, or stop it"):
        wishes.confirm(asleep, search.key)
    complete(asleep, search)
    with pytest.raises(UserError, match="has 0 to confirm"):
        wishes.confirm(asleep, search.key)
    with pytest.raises(UserError, match="between 1 and 8 settings are confirmed, not 9"):
        wishes.confirm(asleep, search.key, 9)
    assert load(asleep, search.key).confirmed == ""


def test_one_setting_that_was_drawn_twice_is_one(results: Results) -> None:
    search = searched((0, 0, 1e-3), (0, 1, 1e-3), (0, 2, 2e-3), arms=1, trials=3)
    write(results, search.spec(search.trials[0]), [30.0, 20.0])
    write(results, search.spec(search.trials[2]), [30.0, 40.0])
    found = standing(search, table(results))
    assert (found.state, [each.error for each in found.outcomes]) == ("complete", [20.0, 20.0, 40.0])
    assert [each.trial.number for each in winners(search, found, 5)] == [0, 2]
    assert Budget(trials=3).each == 3
