"""Runs are called by what differs among them, and what they share is said once."""

import math

from vitcore.spec import RunSpec, differing, fields


def test_what_differs_and_what_is_shared() -> None:
    specs = [RunSpec.of(learning_rate=rate, seed=seed) for rate in (0.003, 0.01) for seed in (0, 1)]
    flat = [spec.flat() for spec in specs]
    assert differing.names(flat) == [
        "learning rate 0.003 · seed 0", "learning rate 0.003 · seed 1",
        "learning rate 0.01 · seed 0", "learning rate 0.01 · seed 1",
    ]  # fmt: skip
    assert differing.names(flat, without=("seed", "name"))[:2] == ["learning rate 0.003"] * 2
    shared = differing.common(flat)
    assert shared.startswith(f"{specs[0].model.architecture} · ")
    assert "epochs" in shared
    assert differing.names(flat[:1]) == [""]


def test_a_table_says_the_same_as_the_specs() -> None:
    """There an empty value is not a number, and a whole number beside an empty one a fraction."""
    flat = [RunSpec.of(architecture="cct-2/3x2", depth=depth).flat() for depth in (None, 2)]
    rows = [{name: math.nan if value is None else value for name, value in each.items()} for each in flat]
    rows[1]["depth"] = 2.0
    assert differing.names(rows) == differing.names(flat) == ["depth default", "depth 2"]


def test_values_that_differ_in_their_last_digits_are_told_apart() -> None:
    flat = RunSpec().flat()
    seeds = differing.names([flat | {"seed": seed} for seed in (20261126, 20261127)])
    assert seeds == ["seed 20261126", "seed 20261127"]
    rates = differing.names([flat | {"learning_rate": rate} for rate in (0.003, 0.0030001)])
    assert rates == ["learning rate 0.003", "learning rate 0.0030001"]
    assert differing.common([flat | {"samples": 1_234_567}] * 2).count("1234567") == 1


def test_every_option_that_differs_is_named() -> None:
    first = RunSpec().flat()
    for field in fields():
        if field.name != "name":
            (name, other) = differing.names([first, first | {field.name: "another"}])
            assert "another" in other, field.name
            assert name != other
