"""A view of Compare survives the address bar and the disk; what is malformed costs itself alone."""

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as strategies

from pages.compare import saved_views
from pages.compare.view import FILTERS, RANGES, RUNS_IN_ADDRESS, VALUES, View, fitting, from_query, to_query
from vitcore.errors import UserError
from vitcore.figures import COSTS, X_AXES
from vitcore.figures.medians import BANDS
from vitcore.runs.folder import Results

WORDS = strategies.text(min_size=1, max_size=20).filter(lambda word: "\ud800" not in word)
LISTS = strategies.lists(WORDS, max_size=4).map(tuple)
BOUNDS = strategies.none() | strategies.floats(allow_nan=False, allow_infinity=False)
VIEWS = strategies.builds(
    View,
    search=strategies.text(max_size=30),
    filters=strategies.dictionaries(
        strategies.sampled_from(FILTERS), strategies.lists(WORDS, min_size=1, max_size=3).map(tuple)
    ),
    ranges=strategies.dictionaries(
        strategies.sampled_from(RANGES), strategies.tuples(BOUNDS, BOUNDS).filter(lambda ends: ends != (None, None))
    ),
    tags=LISTS,
    columns=LISTS,
    hidden=LISTS,
    sort=strategies.sampled_from(["", "error_percent"]),
    descending=strategies.booleans(),
    grouped=strategies.booleans(),
    by=LISTS,
    runs=strategies.none() | strategies.lists(WORDS, min_size=1, max_size=5).map(tuple),
    chart=strategies.sampled_from(["curves", "cost", "parallel", "difference"]),
    y=strategies.sampled_from(list(VALUES)),
    x=strategies.sampled_from(list(X_AXES)),
    smoothing=strategies.sampled_from([0.0, 0.35, 0.95]),
    log=strategies.booleans(),
    log_x=strategies.booleans(),
    band=strategies.sampled_from(list(BANDS)),
    cost=strategies.sampled_from(list(COSTS)),
    linear=strategies.booleans(),
)
RUNS = pd.DataFrame(
    {
        "id": ["a", "b"], "architecture": ["cct-2/3x2", "cct-2/3x2"], "kernel": ["softmax", "relu"], "seed": [0, 1],
        "dataset": ["mnist", "mnist"], "status": ["finished", "failed"], "tags": [["paper"], None], "f1": [0.5, None],
    }
)  # fmt: skip


@given(VIEWS)
def test_a_view_comes_back_from_its_address(view: View) -> None:
    assert from_query(to_query(view)) == (view, "")


def test_the_first_visit_has_a_bare_address() -> None:
    assert to_query(View()) == {}
    assert from_query({}) == (View(), "")


@pytest.mark.parametrize(
    ("name", "value", "messages"),
    [
        ("smoothing", "7", "0.95"),
        ("x", "epochs", "epoch"),
        ("chart", "pie", "curves"),
        ("log", "perhaps", "boolean"),
        ("band", "wide", "range"),
        ("from-error_percent", "much", "number"),
        ("to-name", "3", "no such parameter"),
        ("color", "red", "no such parameter"),
        ("search", "x" * 300, "200"),
    ],
)
def test_a_malformed_parameter_is_named_and_the_rest_opens(name: str, value: str, messages: str) -> None:
    view, doubt = from_query({"kernel": "relu,softmax", name: value, "y": "f1"})
    assert view == View(filters={"kernel": ("relu", "softmax")}, y="f1")
    assert name in doubt
    assert messages in doubt
    assert len(doubt) < 300


def test_a_long_choice_is_cut_in_the_address_alone() -> None:
    view = View(runs=tuple(f"run-{place}" for place in range(500)))
    assert len(from_query(to_query(view))[0].runs or ()) == RUNS_IN_ADDRESS


def test_what_is_not_stored_is_left_out_and_said() -> None:
    asked = View(
        runs=("a", "gone"), filters={"kernel": ("relu", "none"), "status": ("running",), "seed": ("1",)},
        sort="speed", columns=("f1", "<b>"), tags=("paper", "lost"), search="c",
    )  # fmt: skip
    view, messages = fitting(asked, RUNS)
    assert view == View(
        runs=("a",), filters={"kernel": ("relu",), "status": ("running",), "seed": ("1",)}, columns=("f1",),
        tags=("paper",), search="c",
    )  # fmt: skip
    assert "1 of its 2 chosen runs" in messages or "more" in messages
    assert fitting(view, RUNS) == (view, "")


def test_a_saved_view_is_one_readable_file(tmp_path: object) -> None:
    results = Results(str(tmp_path))
    view = View(search="cct", runs=("a",), log=True)
    saved_views.save(results, " Table 1, softmax ", view)
    [file] = (results.root / "views").iterdir()
    assert file.name == "table-1-softmax.json"
    assert json.loads(file.read_text(encoding="utf-8"))["view"] == {"search": "cct", "runs": ["a"], "log": True}
    [stored], messages = saved_views.listed(results)
    assert (stored.name, stored.view, messages) == ("Table 1, softmax", view, [])


def test_a_name_that_is_taken_is_replaced_only_when_asked(tmp_path: object) -> None:
    results = Results(str(tmp_path))
    saved_views.save(results, "one", View(search="first"))
    with pytest.raises(UserError, match="'one' already"):
        saved_views.save(results, "One", View())
    saved_views.save(results, "One", View(search="second"), replace=True)
    [stored], _ = saved_views.listed(results)
    assert (stored.name, stored.view.search) == ("One", "second")


def test_renaming_moves_and_does_not_overwrite(tmp_path: object) -> None:
    results = Results(str(tmp_path))
    saved_views.save(results, "one", View(search="first"))
    saved_views.save(results, "two", View(search="second"))
    with pytest.raises(UserError, match="already"):
        saved_views.rename(results, "one", "two")
    saved_views.rename(results, "one", "three")
    saved_views.rename(results, "two", "Two")
    assert {item.name: item.view.search for item in saved_views.listed(results)[0]} == {
        "three": "first",
        "Two": "second",
    }
    saved_views.delete(results, "three")
    with pytest.raises(UserError, match="no saved view"):
        saved_views.delete(results, "three")


@pytest.mark.parametrize("name", ["", "  ", "../..", "…", "a\nb", "x" * 61])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: object) -> None:
    with pytest.raises(UserError):
        saved_views.save(Results(str(tmp_path)), name, View())


@pytest.mark.parametrize("name", ["../../up", "/etc/passwd", "..\\up"])
def test_no_name_leads_out_of_the_folder(name: str, tmp_path: object) -> None:
    results = Results(str(tmp_path))
    saved_views.save(results, name, View())
    assert [file.parent for file in results.root.rglob("*.json")] == [results.root / "views"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[1, 2]", b'{"v": 1}', b'{"v": 99, "view": {}}', b'{"v": 1, "view": {"smoothing": "much"}}',
     b'{"v": 1, "view": {"beyond": 1}}', b"[" * 100_000],
)  # fmt: skip
def test_a_broken_file_is_one_sentence_and_the_others_stay(content: bytes, tmp_path: object) -> None:
    results = Results(str(tmp_path))
    saved_views.save(results, "good", View(log=True))
    (results.root / "views" / "bad.json").write_bytes(content)
    stored, messages = saved_views.listed(results)
    assert [item.name for item in stored] == ["good"]
    assert len(messages) == 1
    assert "bad.json" in messages[0]
    assert "\n" not in messages[0]
