"""The published numbers equal the reports' texts, and every recipe is a run or says why not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from vitcore.errors import UserError
from vitcore.published import tables as published
from vitcore.published.counts import counts
from vitcore.published.metrics import METRICS
from vitcore.published.tables import Table, figures, tables
from vitcore.reproduction.cell_runs import cell_specs
from vitcore.reproduction.tables import size_key

PLACES = [(table, protocol) for table in tables().values() for protocol in table.protocols]


def _numbers(table: Table) -> list[list[float]]:
    """Row by row in the report's order."""
    return [[cell.value for cell in table.cells if cell.row == row.key] for row in table.rows]


def _after(text: str, start: str, lines: int) -> list[list[float]]:
    """The numbers of the lines with tabs that follow a caption."""
    body = text[text.index(start) :].splitlines()[1:]
    rows = [line.split("\t")[1:] for line in body if "\t" in line]
    found = [[float(cell) for cell in row if re.fullmatch(r"[\d.]+", cell)] for row in rows]
    return [row for row in found if row][:lines]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_performer_tables_equal_the_report(seeds: dict[str, str], number: int) -> None:
    marker = f"<u>Table {number}:</u>" if number == 2 else f"\nTable {number}:"
    assert _numbers(tables()[f"performer-table-{number}"]) == _after(seeds["performer"], marker, 6)


def test_the_hybrids_epochs_equal_the_report(seeds: dict[str, str]) -> None:
    assert _numbers(tables()["hybrid-figure-4"]) == _after(seeds["hybrid"], "Epoch\tAccuracy", 0) + [
        [float(cell) for cell in line.split("\t")[1:]]
        for line in seeds["hybrid"].splitlines()
        if re.match(r"^[1-5]\t0\.", line)
    ]


def _plain(cell: str) -> str:
    """A cell of the slides without its mark-up: "$0.08~\\mathrm G$" -> "0.08"."""
    return re.sub(r"[^\d.]", "", re.sub(r"\[\d+\]|</?b>|\\mathrm|[<>]", "", cell))


def _slide_lines(text: str) -> list[list[str]]:
    return [[part.strip() for part in line.split("\t")] for line in text.splitlines() if "\t" in line]


def test_the_slides_first_table_equals_the_slides(seeds: dict[str, str]) -> None:
    """Two tables side by side; one cell is known to be torn over its line in the text (MobileNetV2's 99.70)."""
    read: dict[str, list[float]] = {}
    for line in _slide_lines(seeds["slides"]):
        for half in (line[:7], line[7:]):
            name = re.sub(r"\[\d+\]", "", half[0]) if half else ""
            values = [_first(cell) for cell in half[1:]]
            if len(half) == 7 and re.match(r"\d", _plain(half[1])):
                read[name] = [value for value in values if value is not None]
    table = tables()["slides-table-1"]
    assert len(table.rows) == 18
    for row, numbers in zip(table.rows, _numbers(table), strict=True):
        assert numbers == read[row.label], row.label


def _first(cell: str) -> float | None:
    """The number of a cell; where the text holds its neighbors' too, the one that the slides print in its place."""
    torn = {"99.70% $99.75%$": "99.75", "0.01 G 0.02 G": "0.02", "0.13 G 0.26 G": "0.26"}
    bare = cell.replace("<b>", "").replace("</b>", "").strip()
    found = re.search(r"\d+(\.\d+)?", torn.get(bare, bare))
    return float(found.group()) if found else None


def _markdown_rows(text: str, head: str, count: int) -> list[list[str]]:
    lines = _slide_lines(text)
    start = next(at for at, line in enumerate(lines) if "\t".join(line).startswith(head))
    return lines[start + 1 : start + 1 + count]


def test_the_slides_second_table_equals_the_slides(seeds: dict[str, str]) -> None:
    table = tables()["slides-table-2"]
    for row, line, values in zip(
        table.rows, _markdown_rows(seeds["slides"], "# Epochs", 3), _numbers(table), strict=True
    ):
        assert list(row.settings.values()) == line[:2]
        assert values == [float(_plain(cell)) for cell in line[2:]]


def test_the_slides_third_table_equals_the_slides(seeds: dict[str, str]) -> None:
    table = tables()["slides-table-3"]
    for row, line, values in zip(
        table.rows, _markdown_rows(seeds["slides"], "Model\tTop-1\t", 6), _numbers(table), strict=True
    ):
        assert row.label == re.sub(r" \[\d+\]", "", line[0])
        assert values == [float(_plain(cell)) for cell in line[1:4]]
        assert row.settings["Training Epochs"] == line[4]


def test_the_slides_fourth_table_equals_the_slides(seeds: dict[str, str]) -> None:
    table = tables()["slides-table-4"]
    for row, line, values in zip(
        table.rows, _markdown_rows(seeds["slides"], "Model\tResolution", 5), _numbers(table), strict=True
    ):
        assert row.label == line[0].replace("<b>", "").replace("</b>", "")
        assert list(row.settings.values()) == line[1:3]
        assert values == [float(_plain(cell)) for cell in line[3:6]]


