"""What a run answered to every test image, epoch by epoch, as small integers: <run>/predictions.bin.

Its answers to the images it is validated on are in <run>/val-predictions.bin. A header, the images' true classes,
then one record of the same size an epoch; each carries its own checksum, so that what a killed writer left half-written
is never taken for an answer. One writer, the worker; readers need no torch.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from vitcore.errors import UserError
from vitcore.runs import attempts
from vitcore.runs.files import Unwritten, read_own, write_own
from vitcore.runs.folder import RunFolder

FORMAT = 1
_MAGIC = b"vitcorep"
_HEADER = struct.Struct("<8sIIII")  # magic, format, bytes an answer, test images, checksum of the true classes
_MARKER = struct.Struct("<II")  # epoch, checksum of the epoch and its answers


class Predictions:
    """The one writer of a run's predictions.

    An epoch that is told again, as after a crash, takes the place of the first; predictions of other test images
    (the dataset has changed since) are given up, since they can no longer be laid beside these.

    Args:
        path: the file, made if it is absent.
        truth: the true class of every test image, in the order of the test split.
        classes: how many there are: up to 256 take a byte an answer, more take two.
    """

    def __init__(self, path: Path, truth: Sequence[int] | np.ndarray, classes: int) -> None:
        self._kind = np.dtype("<u1" if classes <= 256 else "<u2")
        self._rows = len(truth)
        labels = np.asarray(truth).astype(self._kind).tobytes()
        head = _HEADER.pack(_MAGIC, FORMAT, self._kind.itemsize, self._rows, zlib.crc32(labels)) + labels
        self._record, self._first = _MARKER.size + len(labels), len(head)
        self._file = write_own(path, os.O_RDWR)
        if os.read(self._file, len(head)) != head:
            os.ftruncate(self._file, 0)
            os.lseek(self._file, 0, os.SEEK_SET)
            self._write(head)
        found = _parse(read_own(path))
        self._places = {} if found is None else {epoch: place for place, epoch in enumerate(found.stored_epochs)}
        self._end = len(found.stored_epochs) if found else 0
        os.ftruncate(self._file, self._first + self._end * self._record)  # a torn last record

    def put(self, epoch: int, answers: Sequence[int] | np.ndarray) -> None:
        """Keeps one answer a test image; on the disk when it returns.

        Raises:
            ValueError: as many answers as there are test images have not come.
            OSError: the disk is full or gone; the predictions are then as they were before.
        """
        if len(answers) != self._rows:
            raise ValueError(f"{len(answers):,} answers to {self._rows:,} test images")
        body = np.asarray(answers).astype(self._kind).tobytes()
        place = self._places.get(epoch, self._end)
        start = self._first + place * self._record
        os.lseek(self._file, start, os.SEEK_SET)
        try:
            self._write(_MARKER.pack(epoch, _checksum(epoch, body)) + body)
        except OSError:
            if place == self._end:
                os.ftruncate(self._file, start)
            raise
        self._places[epoch], self._end = place, max(self._end, place + 1)

    def withdraw(self, beyond: int) -> None:
        """Takes back the answers of every epoch after `beyond`: an attempt that goes on from there has yet to give its.

        They are only marked as no answers, so that each place is taken again by its epoch's new ones.
        """
        for epoch, place in self._places.items():
            if epoch > beyond:
                start = self._first + place * self._record
                os.lseek(self._file, start + _MARKER.size, os.SEEK_SET)
                body = os.read(self._file, self._record - _MARKER.size)
                os.lseek(self._file, start, os.SEEK_SET)
                self._write(_MARKER.pack(epoch, ~_checksum(epoch, body) & 0xFFFFFFFF))

    def close(self) -> None:
        """Let the file go; nothing where that was done already."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, data: bytes) -> None:
        written = 0
        try:
            while written < len(data):
                written += os.write(self._file, data[written:])
            os.fsync(self._file)
        except OSError as error:
            raise Unwritten(error, len(data)) from error


