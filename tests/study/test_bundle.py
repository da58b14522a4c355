"""A bundle opens in an empty results folder with the same figures; one that was tampered with is refused, whole."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest

from tests.study.conftest import indexed
from vitcore.errors import UserError
from vitcore.runs.annotations import Annotations
from vitcore.runs.annotations import read as read_annotations
from vitcore.runs.annotations import write as annotate
from vitcore.runs.folder import Results
from vitcore.study import bundle, opening
from vitcore.study.contents import Study
from vitcore.study.drawn import Drawn, drawn
from vitcore.study.material import Material, gather

Members = dict[str, bytes]


def members(path: Path) -> Members:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(path: Path, content: Members) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def test_it_opens_in_an_empty_folder_with_the_same_figures(
    packed: Path, figures: tuple[Drawn, ...], material: Material, tmp_path: Path
) -> None:
    assert {each.part for each in figures} >= {"", "performer-table-1:scaled"}
    assert len([each for each in figures if not each.part]) == 4
    found, elsewhere = bundle.read(packed), Results(tmp_path / "elsewhere")
    added = bundle.unpack(found, elsewhere)
    assert len(added) == 3
    again = opening.material(found, indexed(elsewhere))
    assert again.study == material.study
    assert list(again.runs["id"]) == list(material.runs["id"])
    assert [each.digest for each in drawn(again)] == [each.digest for each in figures]
    assert opening.compare(drawn(again), found.digests) == f"all {len(figures)} figures are the same"
    assert bundle.unpack(found, elsewhere) == [], "opened again it adds nothing"


def test_other_runs_of_the_folder_change_nothing(packed: Path, figures: tuple[Drawn, ...], stored: Results) -> None:
    """Where it was made, and with a run more of the table's cell: the study is of the runs that it names."""
    from tests.pages.texts import tell
    from vitcore.published.tables import table
    from vitcore.spec import RunSpec

    tell(stored, RunSpec.of(table("performer-table-1").spec("softmax", "error", "scaled"), seed=78), error=50.0)
    again = opening.material(bundle.read(packed), indexed(stored))
    assert [each.digest for each in drawn(again)] == [each.digest for each in figures]


def test_another_number_is_another_figure(packed: Path, tmp_path: Path) -> None:
    content = members(packed)
    name = next(
        name for name, data in content.items() if name.endswith("events.jsonl") and b'"error_percent":6.0' in data
    )
    content[name] = content[name].replace(b'"error_percent":6.0', b'"error_percent":5.0')
    assert content[name] != members(packed)[name]
    found, elsewhere = bundle.read(repacked(tmp_path / "b.zip", content)), Results(tmp_path / "elsewhere")
    bundle.unpack(found, elsewhere)
    sentence = opening.compare(drawn(opening.material(found, indexed(elsewhere))), found.digests)
    assert "figures differ: " in sentence
    assert "runs/error_percent" in sentence


def test_notes_and_tags_stay_at_home_and_a_name_goes_along(stored: Results, tmp_path: Path) -> None:
    run = stored.run(stored.ids()[0])
    annotate(run, tags=["mine"], note="between us", name="The one")
    material = gather(Study.of("t", runs=[run.id]), indexed(stored))
    bundle.write(tmp_path / "s.zip", material, (), stored)
    for data in members(tmp_path / "s.zip").values():
        assert b"between us" not in data
    for name in ("runs.parquet", "kept.parquet"):
        assert not {"note", "tags"} & set(pd.read_parquet(io.BytesIO(members(tmp_path / "s.zip")[name])).columns)
    elsewhere = Results(tmp_path / "elsewhere")
    bundle.unpack(bundle.read(tmp_path / "s.zip"), elsewhere)
    assert read_annotations(elsewhere.run(run.id)) == Annotations(name="The one")


def test_another_run_of_the_same_id_is_not_replaced(packed: Path, tmp_path: Path, stored: Results) -> None:
    found, elsewhere = bundle.read(packed), Results(tmp_path / "elsewhere")
    bundle.unpack(found, elsewhere)
    last = elsewhere.run(stored.ids()[-1])
    last.events.write_text("{}\n")
    for id in stored.ids()[:-1]:
        (elsewhere.runs / id).rename(tmp_path / id)
    with pytest.raises(UserError, match=f"another run {last.id} than the bundle"):
        bundle.unpack(found, elsewhere)
    assert elsewhere.ids() == [last.id], "then none was added"


def _study(change: Callable[[dict[str, object]], object]) -> Callable[[Members], object]:
    def made(content: Members) -> object:
        about = json.loads(content["study.json"])
        change(about)
        return content.update({"study.json": json.dumps(about).encode()})

    return made


