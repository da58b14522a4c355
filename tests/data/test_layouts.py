"""Which split and class an image belongs to: told from the folders' names, refused where they can be read two ways."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
import torch

from tests.data.images import image, write_folder, write_tar, write_zip
from vitcore.data.load import described, load
from vitcore.data.readers.folder_names import kind
from vitcore.data.readers.folders import found
from vitcore.data.readers.layouts import arranged
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError

TRAIN = ("train", "Train", "TRAIN", "training", "training_set", "train_images", "trainset", "train-2017", "traindata")
TEST = ("test", "Test", "testing", "test_set", "TestSet", "test_images", "tests", "seg_test", "testset")
VAL = ("val", "valid", "Validation", "val2017", "validation_set", "dev", "dev_set", "eval", "evaluation", "devset")


def tree(*folders: str, each: int = 3, level: int = 0) -> dict[str, bytes]:
    """Images of ever other gray in these folders, so that each can be told from all others."""
    names = [f"{folder}/{number}.png" for folder in folders for number in range(each)]
    return {name: image(level + place, 9) for place, name in enumerate(names)}


def layout(folder: Path) -> tuple[set[str], set[str], tuple[str, ...]]:
    """The names to train on and to test on, and the classes."""
    known = found(DATASETS["folder"], folder)
    train, tested = ({name for name, _ in known.splits[split]} for split in ("train", "test"))
    return train, tested, known.classes


def below(names: Iterable[str], folder: str) -> bool:
    return all(name.startswith(folder) for name in names)


def refused(folder: Path, *says: str) -> None:
    with pytest.raises(UserError) as error:
        found(DATASETS["folder"], folder)
    for part in says:
        assert part in str(error.value)


def test_the_test_set_beside_the_training_set_is_never_trained_on(own_places: Path, tmp_path: Path) -> None:
    """As 18 of 20 images of test_set/ once were."""
    files = tree("training_set/cats", "training_set/dogs", each=40) | tree("test_set/cats", "test_set/dogs", each=10)
    train, tested, classes = layout(write_folder(tmp_path / "pets", files))
    assert classes == ("cats", "dogs")
    assert (len(train), len(tested)) == (80, 20)
    assert below(train, "training_set/")
    assert below(tested, "test_set/")


@pytest.mark.parametrize("above", ["", "archive/", "archive/archive/", "a/b/c/"])
@pytest.mark.parametrize(
    ("item", "two"), [*((item, TEST[0]) for item in TRAIN), *((TRAIN[0], two) for two in TEST + VAL)]
)
def test_splits_are_found_by_their_usual_names_at_any_level(tmp_path: Path, item: str, two: str, above: str) -> None:
    files = tree(*(f"{above}{split}/{of}" for split in (item, two) for of in ("cat", "dog")))
    train, tested, classes = layout(write_folder(tmp_path / "pets", files))
    assert classes == ("cat", "dog")
    assert (len(train), len(tested)) == (6, 6)
    assert below(train, f"{above}{item}/")
    assert below(tested, f"{above}{two}/")


@pytest.mark.parametrize("inner", ["{0}/{0}", "seg_{0}/seg_{0}", "{0}/images", "{0}_set/{0}_set"])
def test_doubled_folders(tmp_path: Path, inner: str) -> None:
    files = tree(*(f"{inner.format(split)}/{of}" for split in ("train", "test") for of in ("cat", "dog")))
    train, tested, classes = layout(write_folder(tmp_path / "pets", files))
    assert classes == ("cat", "dog")
    assert below(train, inner.format("train"))
    assert below(tested, inner.format("test"))


def test_a_copy_within_is_left_aside_and_told(tmp_path: Path) -> None:
    """As in Kaggle's chest X-rays, whose archive holds itself once more."""
    files = tree("xray/train/ill", "xray/train/well", "xray/test/ill", "xray/test/well")
    copy = {name.replace("xray/", "xray/xray/"): content for name, content in files.items()}
    folder = write_folder(tmp_path / "x", files | copy)
    train, tested, _ = layout(folder)
    assert (len(train), len(tested)) == (6, 6)
    assert any("a copy of xray/" in sentence for sentence in described("folder", str(folder)).found)
    (folder / "xray/xray/test/ill/0.png").rename(folder / "xray/xray/test/ill/other.png")
    refused(folder, "xray/", "xray/xray/", "give the path of one")


