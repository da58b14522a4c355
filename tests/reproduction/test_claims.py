"""The reports' claims, judged by their own numbers and by stored runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from tests.stored_runs import stored
from vitcore.published.claims import Claim, claims
from vitcore.published.tables import table
from vitcore.reproduction.claims import Standing, by_published, by_runs
from vitcore.reproduction.evidence import stored_epochs, with_stored
from vitcore.reproduction.tables import results
from vitcore.spec import RunSpec

Frame = Callable[..., pd.DataFrame]


@pytest.mark.parametrize(
    ("key", "standing", "why"),
    [
        ("performers-better", Standing.PARTLY, "better in 25 of 28 cells, in 6 by more than the report's own noise"),
        ("x2-quickest", Standing.FAILS, "the quickest in 3 of 7 columns"),
        ("without-replacement-worse", Standing.FAILS, "worse in 4 and better in 11 of 15 cells"),
        ("error-falls", Standing.PARTLY, "falls in 15 of 20 steps"),
        ("relu-class-0", Standing.PARTLY, "fits Table 1: 90.20; no constant answer fits Table 2, 10,000"),
        ("repeated-637", Standing.HOLDS, "3 of 18 cells"),
        ("repeated-seconds", Standing.HOLDS, "5 of 36 cells"),
        ("transformer-better", Standing.OPEN, "prints no numbers"),
        ("transformer-plateaus-earlier", Standing.OPEN, "without values"),
        ("hybrid-f1", Standing.PARTLY, "0.8494, which rounds to another (it is cut there, not rounded)"),
    ],
)
def test_each_claim_by_the_published_numbers_alone(key: str, standing: Standing, why: str) -> None:
    found = by_published(claims()[key])
    assert found.standing is standing
    assert why in found.why


def test_every_claim_has_its_test() -> None:
    assert {"performers-better", "x2-quickest", "hybrid-f1"} <= set(claims())
    assert all(by_published(value).why for value in claims().values())


def runs_of(claim: Claim, frame: Frame, errors: dict[str, float], seeds: int, **more: Any) -> pd.DataFrame:
    lines = [
        stored(table(key).spec(row, column.key, "scaled", seed), error + 0.1 * seed, test_samples=10_000, **more)
        for key in claim.tables
        for column in table(key).columns
        if column.metric == claim.metric
        for row, error in errors.items()
        for seed in range(seeds)
    ]
    return frame(lines)


def judged(claim: Claim, runs: pd.DataFrame) -> tuple[Standing, str]:
    found = by_runs(claim, {key: results(table(key), runs, "scaled") for key in claim.tables})
    return found.standing, found.why


@pytest.mark.parametrize(
    ("others", "seeds", "standing"),
    [(3.0, 4, Standing.HOLDS), (12.0, 4, Standing.FAILS), (6.0, 4, Standing.OPEN), (3.0, 2, Standing.OPEN)],
)
def test_rows_are_better_by_our_runs_where_tests_say_so(
    frame: Frame, others: float, seeds: int, standing: Standing
) -> None:
    claim = claims()["performers-better"]
    runs = runs_of(claim, frame, {"softmax": 6.0, "x4": others, "x2": others}, seeds)
    assert judged(claim, runs)[0] is standing


def test_the_transformer_is_judged_by_accuracy(frame: Frame) -> None:
    claim = claims()["transformer-better"]
    assert judged(claim, runs_of(claim, frame, {"vit": 50.0, "cnn": 70.0}, 4))[0] is Standing.HOLDS
    assert judged(claim, runs_of(claim, frame, {"vit": 70.0, "cnn": 50.0}, 4))[0] is Standing.FAILS


def test_one_seed_and_none_settle_no_claim(frame: Frame) -> None:
    for claim in claims().values():
        assert judged(claim, frame())[0] is Standing.OPEN
        if claim.rows and claim.test != "constant answer":  # that needs no seeds, and curves need epochs
            assert judged(claim, runs_of(claim, frame, dict.fromkeys(claim.rows, 5.0), 1))[0] is Standing.OPEN


def test_always_0_by_our_runs_is_a_matter_of_divergence(frame: Frame) -> None:
    claim = claims()["relu-class-0"]
    found = judged(claim, runs_of(claim, frame, {"relu": 90.2}, 1, status="diverged"))
    assert found == (Standing.HOLDS, "7 of 7 runs diverged: from then on they answer always 0")


def curve(spec: RunSpec, rises_until: int, last: int) -> pd.DataFrame:
    """Evaluated every five epochs, as the report did: a straight way up, then level."""
    epochs = list(range(1, last + 1))
    found = pd.DataFrame({"run_id": stored(spec, 50.0)["id"], "epoch": epochs, "accuracy": math.nan})
    due = found["epoch"] % 5 == 0
    found.loc[due, "accuracy"] = 0.1 + 0.5 * found.loc[due, "epoch"].clip(upper=rises_until) / rises_until
    return found


@pytest.mark.parametrize(
    ("vit", "cnn", "seeds", "standing", "why"),
    [
        (100, 250, 3, Standing.HOLDS, "earlier in 3 of 3 pairs"),
        (250, 100, 3, Standing.FAILS, "earlier in 0 of 3 pairs"),
        (100, 499, 3, Standing.HOLDS, "earlier in 3 of 3 pairs"),  # the CNN still rises at its end, after 500
        (299, 499, 3, Standing.OPEN, "in 3 more no plateau is seen before a run ends"),
        (299, 100, 3, Standing.FAILS, "earlier in 0 of 3 pairs"),
        (100, 250, 2, Standing.OPEN, "fewer than 3 pairs settle nothing"),
    ],
)
def test_a_plateau_is_seen_by_the_rule_of_the_claim(
    frame: Frame, vit: int, cnn: int, seeds: int, standing: Standing, why: str
) -> None:
    claim = claims()["transformer-plateaus-earlier"]
    item = table("cifar10-text")
    specs = [(item.spec(row, "accuracy", "report", seed), row) for row in ("vit", "cnn") for seed in range(seeds)]
    runs = frame([stored(spec, 50.0, test_samples=10_000) for spec, _ in specs])
    lengths = {"vit": (vit, 300), "cnn": (cnn, 500)}
    epochs = pd.concat([curve(spec, *lengths[row]) for spec, row in specs])
    found = by_runs(claim, {item.key: results(item, runs, "report")}, epochs)
    assert found.standing is standing, found.why
    assert why in found.why


def test_the_runs_kept_with_the_project_are_too_short_for_a_plateau(frame: Frame) -> None:
    claim, item = claims()["transformer-plateaus-earlier"], table("cifar10-text")
    runs = with_stored(frame())
    result = results(item, runs, "jpeg")
    epochs = stored_epochs([id for cell in result.results for id in cell.runs.values()])
    assert len(epochs) == 20
    found = by_runs(claim, {item.key: result}, epochs)
    assert found.standing is Standing.OPEN
    assert "in 1 more no plateau is seen" in found.why


def test_a_claim_about_what_no_table_has_is_refused() -> None:
    raw = claims()["x2-quickest"].model_dump()
    with pytest.raises(ValidationError, match="has no row 'x9'"):
        Claim.model_validate({**raw, "rows": ["x9"]})
    with pytest.raises(ValidationError, match="takes the rule `plateau`"):
        Claim.model_validate({**raw, "test": "plateaus earlier"})
    with pytest.raises(ValidationError, match="has no column of 'macs'"):
        Claim.model_validate({**raw, "metric": "macs"})
