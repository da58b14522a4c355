"""What a person has put into a name is shown to the letter, on every page; one of a thing is not called several."""

import re
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Element, Node

from pages.shared import format
from tests.pages.opening import PAGES, ROOT, Open
from tests.pages.texts import give_weights, tell
from vitcore.runs import annotations
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec

HOSTILE = "**z** [l](http://x.org) $y$ :material/home: :red[r] <b>t</b> =1+1"
LITERAL = {
    "text", "code", "selectbox", "multiselect", "text_input", "text_area", "dataframe", "selectslider",
    "download_button", "bidi_component",
}  # fmt: skip
"""What shows a text as it is; everything else of Streamlit's reads markdown in it."""


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("a *b* _c_ `d`", r"a \*b\* \_c\_ \`d\`"),
        ("[x](http://y.z) ![x](y)", "\\[x\\](http\\:\u2060//y.z) !\\[x\\](y)"),
        (":material/home: :smile: :red[r]", r"\:material\/home: \:smile: \:red\[r\]"),
        ("1. one", r"1\. one"),
        ("- one", r"\- one"),
        ("# one", r"\# one"),
        ("    one", "one"),
        ("&lt;b&gt;", r"\&lt;b\&gt;"),
        ("WWW.x.org HTTPS://x a@b.c", "WWW\u2060.x.org HTTPS\\:\u2060//x a\\@\u2060b.c"),
        (r"a\*b", r"a\\\*b"),
        ("$x$ ~y~", r"\$x\$ \~y\~"),
        ("Seed: 1.5, 0.05 (of 10 %) - yes", "Seed: 1.5, 0.05 (of 10 %) - yes"),
    ],
)
def test_markdown_is_shown_to_the_letter(text: str, messages: str) -> None:
    assert format.plain(text) == messages


def test_what_is_redrawn_after_the_markdown_is_kept_apart() -> None:
    for text in ("a -> b", "a <- b", "a <-> b", "a -- b", "a >= b", "a <= b", "a ~= b", ":streamlit:"):
        assert format.WORD_JOINER in format.plain(text)


@pytest.mark.parametrize(("many", "messages"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs"), (1_200, "1,200 runs")])
def test_one_is_one(many: int, messages: str) -> None:
    assert format.number(many, "run") == messages
    assert format.number(1, "class", "classes") == "1 class"


def test_no_page_counts_things_without_minding_one() -> None:
    """Where a number stands before a plural word in a page's text, `wording.number` has written it."""
    things = r"(runs|groups|combinations|reasons|cells|seeds|samples|rows|images|tags|epochs|points|models|drawings)"
    counted = re.compile(r"\{(len\([^{}]*\)|total|count|many)(:,)?\} " + things)
    for path in [*(ROOT / "pages").glob("*.py"), *(ROOT / "pages" / "parts").glob("*.py")]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if found := counted.search(line):
                assert "MOST" in line, f"{path.name}:{number}: {found[0]}"  # more than five hundred are several


@pytest.mark.parametrize("name", PAGES)
def test_a_hostile_name_is_read_as_markdown_on_no_page(name: str, empty: Results, open_page: Open) -> None:
    for seed in (0, 1):
        spec = RunSpec.of(architecture="cct-mini/3x3", samples=200, epochs=2, seed=seed, batch_size=50, name=HOSTILE)
        give_weights(tell(empty, spec, error=6.0))
    app = open_page(name)
    shown = list(_nodes(app.main))
    for node in shown:
        if node.type not in LITERAL:
            assert "**z**" not in str(node.proto), (node.type, str(node.proto)[:300])
            assert "<b>t" not in str(node.proto), (node.type, str(node.proto)[:300])
    if name in ("home", "live", "compare", "draw"):
        assert any("z" in str(node.proto) and "=1+1" in str(node.proto) for node in shown), "it is shown nowhere"


def _nodes(block: Node | AppTest) -> Iterator[Element]:
    for child in getattr(block, "children", {}).values():
        if isinstance(child, Block):
            if child.proto is not None:
                assert "**z**" not in str(child.proto), str(child.proto)[:300]
            yield from _nodes(child)
        elif isinstance(child, Element):
            yield child


def test_a_run_is_renamed_on_its_page_and_shown_so_everywhere(stocked: Results, open_page: Open) -> None:
    first, _ = stocked.ids()
    before = stocked.run(first).spec()
    app = open_page("compare")
    app.selectbox(key="details-run").set_value(first).run()
    app.text_input(key=f"name-{first}").set_value("größer – 最初 =1").run()
    assert not app.exception
    assert annotations.read(stocked.run(first)).name == "größer – 最初 =1"
    assert stocked.run(first).spec() == before, "the spec is frozen"
    assert "größer – 最初 =1" in list(app.dataframe[0].value["title"])
    home = open_page("home")
    assert any("größer – 最初" in str(node.proto) or "gr\\303\\266" in str(node.proto) for node in _nodes(home.main))
    app.text_input(key=f"name-{first}").set_value("").run()
    assert before.title() in list(app.dataframe[0].value["title"])


def test_a_name_that_cannot_be_seen_is_not_left_standing(stocked: Results, open_page: Open) -> None:
    first, _ = stocked.ids()
    app = open_page("compare")
    app.selectbox(key="details-run").set_value(first).run()
    app.text_input(key=f"name-{first}").set_value("a\u202eb").run()
    assert not app.exception
    assert app.text_input(key=f"name-{first}").value == ""
    assert "U+202E" in app.toast[0].value


def test_home_tells_what_trains_from_what_waits() -> None:
    assert format.rest(["running", "running"]) == "2 more that train"
    assert format.rest(["running", "queued"]) == "1 more that trains and 1 more in the queue"
    assert format.rest(["queued"]) == "1 more in the queue"


@pytest.mark.parametrize(("many", "messages"), [(1, "The one run there is →"), (2, "All 2 runs →")])
def test_home_counts_one_run_as_one(many: int, messages: str, empty: Results, open_page: Open) -> None:
    for seed in range(many):
        tell(empty, RunSpec.of(seed=seed, epochs=1), error=6.0)
    assert any(messages in _labels(node) for node in _nodes(open_page("home").main))


def _labels(node: Element) -> str:
    return str(getattr(node.proto, "label", ""))
