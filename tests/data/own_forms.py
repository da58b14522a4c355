"""One small collection of images in every form that a person may bring it in, and in forms that are odd."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image
from pyarrow import parquet

from tests.data.images import write_folder, write_tar, write_zip

SIDE = 8
ARRAYS = np.random.default_rng(0).integers(0, 256, (2, 12, SIDE, SIDE), dtype=np.uint8)  # train and test, gray
LABELS = np.arange(12) % 3
NAMES = ("cat", "dog", "owl")
SPLITS = {"train": 0, "test": 1}


def png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def table(rows: list[list[Any]], separator: str = ",") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue().encode()


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def idx(array: np.ndarray) -> bytes:
    kind = {1: 0x08, 4: 0x0C}[array.dtype.itemsize]
    head = bytes([0, 0, kind, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def shard(
    images: list[Any],
    labels: list[Any],
    names: tuple[str, ...] | None = NAMES,
    column: str = "image",
    of: str = "label",
) -> bytes:
    data = [image if isinstance(image, dict) else {"bytes": image, "path": None} for image in images]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    found = pa.table({column: pa.array(data, kind), of: pa.array(labels)})
    if names is not None:
        features = {column: {"_type": "Image"}, of: {"_type": "ClassLabel", "names": list(names)}}
        found = found.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    file = io.BytesIO()
    parquet.write_table(found, file)
    return file.getvalue()


def pixels(split: str, labels: bool = True) -> bytes:
    """Kaggle's MNIST, of a split."""
    head = ["label"] * labels + [f"pixel{number}" for number in range(SIDE * SIDE)]
    lines = [
        [label] * labels + image.reshape(-1).tolist()
        for label, image in zip(LABELS.tolist(), ARRAYS[SPLITS[split]], strict=True)
    ]
    return table([head, *lines])


def class_folders() -> dict[str, bytes]:
    return {
        f"{split}/{NAMES[label]}/{number:02d}.png": png(ARRAYS[at][number])
        for split, at in SPLITS.items()
        for number, label in enumerate(LABELS)
    }


def loose() -> dict[str, bytes]:
    return {f"images/{split}-{n:02d}.png": png(ARRAYS[at][n]) for split, at in SPLITS.items() for n in range(12)}


def listed(ending: str = ".png", split: bool = True, separator: str = ",") -> bytes:
    rows = [
        [f"{name}-{number:02d}{ending}", NAMES[label], *[name] * split]
        for name in SPLITS
        for number, label in enumerate(LABELS)
    ]
    return table([["file", "label", *["split"] * split], *rows], separator)


def arrays(images: tuple[str, str], labels: tuple[str, str]) -> dict[str, np.ndarray]:
    return {
        name: array
        for at in (0, 1)
        for name, array in ((images[at], ARRAYS[at]), (labels[at], LABELS.astype(np.uint8)))
    }


def idx_files(prefix: str = "", test: str = "t10k", turned: bool = False, packed: bool = False) -> dict[str, bytes]:
    found = {}
    for split, at in (("train", 0), (test, 1)):
        images = ARRAYS[at].transpose(0, 2, 1) if turned else ARRAYS[at]
        found[f"{prefix}{split}-images-idx3-ubyte"] = idx(np.ascontiguousarray(images))
        found[f"{prefix}{split}-labels-idx1-ubyte"] = idx(LABELS.astype(np.uint8))
    return {f"{name}.gz": gzip.compress(content) for name, content in found.items()} if packed else found


def qmnist() -> dict[str, bytes]:
    found = {}
    for split, at in SPLITS.items():
        found[f"qmnist-{split}-images-idx3-ubyte.gz"] = gzip.compress(idx(ARRAYS[at]))
        numbers = np.zeros((12, 8), np.int32)
        numbers[:, 0] = LABELS
        found[f"qmnist-{split}-labels-idx2-int.gz"] = gzip.compress(idx(numbers))
    return found


def shards() -> dict[str, bytes]:
    train, test = ([png(image) for image in of] for of in ARRAYS)
    return {
        "data/train-00000-of-00002.parquet": shard(train[:5], LABELS[:5].tolist()),
        "data/train-00001-of-00002.parquet": shard(train[5:], LABELS[5:].tolist()),
        "data/test-00000-of-00001.parquet": shard(test, LABELS.tolist()),
    }


MEDMNIST = arrays(("train_images", "test_images"), ("train_labels", "test_labels"))
KERAS = arrays(("x_train", "x_test"), ("y_train", "y_test"))
CODED = {"train": LABELS[:, None], "test": LABELS[:, None]}

# What lies at the path; every form is the same twelve images to train on and twelve to test on, of three classes.
FORMS: Mapping[str, dict[str, bytes]] = {
    "class folders": class_folders(),
    "a table with a split": loose() | {"labels.csv": listed()},
    "a table of names without ending, tabs": loose() | {"labels.tsv": listed("", separator="\t")},
    "a table a split": loose()
    | {
        f"{name}.csv": table([["image_id", "class"], *([f"{name}-{n:02d}", NAMES[of]] for n, of in enumerate(LABELS))])
        for name in SPLITS
    },
    "a table of pixels": {f"{name}.csv": pixels(name) for name in SPLITS},
    "MedMNIST": {"tiny.npz": npz(**MEDMNIST | {f"{k}_labels": v for k, v in CODED.items()})},
    "Keras": {"tiny.npz": npz(**KERAS)},
    "Keras, compressed colors": {
        "tiny.npz": npz(**KERAS | {n: np.repeat(KERAS[n][..., None], 3, 3) for n in ("x_train", "x_test")})
    },
    "channels first": {
        "tiny.npz": npz(**KERAS | {n: np.repeat(KERAS[n][:, None], 3, 1) for n in ("x_train", "x_test")})
    },
    "fractions": {"tiny.npz": npz(**KERAS | {n: (KERAS[n] / 255).astype(np.float32) for n in ("x_train", "x_test")})},
    "16 bits": {"tiny.npz": npz(**KERAS | {n: KERAS[n].astype(np.uint16) * 257 for n in ("x_train", "x_test")})},
    "Fortran's order": {"tiny.npz": npz(**KERAS | {"x_train": np.asfortranarray(KERAS["x_train"])})},
    "KMNIST": idx_files(),
    "KMNIST, packed": idx_files(packed=True),
    "EMNIST": idx_files("emnist-tiny-", "test", turned=True, packed=True)
    | {"emnist-tiny-mapping.txt": b"0 65\n1 66\n2 67\n"},
    "QMNIST": qmnist(),
    "parquet": shards(),
    "parquet without metadata": {
        f"{name}.parquet": shard([png(image) for image in ARRAYS[at]], LABELS.tolist(), None, "img", "fine_label")
        for name, at in SPLITS.items()
    },
    "parquet, texts for labels": {
        f"{name}/0000.parquet": shard([png(i) for i in ARRAYS[at]], [NAMES[of] for of in LABELS], None)
        for name, at in SPLITS.items()
    },
}
WRITERS: dict[str, Callable[[Path, dict[str, bytes]], Path]] = {
    "folder": lambda path, files: write_folder(path, files),
    "zip": lambda path, files: write_zip(path.with_suffix(".zip"), files),
    "tar": lambda path, files: write_tar(path.with_suffix(".tar"), files),
    "nested": lambda path, files: write_folder(path, {f"one/two/{name}": content for name, content in files.items()}),
}
