"""Runs of other programs are imported from their real files, once; what is damaged or hostile is a sentence."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from tests.runs.foreign_files import CSV_EPOCHS, HOSTILE, entry, real, record
from vitcore.errors import UserError
from vitcore.runs import queue
from vitcore.runs.folder import Results
from vitcore.runs.importing import names
from vitcore.runs.importing.bring import bring
from vitcore.runs.importing.mlflow_files import is_run
from vitcore.runs.importing.wandb_log import HEAD
from vitcore.store import pooling, queries
from vitcore.store.index import Index

FORMS = ("tensorboard", "mlflow-files", "mlflow-sqlite", "wandb")


def table(results: Results) -> pd.DataFrame:
    index = Index(results)
    index.poll()
    try:
        return queries.runs(index)
    finally:
        index.close()


def curves(results: Results, id: str) -> pd.DataFrame:
    index = Index(results)
    index.poll()
    try:
        return queries.epochs(index, [id])
    finally:
        index.close()


def csv(folder: Path, text: str, name: str = "runs.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.mark.parametrize("form", FORMS)
def test_real_files_are_imported_and_a_second_time_adds_nothing(form: str, results: Results, tmp_path: Path) -> None:
    path = real(form, tmp_path)
    before = {
        file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file() and results.root not in file.parents
    }
    found = bring(results, path)
    assert (len(found.added), found.grown, found.known) == (2, [], 0)
    assert all("grad_norm" in sentence for sentence in found.sentences), "the one that nobody here knows"
    rows = table(results).sort_values("val_error").to_dict("records")
    for seed, row in enumerate(rows):
        assert (
            row["origin"]
            == {"t": "imported from TensorBoard", "m": "imported from MLflow", "w": "imported from W&B"}[form[0]]
        )
        assert (row["epochs_done"], pd.isna(row["fingerprint"])) == (4, True)
        assert row["error_percent"] == pytest.approx(11 + seed, abs=1e-4)
        assert row["val_error_best"] == pytest.approx(10 + seed, abs=1e-4)
        curve = curves(results, row["id"])
        assert curve["epoch"].tolist() == [1, 2, 3, 4]
        assert curve["train_loss"].tolist() == pytest.approx([2, 1, 2 / 3, 0.5], abs=1e-6)
        assert curve["val_loss"].tolist() == pytest.approx([2.2, 1.1, 2.2 / 3, 0.55], abs=1e-6)
        assert curve["learning_rate"].tolist() == pytest.approx([0.003, 0.0015, 0.001, 0.00075], rel=1e-5)
        if form != "tensorboard":
            assert (row["title"], row["status"]) == (f"vit seed {seed}", ("finished", "failed")[seed])
            assert (row["learning_rate"], row["batch_size"], row["architecture"]) == (0.003, 64, "vit-tiny")
            assert json.loads(row["logged_parameters"])["augment"] == "flip, crop"
        if form == "mlflow-files":
            assert (row["created"], row["ended"]) == (
                pd.Timestamp("2023-11-14 22:13:20"),
                pd.Timestamp("2023-11-14 22:15:00"),
            )
    again = bring(results, path)
    assert (again.added, again.grown, again.known) == ([], [], 2)
    assert len(results.ids()) == 2
    after = {file: file.read_bytes() for file in before}
    assert after == before, "what is read stays as it was"
    assert not pooling.counts(table(results)).any()


def test_both_of_mlflows_stores_of_the_same_runs_are_one(results: Results, tmp_path: Path) -> None:
    store = real("mlflow-sqlite", tmp_path)
    ids = [row[0] for row in sqlite3.connect(store).execute("SELECT run_uuid FROM runs ORDER BY name")]
    files = real("mlflow-files", tmp_path)
    [experiment] = [each for each in files.iterdir() if len(each.name) > 5]
    for folder in experiment.iterdir():
        meta = folder / "meta.yaml"
        if meta.is_file():
            name = (folder / "tags" / "mlflow.runName").read_text()
            lines = meta.read_text().splitlines()
            text = "\n".join(f"run_id: {ids[int(name[-1])]}" if line.startswith("run_id") else line for line in lines)
            meta.write_text(text)
    assert len(bring(results, files).added) == 2
    assert bring(results, store).known == 2


def test_what_has_grown_since_goes_on_in_the_same_run(results: Results, tmp_path: Path) -> None:
    lines = CSV_EPOCHS.splitlines(keepends=True)
    [id] = bring(results, csv(tmp_path, "".join(lines[:3]))).added
    assert curves(results, id)["epoch"].tolist() == [1, 2]
    found = bring(results, csv(tmp_path, CSV_EPOCHS))
    assert (found.added, found.grown) == ([], [id])
    assert curves(results, id)["val_error"].tolist() == pytest.approx([50, 25, 20])
    changed = CSV_EPOCHS.replace("0.75", "0.7")
    assert bring(results, csv(tmp_path, changed)).grown == [id]
    assert curves(results, id)["val_error"].tolist() == pytest.approx([50, 30, 20])
    assert bring(results, csv(tmp_path, changed)).known == 1
    assert queue.status(results, id) == "finished"


def test_a_run_of_mlflow_that_was_under_way_is_brought_up_to_date(results: Results, tmp_path: Path) -> None:
    path = real("mlflow-sqlite", tmp_path)
    con = sqlite3.connect(path)
    con.execute("UPDATE runs SET status = 'RUNNING', end_time = NULL")
    con.commit()
    ids = bring(results, path).added
    assert {queue.status(results, id) for id in ids} == {"interrupted"}
    con.execute("UPDATE runs SET status = 'FINISHED'")
    con.commit()
    con.close()
    assert sorted(bring(results, path).grown) == sorted(ids)
    assert {queue.status(results, id) for id in ids} == {"finished"}
    assert {len(curves(results, id)) for id in ids} == {4}


def test_what_mlflow_has_not_yet_moved_out_of_its_log_is_read_too(results: Results, tmp_path: Path) -> None:
    path = real("mlflow-sqlite", tmp_path)
    con = sqlite3.connect(path)
    con.execute("PRAGMA journal_mode=WAL")
    con.execute("UPDATE runs SET name = 'renamed'")
    con.commit()
    assert (path.parent / "store.db-wal").stat().st_size
    bring(results, path)
    assert set(table(results)["title"]) == {"renamed"}
    con.close()


@pytest.mark.parametrize("linked", ["params", "metrics", "tags", "meta.yaml"])
def test_no_link_leads_out_of_a_store_of_mlflow(linked: str, results: Results, tmp_path: Path) -> None:
    store = real("mlflow-files", tmp_path)
    folder = next(path.parent for path in sorted(store.rglob("meta.yaml")) if is_run(path.parent))
    outside = tmp_path / "outside"
    (folder / linked).rename(outside)
    if outside.is_dir():
        (outside / "id_rsa").write_text("PRIVATE KEY" if linked != "metrics" else "1 0.5 1")
    (folder / linked).symlink_to(outside)
    if linked in ("metrics", "meta.yaml"):
        with pytest.raises(UserError, match=f"not followed: {linked}"):
            bring(results, folder)
        return
    brought = bring(results, folder)
    stored = "".join(path.read_text() for path in results.runs.rglob("*.json*"))
    assert "PRIVATE" not in stored
    assert "id_rsa" not in stored
    assert linked == "tags" or any("not followed: params" in sentence for sentence in brought.sentences)


def test_names_of_metrics_are_understood_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    split = names._split
    monkeypatch.setattr(names, "_split", lambda name: calls.append(name) or split(name))
    names.Naming([f"acc{'!' * count}" for count in range(1, 1001)], {})
    assert len(calls) <= 2000, "a file may hold very many"


def test_a_folder_of_everything_is_imported_in_one_go(results: Results, tmp_path: Path) -> None:
    for form in FORMS:
        real(form, tmp_path)
    csv(tmp_path, CSV_EPOCHS)
    csv(tmp_path, "nothing,of\nthe,kind\n", "notes.csv")
    (tmp_path / "passwords.csv").symlink_to("/etc/passwd")
    found = bring(results, tmp_path)
    assert len(found.added) == 9
    text = " ".join(found.sentences)
    assert "Links are not followed: passwords.csv" in text
    assert "notes 1 has no metric that is understood here" in text


TABLES: dict[str, tuple[str, dict[str, list[float]]]] = {
    "keras": (CSV_EPOCHS, {"val_error": [50, 25, 20], "train_loss": [2, 1, 0.5], "learning_rate": [0.1, 0.05, 0.01]}),
    "german": ("epoch;val_acc;train_loss\n1;0,5;2,5\n2;0,75;1,5\n", {"val_error": [50, 25], "train_loss": [2.5, 1.5]}),
    "zero": ("epoch;val_loss;val_error\n1;0,5;1,0\n2;0,25;0,0\n", {"val_loss": [0.5, 0.25], "val_error": [1, 0]}),
    "tabs": ("Epoch\tValid Acc\n1\t50\n2\t75\n", {"val_error": [50, 25]}),
    "percent": ("epoch,test_acc\n1,50.5\n2,75.5\n", {"error_percent": [49.5, 24.5]}),
    "ours": (
        "epoch,accuracy,error_percent,val_accuracy\n1,0.9,10,0.8\n2,0.95,5,0.9\n",
        {"error_percent": [10, 5], "val_error": [20, 10]},
    ),
    "steps": ("step,val_accuracy,loss\n10,,3\n469,0.5,2\n938,0.75,1\n", {"val_error": [50, 25], "train_loss": [2, 1]}),
    "byte order mark": ("\ufeffepoch,val_accuracy\n1,0.5\n", {"val_error": [50]}),
    "nan": ("epoch,val_accuracy,loss\n1,0.5,nan\n2,0.75,inf\n", {"val_error": [50, 25]}),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_a_row_an_epoch(name: str, results: Results, tmp_path: Path) -> None:
    text, expected = TABLES[name]
    [id] = bring(results, csv(tmp_path, text)).added
    found = curves(results, id)
    for metric, values in expected.items():
        assert found[metric].tolist() == pytest.approx(values), metric
    assert len(found) == len(next(iter(expected.values())))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("epoch,accuracy,loss\n1,0.9,1\n", "accuracy, which does not say of which images it is"),
        ("epoch,accuracy,val_accuracy\n1,0.9,0.8\n", "accuracy, which is of the training images"),
        ("epoch,val_loss,test_error\n1,1,0.8\n2,1,0.7\n", "test_error, which never is above 1 and so may be"),
        ("epoch,val_loss,val_acc\n1,1,250\n", "val_acc, since its values go up to 250"),
        ("epoch,val_loss,val_acc\n1,1,-0.5\n", "val_acc, since a value of it is below 0"),
        ("epoch,val_acc\n1,0.5\n2.5,0.6\n", "1 rows have no whole number as their epoch"),
        ("epoch,loss,gpu\n1,0.5,80\n2,0.6,80\n", "gpu, which is no metric here"),
    ],
)  # fmt: skip
def test_what_may_mean_something_else_is_left_out_in_a_sentence(
    text: str, sentence: str, results: Results, tmp_path: Path
) -> None:
    found = bring(results, csv(tmp_path, text))
    assert len(found.added) == 1
    assert any(sentence in each for each in found.sentences), found.sentences


def test_a_person_can_say_what_a_metric_is(results: Results, tmp_path: Path) -> None:
    path = csv(tmp_path, "epoch,accuracy,err\n1,0.9,12\n2,0.95,11\n")
    [id] = bring(results, path, {"accuracy": "accuracy", "err": "val_error"}).added
    assert curves(results, id)[["error_percent", "val_error"]].to_numpy().tolist() == [[10, 12], [5, 11]]


def test_several_runs_in_one_table(results: Results, tmp_path: Path) -> None:
    rows = "".join(f"{run},{epoch},0.{epoch},{lr}\n" for run, lr in (("a", 0.1), ("b", 0.2)) for epoch in (1, 2))
    found = bring(
        results,
        csv(tmp_path, f"run,epoch,val_accuracy,batch_size\n{rows}".replace("0.1\n", "64\n").replace("0.2\n", "128\n")),
    )
    assert len(found.added) == 2
    assert set(table(results)["title"]) == {"a", "b"}


def test_a_row_a_run(results: Results, tmp_path: Path) -> None:
    text = "name,learning_rate,optimizer,test_accuracy,epochs\nfirst,0.1,sgd,0.9,20\n'=second,0.2,adam,0.8,20\n"
    assert len(bring(results, csv(tmp_path, text)).added) == 2
    rows = table(results).set_index("title")
    names = ["learning_rate", "optimizer", "epochs", "epochs_done"]
    assert [rows.loc["first", name] for name in names] == [0.1, "sgd", 20, 20]
    assert rows.loc["=second", "error_percent"] == pytest.approx(20)


def test_a_row_a_run_that_tells_of_no_epoch(results: Results, tmp_path: Path) -> None:
    path = csv(tmp_path, "run,val_acc,test_acc\nfirst,0.9,0.8\n")
    [id] = bring(results, path).added
    row = table(results).iloc[0]
    assert (row["id"], row["epochs_done"]) == (id, 0)
    assert row["error_percent"] == pytest.approx(20)
    assert row["val_error"] == pytest.approx(10)
    assert bring(results, path).known == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_what_was_made_to_do_harm_is_a_sentence_and_stores_nothing(name: str, results: Results, tmp_path: Path) -> None:
    path = HOSTILE[name](tmp_path)
    for given in (path, tmp_path):
        with pytest.raises(UserError) as caught:
            bring(results, given)
        sentence = str(caught.value)
        assert "\n" not in sentence
        assert len(sentence) < 800
        assert not results.ids()


def test_hostile_files_fill_no_memory(tmp_path: Path) -> None:
    """All of them in a process that may have 1.5 GB."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000,) * 2)\n"
        "from pathlib import Path; from tests.runs.foreign_files import HOSTILE\n"
        "from vitcore.errors import UserError; from vitcore.runs.folder import Results\n"
        "from vitcore.runs.importing.bring import bring\n"
        "for number, make in enumerate(HOSTILE.values()):\n"
        "    place = Path(sys.argv[1]) / str(number); place.mkdir(); path = make(place)\n"
        "    try: bring(Results(place / 'results'), path)\n"
        "    except UserError: print(number)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout.split()) == len(HOSTILE)


