"""What there is to see of some runs that learn, made once for all who look on, and the mark that tells of more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse

from pages.live import endings
from pages.live.learning_curves import CURVE_COLUMNS, etag
from pages.server import store_cache
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.spec import differing, fields
from vitcore.store import queries
from vitcore.store.index import Index

ETAGS = "watch/marks"  # beside the pages
COLUMNS = (  # of a run, as far as Live shows them
    *("title", "status", "reason", "origin", "progress", "epochs", "epochs_done", "eta_seconds", "images_per_second"),
    *("error_percent", "val_error", "val_error_best", "best_epoch", "test_error_best"),
    *("training_seconds", "memory_mb", "parameters", "dataset", "classes", "data_digest"),
    *("loss", "train_loss", "device_used", "val_samples", "test_samples", "majority_error"),
    *("engine", "node", "device_queue", "slot"),
    *(each.name for each in fields() if each.name not in ("dataset", "epochs")),
)


@dataclass(frozen=True)
class PageState:
    """What there is to see of some runs between two changes: made once, however many look on."""

    changes: int
    rows: Sequence[Mapping[str, Any]]
    others: Sequence[Mapping[str, Any]]  # that run besides
    notes: dict[str, list[str]]
    statuses: frozenset[str]  # of every run

    @classmethod
    def of(cls, ids: tuple[str, ...], index: Index) -> PageState:
        """Ask the index for these runs."""
        changes, statuses = index.changes, queries.statuses(index)
        others = [id for id in statuses.get("running", ()) if id not in ids]
        return cls(
            changes=changes,
            rows=queries.rows(index, ids, COLUMNS),
            others=queries.rows(index, others, COLUMNS) if others else (),
            notes={id: queries.notes(index, id) for id in ids},
            statuses=frozenset(statuses),
        )

    @classmethod
    def at(cls, ids: Sequence[str]) -> PageState:
        """What there is to see of these runs now, shared with every session that looks at the same ones."""
        return store_cache.view(("live", *ids), partial(PageState.of, tuple(ids)))

    @cached_property
    def called(self) -> differing.Called:
        """What the runs are called among one another."""
        return differing.called(self.rows)

    @property
    def learned(self) -> tuple[object, ...]:
        """What tells that more has been learned, or said of it."""
        text = [(run["status"], len(self.notes[run["id"]]), _size(run["id"])) for run in self.rows]
        return (*etag(self.rows), *text, *self.called.names.values())

    @property
    def active(self) -> bool:
        """Whether some run waits or trains, these or others."""
        return not self.statuses.isdisjoint(store_cache.ACTIVE)

    def etags(self) -> dict[str, str]:
        """For a browser that asks whether it shows what there is: `soon` is of epochs and endings, `later` of all."""
        soon = [
            [run["status"], *(run[name] for name in CURVE_COLUMNS), len(self.notes[run["id"]])] for run in self.rows
        ]
        return {"soon": repr(soon), "later": repr((self.changes, self.learned))}


def address(ids: Sequence[str]) -> str:
    """Where a browser finds these runs' marks."""
    return f"{ETAGS}?{urlencode({'runs': ','.join(ids)})}"


def etags(request: Request) -> JSONResponse:
    """The marks of the runs that an address names, and how those that have ended did, without a run of any script; 503
    where the store cannot be read.
    """
    ids = [id for id in request.query_params.get("runs", "").split(",") if id]
    try:
        state = PageState.at(ids)
        return JSONResponse({**state.etags(), "ended": endings.of(state.rows, state.called.names)})
    except UserError as error:
        return JSONResponse({"refused": str(error)}, status_code=503)


def _size(id: str) -> int:
    """Bytes that the worker has written beside its journals."""
    try:
        return Results().run(id).log.stat().st_size
    except (OSError, UserError):  # none: it was imported, has not begun or was deleted
        return 0
