"""Puts what a `Mirror` has seen into the run's folder here: whole lines, whole checkpoints, nothing else."""

from __future__ import annotations

import os
from collections.abc import Sequence

from vitcore import events
from vitcore.engines.mirror import BEST, JOURNALS, LOG, NEXT, PREDICTIONS, WHOLE, Piece
from vitcore.errors import UserError
from vitcore.runs import journal
from vitcore.runs.files import Unwritten, write_own
from vitcore.runs.folder import RunFolder

DRAFT = ".streamed"
_ALLOWED = {
    "append": (*JOURNALS, LOG),
    "at": PREDICTIONS,
    "part": (*WHOLE, NEXT),
    "settle": (NEXT,),
    "gone": (BEST, NEXT),
}


class Receiver:
    """The one writer of a run that trains where this folder is not seen; whoever makes it holds the run's lock."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        for draft in folder.path.glob(f".*{DRAFT}"):  # of an attempt that was lost
            draft.unlink(missing_ok=True)
        self.bytes = 0
        self.ending: str | None = None

    def put(self, pieces: Sequence[Piece]) -> None:
        """Takes the pieces in their order; what is told is on the disk when it returns.

        Raises:
            UserError: a file that is none of a run's, or the run's folder is gone.
            OSError: the disk is full or gone; what was not taken whole is not there.
        """
        if not self.folder.path.is_dir():
            raise UserError(f"the run's folder is gone from {self.folder.path.parent}; put it back and resume the run")
        for piece in pieces:
            self.bytes += len(piece.data)
            if piece.name not in _ALLOWED[piece.how]:
                raise UserError(f"a node sent {piece.name[:80]!r}, which is no file of a run's")
            how = {"append": self._append, "at": self._write_at, "part": self._part}
            if piece.how == "settle":
                os.replace(self.folder.path / NEXT, self.folder.path / BEST)
            elif piece.how == "gone":
                (self.folder.path / piece.name).unlink(missing_ok=True)
            else:
                how[piece.how](piece)

    def _append(self, piece: Piece) -> None:
        file = write_own(self.folder.path / piece.name, os.O_WRONLY | os.O_APPEND)
        try:
            before = os.fstat(file).st_size
            try:
                _write(file, piece.data)
            except OSError:
                os.ftruncate(file, before)
                raise
        finally:
            os.close(file)
        if piece.name == "events.jsonl":
            self._look(piece.data)

    def _look(self, data: bytes) -> None:
        """Remembers how the run ended, where it has."""
        for line in filter(None, map(journal.parse, data.splitlines())):
            if line.get("event") == events.Ended.event:
                self.ending = str(line.get("status"))

    def _write_at(self, piece: Piece) -> None:
        file = write_own(self.folder.path / piece.name, os.O_WRONLY)
        try:
            os.lseek(file, piece.offset, os.SEEK_SET)
            _write(file, piece.data)
            if os.fstat(file).st_size > piece.size:
                os.ftruncate(file, piece.size)
        finally:
            os.close(file)

    def _part(self, piece: Piece) -> None:
        """A draft beside the file, which takes its place once it is whole."""
        draft = self.folder.path / f".{piece.name}{DRAFT}"
        if not piece.offset:
            draft.unlink(missing_ok=True)  # of one that died; never through a link of that name
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            os.lseek(file, piece.offset, os.SEEK_SET)
            _write(file, piece.data)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        finally:
            os.close(file)
        if piece.offset + len(piece.data) == piece.size:
            os.replace(draft, self.folder.path / piece.name)


def _write(file: int, data: bytes) -> None:
    """All of it, on the disk."""
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(file, view) :]
        os.fsync(file)
    except OSError as error:
        raise Unwritten(error, len(data)) from error
