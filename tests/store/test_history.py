"""The images behind a cell of the confusion matrix, and when the run was right about each."""

from pathlib import Path

import pytest

from vitcore.errors import UserError
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.predictions import Predictions
from vitcore.spec import RunSpec
from vitcore.store.history import history

#        row: 0  1  2  3  4  5
TRUTH = [7, 7, 7, 7, 7, 1]
ANSWERS = {2: [1, 7, 1, 7, 1, 7], 4: [1, 7, 7, 1, 1, 1], 6: [1, 7, 1, 7, 7, 1], 8: [1, 1, 1, 1, 1, 1]}


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = Results(tmp_path).create(RunSpec())
    stored = Predictions(folder.predictions, TRUTH, 10)
    for epoch, answers in ANSWERS.items():
        stored.put(epoch, answers)
    stored.close()
    return folder


def test_each_image_of_a_cell_tells_when_the_run_was_right(run: RunFolder) -> None:
    found = history(run, true=7, predicted=1, epoch=8)
    assert {item.row: item.words for item in found} == {
        0: "never right",
        1: "right at epochs 2 to 6",
        2: "right at epoch 4 alone",
        3: "right at 2 epochs, 2 to 6",
        4: "right at epoch 6 alone",
    }


def test_another_epoch_has_other_images(run: RunFolder) -> None:
    assert [item.row for item in history(run, 7, 1, epoch=4)] == [0, 3, 4]
    assert [item.row for item in history(run, 7, 7, epoch=4)] == [1, 2]
    assert [item.row for item in history(run, 1, 7, epoch=2)] == [5]
    assert history(run, 3, 3, epoch=2) == []


def test_an_epoch_that_was_not_kept_is_refused(run: RunFolder) -> None:
    with pytest.raises(UserError, match="epoch 3; it has those of epochs 2 to 8"):
        history(run, 7, 1, epoch=3)
