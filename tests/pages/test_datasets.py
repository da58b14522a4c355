"""The Datasets page: what is here, how to get the rest, samples, and what a subset holds."""

import itertools
import urllib.error
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.datasets import receiving
from pages.shared.samples import drawn, lying_lately
from tests.data import own_forms
from tests.pages.opening import Open
from vitcore.data.load import described
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.runs import named_data
from vitcore.runs.folder import Results


def test_every_dataset_is_told_with_its_state(empty: Results, own_places: Path, open_page: Open) -> None:
    table = open_page("datasets").dataframe[0].value
    assert list(table["Dataset"]) == [known.label for known in DATASETS.values()]
    states = dict(zip(DATASETS, table["State"], strict=True))
    assert states["digits"] == "here"
    assert states["mnist"] == "can be downloaded"
    assert states["imagenet"] == "bring it yourself"


@pytest.mark.parametrize("name", [name for name, known in DATASETS.items() if name != "digits" and not known.at_path])
def test_what_is_missing_has_a_way_on(name: str, empty: Results, own_places: Path, open_page: Open) -> None:
    app = open_page("datasets")
    app.selectbox(key="dataset").set_value(name).run()
    assert not app.exception
    assert DATASETS[name].label in app.info[0].value
    assert bool(app.button) == (table_state(app, name) == "can be downloaded")


def test_a_download_that_fails_says_why(
    empty: Results, own_places: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*asked: object, **named: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr("urllib.request.urlopen", nobody)
    app = open_page("datasets")
    app.selectbox(key="dataset").set_value("mnist").run()
    app.button(key="download-dataset").click().run()
    assert not app.exception
    assert "no network" in app.error[0].value
    assert not list(own_places.rglob("*.part"))


def table_state(app: AppTest, name: str) -> str:
    table = app.dataframe[0].value
    return str(table.set_index("Dataset")["State"][DATASETS[name].label])


def test_a_subset_shows_how_many_rows_repeat(empty: Results, open_page: Open) -> None:
    app = open_page("datasets")
    app.text_input(key="subset-rows-digits").set_value("1400").run()
    assert not app.exception
    shown = [metric.value for metric in app.metric if metric.label == "Repeats"]
    assert shown[0] == "0"
    assert int(shown[1]) > 300
    app.text_input(key="subset-rows-digits").set_value("2000").run()
    assert not app.exception
    assert any("without replacement are more than" in caption.value for caption in app.caption)


def test_a_folder_of_ones_own_is_looked_into(empty: Results, open_page: Open, tmp_path: Path) -> None:
    for number in range(10):
        place = tmp_path / "pets" / ("cat" if number % 2 else "<b>dog")
        place.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (70, 70), (25 * number, 0, 0)).save(place / f"{number}.png")
    app = open_page("datasets")
    app.selectbox(key="dataset").set_value("folder").run()
    assert "none was given" in app.info[0].value
    app.text_input(key="dataset-folder").set_value(str(tmp_path / "pets")).run()
    assert not app.exception
    app.toggle(key="inside-folder").set_value(True).run()
    assert not app.exception
    [strips] = [block.proto.body for block in app.get("html") if 'class="samples"' in block.proto.body]
    assert strips.count("<img") == 2
    assert "<b>dog" not in strips
    assert "&lt;b&gt;dog" in strips


