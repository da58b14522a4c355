"""The document is valid HTML of this study: what people typed is text in it, and what it shows is theirs."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

import html5lib
import pytest

from tests.study.conftest import indexed
from vitcore.runs.annotations import write
from vitcore.runs.folder import Results
from vitcore.study import document
from vitcore.study.contents import Study
from vitcore.study.drawn import Drawn, drawn
from vitcore.study.material import Material, gather

MADE = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


@pytest.fixture
def page(material: Material, figures: tuple[Drawn, ...]) -> str:
    return document.render(material, figures, bundle="study.zip", made=MADE)


def parsed(page: str) -> Element:
    """The root; raises html5lib.html5parser.ParseError at the first fault."""
    found: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)
    return found


def test_a_strict_parser_finds_no_fault_in_it(page: str) -> None:
    tree = parsed(page)
    assert str(tree.findtext(".//h1")) == "Kernels & <digits>"
    ids = [each.get("id") for each in tree.iter() if each.get("id")]
    assert len(ids) == len(set(ids)) > 5
    assert all(re.fullmatch(r"[A-Za-z][\w-]*", str(each)) for each in ids)


def test_text_is_markdown_and_html_within_it_is_text(page: str) -> None:
    assert "<h2>Why</h2>" in page
    assert "<strong>x²</strong> &lt;b&gt;wins&lt;/b&gt;" in page
    assert "<td>1</td>" in page
    assert "A. Nother · 2026-01-02 03:04 UTC" in page


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "![p](http://elsewhere.invalid/p.png)", "[l](javascript:alert(1))",
     "</section></main>",
     "<img src=x onerror=alert(1)>", "[l]: http://elsewhere.invalid/x\n\n![a][l]", "\x00", "```html\n<b>\n```",
     "<https://elsewhere.invalid/>", "#" * 7 + " x", "# " * 3000]
)  # fmt: skip
def test_hostile_text_is_shown_and_fetches_nothing(stored: Results, text: str) -> None:
    material = gather(Study.of("<title>", "</title>", text), indexed(stored))
    page = document.render(material, (), made=MADE)
    tree = parsed(page)
    assert len(list(tree.iter("script"))) == 1
    assert not [each for each in tree.iter() if each.tag in ("img", "iframe", "link", "object", "embed")]
    assert not [each for each in tree.iter("a") if not str(each.get("href")).startswith("http")]


def test_every_figures_data_is_what_was_drawn(page: str, figures: tuple[Drawn, ...]) -> None:
    tree = parsed(page)
    shown = [json.loads(each.text or "") for each in tree.iter("script") if each.get("type") == "application/json"]
    assert sorted(json.dumps(each, sort_keys=True) for each in shown) == sorted(
        json.dumps(each.figure, sort_keys=True) for each in figures
    )
    digests = [str(each.get("data-digest")) for each in tree.iter("div") if each.get("data-digest")]
    assert sorted(digests) == sorted(each.digest for each in figures)


def test_tables_say_who_ran_what_on_which_data(page: str, material: Material) -> None:
    tree = parsed(page)
    cells = ["".join(each.itertext()) for each in tree.iter("td")]
    for id in material.runs["id"]:
        assert id in cells
    assert "Table 1: Baseline Performer Evaluation" in page
    softmax = material.tables["performer-table-1:scaled"].at("softmax", "error")
    assert set(softmax.runs.values()) <= set(material.runs["id"])
    assert softmax.values
    assert softmax.measured_text() in cells


def test_a_title_in_a_figure_cannot_close_the_script(stored: Results) -> None:
    run = stored.run(stored.ids()[0])
    write(run, name="</script><script>alert(1)</script>")
    material = gather(Study.of("t", runs=[run.id]), indexed(stored))
    page = document.render(material, drawn(material), made=MADE)
    tree = parsed(page)
    assert "alert(1)" not in [each.text for each in tree.iter("script")]


def test_what_is_not_known_of_another_programs_run_is_a_dash() -> None:
    """Its whole numbers, such as the seed, are pandas' own NA."""
    import pandas as pd

    frame = pd.DataFrame({"title": ["here", "keras-vit"], "seed": pd.array([3, None], dtype="Int64")})
    body = document._table(frame, document.COLUMNS)["body"]
    assert [[cell["text"] for cell in row] for row in body] == [["here", "3"], ["keras-vit", "–"]]
