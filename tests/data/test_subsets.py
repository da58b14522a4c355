"""Subsets nest, repeat only when asked to, and keep shares when asked to."""

from __future__ import annotations

import pytest
import torch

from vitcore.data.subsets import subset
from vitcore.errors import UserError

LABELS = torch.cat([torch.full((count,), label) for label, count in enumerate((500, 300, 200))])


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("labels", [None, LABELS], ids=["plain", "stratified"])
def test_smaller_subset_lies_within_the_larger(replacement: bool, labels: torch.Tensor | None) -> None:
    large = subset(1000, 400, replacement, 7, labels)
    for samples in (1, 17, 399):
        assert torch.equal(subset(1000, samples, replacement, 7, labels), large[:samples])


@pytest.mark.parametrize("labels", [None, LABELS], ids=["plain", "stratified"])
def test_rows_repeat_only_with_replacement(labels: torch.Tensor | None) -> None:
    assert len(subset(1000, 1000, False, 3, labels).unique()) == 1000
    drawn = subset(1000, 1000, True, 3, labels)
    assert len(drawn.unique()) < 700  # 1 − 1/e of them, give or take
    assert drawn.min() >= 0
    assert drawn.max() < 1000


def test_more_rows_than_there_are_need_replacement() -> None:
    assert len(subset(10, 25, True, 0)) == 25
    with pytest.raises(UserError, match=r"25 rows .* 10 there are"):
        subset(10, 25, False, 0)


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("samples", [10, 99, 500, 1000])
def test_stratified_keeps_the_shares(replacement: bool, samples: int) -> None:
    rows = subset(1000, samples, replacement, 5, LABELS)
    counts = torch.bincount(LABELS[rows], minlength=3)
    assert (counts - samples * torch.tensor([0.5, 0.3, 0.2])).abs().max() <= 1.5


def test_another_seed_draws_other_rows() -> None:
    assert not torch.equal(subset(1000, 100, False, 1), subset(1000, 100, False, 2))


def test_all_rows_where_no_number_is_given() -> None:
    assert sorted(subset(50, None, False, 0).tolist()) == list(range(50))