def test_what_was_found_in_class_folders_is_told_and_broken_images_are_listed(
    empty: Results, open_page: Open, tmp_path: Path
) -> None:
    for number, (split, of) in enumerate(itertools.product(("train", "val", "test"), ("cat", "dog"))):
        for each in range(2):
            place = tmp_path / "pets" / split / of
            place.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8), (20 * number + each, 0, 0)).save(place / f"{each}.png")
    broken = [f"{split}/cat/broken.png" for split in ("train", "test")]
    for name in broken:
        (tmp_path / "pets" / name).write_bytes(b"no image")
    (tmp_path / "pets" / "notes.txt").write_text("hi")
    app = open_page("datasets")
    app.selectbox(key="dataset").set_value("folder").run()
    app.text_input(key="dataset-folder").set_value(str(tmp_path / "pets")).run()
    messages = " ".join(text.value for text in app.text)
    assert "Trained on is train/, tested on test/." in messages
    assert "Kept out of training and of testing is the validation split val/ (4 images)." in messages
    assert "1 file (no image by its ending: notes.txt)" in messages
    app.toggle(key="inside-folder").set_value(True).run()
    assert not app.exception
    assert "2 of 10 images cannot be read" in app.warning[0].value
    assert sorted(app.dataframe[-1].value["Image"]) == sorted(broken)
    app.checkbox(key="skip-broken-folder").set_value(True).run()
    assert not app.exception
    assert not app.warning
    assert any("left out: 2 images that cannot be read" in text.value.lower() for text in app.text)


@pytest.mark.parametrize("stratified", [False, True])
def test_counts_of_a_subset(stratified: bool) -> None:
    labels = [0] * 60 + [1] * 30 + [2] * 10
    without = drawn(labels, 3, 50, False, 0, stratified)
    assert (sum(without.by_class), without.different, without.repeats, without.most) == (50, 50, 0, 1)
    if stratified:
        assert without.by_class == (30, 15, 5)
    again = drawn(labels, 3, 200, True, 0, stratified)
    assert again.different + again.repeats == 200
    assert again.repeats >= 100
    with pytest.raises(UserError, match="101"):
        drawn(labels, 3, 101, False, 0, stratified)


def test_what_is_dropped_in_is_stored_once_looked_at_and_shown(
    empty: Results, own_places: Path, open_page: Open, tmp_path: Path
) -> None:
    app = open_page("datasets")
    app.selectbox(key="dataset").set_value("folder").run()
    content = own_forms.FORMS["MedMNIST"]["tiny.npz"]
    app.file_uploader(key="dataset-upload").set_value(("../../my tiny.npz", content, "application/zip")).run()
    assert not app.exception
    [path] = own_places.rglob("*.npz")
    assert path.parent.parent == own_places / "uploaded"
    assert path.read_bytes() == content
    assert app.text_input(key="dataset-folder").value == str(path)
    messages = " ".join(text.value for text in app.text)
    assert "12 images to train on and 12 to test on, of 3 classes" in messages
    assert "Images of each class, training + test: 0: 4 + 4, 1: 4 + 4, 2: 4 + 4." in messages
    assert (
        "Always answering '0', the class of most images to train on, errs on 66.67 % of those to test on." in messages
    )
    for name, content in (("a.txt", b"hi"), ("a.csv", b"file,label"), ("b.csv", b"\xff,\x00"), ("a.zip", b"PK")):
        (tmp_path / name).write_bytes(content)
        app.text_input(key="dataset-folder").set_value(str(tmp_path / name)).run()
        assert not app.exception, name
        assert len(app.warning) == 1, name
    app.text_input(key="dataset-folder").set_value(str(path)).run()
    app.toggle(key="inside-folder").set_value(True).run()
    app.selectbox(key="resize-folder").set_value("stretch").run()
    assert not app.exception
    messages = " ".join(text.value for text in app.text)
    assert "Image sizes, width x height in pixels: 24 of 8x8; all are read at 64x64." in messages
    assert "Image modes: 24 gray." in messages
    [strips] = [block.proto.body for block in app.get("html") if 'class="samples"' in block.proto.body]
    assert strips.count("<img") == 3


def test_dropped_files_are_all_stored_or_refused(own_places: Path) -> None:
    shards = {name.rpartition("/")[2]: content for name, content in own_forms.shards().items()}
    place = receiving.stored(shards)
    assert place == receiving.stored(dict(reversed(shards.items())))
    assert sorted(path.name for path in place.iterdir()) == sorted(shards)
    assert described("folder", str(place)).train_samples == 12
    assert {path.name for path in place.parent.iterdir()} <= {place.name, ".vitcore"}
    for files, sentence in (
        ({}, "200 MB is the most"),
        ({"a.npz": b"x" * (receiving.MEGABYTES * 2**20 + 1)}, "200 MB is the most"),
        ({"a.npz": b""}, "is empty"),
        ({"a b.npz": b"1", "a/a_b.npz": b"2"}, "one name"),
    ):
        with pytest.raises(UserError, match=sentence):
            receiving.stored(files)


