"""Files of other programs for tests: real ones, and such as have been made to do harm."""

from __future__ import annotations

import gzip
import os
import shutil
import sqlite3
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from vitcore.runs.importing.tensorboard import masked
from vitcore.runs.importing.wandb_log import HEAD

REAL = Path(__file__).parents[1] / "fixtures" / "foreign-runs"
CSV_EPOCHS = "epoch,loss,val_loss,val_accuracy,lr\n0,2.0,2.1,0.5,0.1\n1,1.0,1.2,0.75,0.05\n2,0.5,0.9,0.8,0.01\n"


def real(form: str, into: Path) -> Path:
    """The real files of a form, in a folder where they may be changed; what is to be imported."""
    place = into / form
    if form == "mlflow-sqlite":
        place.mkdir()
        (place / "store.db").write_bytes(gzip.decompress((REAL / "mlflow" / "store.db.gz").read_bytes()))
        return place / "store.db"
    source = {"mlflow-files": REAL / "mlflow" / "files", "tensorboard": REAL / "tensorboard", "wandb": REAL / "wandb"}
    shutil.copytree(source[form], place)
    return place


def record(data: bytes) -> bytes:
    """A record of an event file."""
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", masked(head)) + data + struct.pack("<I", masked(data))


def entry(data: bytes, kind: int = 1) -> bytes:
    """A record of W&B's log."""
    return struct.pack("<IHB", zlib.crc32(data, zlib.crc32(bytes([kind]))), len(data), kind) + data


def _sparse(path: Path, head: bytes = b"") -> None:
    with path.open("wb") as file:
        file.write(head)
        file.truncate(5 << 30)


def _database(path: Path, *statements: str) -> None:
    con = sqlite3.connect(path)
    for statement in statements:
        con.execute(statement)
    con.commit()
    con.close()


_RUNS = "CREATE TABLE runs (run_uuid, status, name, start_time, end_time, lifecycle_stage)"
_COLUMNS = "key, value, timestamp, run_uuid, step, is_nan"
_METRICS = f"CREATE TABLE metrics ({_COLUMNS})"
_PARAMS = "CREATE TABLE params (key, value, run_uuid)"
_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'k', i, 1, 'r', i, 0 FROM n"

HOSTILE: dict[str, Callable[[Path], Path]] = {}
"""Each makes a file in a folder and names what is to be imported: refused in a sentence, within seconds and memory."""


def _hostile(name: str, file: str) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    def put(make: Callable[[Path], None]) -> Callable[[Path], None]:
        def made(folder: Path) -> Path:
            make(folder / file)
            return folder / file

        HOSTILE[name] = made
        return make

    return put


def _bytes(name: str, file: str, content: bytes) -> None:
    def written(path: Path) -> None:
        path.write_bytes(content)

    _hostile(name, file)(written)


