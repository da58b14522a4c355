"""The four reports' numbers as data (data/*.json), validated, with the recipe behind every cell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ValidationError, model_validator

from vitcore.apart import apart
from vitcore.errors import UserError
from vitcore.published.chains import Link, unique
from vitcore.published.metrics import METRICS
from vitcore.published.parts import (
    Axis,
    CellRecipe,
    Column,
    Data,
    Explanation,
    Protocol,
    PublishedCell,
    Recipe,
    Row,
    Stage,
)
from vitcore.spec import RunSpec, fields

Kind = TypeVar("Kind", bound=BaseModel)

FOLDER = Path(__file__).with_name("data")


class Table(Data):
    """A published table; `same` are pairs of rows that are mathematically one, `twin` the table beside it."""

    key: str
    kind: Literal["table"]
    report: str
    place: str
    title: str
    notes: tuple[str, ...] = ()
    protocols: dict[str, Protocol]
    rows: list[Row]
    columns: list[Column]
    stages: tuple[Stage, ...] = ()
    cell_recipes: tuple[CellRecipe, ...] = ()  # a later one goes over an earlier
    cells: list[PublishedCell]
    equivalent: tuple[tuple[str, str], ...] = ()
    reference: str = ""
    counterpart: str = ""
    explanations: tuple[Explanation, ...] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        rows, columns = {row.key for row in self.rows}, {column.key for column in self.columns}
        if len(rows) < len(self.rows) or len(columns) < len(self.columns):
            raise ValueError(f"{self.key}: a row or column key stands twice")
        for cell in self.cells:
            if cell.row not in rows or cell.column not in columns:
                raise ValueError(f"{self.key}: there is no cell ({cell.row}, {cell.column})")
        for named in [
            *sum(self.equivalent, ()),
            self.reference,
            *(explanation.row for explanation in self.explanations),
        ]:
            if named and named not in rows:
                raise ValueError(f"{self.key}: there is no row {named!r}")
        for column in self.columns:
            if column.metric not in METRICS:
                raise ValueError(f"{self.key}: there is no metric {column.metric!r}; there are {', '.join(METRICS)}")
        for own in self.cell_recipes:
            if not {*own.rows} <= rows or own.column not in columns or own.protocol not in self.protocols:
                raise ValueError(
                    f"{self.key}: a recipe is of no cell there is ({own.rows}, {own.column}, {own.protocol})"
                )
        self._refuse_unknown_links()
        known = {field.name for field in fields()}
        for recipe in self._recipes():
            if unknown := set(recipe) - known:
                raise ValueError(f"{self.key}: a run has no option {sorted(unknown)[0]!r}")
        return self

    def _recipes(self) -> list[Mapping[str, Any]]:
        axes: list[Axis] = [*self.rows, *self.columns, *self.stages]
        found: list[Mapping[str, Any]] = [protocol.fields for protocol in self.protocols.values()]
        found += [axis.recipe for axis in axes]
        found += [recipe for axis in axes for recipe in axis.recipes.values()]
        found += [own.fields for own in self.cell_recipes]
        return found + [recipe.fields for explanation in self.explanations for recipe in explanation.recipes]

    def _refuse_unknown_links(self) -> None:
        """Hold that the recipes that others name are there, and none names itself by way of others."""
        axes: dict[str, Axis] = {axis.key: axis for axis in [*self.rows, *self.stages]}
        if len(axes) < len(self.rows) + len(self.stages):
            raise ValueError(f"{self.key}: a row or stage key stands twice")

        def follow(key: str, protocol: str, trail: tuple[str, ...]) -> None:
            if key in trail:
                circle = " → ".join([*trail[trail.index(key) :], key])
                raise ValueError(f"{self.key}: recipes take one another in a circle: {circle}")
            if "/" in key:
                return  # of another table, which is read by itself
            if key not in axes:
                raise ValueError(f"{self.key}: there is no row or stage {key!r} to start from or learn from")
            for links in (axes[key].init_recipe, axes[key].teacher_recipe):
                if protocol in links:
                    follow(links[protocol], protocol, (*trail, key))

        for protocol in self.protocols:
            for key in axes:
                follow(key, protocol, ())

    def names(self) -> dict[str, str]:
        """What each row is called, by its key: its label, and its settings too where two rows share that."""
        endings = [", ".join(row.settings.values()) or row.key for row in self.rows]
        return dict(zip((row.key for row in self.rows), apart([row.label for row in self.rows], endings), strict=True))

    def row(self, key: str) -> Row:
        """The row of that key. Raises StopIteration where there is none."""
        return next(row for row in self.rows if row.key == key)

    def column(self, key: str) -> Column:
        """The column of that key. Raises StopIteration where there is none."""
        return next(column for column in self.columns if column.key == key)

    def cell(self, row: str, column: str) -> PublishedCell | None:
        """What the report prints there, None where it prints nothing."""
        return next((cell for cell in self.cells if (cell.row, cell.column) == (row, column)), None)

    def source(self, row: str, column: str) -> str:
        """Report, table, row and column, as one would cite it."""
        title = reports()[self.report].full_title
        return f"{title}, {self.place}, row “{self.row(row).label}”, column “{self.column(column).title}”"

    def recipe(self, row: str, column: str, protocol: str) -> dict[str, Any]:
        """The flat spec fields of a cell."""
        across, down = self.row(row), self.column(column)
        found = {
            **self.protocols[protocol].fields,
            **across.recipe,
            **down.recipe,
            **across.recipes.get(protocol, {}),
            **down.recipes.get(protocol, {}),
        }
        for own in self._own(row, column, protocol):
            found.update(own.fields)
        return found

    def recipe_source(self, row: str, column: str, protocol: str) -> str:
        """Where the recipe of a cell was read; empty where nobody says."""
        own = self._own(row, column, protocol)
        return self._source(own[-1].source if own else self.row(row).source, protocol)

    def _source(self, own: str, protocol: str) -> str:
        """A recipe's own source under the report's own protocol, else the protocol's."""
        return own if own and not self.protocols[protocol].scaled else self.protocols[protocol].source

    def recipe_sources(self, row: str, column: str, protocol: str) -> list[str]:
        """Where the recipes of a cell's runs were read: its own, or each of its chain after its name.

        Nothing of what cannot be run, or is counted on the network alone.
        """
        try:
            links = self.chain(row, column, protocol) if METRICS[self.column(column).metric].kind != "count" else ()
        except UserError:
            return []
        return [f"{link.label}: {link.source}" if len(links) > 1 else link.source for link in links if link.source]

    def _own(self, row: str, column: str, protocol: str) -> list[CellRecipe]:
        return [
            each
            for each in self.cell_recipes
            if row in each.rows and (each.column, each.protocol) == (column, protocol)
        ]

    def spec(self, row: str, column: str, protocol: str, seed: int = 0) -> RunSpec:
        """The run that makes a cell.

        Raises:
            UserError: it cannot be run here, and why.
        """
        return self.chain(row, column, protocol, seed)[-1].spec

    def chain(self, row: str, column: str, protocol: str, seed: int = 0) -> tuple[Link, ...]:
        """The runs that make a cell in their order: what it starts from, its teacher, and last its own.

        Raises:
            UserError: one of them cannot be run here, and why.
        """
        down = self.column(column)
        if why := down.cannot.get(protocol):
            raise UserError(why)
        source = self.recipe_source(row, column, protocol)
        return self._chain(self.row(row), self.recipe(row, column, protocol), source, protocol, seed, ())

    def _chain(
        self, axis: Axis, recipe: Mapping[str, Any], source: str, protocol: str, seed: int, trail: tuple[str, ...]
    ) -> tuple[Link, ...]:
        here = f"{self.key}/{axis.key}"
        if why := axis.cannot.get(protocol):
            raise UserError(why)
        if here in trail:
            raise UserError(f"recipes take one another in a circle: {' → '.join([*trail[trail.index(here) :], here])}")
        links: list[Link] = []
        markers: dict[str, Any] = {}
        named = {"init_fingerprint": axis.init_recipe, "teacher_fingerprint": axis.teacher_recipe}
        for field, by_protocol in named.items():
            if protocol in by_protocol:
                links += self._named(by_protocol[protocol], protocol, seed, (*trail, here))
                markers[field] = links[-1].spec.fingerprint()
        return unique([*links, Link(axis.label, spec_of({**recipe, **markers, "seed": seed}), source)])

    def _named(self, name: str, protocol: str, seed: int, trail: tuple[str, ...]) -> tuple[Link, ...]:
        """The chain of a recipe by its name: a stage or a row here, or of another table."""
        home, _, key = name.rpartition("/")
        item = table(home) if home else self
        stage = next((stage for stage in item.stages if stage.key == key), None)
        if stage is not None:
            recipe = {**item.protocols[protocol].fields, **stage.recipe, **stage.recipes.get(protocol, {})}
            return item._chain(stage, recipe, item._source(stage.source, protocol), protocol, seed, trail)
        first = next(column for column in item.columns if METRICS[column.metric].kind == "result").key
        row, source = item.row(key), item.recipe_source(key, first, protocol)
        return item._chain(row, item.recipe(key, first, protocol), source, protocol, seed, trail)

    def explanation_spec(self, explanation: Explanation, recipe: Recipe, protocol: str, seed: int = 0) -> RunSpec:
        """The run that shows one side of an explanation."""
        return spec_of({**self.protocols[protocol].fields, **recipe.fields, "seed": seed})


