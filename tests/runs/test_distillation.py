"""Distillation from end to end: a convolutional teacher is trained, stored, loaded by a worker and learned from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from tests.runs.processes import end_all, tiny, wait_for_status
from vitcore.data.augment import MixedTargets
from vitcore.data.load import load
from vitcore.errors import UserError
from vitcore.runs import journal, queue, teachers
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec
from vitcore.training import train
from vitcore.training.checkpoint import load_model
from vitcore.training.loss import make_loss

STUDENT = {"architecture": "cct-2/3x2", "samples": 64, "batch_size": 32, "epochs": 1, "label_smoothing": 0.1}
DISTILLED = {
    "architecture": "deit-s/16",
    "patch": 14,
    "samples": 24,
    "batch_size": 12,
    "epochs": 1,
    "label_smoothing": 0.1,
}


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Results, str]]:
    """Results that hold a small convolutional network which has learned digits well enough to teach."""
    results = Results(tmp_path_factory.mktemp("taught"))
    teacher = queue.enqueue(results, tiny(samples=600, epochs=12, learning_rate=5e-3))
    wait_for_status(results, teacher, "finished")
    yield results, teacher
    end_all(results)


def weights(results: Results, folder: Path, **chosen: Any) -> torch.Tensor:
    """A student trained with whatever teacher its spec names, as one row of numbers."""
    spec = RunSpec.of(**chosen)
    folder.mkdir()
    train(spec, lambda line: None, folder=folder, teacher=teachers.load(results, spec))
    return torch.cat([parameter.detach().flatten() for parameter in load_model(folder)[0].parameters()])


@pytest.mark.parametrize("how", [{"distillation": "hard"}, {"distillation": "soft", "temperature": 2.0}], ids=str)
def test_a_student_learns_from_a_stored_teacher(
    taught: tuple[Results, str], how: dict[str, Any], tmp_path: Path
) -> None:
    """The same seed with and without a teacher ends in other weights, and with it a second time in the same."""
    results, teacher = taught
    alone, guided, again = (
        weights(results, tmp_path / str(place), **STUDENT, **more)
        for place, more in enumerate(({}, {"teacher": teacher, **how}, {"teacher": teacher, **how}))
    )
    assert torch.isfinite(guided).all()
    assert not torch.equal(alone, guided)
    assert torch.equal(guided, again)


def test_a_worker_finds_the_teacher_and_trains_a_model_with_a_distillation_token(taught: tuple[Results, str]) -> None:
    results, teacher = taught
    run = queue.enqueue(results, RunSpec.of(**DISTILLED, teacher=teacher))
    wait_for_status(results, run, "finished", "failed")
    assert queue.status(results, run) == "finished", journal.read(results.run(run).events)[0][-1]


def test_the_teacher_is_good_and_its_labels_are_what_the_distillation_head_is_given(
    taught: tuple[Results, str],
) -> None:
    results, teacher = taught
    model, _, classes = load_model(results.run(teacher).path)
    digits = load("digits")
    images = (digits.test.images[:200].float() / 255 - torch.tensor(digits.mean).view(-1, 1, 1)) / torch.tensor(
        digits.std
    ).view(-1, 1, 1)
    answers = model(images)
    assert (answers.argmax(-1) == digits.test.labels[:200]).float().mean() > 0.7
    spec = RunSpec.of(teacher=teacher).training
    label, distilled = torch.randn(200, len(classes)), torch.randn(200, len(classes))
    targets = MixedTargets(digits.test.labels[:200])
    # Touvron et al. 2021, Equation 3, written out; the class head learns labels, the distillation head the teacher.
    right = (F.cross_entropy(label, digits.test.labels[:200]) + F.cross_entropy(distilled, answers.argmax(-1))) / 2
    torch.testing.assert_close(make_loss(spec, model)((label, distilled), targets, images), right)


def test_a_soft_teacher_is_asked_at_its_temperature(taught: tuple[Results, str]) -> None:
    results, teacher = taught
    model, _, classes = load_model(results.run(teacher).path)
    images, student = torch.randn(50, 1, 28, 28), torch.randn(50, len(classes))
    labels = torch.randint(len(classes), (50,))
    spec = RunSpec.of(teacher=teacher, distillation="soft", temperature=4.0).training
    taught_by, own = (model(images) / 4).softmax(-1), (student / 4).softmax(-1)
    apart = 16 * (taught_by * (taught_by.log() - own.log())).sum(-1).mean()  # Hinton et al. 2015
    right = (F.cross_entropy(student, labels) + apart) / 2
    torch.testing.assert_close(make_loss(spec, model)(student, MixedTargets(labels), images), right)


@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        ({"dataset": "mnist"}, ["digits", "mnist"]),
        ({"dataset": "cifar-10"}, ["digits", "cifar-10"]),
        ({"image_size": 32}, ["28", "32"]),
        ({"teacher": "nobody"}, ["nobody"]),
    ],
)
def test_a_teacher_of_other_images_is_refused(
    taught: tuple[Results, str], chosen: dict[str, Any], named: list[str]
) -> None:
    results, teacher = taught
    before = results.ids()
    with pytest.raises(UserError) as error:
        queue.enqueue(results, RunSpec.of(**{**STUDENT, "teacher": teacher, **chosen}))
    assert all(word in str(error.value) for word in named)
    assert "\n" not in str(error.value)
    assert results.ids() == before


def test_a_teacher_without_weights_is_refused(tmp_path: Path) -> None:
    results = Results(tmp_path)
    untrained = results.create(tiny()).id
    with pytest.raises(UserError, match="no weights"):
        teachers.load(results, RunSpec.of(**STUDENT, teacher=untrained))