@pytest.mark.parametrize("ending", ["", ".zip", ".tar"])
def test_val_is_kept_out_where_there_is_a_test_split_and_that_is_said(tmp_path: Path, ending: str) -> None:
    files = tree(*(f"{split}/{of}" for split in ("train", "val", "test") for of in ("cat", "dog")))
    write = {"": write_folder, ".zip": write_zip, ".tar": write_tar}[ending]
    place = write(tmp_path / f"pets{ending}", files)
    train, tested, _ = layout(place)
    assert below(train, "train/")
    assert below(tested, "test/")
    assert any("of testing is the validation split val/ (6 images)" in s for s in described("folder", str(place)).found)


def test_val_is_tested_on_where_there_is_no_test_split_and_that_is_said(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "x", tree("train/cat", "train/dog", "val/cat", "val/dog"))
    assert below(layout(folder)[1], "val/")
    assert any("no test split" in sentence for sentence in described("folder", str(folder)).found)


def test_unlabeled_test_images_are_passed_over_and_told(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "x", tree("train/cat", "train/dog", "val/cat", "val/dog", "test"))
    train, tested, _ = layout(folder)
    assert below(train, "train/")
    assert below(tested, "val/")
    assert any("3 files (outside train/ and val/" in sentence for sentence in described("folder", str(folder)).found)


@pytest.mark.parametrize(
    "folders",
    [
        ("one/cat", "one/dog", "two/cat", "two/dog"),
        ("cat", "dog", "old/cat", "old/dog"),
        ("a/b/cat", "a/b/dog", "c/cat", "c/dog"),
        ("fold1/cat", "fold1/dog", "fold1/cow", "fold2/Dog", "fold2/Cat"),
        ("one/caf\u00e9", "one/dog", "two/cafe\u0301", "two/dog"),
    ],
)
def test_the_same_classes_twice_without_a_split_are_refused_with_both_paths(
    tmp_path: Path, folders: tuple[str, ...]
) -> None:
    holders = {folder.rpartition("/")[0] for folder in folders}
    says = [f"{holder}/" if holder else "itself" for holder in holders]
    refused(write_folder(tmp_path / "x", tree(*folders)), *says, "name the folders train and test", "classes")


ROOMS = ("indoor", "outdoor")
PIECES = ("part1 part2", "a b", "siteA siteB", "holdout rest", "fold_1 fold_2", "2017 2018", "Old new", "query gallery")


def crossed(outer: Iterable[str], inner: Iterable[str]) -> dict[str, bytes]:
    return tree(*(f"{item}/{two}" for item in outer for two in inner))


@pytest.mark.parametrize("above", ["", "archive/", "a/b/"])
@pytest.mark.parametrize(
    "classes", ["cat dog", "cat dog cow", "n01440764 n01443537", "猫 犬", "valley testudo", "red_car blue_car"]
)
def test_kinds_within_the_classes_are_no_splits(tmp_path: Path, classes: str, above: str) -> None:
    """As torchvision's ImageFolder answers; and it is told, since splits of unusual names look the same."""
    names = tuple(sorted(classes.split()))
    folder = write_folder(tmp_path / "x", crossed((f"{above}{name}" for name in names), ROOMS))
    assert layout(folder)[2] == names
    notes = " ".join(described("folder", str(folder)).found)
    assert "hold folders of the same names (indoor, outdoor)" in notes
    assert "name them train and test" in notes