class Figure(Data):
    """A published figure that carries numbers: drawn from a table's cells and the runs behind them."""

    key: str
    kind: Literal["figure"]
    report: str
    place: str
    title: str
    chart: Literal["bars", "curves", "scatter", "confusion"]
    table: str
    metric: str
    notes: tuple[str, ...] = ()
    epoch: int | None = None  # confusion: of which epoch
    column: str = ""  # scatter: the accuracy
    size: str = ""  # scatter: the column of sizes
    most: float | None = None  # scatter: largest size that the figure shows


class Report(Data):
    """A report: who wrote it, and what it is about."""

    key: str
    title: str
    full_title: str
    authors: str
    lead: str


def spec_of(recipe: Mapping[str, Any]) -> RunSpec:
    """RunSpec.of, remembered: a table asks for the same recipes at every look.

    Raises:
        UserError: the recipe names something that is not here, or that does not fit.
    """
    found = _remembered(json.dumps(dict(recipe), sort_keys=True))
    if isinstance(found, str):
        raise UserError(found)
    return found


@lru_cache(maxsize=4096)
def _remembered(recipe: str) -> RunSpec | str:
    try:
        return RunSpec.of(**json.loads(recipe))
    except UserError as error:
        return str(error)


@lru_cache(maxsize=1)
def reports() -> dict[str, Report]:
    """The four reports, in the order of the pages."""
    raw = _read(FOLDER / "reports.json")
    return {item["key"]: Report.model_validate(item) for item in raw["reports"]}


