"""Every page on a results folder of somebody else: each file of a run damaged in each way, each field nonsense."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.compare.view import View, to_query
from tests.pages.opening import Open
from tests.pages.texts import tell
from tests.runs.damages import DAMAGES, FILES, SECRET, damage
from vitcore import events
from vitcore.errors import UserError
from vitcore.runs import queue
from vitcore.runs.folder import Results, RunFolder
from vitcore.spec import RunSpec

NONSENSE: tuple[Any, ...] = (
    "x",
    "",
    None,
    True,
    [],
    {},
    [1],
    {"a": 1},
    -1,
    0,
    2**70,
    1e308,
    "\ud800",
    "nan",
    [[]],
    float("inf"),
    float("nan"),
)


@pytest.fixture(autouse=True)
def nobody_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    from pages.server import store_cache

    for module in (queue, store_cache):
        monkeypatch.setattr(module, "ensure_dispatcher", lambda results, ids=None: None)


def open_all(open_page: Open, runs: list[RunFolder], at_once: int = 1, singly: int = 0) -> None:
    """Home, Draw, Compare with runs' details, Live with each run: no exception, and nothing of ours is shown.

    Details are of each run whose spec can be read, and of a few of the others, which all go one way.

    Args:
        at_once: runs that Live shows together; of these it draws the first one's matrix alone.
        singly: so many of the first are shown one by one before.
    """
    for name in ("home", "draw"):
        quiet(open_page(name))
    app = open_page("compare", to_query(View(runs=tuple(run.id for run in runs))))
    quiet(app)
    app = AppTest.from_function(one_run, default_timeout=60)
    unread = [run for run in runs if not readable(run)]
    for run in runs:
        if run not in unread[3:]:
            app.query_params["run"] = run.id
            quiet(app.run())
            assert app.selectbox(key="details-run").value == run.id
    app = open_page("live", {"runs": runs[0].id})
    alone = [[run] for run in runs[:singly]]
    for shown in [*alone, *(runs[first : first + at_once] for first in range(singly, len(runs), at_once))]:
        app.multiselect(key="live-runs").set_value([run.id for run in shown]).run()
        quiet(app)


def one_run() -> None:
    """What Compare shows of one run, without the rest of the page, which each of a hundred would draw anew."""
    import streamlit as st

    from pages.compare.run_details import details
    from pages.server import store_cache

    details(store_cache.runs(), [st.query_params["run"]])


def readable(run: RunFolder) -> bool:
    try:
        run.spec()
    except UserError:
        return False
    return True


def quiet(app: AppTest) -> None:
    assert not app.exception, [error.value for error in app.exception]
    shown = [
        str(item.value)
        for kind in ("markdown", "caption", "text", "code", "warning", "error")
        for item in app.get(kind)
    ]
    assert not [text for text in shown if SECRET in text]


@pytest.mark.parametrize("how", sorted(DAMAGES))
def test_every_page_goes_on_whatever_a_runs_file_is(empty: Results, open_page: Open, how: str) -> None:
    good = tell(empty, RunSpec.of(epochs=2, samples=200, seed=1))
    runs = []
    for place, name in enumerate(FILES):
        run = tell(empty, RunSpec.of(epochs=2, samples=200, seed=10 + place))
        damage(run.path / name, how)
        runs.append(run)
    matrix = FILES.index("confusion.jsonl")
    open_all(open_page, [runs[matrix], good, *runs[:matrix], *runs[matrix + 1 :]], at_once=6)


def every_event() -> list[dict[str, Any]]:
    """A journal in which every field of every event stands."""
    given = {int: 1, float: 0.5, str: "said", tuple: ["a", "b"]}
    lines = []
    for kind in events.KINDS:
        line: dict[str, Any] = {"event": kind.event}
        for field in events.fields(kind):
            place = line
            for name in field.path[:-1]:
                place = place.setdefault(name, {})
            place[field.name] = given[field.kind]
        lines.append(line)
    return [line | ({"status": "finished"} if line["event"] == "ended" else {}) for line in lines]


def write(run: RunFolder, lines: list[dict[str, Any]]) -> None:
    stamped = [json.dumps({"v": 1, "seq": place, "at": 1.7e9, **line}) for place, line in enumerate(lines)]
    run.events.write_text("\n".join(stamped) + "\n")


@pytest.mark.parametrize("value", NONSENSE, ids=repr)
def test_every_page_goes_on_whatever_an_event_says(empty: Results, open_page: Open, value: Any) -> None:
    """Each event with all its fields so, and the fields of the small files besides."""
    runs = []
    for place in range(len(every_event())):
        run = tell(empty, RunSpec.of(epochs=2, samples=200, seed=place))
        lines = every_event()
        lines[place] = {name: value if name != "event" else was for name, was in lines[place].items()} | {"at": value}
        write(run, lines)
        runs.append(run)
    for name in ("annotations.json", "drawings.json", "expected.json", "waiting.json"):
        run = tell(empty, RunSpec.of(epochs=2, samples=200, seed=40))
        fields = ("tags", "note", "right", "of", "edition", "training_seconds", "guessed", "at", "lane", "resume")
        (run.path / name).write_text(json.dumps({"v": 1, **dict.fromkeys(fields, value)}))
        runs.append(run)
    for name in ("steps.jsonl", "confusion.jsonl"):
        run = tell(empty, RunSpec.of(epochs=2, samples=200, seed=41))
        (run.path / name).write_text(json.dumps({"epoch": value, "step": value, "loss": value, "matrix": value}) + "\n")
        runs.append(run)
    open_all(open_page, runs[::-1], at_once=6)  # the damaged matrix first: it is drawn


def leaves(spec: dict[str, Any]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, value in spec.items():
        found += [(name, *rest) for rest in leaves(value)] if isinstance(value, dict) else [(name,)]
    return found


@pytest.mark.parametrize("value", ["x", None, -1, 2**70, [], "\ud800"], ids=repr)
def test_every_page_goes_on_whatever_a_spec_says(empty: Results, open_page: Open, value: Any) -> None:
    paths = [*leaves(RunSpec.of().to_dict()), ("model",), ("data",), ("training",)]
    paths.sort(key=lambda path: path[0] != "data")  # what a matrix's classes are read from comes first
    runs = []
    for path in paths:
        run = tell(empty, RunSpec.of(epochs=2, samples=200))
        file: Path = run.path / "spec.json"
        card = json.loads(file.read_text())
        at = card["spec"]
        for part in path[:-1]:
            at = at[part]
        at[path[-1]] = value
        file.write_text(json.dumps(card))
        runs.append(run)
    open_all(open_page, runs, at_once=6, singly=sum(path[0] == "data" for path in paths))


MATRICES = {
    "ragged": "[[1,2],[3]]",
    "negative": "[[1,-2],[3,4]]",
    "huge counts": "[[1e300,2],[3,4]]",
    "large counts": f"[[{2**63},2],[3,4]]",
    "fractions": "[[0.5,2],[3,4]]",
    "words": '[["a","b"],["c","d"]]',
    "numbers in words": '[["1","2"],["3","4"]]',
    "other classes": "[[1]]",
    "none": "[]",
    "nothing in it": "[[]]",
    "not square": "[[1,2,3],[4,5,6]]",
    "deep": "[[[1]]]",
    "infinite": "[[Infinity,1],[NaN,1]]",
    "zeros": "[[0,0],[0,0]]",
}


def test_live_goes_on_whatever_a_confusion_matrix_is(empty: Results, open_page: Open) -> None:
    runs = []
    for text in MATRICES.values():
        run = tell(empty, RunSpec.of(epochs=2, samples=200))
        run.confusion.write_text(f'{{"v":1,"seq":0,"epoch":1,"matrix":{text}}}\n')
        runs.append(run)
    open_all(open_page, runs)
