"""Sweeps: lists and ranges, every combination or some drawn, none twice, none beyond its ends."""

import pytest

from vitcore.errors import UserError
from vitcore.spec import sweeps
from vitcore.spec.sweeps import Span


@pytest.mark.parametrize(
    ("span", "values"),
    [
        (Span(0.0001, 0.1, 4, log=True), [0.0001, 0.001, 0.01, 0.1]),
        (Span(0.0, 0.3, 4), [0.0, 0.1, 0.2, 0.3]),
        (Span(1, 3, 5, whole=True), [1, 2, 3]),
        (Span(32, 512, 5, log=True, whole=True), [32, 64, 128, 256, 512]),
        (Span(0.123456, 0.2, 2), [0.123456, 0.2]),
    ],
)
def test_a_range_in_a_grid(span: Span, values: list[float]) -> None:
    assert span.grid() == pytest.approx(values)
    assert all(type(value) is (int if span.whole else float) for value in span.grid())


@pytest.mark.parametrize("given", [(2, 1), (1, 1), (0, 1, 3, True), (-1, 1, 3, True)])
def test_a_range_that_is_none_is_refused(given: tuple[float, ...]) -> None:
    with pytest.raises(UserError, match="a range"):
        Span(*given)  # type: ignore[arg-type]


@pytest.mark.parametrize("ends", [(0.9994, 0.9999), (0.0012345, 0.0012349)])
def test_three_figures_lead_out_of_no_range(ends: tuple[float, float]) -> None:
    found = [each["rate"] for each in sweeps.draws({"rate": Span(*ends), "seed": Span(0, 99, whole=True)}, 50, 0)]
    assert all(ends[0] <= value <= ends[1] for value in found)


def test_every_combination_the_last_option_fastest() -> None:
    assert sweeps.grid({"seed": [0, 1], "depth": Span(2, 4, 2, whole=True)}) == [
        {"seed": seed, "depth": depth} for seed in (0, 1) for depth in (2, 4)
    ]
    with pytest.raises(UserError, match="501 combinations"):
        sweeps.grid({"seed": list(range(501))})


def test_draws_are_the_same_for_a_seed_and_none_twice() -> None:
    swept: dict[str, sweeps.Values] = {"rate": Span(1e-4, 1e-2, log=True), "depth": Span(2, 9, whole=True), "k": "ab"}
    found = sweeps.draws(swept, 40, 7)
    assert found == sweeps.draws(swept, 40, 7) != sweeps.draws(swept, 40, 8)
    assert len({tuple(each.values()) for each in found}) == 40
    assert all(1e-4 <= each["rate"] <= 1e-2 and 2 <= each["depth"] <= 9 for each in found)
    below = sum(each["rate"] < 1e-3 for each in sweeps.draws(swept, 400, 0))
    assert 150 < below < 250, "half of them lie below the middle by logarithm"
    assert len(sweeps.draws({"k": "ab", "seed": [0, 1]}, 40, 0)) == 4, "there are no more different ones"
    with pytest.raises(UserError, match="501 runs"):
        sweeps.draws(swept, 501, 0)
