"""What the reports claim in words, as data (data/claims.json): which tables it speaks of, and how it can be tested."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from vitcore.published.metrics import METRICS
from vitcore.published.tables import read, table

Test = Literal[
    "rows better",
    "row quickest",
    "first table worse",
    "falls along columns",
    "constant answer",
    "repeated",
    "stated number",
    "plateaus earlier",
]


class Rule(BaseModel):
    """When a curve has reached its plateau: the arguments of statistics.plateau, and whose rule it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float
    patience: int
    source: str


class Claim(BaseModel):
    """A sentence of a report, or a remark on its numbers, with the rows and the metric that tell whether it holds.

    `reference` is what rows are better than, or earlier; `plateau` is the rule of that; `constants` are a network's
    errors that always gives one answer; `low` and `high` bound what is said to be repeated; `stated` is a number of the
    text; `open` says what cannot be judged.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    test: Test
    place: str
    text: str
    tables: list[str]
    rows: list[str]
    metric: str
    reference: str = ""
    constants: dict[str, float] = {}
    low: float = 0.0
    high: float = 0.0
    stated: str = ""
    plateau: Rule | None = None
    open: str = ""

    @model_validator(mode="after")
    def _fits_its_tables(self) -> Self:
        if (self.test == "plateaus earlier") != (self.plateau is not None):
            raise ValueError(
                f"{self.key}: the test 'plateaus earlier' takes the rule `plateau`, and no other test does"
            )
        for key in self.tables:
            rows = {row.key for row in table(key).rows}
            for row in [*self.rows, *([self.reference] if self.reference else [])]:
                if row not in rows:
                    raise ValueError(f"{self.key}: {key} has no row {row!r}; it has {', '.join(rows)}")
            if self.metric not in METRICS or all(self.metric != column.metric for column in table(key).columns):
                raise ValueError(f"{self.key}: {key} has no column of {self.metric!r}")
        return self


@lru_cache(maxsize=1)
def claims() -> dict[str, Claim]:
    """Every claim by its key.

    Raises:
        UserError: the file cannot be read.
    """
    return {raw["key"]: Claim.model_validate(raw) for raw in read("claims")["claims"]}