def _frame(data: Mapping[str, Sequence[object]]) -> bytes:
    sink = io.BytesIO()
    pd.DataFrame(dict(data)).to_parquet(sink)
    return sink.getvalue()


def _without_journal(content: Members) -> object:
    return content.pop(next(name for name in content if name.endswith("events.jsonl")))


TAMPERED: dict[str, tuple[Callable[[Members], object], str]] = {
    "no study": (lambda content: content.pop("study.json"), "holds no study.json"),
    "no rows": (lambda content: content.pop("runs.parquet"), "holds no runs.parquet"),
    "a way out": (lambda content: content.update({"../x": b""}), "which no bundle of a study has"),
    "an absolute path": (lambda content: content.update({"/etc/x": b""}), "which no bundle of a study has"),
    "a run's way out": (lambda content: content.update({"runs/../spec.json": b""}), "which no bundle of a study has"),
    "weights": (lambda content: content.update({"runs/a/resume.pt": b""}), "which no bundle of a study has"),
    "a queue entry": (lambda content: content.update({"runs/a/queued.json": b""}), "which no bundle of a study has"),
    "a large spec": (lambda content: content.update({"runs/a/spec.json": b" " * (5 << 20)}), "bytes, more than"),
    "no journal": (_without_journal, "without its spec or its journal"),
    "no JSON": (lambda content: content.update({"study.json": b"{"}), "is not JSON"),
    "a list": (lambda content: content.update({"study.json": b"[]"}), "is not JSON as a bundle has it"),
    "deep": (lambda content: content.update({"study.json": b"[" * 100_000}), "is not JSON"),
    "newer": (_study(lambda about: about.update(v=99)), "of format 99, written by a newer vitcore"),
    "other runs": (_study(lambda about: about.update(runs=["a"])), "are not those that its tables hold"),
    "no title": (_study(lambda about: about["study"].pop("title")), "holds no study"),  # type: ignore[attr-defined]
    "runs no list": (_study(lambda about: about["study"].update(runs=3)), "names no runs"),  # type: ignore[attr-defined]
    "no such table": (_study(lambda about: about["study"].update(tables=["x"])), "no published table"),  # type: ignore[attr-defined]
    "no Parquet": (lambda content: content.update({"epochs.parquet": b"PAR1"}), "is not Parquet"),
    "Parquet cut": (lambda content: content.update({"runs.parquet": content["runs.parquet"][:-9]}), "is not Parquet"),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_what_was_tampered_with_is_refused_in_a_sentence(packed: Path, tmp_path: Path, how: str) -> None:
    change, sentence = TAMPERED[how]
    content = members(packed)
    change(content)
    with pytest.raises(UserError) as refused:
        bundle.read(repacked(tmp_path / "b.zip", content))
    assert sentence in str(refused.value)


def test_matrices_that_are_none_are_refused(packed: Path, tmp_path: Path) -> None:
    wrong: dict[str, Sequence[object]] = {
        "run_id": ["a"],
        "epoch": [1],
        "classes": [2],
        "true": [5],
        "predicted": [0],
        "count": [1],
    }
    for cells in (wrong, {**wrong, "classes": [10**9]}, {"run_id": ["a"]}, {**wrong, "true": ["x"]}):
        content = members(packed) | {"confusions.parquet": _frame(cells)}
        found = bundle.read(repacked(tmp_path / "b.zip", content))
        with pytest.raises(UserError, match="no counts of classes"):
            opening.material(found, indexed(Results(tmp_path / "elsewhere")))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [(b"", "is no bundle"), (b"PK\x03\x04 not a zip", "is no bundle"), (None, "cannot be read")],
)
def test_what_is_no_zip_is_refused(tmp_path: Path, data: bytes | None, sentence: str) -> None:
    path = tmp_path / "b.zip"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UserError, match=sentence):
        bundle.read(path)


def test_a_member_twice_and_a_damaged_one_are_refused(packed: Path, tmp_path: Path) -> None:
    twice = tmp_path / "twice.zip"
    with (
        zipfile.ZipFile(repacked(twice, members(packed)), "a") as archive,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        archive.writestr("study.json", b"{}")
    with pytest.raises(UserError, match=r"'study\.json' twice"):
        bundle.read(twice)
    data = bytearray(packed.read_bytes())
    place = data.find(b"runs.parquet") + 60
    data[place : place + 40] = bytes(40)
    packed.write_bytes(bytes(data))
    with pytest.raises(UserError, match=r"damaged|Parquet"):
        bundle.read(packed)


def test_a_folder_that_cannot_be_written_is_a_sentence(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("a file")
    with pytest.raises(UserError, match="cannot be stored in"):
        bundle.unpack(bundle.read(packed), Results(tmp_path / "elsewhere"))
