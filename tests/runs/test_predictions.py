"""Predictions by epoch outlive kills and resumes, and a run without them says so."""

from pathlib import Path

import numpy as np
import pytest

from tests.runs.processes import epochs_of, tiny, wait_for_status
from vitcore.errors import UserError
from vitcore.runs import journal, queue
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.predictions import Predictions, predictions, read

TRUTH = [0, 1, 2, 2, 1]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return Results(tmp_path).create(tiny())


def put(run: RunFolder, classes: int = 3, truth: list[int] = TRUTH, **answers: list[int]) -> None:
    """Keeps answers under names like e3, for epoch 3, as one worker's life would."""
    stored = Predictions(run.predictions, truth, classes)
    for name, given in answers.items():
        stored.put(int(name[1:]), given)
    stored.close()


@pytest.mark.parametrize(("classes", "width"), [(256, 1), (257, 2), (1000, 2)])
def test_answers_take_as_many_bytes_as_they_need(run: RunFolder, classes: int, width: int) -> None:
    truth = [classes - 1, 0, 1]
    put(run, classes, truth, e1=[0, classes - 1, 1], e3=truth)
    stored = read(run)
    assert stored.epochs == [1, 3]
    assert stored.truth.tolist() == truth
    assert stored.of(1).dtype.itemsize == width
    assert predictions(run, 1).tolist() == [0, classes - 1, 1]
    assert predictions(run, 3).tolist() == truth


def test_a_file_cut_anywhere_keeps_every_whole_epoch_and_is_written_on(run: RunFolder) -> None:
    put(run, e1=[0, 0, 0, 0, 0], e2=[1, 1, 1, 1, 1], e3=[2, 2, 2, 2, 2])
    whole = run.predictions.read_bytes()
    record = 8 + len(TRUTH)
    for length in range(len(whole)):
        run.predictions.write_bytes(whole[:length])
        left = max(0, (length - (len(whole) - 3 * record)) // record)
        if left == 0:
            with pytest.raises(UserError, match=run.id):
                read(run)
        else:
            assert read(run).epochs == [1, 2, 3][:left]
        put(run, e9=[0, 1, 2, 0, 1])
        assert read(run).epochs == [*[1, 2, 3][:left], 9]
        assert predictions(run, 9).tolist() == [0, 1, 2, 0, 1]


def test_a_changed_byte_loses_its_own_epoch_alone(run: RunFolder) -> None:
    put(run, e1=[0, 0, 0, 0, 0], e2=[1, 1, 1, 1, 1])
    data = bytearray(run.predictions.read_bytes())
    data[-8] ^= 1
    run.predictions.write_bytes(data)
    assert read(run).epochs == [1]


def test_an_epoch_told_again_takes_the_place_of_the_first(run: RunFolder) -> None:
    put(run, e1=[0] * 5, e2=[1] * 5)
    size = run.predictions.stat().st_size
    put(run, e2=[2] * 5)
    assert run.predictions.stat().st_size == size
    assert read(run).epochs == [1, 2]
    assert predictions(run, 2).tolist() == [2] * 5


def test_answers_about_other_images_are_given_up(run: RunFolder) -> None:
    put(run, e1=[0] * 5)
    put(run, truth=[0, 1, 2], e2=[1, 1, 1])
    assert read(run).epochs == [2]
    assert read(run).truth.tolist() == [0, 1, 2]


def test_too_few_answers_are_a_mistake_of_ours(run: RunFolder) -> None:
    with pytest.raises(ValueError, match="3 answers to 5"):
        put(run, e1=[0, 1, 2])


@pytest.mark.parametrize("content", [None, b"", b"not ours at all, and longer than any header"])
def test_a_run_without_them_says_so(run: RunFolder, content: bytes | None) -> None:
    if content is not None:
        run.predictions.write_bytes(content)
    with pytest.raises(UserError, match="kept no predictions"):
        read(run)


def test_an_epoch_without_them_is_refused(run: RunFolder) -> None:
    put(run, e1=[0] * 5)
    with pytest.raises(UserError, match="epoch 7"):
        predictions(run, 7)


def test_a_worker_keeps_them_and_they_agree_with_its_matrices(results: Results) -> None:
    id = queue.enqueue(results, tiny(epochs=2))
    wait_for_status(results, id, "finished")
    run = results.run(id)
    stored = read(run)
    assert stored.epochs == epochs_of(results, id) == [1, 2]
    started, *matrices = journal.read(run.confusion)[0]
    assert started["resumed_from"] == started["resumed_step"] == 0
    assert len(matrices) == 2
    for line in matrices:
        counted = np.zeros((10, 10), int)
        np.add.at(counted, (stored.truth, stored.of(line["epoch"])), 1)
        assert counted.tolist() == line["matrix"]


def test_what_an_abandoned_attempt_answered_does_not_stand_in_for_the_next_ones(run: RunFolder) -> None:
    """Told again but not answered again: there is no answer yet, however often it went on from before."""
    add = journal.Journal(run.events)
    stored = Predictions(run.predictions, [0, 1, 2], 10)
    for epoch in (1, 2, 3):
        stored.put(epoch, [epoch, epoch, epoch])
    stored.close()
    size = run.predictions.stat().st_size
    for _ in range(2):
        stored = Predictions(run.predictions, [0, 1, 2], 10)
        stored.withdraw(1)
        add.append({"event": "started", "resumed_from": 1})
        add.append({"event": "epoch", "epoch": 2})
        assert read(run).epochs == [1]
        stored.close()
    stored = Predictions(run.predictions, [0, 1, 2], 10)
    stored.put(2, [9, 9, 9])
    stored.close()
    add.close()
    assert read(run).epochs == [1, 2]
    assert list(read(run).of(2)) == [9, 9, 9]
    assert run.predictions.stat().st_size == size
