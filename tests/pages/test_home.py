"""Home, what one comes back to: what ended meanwhile, what is open, what the disk holds and can be rid of."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from PIL import Image

from pages.shared.preview import HERE
from tests.pages.opening import Open
from tests.pages.texts import give_weights, tell
from vitcore.errors import UserError
from vitcore.runs import trash
from vitcore.runs.folder import Results, write_json
from vitcore.runs.usage import drop_resume_files, usage
from vitcore.settle.question import ask
from vitcore.settle.wishes import end
from vitcore.spec import RunSpec


def headings(open_page: Open) -> list[str]:
    return [item.value for item in open_page("home").subheader]


def test_what_ended_since_the_last_visit_is_told_apart(stocked: Results, open_page: Open) -> None:
    assert "New" in headings(open_page), "at the first visit nothing is called new since another"
    assert (stocked.root / "visit.json").is_file()
    app = open_page("home")
    assert any("Nothing has ended since your last visit" in item.value for item in app.caption)
    write_json(stocked.root / "visit.json", {"v": 2, "at": time.time() - 3600})
    tell(stocked, RunSpec.of(architecture="cnn", epochs=1, name="latest"))
    app = open_page("home")
    assert "Ended since your last visit" in [item.value for item in app.subheader]


@pytest.mark.parametrize("content", ["[]", "{", '{"at": "x"}', '{"at": 1e400}', '{"at": -5}', '{"at": 4e9}'])
def test_a_visit_that_cannot_be_read_is_none(content: str, stocked: Results, open_page: Open) -> None:
    (stocked.root / "visit.json").write_text(content)
    assert "New" in headings(open_page)


def test_open_questions_say_what_they_may_still_take(stocked: Results, open_page: Open) -> None:
    assert "Open questions" not in headings(open_page)
    base = RunSpec.of(architecture="cct-mini/3x3", samples=200, epochs=1, batch_size=50)
    question = ask(stocked, [base, RunSpec.of(base, kernel="relu")], margin=0.5, budget=40)
    end(stocked, question, "stopped", "")  # so that nobody begins to train for a test
    app = open_page("home")
    assert "Open questions" in [item.value for item in app.subheader]
    end(stocked, question, "answered", "relu is better.")
    assert "Open questions" not in headings(open_page)


def test_the_trash_is_emptied_after_a_second_press_and_nothing_else_goes(stocked: Results, open_page: Open) -> None:
    first, second = stocked.ids()
    outside = stocked.root.parent / "elsewhere"
    outside.mkdir()
    (outside / "precious").write_text("stays")
    trash.delete(stocked, first)
    (stocked.trash / second).symlink_to(outside, target_is_directory=True)
    app = open_page("home")
    assert any("deleted run" in item.value for item in app.markdown)
    app.button(key="empty-trash-now").click().run()
    assert not app.exception, [error.value for error in app.exception]
    assert stocked.trashed() == []
    assert not [item for item in stocked.trash.iterdir() if not item.is_symlink()]
    assert stocked.ids() == [second]
    assert (outside / "precious").read_text() == "stays", "a link is taken away, not what it leads to"
    with pytest.raises(UserError):
        trash.empty(stocked, ["../elsewhere"])


def test_resume_files_of_finished_runs_alone_are_dropped(stocked: Results, open_page: Open) -> None:
    finished = stocked.ids()[0]
    paused = tell(stocked, RunSpec.of(architecture="cnn", epochs=3), status="paused", epochs=1).id
    give_weights(stocked.run(paused))
    for id in (finished, paused):
        stocked.run(id).resume_point.write_bytes(bytes(2_000_000))
    found = usage(stocked, [finished])
    assert found.resume == 2_000_000
    assert found.total >= found.runs > 4_000_000
    app = open_page("home")
    app.button(key="drop-resume-now").click().run()
    assert not app.exception, [error.value for error in app.exception]
    assert not stocked.run(finished).resume_point.exists()
    assert stocked.run(paused).resume_point.exists(), "it may still go on"
    assert drop_resume_files(stocked, [paused]) == 0, "asked for by name it stays all the same"


def test_empty_pages_show_what_they_will_show(empty: Results, open_page: Open) -> None:
    for name in ("home", "draw"):
        blocks = [block.proto.body for block in open_page(name).get("html")]
        assert sum('class="preview"' in body and "alt=" in body for body in blocks) == 1, name
    for path in HERE.glob("*.png"):
        assert path.stat().st_size < 60_000
        with Image.open(path) as image:
            assert image.width <= 736
    assert {path.stem for path in HERE.glob("*.png")} == {
        f"{n}-{s}" for n in ("live", "draw") for s in ("light", "dark")
    }


def test_moments_of_visits_are_utc(stocked: Results, open_page: Open) -> None:
    open_page("home")
    app = open_page("home")
    since = app.session_state["home-since"]
    assert isinstance(since, datetime)
    assert since.tzinfo is UTC
