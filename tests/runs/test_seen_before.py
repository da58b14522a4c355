"""What flatters a chained run is said: images it is scored on that an earlier run of the chain has learned from."""

from __future__ import annotations

import pytest

from tests.runs.processes import tiny
from vitcore.runs.folder import Results
from vitcore.runs.seen_before import sentences
from vitcore.spec import RunSpec


def chained(results: Results, **before: object) -> RunSpec:
    """A run with validation that starts from one of these options."""
    return RunSpec.of(tiny(), validation=0.1, init_from=results.create(RunSpec.of(tiny(), **before)).id)


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ({}, ["validation error flatters it"]),
        ({"validation": 0.2}, ["validation error flatters it"]),
        ({"validation": 0.1, "validation_seed": 3}, ["validation error flatters it"]),
        ({"validation": 0.1}, []),
        ({"validation": 0.1, "draw_from": "all"}, ["its test error flatters it"]),
        ({"draw_from": "all"}, ["its test error flatters it", "validation error flatters it"]),
        ({"dataset": "mnist", "samples": 100}, []),
    ],
)
def test_what_an_origin_has_seen_is_said(results: Results, before: dict[str, object], text: list[str]) -> None:
    found = sentences(results, chained(results, **before))
    assert len(found) == len(text)
    for sentence, part in zip(found, text, strict=True):
        assert part in sentence


def test_a_teacher_and_what_lies_farther_back_count_too(results: Results) -> None:
    first = results.create(RunSpec.of(tiny(), draw_from="all", validation=0.1)).id
    second = results.create(RunSpec.of(tiny(), validation=0.1, init_from=first)).id
    third = RunSpec.of(tiny(), validation=0.1, teacher=second)
    [found] = sentences(results, third)
    assert first in found


def test_a_run_that_is_gone_or_takes_none_says_nothing(results: Results) -> None:
    assert sentences(results, RunSpec.of(tiny(), validation=0.1)) == []
    assert sentences(results, RunSpec.of(tiny(), validation=0.1, init_from="20260101-000000-gone-0000")) == []
