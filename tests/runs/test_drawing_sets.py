"""Own drawings as a training set: which are held out, what is refused, the run, and what is said of it."""

from pathlib import Path

import pytest
from PIL import Image

from tests.data.images import stroke
from tests.pages.texts import give_weights, tell
from vitcore.analysis import drawings as asked
from vitcore.analysis.fine_tuned import BeforeAfter, before_after
from vitcore.data.load import load
from vitcore.errors import UserError
from vitcore.runs import drawing_sets, drawings, queue
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.predict import load as load_model
from vitcore.runs.predict import predict
from vitcore.spec import RunSpec


def drawn(results: Results, each: int = 2, digits: str = "0123456789") -> list[drawings.Drawing]:
    return [
        drawings.save(results, "digits", stroke(int(label), 64 + place), label)
        for place in range(each)
        for label in digits
    ]


def trained(results: Results, **options: object) -> RunFolder:
    run = tell(results, RunSpec.of(**{"architecture": "cct-mini/3x3", "epochs": 1, **options}))
    give_weights(run)
    return run


def test_one_in_three_of_each_digit_is_held_out_and_stays_so(results: Results) -> None:
    found = drawn(results, each=4)
    classes = tuple("0123456789")
    before = drawing_sets.parted(found, classes)
    assert [sum(item.label == digit for item in before.held_out) for digit in classes] == [1] * 10
    assert {item.id for item in before.train}.isdisjoint(item.id for item in before.held_out)
    after = drawing_sets.parted([*found, *drawn(results, each=1)], classes)
    assert {item.id for item in before.held_out} <= {item.id for item in after.held_out}
    assert {item.id for item in before.train} <= {item.id for item in after.train}


@pytest.mark.parametrize(("each", "digits", "named"), [(1, "0123456789", "0, 1, 2"), (2, "012356789", "of 4 fewer")])
def test_too_few_are_refused_by_digit(results: Results, each: int, digits: str, named: str) -> None:
    run = trained(results)
    drawn(results, each, digits)
    with pytest.raises(UserError, match=f"needs 2 drawings of each digit.*{named}"):
        drawing_sets.spec(results, run.id)
    assert not (results.root / "drawings" / "digits" / "sets").exists()


def test_the_run_goes_on_from_the_model_with_the_drawings_as_its_data(results: Results) -> None:
    run = trained(results, kernel="relu", dataset="mnist", normalize="unit")
    drawn(results, each=3)
    spec = drawing_sets.spec(results, run.id)
    assert (spec.init.init_from, spec.model) == (run.id, run.spec().model)
    assert spec.data.normalize == "unit"
    images = load(spec.data.dataset, folder=spec.data.folder)
    assert (len(images.train.labels), len(images.test.labels)) == (20, 10)
    assert drawing_sets.spec(results, run.id).data.folder == spec.data.folder
    for item in drawings.stored(results, "digits"):
        drawings.delete(results, "digits", item.id)
    assert len(drawing_sets.files(spec, "test")) == 10  # a run can be resumed whatever becomes of the drawings
    assert queue.checked(results, spec).init.init_fingerprint


def test_a_model_that_reads_no_digits_is_refused(results: Results) -> None:
    run = trained(results, dataset="fashion-mnist")
    drawn(results)
    with pytest.raises(UserError, match="reads no digits"):
        drawing_sets.spec(results, run.id)


def test_what_has_learned_from_drawings_is_neither_tested_on_them_nor_taught_again(results: Results) -> None:
    run = trained(results)
    drawn(results)
    tuned = tell(results, drawing_sets.spec(results, run.id))
    after = tell(results, RunSpec.of(run.spec(), init_from=tuned.id))  # by way of another
    for learned in (tuned, after):
        with pytest.raises(UserError, match="learned from drawings already"):
            drawing_sets.spec(results, learned.id)
        with pytest.raises(UserError, match="no test of it"):
            asked.judge(results, learned)
    assert asked.judge(results, run).of == 20


def test_before_and_after_are_each_models_own_answers_to_the_held_out(results: Results) -> None:
    run = trained(results)
    drawn(results, each=3)
    spec = drawing_sets.spec(results, run.id)
    tuned = tell(results, RunSpec.of(spec, seed=1))
    give_weights(tuned)  # of another seed, so of other answers
    found = before_after(results, tuned)
    assert (found.trained, found.of) == (20, 10)
    for folder, wrong in ((run, found.before), (tuned, found.after)):
        loaded = load_model(folder)
        files = drawing_sets.files(spec, "test")
        assert wrong == sum(predict(loaded, opened(path)).best != label for path, label in files)
    assert found.before - found.after == found.mended - found.broken


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


def test_only_a_run_that_learned_from_drawings_has_a_before(results: Results) -> None:
    with pytest.raises(UserError, match="was not fine-tuned on drawings"):
        before_after(results, trained(results))


def test_the_sentences_say_the_errors_with_intervals_and_whether_chance_will_do() -> None:
    errors, change = BeforeAfter(trained=20, of=10, before=5, after=3, mended=2, broken=0).sentences()
    assert "50.0 % (23.7 to 76.3) before and 30.0 % (10.8 to 60.3) after" in errors  # Wilson's, by hand
    assert "none of which was trained on" in errors
    assert "no more than chance may explain (sign test, p = 0.5)" in change
    _, sure = BeforeAfter(trained=200, of=100, before=50, after=10, mended=42, broken=2).sentences()
    assert "more than chance would explain" in sure
    assert "as before" in BeforeAfter(trained=20, of=10, before=5, after=5, mended=0, broken=0).sentences()[1]
