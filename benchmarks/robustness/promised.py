"""What must hold whatever is killed: a witness of every epoch that was reported, and of every file in its place."""

from __future__ import annotations

import json
import time
import zipfile

from vitcore.runs import journal, queue
from vitcore.runs.folder import Results
from vitcore.store import queries
from vitcore.store.index import Index

RIGHT_WITHIN = 5.0  # seconds, for the status of a run whose worker was killed


ERRORS = ("error_percent", "val_error")
"""Of each epoch; one that was not scored on the test or on the validation images has None, and keeps None."""


class Witness:
    """Follows the journals of a results folder and remembers each epoch's error by run."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.notes: dict[str, dict[int, tuple[float | None, ...]]] = {}
        self.slowest = 0.0
        self._offsets: dict[str, int] = {}

    def count(self) -> int:
        return sum(map(len, self.notes.values()))

    def await_epoch(self) -> None:
        """Until another epoch is told, or it has taken too long to wait for one."""
        before, deadline = self.count(), time.monotonic() + 30
        while self.count() == before and time.monotonic() < deadline:
            self.watch(0.05)

    def watch(self, seconds: float) -> None:
        """Notes every epoch that is reported, and holds that what was noted is still there."""
        until = time.monotonic() + seconds
        while True:
            for id in self.results.ids():
                path, offset = self.results.run(id).events, self._offsets.get(id, 0)
                assert not offset or path.stat().st_size >= offset, f"{path} has become shorter"
                lines, self._offsets[id] = journal.read(path, offset)
                for line in lines:
                    if line["event"] == "epoch":
                        self.notes.setdefault(id, {})[line["epoch"]] = tuple(line.get(name) for name in ERRORS)
            if time.monotonic() >= until:
                return
            time.sleep(0.05)

    def hold_not_running(self, ids: list[str]) -> None:
        """The run of a killed worker does not read "running" for long."""
        began = time.monotonic()
        while any(queue.status(self.results, id) == "running" for id in ids):
            assert time.monotonic() - began < RIGHT_WITHIN, f"{ids} read running {RIGHT_WITHIN} s after the kill"
            time.sleep(0.02)
        self.slowest = max(self.slowest, time.monotonic() - began)

    def check_files(self) -> None:
        """Every file that has its name is whole."""
        for id in self.results.ids():
            folder = self.results.run(id)
            folder.spec()
            journaled = {line["epoch"] for line in journal.read(folder.events)[0] if line.get("event") == "epoch"}
            assert self.notes.get(id, {}).keys() <= journaled, f"{id} has lost an epoch"
            if folder.annotations.exists():
                json.loads(folder.annotations.read_bytes())
            if folder.checkpoint.exists():
                with folder.checkpoint.open("rb") as file:
                    length = int.from_bytes(file.read(8), "little")
                    header = json.loads(file.read(length))
                end = max(item["data_offsets"][1] for name, item in header.items() if name != "__metadata__")
                assert folder.checkpoint.stat().st_size == 8 + length + end, f"{folder.checkpoint} is cut short"
            if folder.resume_point.exists():
                with zipfile.ZipFile(folder.resume_point) as archive:
                    assert archive.testzip() is None, f"{folder.resume_point} is damaged"

    def check_tables(self, epochs: int) -> None:
        """The index, from the snapshot and from the journals, tells each epoch once and as it was reported."""
        for hydrate in (True, False):
            index = Index(self.results, hydrate=hydrate)
            assert index.notice is None, index.notice
            index.poll()
            for id, known in self.notes.items():
                table = queries.epochs(index, [id])
                assert table["epoch"].tolist() == list(range(1, epochs + 1)), f"{id}: {table['epoch'].tolist()}"
                errors = table[list(ERRORS)].astype(object).where(table[list(ERRORS)].notna(), None)
                journaled = dict(zip(table["epoch"], errors.itertuples(index=False, name=None), strict=True))
                assert all(journaled[epoch] == error for epoch, error in known.items()), (
                    f"{id}: an epoch came out otherwise"
                )
            index.close()