@lru_cache(maxsize=1)
def tables() -> dict[str, Table]:
    """Every published table by key; a new one is one new file.

    Raises:
        UserError: a file is not what it should be; its name and the first thing wrong.
    """
    return {raw["key"]: _checked(Table, raw) for raw in _all("table")}


@lru_cache(maxsize=1)
def figures() -> dict[str, Figure]:
    """Every published figure by key."""
    return {raw["key"]: _checked(Figure, raw) for raw in _all("figure")}


def table(key: str) -> Table:
    """One table.

    Raises:
        UserError: there is none of that name.
    """
    if key not in tables():
        raise UserError(f"there is no published table {key!r}; there are {', '.join(tables())}")
    return tables()[key]


def read(key: str) -> dict[str, Any]:
    """A file of data/ by its key, as it stands.

    Raises:
        UserError: it cannot be read, or is not what its name says.
    """
    return _read(FOLDER / f"{key}.json")


def _all(kind: str) -> list[dict[str, Any]]:
    found = [_read(path) for path in sorted(FOLDER.glob("*.json"))]
    return [raw for raw in found if raw["kind"] == kind]


def _read(path: Path) -> dict[str, Any]:
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise UserError(f"{path.name} cannot be read as published data: {error}") from None
    if raw.get("key") != path.stem or "kind" not in raw:
        raise UserError(f"{path.name} must hold a kind and the key {path.stem!r}; it has the key {raw.get('key')!r}")
    return raw


def _checked(kind: type[Kind], raw: dict[str, Any]) -> Kind:
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UserError(f"{raw['key']}.json: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