class StoredPredictions:
    """A run's predictions as they are now: `truth` (images,) and the answers of each epoch."""

    def __init__(self, truth: np.ndarray, stored_epochs: list[int], answers: dict[int, np.ndarray]) -> None:
        self.truth, self.stored_epochs, self._answers = truth, stored_epochs, answers

    @property
    def epochs(self) -> list[int]:
        """Those that were kept whole, ascending."""
        return sorted(self._answers)

    def without(self, epochs: set[int]) -> StoredPredictions:
        """The same less these epochs: those of an attempt that was given up count no more."""
        return StoredPredictions(
            self.truth,
            self.stored_epochs,
            {item: answers_of for item, answers_of in self._answers.items() if item not in epochs},
        )

    def of(self, epoch: int) -> np.ndarray:
        """The classes answered (images,) after an epoch. KeyError where it is not one of `epochs`."""
        return self._answers[epoch]


def read(run: RunFolder, split: Literal["test", "validation"] = "test") -> StoredPredictions:
    """Everything that is kept of a run's answers to the images of a split, and counts.

    Raises:
        UserError: nothing is, since the run is from an older vitcore, from elsewhere, or has not been evaluated yet.
    """
    try:
        found = _parse(read_own(run.predictions if split == "test" else run.val_predictions))
    except FileNotFoundError:
        found = None
    except OSError as error:
        raise UserError(f"the predictions of run {run.id} cannot be read: {error.strerror or error}") from None
    except UserError as user_error:
        raise UserError(f"the predictions of run {run.id} cannot be read: {user_error}") from None
    if (found is None or not found.epochs) and split == "test" and (waiting := unscored(run)) is not None:
        raise UserError(
            f"run {run.id} has predictions of {len(waiting.epochs):,} epochs and no true classes to lay beside them; "
            "its program gives those once, as truth=labels"
        )
    if found is None or not found.epochs:
        raise UserError(
            f"run {run.id} has kept no predictions image by image: it was trained by a version of vitcore that did "
            "not, was imported, or has not been evaluated yet; runs trained from now on keep them"
        )
    return found.without(attempts.withdrawn(run))


def unscored(run: RunFolder) -> StoredPredictions | None:
    """What was answered while nobody had told the true classes; None where there is nothing, or they were told."""
    try:
        return _parse(read_own(run.unscored_predictions))
    except (OSError, UserError):
        return None


def predictions(run: RunFolder, epoch: int) -> np.ndarray:
    """The class answered to every test image (images,) after an epoch.

    Raises:
        UserError: none are kept of that epoch.
    """
    stored = read(run)
    if epoch not in stored.epochs:
        raise UserError(f"run {run.id} has kept predictions of {len(stored.epochs)} epochs, but not of epoch {epoch}")
    return stored.of(epoch)


def _parse(data: bytes) -> StoredPredictions | None:
    """A file's content; None where it is no predictions file of a format known here."""
    if len(data) < _HEADER.size:
        return None
    magic, version, width, rows, check = _HEADER.unpack_from(data)
    if magic != _MAGIC or version > FORMAT or width not in (1, 2):
        return None
    kind, size = np.dtype(f"<u{width}"), rows * width
    labels = data[_HEADER.size : _HEADER.size + size]
    if zlib.crc32(labels) != check:
        return None
    stored_epochs: list[int] = []
    answers: dict[int, np.ndarray] = {}
    start = _HEADER.size + size
    while start + _MARKER.size + size <= len(data):
        epoch, sum_ = _MARKER.unpack_from(data, start)
        body = data[start + _MARKER.size : start + _MARKER.size + size]
        stored_epochs.append(epoch)
        if sum_ == _checksum(epoch, body):
            answers[epoch] = np.frombuffer(body, kind)
        start += _MARKER.size + size
    return StoredPredictions(np.frombuffer(labels, kind), stored_epochs, answers)


def _checksum(epoch: int, body: bytes) -> int:
    return zlib.crc32(body, epoch)
