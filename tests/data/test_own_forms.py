"""Whatever form a person's own images come in, they are read as the form's own reader reads them, or refused."""

from __future__ import annotations

import io
import itertools
import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from pyarrow import parquet

from tests.data import own_forms
from tests.data.images import image, write_folder, write_zip
from tests.data.own_forms import ARRAYS, KERAS, LABELS, NAMES, SIDE, png, shard, table
from vitcore.data.identity import digest
from vitcore.data.load import Images, check_validation, described, load, lying
from vitcore.errors import UserError
from vitcore.vision import torchvision


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for what is made here, with a cache and a data folder of its own."""
    patch, root = pytest.MonkeyPatch(), tmp_path_factory.mktemp("forms")
    patch.setenv("VITCORE_DATA", str(root / "data"))
    patch.setenv("XDG_CACHE_HOME", str(root / "cache"))
    yield root
    patch.undo()


def sorted_rows(images: np.ndarray, labels: np.ndarray) -> list[tuple[int, bytes]]:
    """Images (n y x c) and labels (n,) by class, whatever order they came in."""
    return sorted((int(label), image.tobytes()) for image, label in zip(images, labels, strict=True))


def rows_of(found: Images, split: str) -> list[tuple[int, bytes]]:
    part = getattr(found, split)
    return sorted_rows(part.images.permute(0, 2, 3, 1).numpy(), part.labels.numpy())


def expected(split: int) -> list[tuple[int, bytes]]:
    return sorted_rows(np.repeat(ARRAYS[split][..., None], 3, 3), LABELS)


def read(path: Path, **options: bool) -> Images:
    return load("folder", SIDE, folder=str(path), **options)  # type: ignore[arg-type]


def test_every_form_in_every_wrapping_is_the_same_images(places: Path) -> None:
    """Against torchvision's ImageFolder for class folders, and against the arrays that they were made of for all."""
    digests: dict[str, set[str]] = {}
    for (form, files), (wrapping, write) in itertools.product(own_forms.FORMS.items(), own_forms.WRITERS.items()):
        path = write(places / f"{form}-{wrapping}", dict(files))
        known = described("folder", str(path))
        assert (known.train_samples, known.test_samples, len(known.classes)) == (12, 12, 3), (form, wrapping)
        found = read(path)
        letters = {"EMNIST": ("A", "B", "C")}
        assert found.classes in (NAMES, ("0", "1", "2"), letters.get(form)), (form, wrapping, found.classes)
        for split, at in own_forms.SPLITS.items():
            assert rows_of(found, split) == expected(at), (form, wrapping, split)
        assert any("always answering" in note for note in found.notes), (form, wrapping)
        digests.setdefault(form, set()).add(digest(found))
        again = read(path)
        assert again.notes == found.notes, (form, wrapping)
    assert all(len(item) == 1 for item in digests.values()), "data are the same wherever they lie"
    for at, split in enumerate(own_forms.SPLITS):
        folder = torchvision.datasets.ImageFolder(str(places / "class folders-folder" / split))
        other = sorted_rows(np.stack([np.asarray(item) for item, _ in folder]), np.array([of for _, of in folder]))
        assert other == expected(at)


def test_a_csv_of_pixels_as_pandas_reads_it(places: Path) -> None:
    path = write_folder(
        places / "kaggle", {"train.csv": own_forms.pixels("train"), "test.csv": own_forms.pixels("test", False)}
    )
    found = read(path)
    assert any("test.csv" in note and "without labels" in note for note in found.notes)
    other = pd.read_csv(path / "train.csv")
    own = rows_of(found, "train") + rows_of(found, "test")  # a fifth of each class is tested on
    pixels = other.drop(columns="label").to_numpy(np.uint8).reshape(-1, SIDE, SIDE, 1).repeat(3, 3)
    assert sorted(own) == sorted_rows(pixels, other["label"].to_numpy())
    alone = read(path / "train.csv")
    assert sorted(rows_of(alone, "train") + rows_of(alone, "test")) == sorted(own)


def test_a_table_that_is_itself_named(places: Path) -> None:
    """Its images lie beside it; the folders that hold them say other classes, so that only naming it tells which."""
    files = {f"batch{n % 2}/{n}.png": image(20 * n, SIDE) for n in range(8)}
    files["labels.csv"] = table([["filename", "label"], *([f"{n}.png", "low" if n < 4 else "high"] for n in range(8))])
    path = write_folder(places / "named", files)
    with pytest.raises(UserError, match=r"sorts the same images otherwise; .* or give the table's own path"):
        read(path)
    found = read(path / "labels.csv")
    assert found.classes == ("high", "low")
    before = lying("folder", str(path / "labels.csv"))
    (path / "batch0/0.png").write_bytes(image(21, SIDE) + b"x")
    assert lying("folder", str(path / "labels.csv")) != before, "its images are part of it"