@pytest.mark.parametrize("form", FORMS)
def test_any_cut_or_changed_byte_of_a_real_file_is_read_in_part_or_refused(
    form: str, results: Results, tmp_path: Path
) -> None:
    root = real(form, tmp_path)
    file = max(
        (each for each in ([root] if root.is_file() else root.rglob("*")) if each.is_file()),
        key=lambda each: each.stat().st_size,
    )
    whole = file.read_bytes()
    for number in range(12):
        place = number * len(whole) // 12
        flipped = whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :]
        for damaged in (whole[:place], flipped):
            file.write_bytes(damaged)
            with suppress(UserError):
                found = bring(Results(tmp_path / f"results-{number}-{len(damaged) == len(whole)}"), root)
                assert len(found.added) <= 2


def test_a_wrong_checksum_ends_what_is_read_of_a_file(results: Results, tmp_path: Path) -> None:
    """The values after it are not taken, in either form."""
    path = real("tensorboard", tmp_path)
    [file] = (path / "tensors").iterdir()
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    found = bring(results, path / "tensors")
    assert "is damaged at byte" in " ".join(found.sentences)
    assert 1 <= table(results)["epochs_done"].iloc[0] < 4


def test_records_that_lie_in_two_blocks_are_put_together(results: Results, tmp_path: Path) -> None:
    """W&B's log has blocks of 32 KB; a record is cut where one ends."""
    [first, *_] = sorted(real("wandb", tmp_path).rglob("*.wandb"))
    data = first.read_bytes()
    long = b"\x22" + b"\xe0\xd4\x03" + b"x" * 60_000  # console output, which is passed over: 60,000 bytes of field 4
    room = 32_768 - len(HEAD)
    parts, rest, kind = b"", long, 2
    while rest:
        part, rest = rest[: room - 7], rest[room - 7 :]
        parts += entry(part, kind if rest else 4)
        kind, room = 3, 32_768
    place, records = len(HEAD), b""
    for start, end in _records(data):
        records += entry(data[start:end])
    text = HEAD + parts
    for start, end in _records(data):
        piece = data[start:end]
        left = 32_768 - len(text) % 32_768
        if left < 7:
            text += b"\0" * left
            left = 32_768
        if left - 7 < len(piece):
            text += entry(piece[: left - 7], 2) + entry(piece[left - 7 :], 4)
        else:
            text += entry(piece)
    assert place
    assert records
    (tmp_path / "run-long.wandb").write_bytes(text)
    bring(results, tmp_path / "run-long.wandb")
    assert table(results)["epochs_done"].tolist() == [4]