@pytest.mark.parametrize("outer", PIECES)
@pytest.mark.parametrize("beside", [(), ("cow/indoor", "cow/outdoor")])
def test_what_may_be_pieces_of_one_collection_is_refused_with_both_readings(
    tmp_path: Path, outer: str, beside: tuple[str, ...]
) -> None:
    files = crossed(outer.split(), ("cat", "dog")) | tree(*beside)
    refused(write_folder(tmp_path / "x", files), "two ways", "train and test (or val)", "a folder called classes")


def test_a_piece_beside_classes_of_kinds_is_refused(tmp_path: Path) -> None:
    """The classes repeated in a folder, whatever it is called, or their kinds in one that is called a piece."""
    cats = crossed(("cat", "dog"), ROOMS)
    for number, more in enumerate((crossed(("xyz",), ("cat", "dog")), crossed(("holdout",), ROOMS))):
        refused(write_folder(tmp_path / str(number), cats | more), "two ways")
    refused(write_folder(tmp_path / "train_a", cats | crossed(("train_a",), ("cat", "dog"))), "train_a/")


def test_more_names_in_common_than_there_are_folders_are_taken_for_classes(tmp_path: Path) -> None:
    """As the 31 classes of Office-31 in amazon/, dslr/ and webcam/."""
    files = crossed(("amazon", "dslr", "webcam"), ("bike", "calculator", "desk", "mouse", "mug", "ruler"))
    refused(write_folder(tmp_path / "x", files), "two ways")


def test_many_classes_of_the_same_kinds_are_read_soon(tmp_path: Path) -> None:
    names = [
        f"{letter}{other}{third}x" for letter in "abcdefghijklmnopqrst" for other in "abcdefghij" for third in "ae"
    ]
    images = [((name, room), f"{name}/{room}/1.png") for name in names for room in (*ROOMS, f"only {name}")]
    start = time.monotonic()
    assert len(arranged("mine", images).splits[""]) == 400
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("outer", PIECES)
def test_the_folder_of_classes_can_itself_be_given(tmp_path: Path, outer: str) -> None:
    """What the refusal advises works, whether the folder around the classes is given or that one above it."""
    folder = write_folder(tmp_path / "pets" / "classes", crossed(outer.split(), ("cat", "dog")))
    for given in (folder, folder.parent):
        assert layout(given)[2] == tuple(sorted(outer.split()))


def test_a_folder_called_classes_with_splits_in_it_is_split(tmp_path: Path) -> None:
    """It was given for what it holds: nothing of test/ is trained on because of the name above it."""
    train, tested, classes = layout(write_folder(tmp_path / "classes", crossed(("train", "test"), ("cat", "dog"))))
    assert (below(train, "train/"), below(tested, "test/"), classes) == (True, True, ("cat", "dog"))


@pytest.mark.parametrize(
    ("folders", "says"),
    [
        (("train/cat", "train/dog"), ("train/", "neither test/ nor val/")),
        (("train/cat", "train/dog", "test"), ("train/", "neither test/ nor val/")),
        (("test/cat", "test/dog"), ("test/", "no train/")),
        (("cat", "dog", "test"), ("test/", "no train/")),
        (("cat", "cat/test", "dog"), ("cat/test/", "no train/")),
        (("train", "test"), ("train/", "test/", "a folder for each class")),
        (("train", "test", "other"), ("train/", "test/", "a folder for each class")),
        (("cat_train", "dog_train", "cat_test", "dog_test"), ("cat_train/", "a folder for each class")),
        (("train/cat", "train_2/cat", "test/cat", "train/dog"), ("train/", "train_2/", "both read as the train split")),
        (("a/train/x", "a/test/x", "b/train/x", "b/test/x"), ("a/", "b/", "give the path of one")),
        (("trainers/a", "trainers/b", "testudo/a", "testudo/b", "cat/a"), ("a split or a class",)),
    ],
)
def test_half_a_split_and_what_reads_two_ways_is_refused(
    tmp_path: Path, folders: tuple[str, ...], says: tuple[str, ...]
) -> None:
    refused(write_folder(tmp_path / "x", tree(*folders)), *says)


