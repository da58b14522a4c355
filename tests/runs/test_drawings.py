"""A person's own test set: kept, deleted, read back after accidents, and refused where it cannot be."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.runs.processes import tiny
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.runs import drawings
from vitcore.runs.drawings import Score, delete, label_set, save, save_score, score, stored, version
from vitcore.runs.folder import Results


def ink(shade: int = 0) -> Image.Image:
    image = Image.new("L", (280, 280), 255)
    image.paste(shade, (100, 60, 140, 220))
    return image


def test_drawings_come_back_with_their_labels_oldest_first(results: Results) -> None:
    first, second = save(results, "digits", ink(), "1"), save(results, "digits", ink(), "7")
    assert stored(results, "digits") == [first, second]
    with Image.open(first.path) as image:
        assert image.size == (280, 280)
        assert image.getpixel((120, 100)) == 0
    delete(results, "digits", first.id)
    assert stored(results, "digits") == [second]
    assert not first.path.exists()
    delete(results, "digits", first.id)  # twice is no harm
    assert [path.name for path in second.path.parent.glob("*.png")] == [second.path.name]


def test_an_edition_tells_sets_of_drawings_apart(results: Results) -> None:
    save(results, "digits", ink(), "1")
    before = version(stored(results, "digits"))
    assert version(stored(results, "digits")) == before
    second = save(results, "digits", ink(), "2")
    assert version(stored(results, "digits")) != before
    delete(results, "digits", second.id)
    assert version(stored(results, "digits")) == before


def test_a_torn_or_foul_line_loses_nothing_else(results: Results) -> None:
    first = save(results, "digits", ink(), "1")
    with (first.path.parent / "labels.jsonl").open("ab") as file:
        file.write(b'{"id": "../../../etc/passwd", "label": "1"}\n{"id": 7, "label": "2"}\nno json\n{"id": "torn')
    second = save(results, "digits", ink(), "2")
    assert stored(results, "digits") == [first, second]


def test_a_label_without_its_image_is_no_drawing(results: Results) -> None:
    save(results, "digits", ink(), "1").path.unlink()
    assert stored(results, "digits") == []


@pytest.mark.parametrize("label", ["10", "", "<b>"])
def test_only_a_class_can_be_a_label(results: Results, label: str) -> None:
    with pytest.raises(UserError, match="is no class"):
        save(results, "digits", ink(), label)


def test_a_foul_id_leads_nowhere(results: Results) -> None:
    with pytest.raises(UserError, match="no drawing's id"):
        delete(results, "digits", "../../digits")


def test_there_is_an_end_to_them(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawings, "MOST", 1)
    save(results, "digits", ink(), "1")
    with pytest.raises(UserError, match="delete some"):
        save(results, "digits", ink(), "1")


def test_datasets_of_the_same_classes_share_their_drawings() -> None:
    assert label_set("mnist") == label_set("digits") == "digits"
    assert label_set("cifar-10-jpeg") == label_set("cifar-10") == "cifar-10"
    assert label_set("fashion-mnist") == "fashion-mnist"
    assert label_set("folder") is None
    assert all(label_set(name) in DATASETS for name in DATASETS if name != "folder")


def test_a_large_photograph_is_kept_small_and_in_color(results: Results) -> None:
    item = save(results, "cifar-10", Image.new("RGBA", (2_000, 1_000), "red"), "cat")
    with Image.open(item.path) as image:
        assert (image.mode, image.size) == ("RGB", (512, 256))


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"right": 3, "of": 2, "edition": "x"}', b'{"right": "3"}'])
def test_a_broken_verdict_is_none(tmp_path: Path, content: bytes | None) -> None:
    run = Results(tmp_path).create(tiny())
    if content is not None:
        run.drawings.write_bytes(content)
    assert score(run) is None
    save_score(run, Score(1, 2, "abc"))
    assert score(run) == Score(1, 2, "abc")


@pytest.mark.parametrize(("value", "kept_as"), [(255, 1), (256, 1), (32_896, 128), (65_535, 255)])
def test_a_deep_image_is_kept_on_its_own_scale(results: Results, value: int, kept_as: int) -> None:
    deep = Image.fromarray(np.full((30, 30), value, np.uint16))
    item = save(results, "digits", deep, "1")
    with Image.open(item.path) as again:
        assert again.getextrema() == (kept_as, kept_as)
