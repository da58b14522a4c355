"""What a search is refused for, before anything is stored or queued; and its file, whole and broken."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.search.searched import ARMS, SPACE, searched
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.search import wishes
from vitcore.search.asking import ask, usual_sampler
from vitcore.search.plan import Budget, Search, Trial, forget, keep, load, searches
from vitcore.search.space import Dimension
from vitcore.spec import RunSpec

RATES = Dimension("learning_rate", 1e-4, 1e-2, True)
KERNELS = Dimension("kernel", choices=("softmax", "relu"))
IDLE = Dimension("orthogonal", choices=(False, True))
BUDGET = Budget(sampler="random")


def but(**change: Any) -> Budget:
    return replace(BUDGET, **change)


@pytest.mark.parametrize(
    ("arms", "space", "budget", "sentence"),
    [
        (ARMS, (), BUDGET, "say which options are searched"),
        (ARMS, (RATES, RATES), BUDGET, "learning_rate is searched twice"),
        (ARMS, (RATES,), but(trials=0), "trials: 0 does not do; give a whole number from 2 to 1,000"),
        (ARMS, (RATES,), but(trials=2.5), "trials: 2.5 does not do"),
        (ARMS, (RATES,), but(epochs=0), "epochs: 0 does not do"),
        (ARMS, (RATES,), but(seeds=0), "seeds: 0 does not do"),
        (ARMS, (RATES,), but(trials=1000, seeds=10), "20,000 runs"),
        (ARMS, (RATES,), but(sampler="grid"), "no sampler 'grid'; there are random, tpe"),
        (ARMS, (RATES,), but(pruner="worst"), "no pruner 'worst'"),
        (ARMS, (RATES,), but(pruner="median", epochs=1), "ended before it could be pruned"),
        ((), (RATES,), BUDGET, "between 1 and 4 arms"),
        ((ARMS[0], ARMS[0]), (RATES,), BUDGET, "arms 1 and 2 are the same but for what is searched"),
        ((ARMS[0], RunSpec.of(ARMS[0], learning_rate=0.5)), (RATES,), BUDGET, "the same but for what is searched"),
        ((ARMS[0], RunSpec.of(ARMS[1], seed=7, validation_seed=1)), (RATES,), BUDGET, "different images out for"),
        ((ARMS[0], RunSpec.of(ARMS[1], dataset="mnist")), (RATES,), BUDGET, "cannot be compared (digits and mnist)"),
        ((RunSpec.of(architecture="cnn"),), (RATES,), BUDGET, "has no validation images"),
        (ARMS, (KERNELS,), BUDGET, "kernel=softmax,relu cannot be searched: cnn has no attention"),
        (ARMS, (IDLE,), BUDGET, "orthogonal changes nothing in cnn"),
        (ARMS, (Dimension("num_heads", 1, 2, False),), BUDGET, "cannot be searched: cnn is no transformer"),
        (ARMS, (Dimension("warmup_epochs", 9, 20, False),), BUDGET, "more than the 5 there are"),
        (ARMS, (Dimension("learning_rate", 1e-2, 1e-4, True),), BUDGET, "the lower end first"),
    ],
)
def test_bad_searches_are_refused_in_a_sentence_before_anything_is_stored(
    arms: Any, space: Any, budget: Budget, sentence: str, results: Results
) -> None:
    with pytest.raises(UserError) as refused:
        ask(results, arms, space, budget)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert searches(results) == []
    assert results.ids() == []


def test_without_optuna_it_says_what_to_install(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "optuna" else there(name))
    with pytest.raises(UserError, match=r'pip install "vitcore\[search\]"'):
        ask(results, ARMS, SPACE, BUDGET)
    assert searches(results) == []


def test_what_is_asked_is_kept_and_asked_once(results: Results) -> None:
    search = ask(results, ARMS, SPACE, BUDGET)
    assert ask(results, [RunSpec.of(arm, seed=3, epochs=9) for arm in ARMS], SPACE, BUDGET) == search
    assert load(results, search.key) == search
    assert ask(results, ARMS, SPACE, but(trials=13)).key != search.key
    drawn = keep(results, replace(search, trials=searched((0, 0, 1e-3)).trials))
    assert load(results, search.key) == drawn
    assert ask(results, ARMS, SPACE, BUDGET) == drawn, "its trials are no other search"
    wishes.end(results, drawn, "stopped", "so it is")
    assert ask(results, ARMS, SPACE, BUDGET).key != search.key, "an ended one is not opened by asking"
    forget(results, search.key)
    with pytest.raises(UserError, match="there is no search"):
        load(results, search.key)
    assert (usual_sampler(1), usual_sampler(2)) == ("tpe", "random")


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw["trials"][0]["values"].update(learning_rate=5.0),
        lambda raw: raw["trials"][0]["values"].update(learning_rate="0.001"),
        lambda raw: raw["trials"][0]["values"].update(batch_size=4),
        lambda raw: raw["trials"][0].update(arm=2),
        lambda raw: raw["trials"][0].update(number=-1),
        lambda raw: raw.update(trials={"a": 1}),
        lambda raw: raw["search"].update(trials=10**9),
        lambda raw: raw["search"].update(space=[{"name": "learning_rate", "low": 1, "high": None, "log": False}]),
        lambda raw: raw["search"].pop("arms"),
    ],
)
def test_a_file_that_makes_no_sense_is_said_and_starts_nothing(results: Results, change: Any) -> None:
    search = keep(results, replace(ask(results, ARMS, SPACE, BUDGET), trials=searched((0, 0, 1e-3)).trials))
    path = results.root / "searches" / f"{search.key}.json"
    raw = json.loads(path.read_text("utf-8"))
    change(raw)
    path.write_text(json.dumps(raw), "utf-8")
    with pytest.raises(UserError, match="delete"):
        load(results, search.key)
    assert searches(results) == []


def test_values_that_do_not_go_together_are_said(results: Results) -> None:
    arm = RunSpec.begun(architecture="cct-mini/3x3", dataset="digits")
    space = (Dimension("embed_dim", choices=(64, 128)), Dimension("num_heads", choices=(4, 3)))
    search = Search((arm,), space, BUDGET, key="a")
    values = {"embed_dim": 64, "num_heads": 4}
    keep(results, replace(search, trials=(Trial(0, 0, 0, values),)))
    assert load(results, "a").trials[0].values == values
    keep(results, replace(search, trials=(Trial(0, 0, 0, values | {"num_heads": 3}),)))
    with pytest.raises(UserError, match="delete"):
        load(results, "a")


def test_another_accounts_search_is_shown_and_starts_nothing(results: Results) -> None:
    search = ask(results, ARMS, SPACE, BUDGET)
    path = results.root / "searches" / f"{search.key}.json"
    raw = json.loads(path.read_text("utf-8"))
    raw["search"]["epochs"] = 6
    path.write_text(json.dumps(raw), "utf-8")
    found = load(results, search.key)
    assert (found.state, found.worked_on) == ("not ours", False)
    with pytest.raises(UserError, match="no search's name; `vitcore search list`"):
        load(results, "../elsewhere")