def test_what_every_refusal_advises_works(tmp_path: Path) -> None:
    """Folders in one that is called classes are classes, whatever else they are called."""
    folders = ("cat/in", "cat/out", "dog/in", "dog/out", "test", "train")
    refused(write_folder(tmp_path / "x", tree(*folders)), "classes")
    declared = tree(*(f"classes/{folder}" for folder in folders))
    assert layout(write_folder(tmp_path / "y", declared))[2] == ("cat", "dog", "test", "train")
    both = tree(*(f"{split}/classes/{of}" for split in ("train", "test") for of in ("cat", "dog")))
    assert layout(write_folder(tmp_path / "z", both))[2] == ("cat", "dog")


def test_splits_within_the_class_folders(tmp_path: Path) -> None:
    folders = [f"{of}/{split}" for of in ("cat", "dog") for split in ("train", "test")]
    train, tested, classes = layout(write_folder(tmp_path / "x", tree(*folders)))
    assert classes == ("cat", "dog")
    assert all("/train/" in name for name in train)
    assert all("/test/" in name for name in tested)


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    """As one of CIFAR-100's is."""
    assert layout(write_folder(tmp_path / "x", tree("bus", "train")))[2] == ("bus", "train")
    files = tree("train/train", "train/bus", "test/train", "test/bus")
    train, tested, classes = layout(write_folder(tmp_path / "y", files))
    assert classes == ("bus", "train")
    assert (len(train), len(tested)) == (6, 6)


@pytest.mark.parametrize(
    "name", ["cat", "valley", "testudo", "devon rex", "trainers", "evalina", "set", "", "ü", "train_test"]
)
def test_other_names_do_not_surely_name_a_split(name: str) -> None:
    assert not kind(name)[1]


def test_the_class_is_the_topmost_folder_under_the_split(own_places: Path, tmp_path: Path) -> None:
    """As torchvision's ImageFolder has it; of these 17 images 10 were once loaded."""
    files = tree("train/cat", each=5) | tree("train/dog", each=5) | tree("train/dog/extra", each=7)
    folder = write_folder(tmp_path / "x", files | tree("test/cat", "test/dog", each=1))
    assert len(load("folder", 8, folder=str(folder)).train.labels) == 17
    nested = write_folder(tmp_path / "y", tree("cat/indoor", "cat/outdoor", "dog", each=5))
    images = load("folder", 8, folder=str(nested))
    assert images.classes == ("cat", "dog")
    assert torch.bincount(torch.cat([images.train.labels, images.test.labels])).tolist() == [10, 5]


def test_two_spellings_of_one_name_are_one_class(tmp_path: Path) -> None:
    files = tree("train/caf\u00e9", "train/cafe\u0301", "train/dog", "test/cafe\u0301", "test/dog")
    train, tested, classes = layout(write_folder(tmp_path / "x", files))
    assert classes == ("caf\u00e9", "dog")
    assert (len(train), len(tested)) == (9, 6)


def test_links_are_followed_and_circles_refused(own_places: Path, tmp_path: Path) -> None:
    away = write_folder(tmp_path / "away", tree("cow"))
    folder = write_folder(tmp_path / "x", tree("train/cat", "train/dog", "test/cat", "test/dog"))
    (folder / "train" / "cow").symlink_to(away / "cow")
    (folder / "train" / "dog" / "linked.png").symlink_to(away / "cow" / "0.png")
    train, _, classes = layout(folder)
    assert classes == ("cat", "cow", "dog")
    assert len(train) == 9  # the image of a cow that is among the dogs too is there once
    (folder / "train" / "dog" / "again").symlink_to(folder / "train")
    refused(folder, "again is a link that leads back to", "train")