def _records(data: bytes) -> list[tuple[int, int]]:
    """Where each record of a short log lies."""
    found, place = [], len(HEAD)
    while place < len(data):
        size = int.from_bytes(data[place + 4 : place + 6], "little")
        found.append((place + 7, place + 7 + size))
        place += 7 + size
    return found


def test_keras_halves_are_one_run(results: Results, tmp_path: Path) -> None:
    """Keras' callback writes train/ and validation/ beside one another, each with epoch_accuracy."""
    import struct

    def scalar(tag: bytes, step: int, value: float) -> bytes:
        inner = b"\x0a" + bytes([len(tag)]) + tag + b"\x15" + struct.pack("<f", value)
        summary = b"\x0a" + bytes([len(inner)]) + inner
        return record(b"\x10" + bytes([step]) + b"\x2a" + bytes([len(summary)]) + summary)

    for half, value in (("train", 0.9), ("validation", 0.75)):
        (tmp_path / "logs" / half).mkdir(parents=True)
        content = b"".join(
            scalar(b"epoch_accuracy", step, value) + scalar(b"epoch_loss", step, 1 - value) for step in range(3)
        )
        (tmp_path / "logs" / half / "events.out.tfevents.1.host.1.0.v2").write_bytes(
            record(b"\x1a\x0dbrain.Event:2") + content
        )
    [id] = bring(results, tmp_path / "logs").added
    found = curves(results, id)
    assert found["val_error"].tolist() == pytest.approx([25] * 3)
    assert found["train_loss"].tolist() == pytest.approx([0.1] * 3, abs=1e-6)
    assert found["error_percent"].isna().all()


def test_two_imports_at_once_add_each_run_once(results: Results, tmp_path: Path) -> None:
    path = real("mlflow-files", tmp_path)
    command = [sys.executable, "-m", "vitcore", "--results", str(results.root), "import-runs", str(path)]
    both = [
        subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    printed = b"".join(process.communicate()[0] for process in both).split()
    assert [process.returncode for process in both] == [0, 0]
    assert len(printed) == len(results.ids()) == 2


def test_the_command_line_says_what_it_did(results: Results, tmp_path: Path) -> None:
    path = csv(tmp_path, "epoch,val_accuracy,gpu\n1,0.5,80\n2,0.6,81\n")
    command = [sys.executable, "-m", "vitcore", "--results", str(results.root), "import-runs", str(path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    assert done.stdout.split() == results.ids()
    assert "gpu, which is no metric here" in done.stderr
    assert "1 imported, 0 brought up to date, 0 there already." in done.stderr
    wrong = subprocess.run(
        [*command, "--metric", "a=b"], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "there is no metric 'b' here" in wrong.stderr
