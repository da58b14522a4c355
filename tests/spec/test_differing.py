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


def test_every_option_that_differs_is_named() -> None:
    first = RunSpec().flat()
    for field in fields():
        if field.name != "name":
            (name, other) = differing.names([first, first | {field.name: "another"}])
            assert "another" in other, field.name
            assert name != other