def test_a_table_beside_class_folders_that_says_the_same_changes_nothing(places: Path) -> None:
    files = own_forms.class_folders()
    plain = read(write_folder(places / "plain", files))
    listed = table([["file", "label"], *([name, f"{name.split('/')[1]}!"] for name in files)])
    beside = read(write_folder(places / "beside", files | {"metadata.csv": listed, "notes.csv": b"a,b\n1,2\n"}))
    assert (beside.classes, digest(beside)) == (plain.classes, digest(plain))


def test_a_validation_split_is_read_apart_in_every_form(places: Path) -> None:
    val = ARRAYS[0][:6] ^ 255
    forms = {
        "npz": {"a.npz": own_forms.npz(**KERAS, x_val=val, y_val=LABELS[:6])},
        "table": own_forms.loose()
        | {f"images/v{n}.png": png(val[n]) for n in range(6)}
        | {"l.csv": own_forms.listed() + table([[f"v{n}.png", NAMES[LABELS[n]], "valid"] for n in range(6)])},
        "parquet": own_forms.shards()
        | {"data/validation-00000-of-00001.parquet": shard([png(item) for item in val], LABELS[:6].tolist())},
        "pixels": {f"{s}.csv": own_forms.pixels(s) for s in own_forms.SPLITS}
        | {"val.csv": own_forms.pixels("train").replace(b"pixel", b"pixel")},
    }
    for form, files in forms.items():
        path = write_folder(places / f"validated-{form}", files)
        check_validation("folder", str(path), 0.1)
        found, without = read(path, validation=True), read(path)
        assert found.val is not None
        assert len(found.val.labels) == (12 if form == "pixels" else 6), form
        assert without.val is None
        assert len(found.train.labels) == len(without.train.labels) == 12, form
        assert any("kept out of training and of testing" in note for note in without.notes), form


def forged(shape: tuple[int, ...]) -> bytes:
    """An .npz whose header asks for far more than it has."""
    array = io.BytesIO()
    np.lib.format.write_array_header_1_0(array, {"descr": "|u1", "fortran_order": False, "shape": shape})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x_train.npy", array.getvalue() + b"abc")
        for name in ("y_train", "x_test", "y_test"):
            archive.writestr(f"{name}.npy", array.getvalue())
    return file.getvalue()


PNGS = [png(item) for item in ARRAYS[0]]
GOOD = own_forms.npz(**KERAS)
PARQUET = shard(PNGS, LABELS.tolist())
LINES = own_forms.pixels("train").splitlines(keepends=True)
OBJECTS = np.array([[1], [1, 2], *[[3]] * 10], dtype=object)
UNEQUAL = [image(9, 5 + n % 3) for n in range(12)]


def idx_with(name: str, content: bytes) -> dict[str, bytes]:
    return own_forms.idx_files() | {name: content}