@pytest.mark.parametrize("how", ["folder", "file", "hard link"])
def test_a_link_cannot_bring_a_training_image_into_the_test(tmp_path: Path, how: str) -> None:
    folder = write_folder(tmp_path / "x", tree("train/cat", "train/dog", "test/dog"))
    if how == "folder":
        (folder / "test" / "cat").symlink_to(folder / "train" / "cat")
    else:
        (folder / "test" / "cat").mkdir()
        link = os.link if how == "hard link" else os.symlink
        link(folder / "train" / "cat" / "0.png", folder / "test" / "cat" / "0.png")
    refused(folder, "test/cat/0.png", "train/cat/0.png", "one file")


def test_a_file_that_is_linked_twice_is_there_once_where_nothing_is_split(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "x", tree("cat", "dog", each=20))
    for number in range(20):
        os.link(folder / "cat" / f"{number}.png", folder / "cat" / f"copy {number}.png")
    train, tested, _ = layout(folder)
    assert len(train | tested) == 40
    assert any("20 files (one file with another" in sentence for sentence in described("folder", str(folder)).found)


def test_what_is_passed_over_is_told_with_the_reason(tmp_path: Path) -> None:
    rest = {
        "train/notes.txt": b"",
        "train/cat/.hidden.png": b"",
        "loose.png": b"",
        "train/loose.png": b"",
        "a.zip": b"",
    }
    folder = write_folder(tmp_path / "x", tree("train/cat", "train/dog", "test/cat", "test/dog") | rest)
    notes = " ".join(described("folder", str(folder)).found)
    for reason in (
        "no image by its ending",
        "hidden",
        "an archive within",
        "in no class folder of train/",
        "outside train/",
    ):
        assert f"1 file ({reason}" in notes, notes
    assert "cat 3 + 3, dog 3 + 3" in notes


def test_a_name_that_is_twice_in_an_archive_is_read_once(own_places: Path, tmp_path: Path) -> None:
    """The second had left a black image behind."""
    files = tree("cat", "dog", each=10, level=100)
    twice = {f"./{name}": content for name, content in list(files.items())[:3]}
    images = load("folder", 8, folder=str(write_tar(tmp_path / "x.tar", files | twice)))
    assert len(images.train.labels) + len(images.test.labels) == 20
    assert all(int(split.images.min()) >= 100 for split in (images.train, images.test))


def test_folders_beyond_all_depth_are_passed_over(tmp_path: Path) -> None:
    files = tree("cat", "dog") | {"cat/" + "x/" * 3000 + "1.png": image(1)}
    place = write_tar(tmp_path / "deep.tar", files)
    assert any("folders deep" in sentence for sentence in described("folder", str(place)).found)


def test_every_pair_of_names_keeps_its_splits_apart(tmp_path: Path) -> None:
    """Whatever the names: nothing of what is called a test is trained on."""
    for number, (first, second) in enumerate(itertools.product(TRAIN, TEST + VAL)):
        folder = write_folder(
            tmp_path / str(number), tree(f"{first}/a", f"{first}/b", f"{second}/a", f"{second}/b", each=1)
        )
        train, tested, _ = layout(folder)
        assert below(train, f"{first}/")
        assert below(tested, f"{second}/")


def test_copies_in_both_splits_are_told(own_places: Path, tmp_path: Path) -> None:
    files = {
        f"{split}/{of}/{number}.png": image(9 * number + len(split) + len(of))
        for split in ("train", "test")
        for of in ("cat", "tiger")
        for number in range(3)
    }
    apart = load("folder", 8, folder=str(write_folder(tmp_path / "apart", files)))
    assert not [notes for notes in apart.notes if "byte for byte" in notes]
    files["test/cat/copy.png"] = files["train/cat/1.png"]
    path = write_folder(tmp_path / "copied", files)
    for _ in range(2):  # the second time from the decoded copy
        notes = load("folder", 8, folder=str(path)).notes
        assert [item for item in notes if item.startswith("1 of the 7 images to test on is, byte for byte")]