def test_what_was_looked_at_stays_in_the_list_under_a_name(
    empty: Results, own_places: Path, open_page: Open, tmp_path: Path
) -> None:
    place = tmp_path / "tiny.npz"
    place.write_bytes(own_forms.FORMS["MedMNIST"]["tiny.npz"])
    app = open_page("datasets")
    app.selectbox(key="dataset").set_value("folder").run()
    app.text_input(key="dataset-folder").set_value(str(place)).run()
    app.toggle(key="inside-folder").set_value(True).run()
    app.text_input(key="own-name").set_value("<b>My *tiny*").run()
    app.button(key="own-keep").click().run()
    assert not app.exception
    [item] = named_data.listed(empty)[0]
    assert (item.name, item.folder) == ("<b>My *tiny*", str(place))
    assert app.selectbox(key="dataset").value == f"own/{item.slug}"
    assert any(item.digest in caption.value for caption in app.caption)
    assert app.dataframe[0].value.set_index("Dataset")["State"]["<b>My *tiny*"] == "named by you"
    app.toggle(key=f"inside-own/{item.slug}").set_value(True).run()
    assert not app.exception
    assert list(app.dataframe[1].value["To train on"]) == [4, 4, 4]
    app.text_input(key=f"own-rename-{item.slug}").set_value("mnist").run()
    app.button(key="own-rename-now").click().run()
    assert "everybody has" in app.warning[0].value
    app.text_input(key=f"own-rename-{item.slug}").set_value("cells").run()
    app.button(key="own-rename-now").click().run()
    assert app.selectbox(key="dataset").value == "own/cells"
    app.button(key="own-forget").click().run()
    app.button(key="own-leave").click().run()
    assert len(named_data.listed(empty)[0]) == 1
    app.button(key="own-forget").click().run()
    app.button(key="own-forget-now").click().run()
    assert not app.exception
    assert named_data.listed(empty)[0] == []
    assert app.selectbox(key="dataset").value == "folder"


def test_a_name_whose_files_have_changed_says_so_until_they_are_taken_as_they_are(
    empty: Results, own_places: Path, open_page: Open, tmp_path: Path
) -> None:
    place = tmp_path / "tiny.npz"
    place.write_bytes(own_forms.npz(images=own_forms.ARRAYS[0], labels=own_forms.LABELS))
    named_data.add(empty, "tiny", str(place))
    place.write_bytes(own_forms.npz(images=own_forms.ARRAYS[0][:9], labels=own_forms.LABELS[:9]))
    lying_lately.clear()
    app = open_page("datasets")
    app.selectbox(key="dataset").set_value("own/tiny").run()
    assert "written since" in app.warning[0].value
    app.button(key="own-again").click().run()
    assert "images to train on where there were" in app.warning[0].value
    app.button(key="own-update").click().run()
    assert not app.exception
    assert not app.warning
    place.unlink()
    lying_lately.clear()
    app.run()
    assert not app.exception
    assert "no longer there" in app.warning[0].value
    named_data.forget(empty, "tiny")
    app.run()
    assert not app.exception
    assert app.selectbox(key="dataset").value == "folder"


def test_a_name_of_another_account_is_a_sentence(
    empty: Results, own_places: Path, open_page: Open, tmp_path: Path
) -> None:
    place = tmp_path / "tiny.npz"
    place.write_bytes(own_forms.FORMS["MedMNIST"]["tiny.npz"])
    named_data.add(empty, "tiny", str(place))
    file = empty.root / "datasets" / "tiny.json"
    file.write_text(file.read_text().replace("tiny.npz", "huge.npz"))
    app = open_page("datasets")
    assert any("nothing is read at their path" in caption.value for caption in app.caption)
    assert "tiny" not in app.selectbox(key="dataset").options
    assert not app.exception
