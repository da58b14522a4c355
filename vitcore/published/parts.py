"""What a published table is made of: protocols, rows, columns, cells, and the recipes behind them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Data(BaseModel):
    """Published data: nothing in it is changed, and nothing in it is unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Protocol(Data):
    """One way to run a table: the report's own, or a scaled one that is never mixed with it."""

    label: str
    scaled: bool
    fields: dict[str, Any]
    note: str = ""
    source: str = ""  # where the values were read: file of a public repository, table of a paper


class Size(Data):
    """What a network is counted at, where that is not its recipe's image."""

    channels: int
    image_size: int
    classes: int


class Axis(Data):
    """What rows, columns and stages share: `recipe` holds spec fields for all protocols, `recipes` those of one,
    `cannot` why a protocol cannot be run.

    `init_recipe` and `teacher_recipe` name, for a protocol, the recipe whose run it starts from or learns from: a stage
    or a row of the same table, or "TABLE/ROW" of another.
    """

    key: str
    label: str
    group: str = ""
    recipe: dict[str, Any] = {}
    recipes: dict[str, dict[str, Any]] = {}
    cannot: dict[str, str] = {}
    init_recipe: dict[str, str] = {}
    teacher_recipe: dict[str, str] = {}
    note: str = ""
    source: str = ""  # where its recipe under the report's own protocol was read, if not where the protocol's was


class Row(Axis):
    """A row of a published table."""

    settings: dict[str, str] = {}  # columns of the report that state a choice, not a result
    count: Size | None = None
    epoch: int | None = None  # the row is one epoch of a run


class Stage(Axis):
    """A recipe that fills no cell: what rows start from, or their teacher."""


class Column(Axis):
    """A column of a published table: one metric, in the unit that the report prints."""

    metric: str
    unit: str = ""

    @property
    def title(self) -> str:
        """The heading, with its group's before it."""
        return f"{self.group}: {self.label}" if self.group else self.label


class CellRecipe(Data):
    """What some cells of a column have of their own under a protocol, over what rows and column say."""

    rows: list[str]
    column: str
    protocol: str
    fields: dict[str, Any]
    source: str


class PublishedCell(Data):
    """A number as the report has it; `bound` where it is printed as one ("< 0.01")."""

    row: str
    column: str
    value: float
    printed: str
    bound: Literal["", "below", "above"] = ""
    note: str = ""


class Recipe(Data):
    """Fields of a spec that a person can run, and what is expected of it."""

    label: str
    fields: dict[str, Any]
    expect: str


class Explanation(Data):
    """Runs that a person can start to see why a published row says what it says; fields go over a protocol's."""

    key: str
    title: str
    text: str
    row: str
    recipes: list[Recipe]
