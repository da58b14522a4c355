"""What is no study is refused in one sentence, and what has not ended is not handed in."""

import json
from typing import Any

import pytest

from tests.pages.texts import tell
from tests.study.conftest import indexed
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec
from vitcore.study.contents import MOST_RUNS, USUAL, Study
from vitcore.study.material import gather


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"title": " "}, "a study's title is missing"),
        ({"title": "a\nb"}, "cannot be seen"),
        ({"title": "t" * 121}, "121 signs is too long"),
        ({"author": "\x00"}, "an author holds the sign"),
        ({"text": ""}, "the study is empty"),
        ({"text": "x" * 200_001}, "200,001 letters is too long"),
        ({"tables": ["nonsense"]}, "no published table 'nonsense'"),
        ({"tables": ["performer-table-1:nonsense"]}, "no protocol 'nonsense'; it has report, scaled"),
        ({"figures": ["nonsense"], "runs": ["a"]}, "no figure 'nonsense'"),
        ({"figures": ["confusion"]}, "names none"),
        ({"runs": [f"r{number}" for number in range(MOST_RUNS + 1)]}, "201 runs are too many"),
    ],
)
def test_what_makes_no_study_is_refused(parts: dict[str, Any], sentence: str) -> None:
    whole: dict[str, Any] = {"title": "t", "author": "", "text": "words"} | parts
    with pytest.raises(UserError) as refused:
        Study.of(whole.pop("title"), whole.pop("author"), whole.pop("text"), **whole)
    assert sentence in str(refused.value)


def test_what_is_not_said_is_the_usual() -> None:
    found = Study.of("t", tables=["performer-table-1", "performer-table-1:scaled"], runs=["a", "a"])
    assert found.tables == ("performer-table-1:scaled",)
    assert (found.runs, found.figures) == (("a",), USUAL)
    assert Study.parse(json.loads(json.dumps(found.to_dict()))) == found


@pytest.mark.parametrize("status", ["running", "paused", "interrupted"])
def test_a_run_that_may_still_change_is_refused(stored: Results, status: str) -> None:
    run = tell(stored, RunSpec.of(epochs=4, samples=200), status=None if status != "paused" else status, epochs=2)
    with pytest.raises(UserError, match=f"run {run.id} is (interrupted|paused), so its numbers may still change"):
        gather(Study.of("t", runs=[run.id]), indexed(stored))


def test_a_run_that_is_not_stored_is_named(stored: Results) -> None:
    with pytest.raises(UserError, match="there is no run 'nobody'"):
        gather(Study.of("t", runs=["nobody"]), indexed(stored))
