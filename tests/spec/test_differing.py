"""Runs are called by what differs among them, and what they share is said once."""

import math
from collections.abc import Mapping
from typing import Any

from vitcore.spec import RunSpec, differing, fields


def test_what_differs_and_what_is_shared() -> None:
    specs = [RunSpec.of(learning_rate=rate, seed=seed) for rate in (0.003, 0.01) for seed in (0, 1)]
    flat = [spec.flat() for spec in specs]
    assert differing.names(flat) == [
        "lr 0.003 · seed 0", "lr 0.003 · seed 1",
        "lr 0.01 · seed 0", "lr 0.01 · seed 1",
    ]  # fmt: skip
    assert differing.names(flat, without=("seed", "name"))[:2] == ["lr 0.003"] * 2
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
    assert rates == ["lr 0.003", "lr 0.0030001"]
    assert differing.common([flat | {"samples": 1_234_567}] * 2).count("1234567") == 1


def test_every_option_that_differs_is_named() -> None:
    first = RunSpec().flat()
    for field in fields():
        if field.name != "name":
            (name, other) = differing.names([first, first | {field.name: "another"}])
            assert "another" in other, field.name
            assert name != other


def runs(*options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of the runs' table, of specs with these options."""
    specs = [RunSpec.of(**each) for each in options]
    return [each.flat() | {"id": f"run-{n:04}", "title": each.title()} for n, each in enumerate(specs)]


def test_a_sweep_is_called_by_what_varies_and_the_rest_is_said_once() -> None:
    sweep = runs(*({"learning_rate": rate, "seed": seed} for rate in (0.003, 0.01) for seed in range(6)))
    called = differing.called(sweep)
    assert list(called.names.values())[5:7] == ["lr 0.003 · seed 5", "lr 0.01 · seed 0"]
    assert called.common.startswith("cct-2/3x2 · softmax · digits")
    assert not called.also
    back = differing.called(reversed(sweep))
    assert back.names == called.names, "another order changes no name"
    assert differing.called(sweep[:1]).names == {"run-0000": sweep[0]["title"]}
    assert differing.called([]).names == {}


def test_a_name_that_a_person_gave_stays() -> None:
    first, second, third = runs({"name": "baseline"}, {"epochs": 3}, {"epochs": 4})
    third["title"] = "longer"  # given later
    assert list(differing.called([first, second, third]).names.values()) == ["baseline", "epochs 3", "longer"]


def test_an_option_that_changes_nothing_in_a_network_is_no_part_of_its_name() -> None:
    """A network without attention has no kernel, whatever stands in its spec."""
    cnn, cct = RunSpec.of(architecture="cnn").flat(), RunSpec.of(architecture="cct-mini/3x3", kernel="relu").flat()
    assert differing.names([cnn, cct]) == ["cnn", "cct-mini/3x3"], "one kernel alone tells nothing apart"
    other = RunSpec.of(architecture="cct-mini/3x3", kernel="softmax").flat()
    assert differing.names([cnn, cct, other]) == ["cnn", "cct-mini/3x3 · relu", "cct-mini/3x3 · softmax"]
    assert "softmax" not in differing.common([cnn, cnn | {"seed": 1}])
    assert "relu" not in differing.common([cct, cct | {"architecture": "cnn"}])
    assert "relu" in differing.common([cct, cct | {"seed": 1}])
    assert differing.names([cct | {"architecture": name} for name in ("gone", "lost")]) == ["gone", "lost"]


def test_what_no_name_has_room_for_is_said() -> None:
    many = {"epochs": 3, "batch_size": 7, "weight_decay": 0.5, "dropout": 0.5, "learning_rate": 1.0, "warmup": 0.5}
    called = differing.called(runs({}, many))
    assert len(set(called.names.values())) == 2
    assert all(len(name) < 40 for name in called.names.values())
    assert len(called.also) == len(many) - 1, "one option tells the two apart"
    assert "also differ: " in called.above()


def test_in_a_long_list_of_all_there_is_each_has_its_title() -> None:
    listed = runs(
        *(
            {"architecture": name, "dataset": data, "kernel": kernel, "batch_size": size, "seed": seed}
            for name in ("cct-mini/3x3", "vit-lite-7/4") for data in ("digits", "mnist")
            for kernel in ("softmax", "relu") for size in (16, 32) for seed in (0, 1)
        )
    )  # fmt: skip
    names = list(differing.called(listed).names.values())
    assert len(set(names)) == len(listed)
    assert names[0] == "batch 16 · cct-mini/3x3 softmax on digits (all), seed 0"


def test_names_are_apart_and_short_whatever_a_run_says() -> None:
    alike = [*runs({}, {}, {}), {"id": "odd", "title": "x" * 900}, {"id": "none", "title": "", "seed": math.inf}]
    alike += [{**alike[0], "id": f"f-{n}", "kernel": "f: " + "relu(x)*" * 90 + str(n)} for n in range(2)]
    alike += [{**alike[0], "id": "lines", "kernel": "a\n\n# b\t<b>", "seed": [1], "epochs": {}}]
    called = differing.called(alike)
    assert len(set(called.names.values())) == len(alike)
    for id, name in called.names.items():
        assert "\n" not in name
        assert id == "odd" or len(name) < 160