def test_what_the_cifar_report_says_in_words(seeds: dict[str, str]) -> None:
    text = " ".join(seeds["cifar10"].split())
    for sentence in ("approximately 8 million", "approximately 44,000", "0.00015", "500 epochs", "300 epochs", "0.95"):
        assert sentence in text
    assert tables()["cifar10-text"].cell("vit", "accuracy").bound == "below"


def test_every_report_has_its_tables_and_figures() -> None:
    assert {table.report for table in tables().values()} == set(published.reports())
    assert sum(figure.report == "performer" for figure in figures().values()) == 6
    for figure in figures().values():
        assert figure.table in tables()
        assert figure.metric in METRICS


@pytest.mark.parametrize(("table", "protocol"), PLACES, ids=lambda part: getattr(part, "key", part))
def test_every_cell_is_a_run_or_says_why_not(table: Table, protocol: str) -> None:
    for row in table.rows:
        for column in table.columns:
            spec, why = cell_specs(table, protocol)[row.key, column.key]
            assert (spec is None) == (len(why) > 20)
    for explanation in table.explanations:
        for recipe in explanation.recipes:
            table.explanation_spec(explanation, recipe, protocol)


@pytest.mark.parametrize("table", tables().values(), ids=lambda table: table.key)
def test_no_scaled_run_can_stand_in_a_full_protocols_cell(table: Table) -> None:
    markers: dict[str, set[bool]] = {}
    for protocol, item in table.protocols.items():
        for row in table.rows:
            for column in table.columns:
                try:
                    marker = table.spec(row.key, column.key, protocol).fingerprint()
                except UserError:
                    continue
                markers.setdefault(marker, set()).add(item.scaled)
    assert all(len(kinds) == 1 for kinds in markers.values())
    assert all(value.scaled == ("scaled" in value.label) for value in table.protocols.values())


def test_the_rows_that_are_one_function_differ_in_their_kernel_alone() -> None:
    table = tables()["performer-table-1"]
    first, second = (table.spec(row, "error", "scaled").flat() for row in table.equivalent[0])
    assert {name for name in first if first[name] != second[name]} == {"kernel"}


def test_the_relu_pair_differs_in_its_epsilon_alone_and_its_first_is_the_rows_own_run() -> None:
    for key in ("performer-table-1", "performer-table-2", "performer-table-3"):
        table = tables()[key]
        (explanation,) = table.explanations
        bare, mended = (table.explanation_spec(explanation, recipe, "scaled") for recipe in explanation.recipes)
        differing = {name for name, value in bare.flat().items() if mended.flat()[name] != value}
        assert differing == {"epsilon"}
        assert bare.model.epsilon == 0


def test_the_counted_sizes_are_those_of_the_models() -> None:
    from scripts.count_published import count, networks

    assert set(networks()) == set(counts())
    for network in ("cnn", "cct-7/3x1", "cifar-vit", "mobilenetv2/0.5", "resnet56", "cct-7/7x2"):
        key = next(item for item in counts() if item.startswith(f"{network} "))
        assert count(key) == counts()[key]


def test_sizes_are_counted_at_the_reports_own_images_whatever_the_protocol() -> None:
    table = tables()["slides-table-3"]
    row, column = table.row("vit-s"), table.column("macs")
    assert (
        size_key(table, row, column, "scaled")
        == size_key(table, row, column, "report")
        == "vit-s/16 3x224x224 1000 learnable"
    )


def _error(path: Path, raw: object) -> str:
    path.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(UserError) as why:
        published._checked(Table, published._read(path))
    return str(why.value)


def test_a_broken_file_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    good = json.loads((published.FOLDER / "performer-table-1.json").read_text(encoding="utf-8"))
    path = tmp_path / "performer-table-1.json"
    assert "no metric 'taste'" in _error(
        path, {**good, "columns": [{**good["columns"][0], "metric": "taste"}]} | {"cells": []}
    )
    assert "no option 'spoons'" in _error(
        path, {**good, "rows": [*good["rows"], {"key": "z", "label": "z", "recipe": {"spoons": 1}}]}
    )
    assert "no row 'nobody'" in _error(path, {**good, "reference": "nobody"})
    assert "no cell (softmax, moon)" in _error(path, {**good, "cells": [{**good["cells"][0], "column": "moon"}]})
    with pytest.raises(UserError, match="must hold a kind and the key"):
        published._read(path.rename(tmp_path / "other.json"))
    (tmp_path / "torn.json").write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match=r"torn\.json cannot be read"):
        published._read(tmp_path / "torn.json")
    with pytest.raises(UserError, match="no published table 'x'"):
        published.table("x")