# The files, and what the one sentence says.
REFUSED: dict[str, tuple[dict[str, bytes], str]] = {
    "npz: empty": ({"a.npz": b""}, "not a whole .npz file"),
    "npz: cut": ({"a.npz": GOOD[: len(GOOD) // 2]}, "not a whole .npz file"),
    "npz: changed": ({"a.npz": GOOD.replace(ARRAYS[0].tobytes()[:40], bytes(40))}, "not a whole .npz file"),
    "npz: a header that lies": ({"a.npz": forged((10**6, 1000, 1000))}, "its header asks for 1,000,000,000"),
    "npz: a shape of negative numbers": ({"a.npz": forged((-1, -3))}, "its header asks for"),
    "npz: objects": ({"a.npz": own_forms.npz(**KERAS | {"y_train": OBJECTS})}, "holds Python objects"),
    "npz: object images": ({"a.npz": own_forms.npz(**KERAS | {"x_train": OBJECTS})}, "holds Python objects"),
    "npz: unequal lengths": ({"a.npz": own_forms.npz(**KERAS | {"y_train": LABELS[:5]})}, "5 labels for 12 images"),
    "npz: negative": ({"a.npz": own_forms.npz(**KERAS | {"y_train": LABELS - 1})}, "the label -1"),
    "npz: fractions for labels": ({"a.npz": own_forms.npz(**KERAS | {"y_train": LABELS + 0.5})}, "whole numbers"),
    "npz: one hot": ({"a.npz": own_forms.npz(**KERAS | {"y_train": np.eye(3)[LABELS]})}, "several labels"),
    "npz: fractions beyond 1": (
        {"a.npz": own_forms.npz(**KERAS | {"x_train": ARRAYS[0] / 1.0})},
        "fractions from 0 to",
    ),
    "npz: not a number": ({"a.npz": own_forms.npz(**KERAS | {"x_train": ARRAYS[0] * np.nan})}, "fractions from nan"),
    "npz: whole numbers of 64 bits": (
        {"a.npz": own_forms.npz(**KERAS | {"x_train": ARRAYS[0].astype(np.int64)})},
        "nobody can say what is white",
    ),
    "npz: flat": ({"a.npz": own_forms.npz(**KERAS | {"x_train": ARRAYS[0].reshape(12, -1)})}, r"shape \(12, 64\)"),
    "npz: no pair": ({"a.npz": own_forms.npz(x_train=ARRAYS[0], weights=LABELS)}, "no pair of images and labels"),
    "npz: no test": ({"a.npz": own_forms.npz(x_train=ARRAYS[0], y_train=LABELS)}, "none to test on; bring both"),
    "npz: a class only tested": (
        {"a.npz": own_forms.npz(**KERAS | {"y_test": LABELS + 1})},
        "'3' to test on but not to train",
    ),
    "npz: one class": (
        {"a.npz": own_forms.npz(**KERAS | {"y_train": LABELS * 0, "y_test": LABELS * 0})},
        "of 1 class;",
    ),
    "npz: no images": (
        {"a.npz": own_forms.npz(**KERAS | {"x_test": ARRAYS[1][:0], "y_test": LABELS[:0]})},
        "no images to test on",
    ),
    "pixels: empty": ({"train.csv": b""}, "class folder"),
    "pixels: cut": ({"train.csv": b"".join(LINES)[:-9]}, "not a table of pixels"),
    "pixels: a line too long": (
        {"train.csv": b"".join(LINES[:3]) + LINES[3].strip() + b",1\n"},
        "not a table of pixels",
    ),
    "pixels: a text": ({"train.csv": b"".join(LINES) + b"1" + b",x" * 64 + b"\n"}, "not a table of pixels"),
    "pixels: 256": ({"train.csv": b"".join(LINES) + b"1" + b",256" * 64 + b"\n"}, "256.*whole numbers of 0 to 255"),
    "pixels: fractions": (
        {"train.csv": b"".join(LINES) + b"1" + b",.5" * 64 + b"\n"},
        "whole numbers of 0 to 255",
    ),
    "pixels: no label": ({"train.csv": b"".join(LINES) + b",9" * 64 + b"\n"}, "no label in the line of image 13"),
    "pixels: label -1": ({"train.csv": b"".join(LINES) + b"-1" + b",9" * 64 + b"\n"}, "the label -1"),
    "pixels: no square": (
        {"train.csv": table([["label", *map(str, range(48))], [1, *range(48)]] * 1)},
        "no square image of gray",
    ),
    "pixels: no labels at all": ({"a.csv": own_forms.pixels("test", False)}, "holds pixels and no labels"),
    "pixels: two without a split": ({"a.csv": b"".join(LINES), "b.csv": b"".join(LINES)}, "both read as"),
    "table: an image that is gone": (
        own_forms.loose() | {"l.csv": table([["file", "label"], ["gone.png", 1]])},
        "names gone.png in line 2, which is not there",
    ),
    "table: outside": (
        own_forms.loose() | {"l.csv": table([["file", "label"], ["../../etc/passwd", 1]])},
        "which is not there",
    ),
    "table: twice": (
        own_forms.loose() | {"l.csv": own_forms.listed(split=False) + b"train-00.png,owl\n"},
        "'owl', and before as 'cat'",
    ),
    "table: two splits": (
        own_forms.loose() | {"l.csv": own_forms.listed() + b"train-00.png,cat,test\n"},
        "let it stand once",
    ),
    "table: another split": (
        own_forms.loose() | {"l.csv": own_forms.listed() + b"train-00.png,cat,7\n"},
        "the split '7'",
    ),
    "table: no label": (
        own_forms.loose() | {"l.csv": own_forms.listed(split=False) + b"train-00.png,\n"},
        "no label in line 26",
    ),
    "table: a cell too few": (
        own_forms.loose() | {"l.csv": own_forms.listed() + b"train-00.png,cat\n"},
        "2 cells in line 26 where its head has 3",
    ),
    "table: not UTF-8": (
        own_forms.loose() | {"l.csv": own_forms.listed() + b"a\xff,cat,test\n"},
        "not a table in UTF-8",
    ),
    "table: two of a name": (
        own_forms.loose() | {"b/train-00.png": PNGS[0], "l.csv": own_forms.listed()},
        "write the folder too",
    ),
    "idx: empty": (idx_with("train-images-idx3-ubyte", b""), "not an idx file"),
    "idx: cut": (idx_with("train-images-idx3-ubyte", own_forms.idx(ARRAYS[0])[:-1]), "cut short or damaged"),
    "idx: a header that lies": (
        idx_with("train-images-idx3-ubyte", b"\0\0\x08\x03" + struct.pack(">3I", *[2**31] * 3)),
        "labels for 2,147,483,648 images",
    ),
    "idx: unequal": (
        idx_with("t10k-labels-idx1-ubyte", own_forms.idx(LABELS[:7].astype(np.uint8))),
        "7 labels for 12 images",
    ),
    "idx: damaged gzip": ({f"{n}.gz": b"\x1f\x8b" + c for n, c in own_forms.idx_files().items()}, "cannot be unpacked"),
    "idx: one missing": (
        {n: c for n, c in own_forms.idx_files().items() if "t10k-l" not in n},
        "no idx file of the test labels",
    ),
    "idx: two collections": (
        own_forms.idx_files() | own_forms.idx_files("emnist-tiny-", "test"),
        "into a folder of its own",
    ),
    "parquet: empty": ({"train.parquet": b""}, "not a whole parquet file"),
    "parquet: cut": ({"train.parquet": PARQUET[:-30]}, "not a whole parquet file"),
    "parquet: changed": ({"train.parquet": b"PAR1" + b"\0" * 40 + PARQUET[44:]}, "parquet|cannot be read"),
    "parquet: a label out of range": (
        {"train.parquet": shard(PNGS, [*LABELS[:11].tolist(), 3])},
        "the label 3 in row 11; there are 3 classes",
    ),
    "parquet: one without label": (
        {"train.parquet": shard(PNGS, [*LABELS[:11].tolist(), None])},
        "the label None in row 11",
    ),
    "parquet: paths alone": (
        {"train.parquet": shard([{"bytes": None, "path": "/etc/passwd"}] * 12, LABELS.tolist())},
        "no image; save it with the images' bytes",
    ),
    "parquet: no images": ({"train.parquet": shard([b"x"] * 12, LABELS.tolist())}, "cannot be read"),
    "parquet: other classes": (
        {"train.parquet": PARQUET, "test.parquet": shard(PNGS, LABELS.tolist(), ("a", "b", "c"))},
        "other classes",
    ),
    "parquet: half a split": ({"test.parquet": PARQUET}, "none to train on; bring both"),
    "parquet: two classes of one name": (
        {"train.parquet": shard(PNGS, LABELS.tolist(), ("a", "a", "b"))},
        "two classes alike",
    ),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_oddity_is_one_sentence(places: Path) -> None:
    """In a folder, and in a zip where what is wrong has nothing to do with the folder."""

    for name, (files, sentence) in REFUSED.items():
        for write, ending in ((write_folder, ""), (write_zip, ".zip")):
            path = write(places / f"odd-{name.replace(': ', '-')}{ending}", files)
            with pytest.raises(UserError) as error:
                read(path)
            text = str(error.value)
            assert re.search(sentence, text), (name, ending, text)
            assert "\n" not in text, (name, text)
            assert len(text) < 600, (name, text)


def test_no_column_of_images_and_no_labels(places: Path) -> None:
    for name, columns, sentence in (
        ("texts", {"image": ["a"], "label": [1]}, "one column of images"),
        ("no labels", {"image": [{"bytes": b"x"}], "size": [1]}, "no column of labels"),
        ("fractions", {"image": [{"bytes": b"x"}], "label": [0.5]}, "labels of the kind double"),
        ("two", {"image": [{"bytes": b"x"}], "mask": [{"bytes": b"x"}], "label": [1]}, "it has image, mask"),
    ):
        path = places / f"columns-{name}.parquet"
        parquet.write_table(pa.table(columns), path)
        with pytest.raises(UserError, match=sentence):
            read(path)


def test_a_file_of_no_known_form_and_one_that_names_itself_wrongly(places: Path) -> None:
    for name, content in (("a.txt", b"hi"), ("a.npz", b"\x93NUMPY"), ("a.csv", b"a,b\n1,2\n"), ("b.parquet", b"PAR1")):
        (places / name).write_bytes(content)
        with pytest.raises(UserError, match=r"neither a folder|not a whole"):
            read(places / name)


def test_images_of_unequal_sizes_and_of_16_bits_are_read_and_said(places: Path) -> None:
    """As they are in class folders: brought to one size; wide ones by their centered square, or stretched."""
    wide = np.zeros((4, 8), np.uint8)
    wide[:, 2:6] = 200
    files = {f"{n}.png": png(wide) if n % 2 else image(90, 5 + n % 3) for n in range(12)}
    files["deep.png"] = png(np.full((8, 8), 257 * 90, np.uint16))
    files["l.csv"] = table([["file", "label"], *([name, n % 2] for n, name in enumerate(files))])
    path = write_folder(places / "unequal", files)
    cropped, stretched = read(path), load("folder", SIDE, folder=str(path), resize="stretch")
    assert {int(item.max()) for item in cropped.train.images} == {90, 200}
    messages = " ".join(cropped.notes)
    assert "6 of 8x4, " in messages
    assert "6 of the 13 images are not square and lose what their centered square leaves out (resize: crop)" in messages
    assert "gray of 16 bits" in messages
    assert "are stretched to a square" in " ".join(stretched.notes)
    means = [float(of.train.images[of.train.labels == 1].float().mean()) for of in (cropped, stretched)]
    assert means[0] > 150 > means[1]
    arrays = own_forms.npz(**KERAS | {"x_train": np.stack([wide] * 12), "x_test": np.stack([wide] * 12)})
    path = write_folder(places / "wide", {"a.npz": arrays})
    assert bool((read(path).train.images == 200).all())
    assert not bool((load("folder", SIDE, folder=str(path), resize="stretch").train.images == 200).all())


def test_the_same_pixels_in_two_splits_are_told(places: Path) -> None:
    """Byte for byte, and, saved anew, by their pixels."""
    files = own_forms.class_folders()
    files["test/cat/again.png"] = files["train/cat/00.png"]
    buffer = io.BytesIO()
    from PIL import Image

    Image.fromarray(ARRAYS[0][1]).save(buffer, "BMP")
    files["test/dog/other.bmp"] = buffer.getvalue()
    messages = " ".join(read(write_folder(places / "repeated", files)).notes)
    assert "1 of the 14 images to test on is, byte for byte, also to train on" in messages
    assert "1 more of the 14 images to test on has, at 8x8, the very pixels of one to train on" in messages


def test_the_error_of_always_answering_the_largest_class(places: Path) -> None:
    labels = np.array([0] * 9 + [1] * 3)
    path = write_folder(
        places / "uneven", {"a.npz": own_forms.npz(**KERAS | {"y_train": labels, "y_test": labels[::-1]})}
    )
    found = read(path)
    assert "always answering '0', the class of most images to train on, errs on 25 % of those to test on" in found.notes
    assert torch.bincount(found.test.labels).tolist() == [9, 3]


@pytest.mark.parametrize("above", [b"\n", b"\r\n\r\n"])
def test_empty_lines_above_a_table_do_not_hide_it(above: bytes, places: Path, tmp_path: Path) -> None:
    """Else a test.csv that begins so would be passed over, and the validation split tested on in its place."""
    tables = {f"{name}.csv": above * (name == "test") + own_forms.pixels(name) for name in own_forms.SPLITS}
    found = read(write_folder(tmp_path / "pixels", tables | {"val.csv": own_forms.pixels("train")}))
    assert (rows_of(found, "train"), rows_of(found, "test")) == (expected(0), expected(1))
    listed = {"labels.csv": above + own_forms.listed()}
    found = read(write_folder(tmp_path / "listed", own_forms.loose() | listed))
    assert (rows_of(found, "train"), rows_of(found, "test")) == (expected(0), expected(1))


def test_a_refused_array_says_in_which_file_it_is(places: Path, tmp_path: Path) -> None:
    for name, path in (("tiny.npz", tmp_path / "tiny.npz"), ("tiny.npz", tmp_path / "packed.zip")):
        content = own_forms.npz(**KERAS | {"y_train": LABELS.astype(np.complex64)})
        if path.suffix == ".zip":
            write_zip(path, {name: content})
        else:
            path.write_bytes(content)
        with pytest.raises(UserError, match=r"tiny\.npz: y_train holds Python objects or records"):
            read(path)
