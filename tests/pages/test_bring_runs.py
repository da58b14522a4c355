"""Compare's way in for runs of other programs: by path or dropped in, with what was not understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages.compare import bring_runs
from pages.shared import format
from tests.pages.opening import Open
from tests.runs.foreign_files import CSV_EPOCHS, real
from tests.runs.test_import_with_spec import SPEC, rows
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.runs.importing.of_spec import read_spec


def test_a_newcomer_finds_it_open_and_brings_runs_by_their_path(
    empty: Results, open_page: Open, tmp_path: Path
) -> None:
    app = open_page("compare")
    app.text_input(key="bring-path").set_value(str(real("mlflow-files", tmp_path)))
    app.button(key="bring").click().run()
    assert not app.exception
    assert not app.warning
    assert len(empty.ids()) == 2
    texts = [item.value for item in app.text]
    assert "2 imported, 0 brought up to date, 0 there already." in texts
    assert any("grad_norm" in sentence for sentence in texts)
    app = open_page("compare")
    assert sorted(app.dataframe[0].value["title"]) == ["vit seed 0", "vit seed 1"]


def test_what_cannot_be_imported_is_a_sentence(stocked: Results, open_page: Open, tmp_path: Path) -> None:
    app = open_page("compare")
    for path, sentence in (("", "nothing was chosen"), (str(tmp_path / "nowhere"), "there is no")):
        app.text_input(key="bring-path").set_value(path)
        app.button(key="bring").click().run()
        assert not app.exception
        assert [item.value for item in app.warning if sentence in item.value], sentence
    assert len(stocked.ids()) == 2


def test_dropped_files_are_imported_and_lead_nowhere_else(empty: Results, tmp_path: Path) -> None:
    place = tmp_path / "dropped"
    place.mkdir()
    files = {"../../log.csv": CSV_EPOCHS.encode(), "notes.csv": b"a,b\n1,2\n3,4\n"}
    assert bring_runs.put(files, place) == place
    assert sorted(file.name for file in place.iterdir()) == ["log.csv", "notes.csv"]
    ids, sentences = bring_runs.brought(place)
    assert ids == empty.ids()
    assert any(sentence.startswith("notes.csv has neither a column epoch") for sentence in sentences)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"a.csv": b""}, "is empty"),
        ({"x/a.csv": b"1", "y/a.csv": b"2"}, "are called 'a.csv'"),
        ({"a.csv": bytes(201 << 20)}, "200 MB is the most"),
    ],
    ids=["empty", "one name", "too large"],
)
def test_files_that_cannot_be_taken(files: dict[str, bytes], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=sentence):
        bring_runs.put(files, tmp_path)


def test_with_their_spec_dropped_in_they_count_as_its_seeds(empty: Results, open_page: Open, tmp_path: Path) -> None:
    stored = empty.create(SPEC)
    card = (stored.path / "spec.json").read_bytes()
    log = tmp_path / "log.csv"
    log.write_text(rows(a="4,0.03,adamw,digits", b="5,0.1,adamw,digits"))
    app = open_page("compare")
    app.text_input(key="bring-path").set_value(str(log))
    app.file_uploader(key="bring-spec").set_value(("spec.json", card, "application/json"))
    app.button(key="bring").click().run()
    assert not app.exception
    assert not app.warning
    texts = [item.value for item in app.text]
    assert any("weight_decay 0.1, and the spec has 0.03" in text for text in texts)
    assert any("They count as seeds of the spec that you gave" in text for text in texts)
    [brought] = [run for id in empty.ids() if (run := empty.run(id)).elsewhere() is not None]
    assert brought.spec().fingerprint() == SPEC.fingerprint()


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b'{"spec": {"model": {"depth": -1}}}', b"\xff", b""],
    ids=["half", "list", "bad", "no text", "empty"],
)
def test_a_spec_that_does_not_read_is_the_command_lines_sentence_and_imports_nothing(
    content: bytes, empty: Results, open_page: Open, tmp_path: Path
) -> None:
    (tmp_path / "mine.json").write_bytes(content)
    with pytest.raises(UserError) as raised:
        read_spec(tmp_path / "mine.json")
    (tmp_path / "log.csv").write_text(rows(a="4,0.03,adamw,digits"))
    app = open_page("compare")
    app.text_input(key="bring-path").set_value(str(tmp_path / "log.csv"))
    app.file_uploader(key="bring-spec").set_value(("../mine.json", content, "application/json"))
    app.button(key="bring").click().run()
    assert not app.exception
    expected = str(raised.value).replace(f"{tmp_path}/", "")
    assert expected.startswith("mine.json ")
    assert format.plain(expected) in [item.value for item in app.warning]
    assert empty.ids() == []