_hostile("a sparse CSV of 5 GB", "runs.csv")(_sparse)
_hostile("a sparse event file of 5 GB", "events.out.tfevents.1")(_sparse)
_hostile("a sparse log of W&B of 5 GB", "run-a.wandb")(lambda path: _sparse(path, HEAD))
_hostile("a sparse database of 5 GB", "store.db")(lambda path: _sparse(path, b"SQLite format 3\0"))
_hostile("a pipe called CSV", "runs.csv")(os.mkfifo)
_hostile("a pipe called an event file", "events.out.tfevents.1")(os.mkfifo)
_hostile("a pipe called W&B's", "run-a.wandb")(os.mkfifo)
_hostile("a pipe called a database", "store.db")(os.mkfifo)
_hostile("a link to nothing", "runs.csv")(lambda path: path.symlink_to("nowhere"))
_hostile("a link in a circle", "runs.csv")(lambda path: path.symlink_to(path))
_bytes("an empty CSV", "runs.csv", b"")
_bytes("a CSV of a heading alone", "runs.csv", b"epoch,loss\n")
_bytes("a CSV of zeros", "runs.csv", b"\0" * 100)
_bytes("a CSV that is an image", "runs.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
_bytes("a CSV with a cell of 10 MB", "runs.csv", b"epoch,loss\n1," + b"9" * 10_000_000 + b"\n")
_bytes("a CSV with an open quotation", "runs.csv", b'epoch,loss\n1,"2\n')
_bytes("a CSV with rows too short", "runs.csv", b"epoch,loss\n1\n")
_bytes("a CSV with two columns alike", "runs.csv", b"epoch,loss,Loss\n1,2,3\n")
_bytes(
    "a CSV of 2,000 columns", "runs.csv", b",".join(b"c%d" % n for n in range(2_000)) + b"\n" + b"," * 1_999 + b"x\n"
)
_bytes("a CSV without a word of what it is", "runs.csv", b"a,b\n1,2\n3,4\n")
_bytes("a CSV of metrics that nobody knows", "runs.csv", b"epoch,a\n1,2\n")
_bytes("a CSV of impossible values", "runs.csv", b"epoch,val_accuracy\n1,-3\n2,5000\n")
_bytes(
    "a CSV of epochs beyond all", "runs.csv", b"epoch,val_accuracy\n" + b"".join(b"%d,0.5\n" % n for n in range(20_000))
)
_bytes("a CSV with epochs of 1e300", "runs.csv", b"epoch,val_accuracy\n1e300,0.5\n")
_bytes("an event file of text", "events.out.tfevents.1", b"hello " * 100)
_bytes(
    "an event file of one forged length",
    "events.out.tfevents.1",
    struct.pack("<QI", 2**63, masked(struct.pack("<Q", 2**63))),
)
_bytes("an event file of a field beyond its end", "events.out.tfevents.1", record(b"\x2a\xff\xff\xff\xff\x0f"))
_bytes("an event file of an endless number", "events.out.tfevents.1", record(b"\x10" + b"\xff" * 50))
_bytes("an event file of a wrong checksum", "events.out.tfevents.1", record(b"\x10\x01")[:-1] + b"\0")
_bytes("an event file of random bytes", "events.out.tfevents.1", record(bytes(range(256))))
_bytes("W&B's of another format", "run-a.wandb", b":W&B\xe1\xbe\x09")
_bytes("W&B's of a wrong checksum", "run-a.wandb", HEAD + b"\0" * 7 + b"x")
_bytes("W&B's cut off", "run-a.wandb", HEAD + entry(b"x" * 100)[:50])
_bytes("W&B's of parts without end", "run-a.wandb", HEAD + (entry(b"", 2) + entry(b"", 3) * 1_000) * 20)
_bytes("W&B's of a field beyond its end", "run-a.wandb", HEAD + entry(b"\x12\xff\xff\xff\xff\x0f"))
_bytes("a database of text", "store.db", b"SQLite format 3\0 and then text")
_hostile("an empty database", "store.db")(lambda path: _database(path, "CREATE TABLE x (y)"))
_hostile("a database whose metrics are endless", "store.db")(
    lambda path: _database(path, _RUNS, _PARAMS, f"CREATE VIEW metrics({_COLUMNS}) AS {_ENDLESS}")
)
_hostile("a database of generated columns", "store.db")(
    lambda path: _database(path, _RUNS, _PARAMS, _METRICS.replace("value,", "value AS (hex(zeroblob(1000000))),"))
)
_hostile("a database without metrics", "store.db")(
    lambda path: _database(path, _RUNS, _METRICS, _PARAMS, "INSERT INTO runs VALUES ('r', 'FINISHED', 'a', 1, 2, '')")
)
_hostile("a database of blobs", "store.db")(
    lambda path: _database(
        path,
        *(_RUNS, _METRICS, _PARAMS),
        "INSERT INTO runs VALUES (zeroblob(100), 'FINISHED', zeroblob(900000), 'x', 1e300, 'active')",
        "INSERT INTO metrics VALUES (x'ff', 'x', 1e300, zeroblob(100), -1, 2)",
    )
)
