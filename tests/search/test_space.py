"""What is searched: ranges proposed for every option there is, and everything that a person may type."""

from __future__ import annotations

import pytest

from vitcore.errors import UserError
from vitcore.search import sampling
from vitcore.search.plan import Budget, Search
from vitcore.search.space import NOT_SEARCHED, Dimension, of_dict, parse, propose, searchable, searched
from vitcore.spec import RunSpec, fields

SPEC = RunSpec.begun(architecture="cct-mini/3x3")


@pytest.mark.parametrize("name", [field.name for field in searchable()])
def test_every_option_has_a_range_that_gives_runs_or_asks_for_one(name: str) -> None:
    """And what is proposed reads as it is written, and is kept as it is."""
    try:
        found = propose(name, SPEC)
    except UserError:
        with pytest.raises(UserError, match=f"such as {name}=[LA]"):
            propose(name, SPEC)
        return
    assert parse(found.written(), SPEC) == of_dict(found.to_dict()) == found
    assert found.words()
    drawn = [sampling.draw(Search((SPEC,), (found,), Budget()), (0, 0), number, 0, []) for number in range(4)]
    assert all(found.holds(values[name]) for values in drawn)
    for value in found.ends():
        RunSpec.of(SPEC, **{name: value})


def test_what_is_not_searched_says_why() -> None:
    assert set(NOT_SEARCHED) < {field.name for field in fields()}
    for name, why in NOT_SEARCHED.items():
        with pytest.raises(UserError, match=why):
            searched(name)


def test_ranges_are_sane_and_log_where_they_span_a_decade() -> None:
    assert propose("learning_rate", SPEC) == Dimension("learning_rate", 1e-4, 1e-2, True)
    assert propose("batch_size", SPEC) == Dimension("batch_size", 32, 512, True)
    assert propose("dropout", SPEC) == Dimension("dropout", 0.0, 0.5, False)
    assert propose("beta1", SPEC) == Dimension("beta1", 0.5, 0.98, False)
    assert propose("embed_dim", SPEC).choices == (16, 32, 64, 128), "of the architecture's own 64"
    assert propose("flip", SPEC).choices == (False, True)
    assert not parse("learning_rate=0.001..0.005", SPEC).log
    assert parse("learning_rate=0.001..0.01", SPEC).log
    assert not parse("learning_rate=0.001..0.01:linear", SPEC).log
    assert parse("--weight-decay=.01...5:log", SPEC) == Dimension("weight_decay", 0.01, 0.5, True)
    assert parse("nesterov=on,off", SPEC).choices == (True, False)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lr", "no option 'lr' to search"),
        ("", "no option '' to search"),
        ("seed", "it is no part of a setting"),
        ("epochs=1..3", "every trial has the same epochs"),
        ("samples=10..20", "the same data"),
        ("patch", "say between which values patch is searched, such as patch=LOW..HIGH"),
        ("architecture", "architecture=A,B"),
        ("learning_rate=1e-2..1e-3", "is empty: 0.01 is not below 0.001"),
        ("learning_rate=0.1..0.1", "is empty"),
        ("learning_rate=0..1", "Learning rate: 0 is not above 0"),
        ("learning_rate=1..50", "50 is more than the most, 10"),
        ("learning_rate=1e-3,1e-3", "stands there twice"),
        ("weight_decay=0..0.1:log", "cannot be searched on a log scale from 0; begin above 0, or write :linear"),
        ("learning_rate=a..b", "'a' cannot be read"),
        ("learning_rate=nan..1", "'nan' cannot be read"),
        ("learning_rate=..", "no range"),
        ("learning_rate=1e-3", "among one value or none"),
        ("learning_rate=", "nothing stands there"),
        ("batch_size=1.5..8", "'1.5' cannot be read"),
        ("optimizer=adamw..sgd", "is no number, so it has no range"),
        ("optimizer=adamw", "among one value or none"),
        ("optimizer=sgd,sgd", "a value twice"),
        ("flip=yes,no", "is on or off, not 'yes'"),
    ],
)
def test_bad_ranges_are_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UserError) as refused:
        parse(text, SPEC)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_draws_stay_within_their_range_and_are_numbers_of_their_kind() -> None:
    space = (
        Dimension("learning_rate", 1e-4, 1e-2, True),
        Dimension("batch_size", 8, 64, True),
        Dimension("optimizer", choices=("adamw", "sgd")),
        Dimension("flip", choices=(False, True)),
    )
    search = Search((SPEC,), space, Budget(sampler="random"))
    drawn = [sampling.draw(search, (0, 0), number, 0, []) for number in range(60)]
    for item in space:
        assert all(item.holds(values[item.name]) for values in drawn), item.name
    assert len({values["learning_rate"] for values in drawn}) == 60
    assert 20 < sum(values["learning_rate"] < 1e-3 for values in drawn) < 40, "as many below the middle decade as above"
    assert {values["optimizer"] for values in drawn} == {"adamw", "sgd"}
    assert [sampling.draw(search, (0, 0), number, 0, []) for number in range(60)] == drawn
    assert sampling.draw(search, (1, 0), 0, 0, []) != drawn[0], "each arm draws its own"
