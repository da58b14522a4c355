"""Files of arrays, right and odd: .npz by numpy, idx by its own header, parquet by pyarrow's table."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st
from PIL import Image
from pyarrow import parquet

from tests.data.own_forms import idx, npz, shard
from tests.fuzz.own_tables import SIDE, Rows, png

KINDS_OF_PIXELS = [
    *("uint8", "uint8", "uint16", "float16", "float32", "float64", "int32", "int64", "bool", "complex64", "U3"),
]
KINDS_OF_LABELS = ["uint8", "int64", "float32", "bool", "U4", "S2", "complex64"]
STYLES = [("train_images", "train_labels", "test_images", "test_labels"), ("x_train", "y_train", "x_test", "y_test")]
ODD_LABELS = ["", "", "", "negative", "fraction", "nan", "huge", "fewer", "one-hot", "column"]
ODD_FILES = ["", "", "", "missing", "declared", "cut", "kind"]
ODD_ROWS = ["", "", "null", "minus one", "beyond", "no bytes", "path", "text", "fractions", "no image", "two images"]


def _pixels(draw: st.DrawFn, first: int, many: int, kind: str) -> np.ndarray:
    """Images of one gray each, from `first` on, on the scale of their kind."""
    gray = np.repeat(np.arange(first, first + many), SIDE * SIDE).reshape(many, SIDE, SIDE)
    scaled = {"u2": gray * 257, "f": gray / 255}
    dtype = np.dtype(kind)
    images = (scaled.get(dtype.str[1:], scaled.get(dtype.kind, gray))).astype(dtype)
    shape = draw(st.sampled_from(["plain", "plain", "last", "first", "flat", "two"]))
    if shape == "flat":
        return images.reshape(many, SIDE * SIDE)
    if shape in ("last", "two"):
        return np.repeat(images[..., None], 3 if shape == "last" else 2, 3)
    return np.repeat(images[:, None], 3, 1) if shape == "first" else images


def _labels(draw: st.DrawFn, many: int, kind: str, odd: str) -> np.ndarray:
    odd = "" if kind in ("complex64", "S2") else odd  # that is odd enough
    labels = (np.arange(many) % 2).astype(kind)
    if odd in ("negative", "fraction", "nan", "huge"):
        labels = labels.astype({"negative": "int64", "huge": "uint64"}.get(odd, "float64"))
        labels[draw(st.integers(0, many - 1))] = {"negative": -1, "fraction": 0.5, "nan": np.nan, "huge": 2**63}[odd]
    if odd == "one-hot":
        return np.eye(2, dtype=np.uint8)[np.arange(many) % 2]
    return labels[:-1] if odd == "fewer" else labels[:, None] if odd == "column" else labels


@st.composite
def archives(draw: st.DrawFn) -> dict[str, Any]:
    """An .npz."""
    kind, of = draw(st.sampled_from(KINDS_OF_PIXELS)), draw(st.sampled_from(KINDS_OF_LABELS))
    odd, broken = draw(st.sampled_from(ODD_LABELS)), draw(st.sampled_from(ODD_FILES))
    names = draw(st.sampled_from(STYLES))
    first, second = draw(st.integers(2, 5)), draw(st.integers(0, 3))
    arrays = {
        names[0]: _pixels(draw, 0, first, kind), names[1]: _labels(draw, first, of, odd),
        names[2]: _pixels(draw, first, second, kind), names[3]: _labels(draw, second, of, ""),
    }  # fmt: skip
    if broken == "missing":
        del arrays[draw(st.sampled_from(names))]
    if broken == "kind":
        arrays[draw(st.sampled_from(names))] = np.array(draw(st.sampled_from(["text", 7, np.inf])))
    content = npz(**arrays)
    if broken == "declared":
        content = _declared(content, draw(st.sampled_from(["(2, 99999999, 9999999)", "(-1, 8, 8)", "(0, 8, 8)"])))
    if broken == "cut":
        content = content[: draw(st.integers(0, len(content)))]
    return {"files": {"tiny.npz": content}, "form": "npz", "names": names, "right": False}


def _declared(content: bytes, shape: str) -> bytes:
    """The same archive with another shape in the headers of its images."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            array = old.read(name)
            size = int.from_bytes(array[8:10], "little")
            if b"8, 8" in array[: 10 + size]:
                kind = array[10 : 10 + size].split(b"'descr': ")[1].split(b",")[0].decode()
                text = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}".ljust(size - 1) + "\n"
                array = array[:10] + text.encode() + array[10 + size :]
            new.writestr(name, array)
    return file.getvalue()


def read_archive(place: Path, case: dict[str, Any]) -> Rows | None:
    """What numpy reads in it; None where images are on no known scale, or labels no whole number or text for each."""
    rows: Rows = {}
    with np.load(place / "tiny.npz", allow_pickle=False) as found:
        for split, images, labels in (("train", *case["names"][:2]), ("test", *case["names"][2:])):
            if images in found and labels in found:
                known = _rows(found[images], found[labels])
                if known is None:
                    return None
                rows[split] = known
    return rows


def _rows(images: np.ndarray, labels: np.ndarray) -> list[tuple[str, int]] | None:
    scale = {"u1": 1, "u2": 1 / 257}.get(images.dtype.str[1:], 255 if images.dtype.kind == "f" else 0)
    labels = labels.reshape(-1) if labels.shape[1:] == (1,) else labels
    if not scale or labels.shape != images.shape[:1] or images.ndim not in (3, 4):
        return None
    if images.ndim == 4:
        if 3 not in (images.shape[1], images.shape[3]):
            return None
        images = images[..., 0] if images.shape[3] == 3 else images[:, 0]
    if labels.dtype.kind in "uif" and not all(label >= 0 and label == int(label) for label in labels.tolist()):
        return None
    if labels.dtype.kind not in "uifU":
        return None
    named = [str(label) if labels.dtype.kind == "U" else str(int(label)) for label in labels]
    return [(name, round(float(image[4, 4]) * scale)) for name, image in zip(named, images, strict=True)]


@st.composite
def idx_files(draw: st.DrawFn) -> dict[str, Any]:
    """Four idx files."""
    odd, first, second = draw(st.sampled_from(ODD_FILES)), draw(st.integers(2, 5)), draw(st.integers(2, 3))
    wide = draw(st.booleans())
    files: dict[str, bytes] = {}
    for split, start, many in (("train", 0, first), ("t10k", first, second)):
        gray = np.repeat(np.arange(start, start + many), SIDE * SIDE).reshape(many, SIDE, SIDE).astype(np.uint8)
        files[f"{split}-images-idx3-ubyte"] = idx(gray)
        files[f"{split}-labels-idx1-ubyte"] = idx((np.arange(many) % 2).astype(np.int32 if wide else np.uint8))
    name = draw(st.sampled_from(sorted(files)))
    content = files[name]
    if odd == "missing":
        del files[name]
    elif odd == "declared":
        place = 4 * draw(st.integers(1, content[3]))
        number = draw(st.sampled_from([0, 1, 7, 2**31 - 1, 2**32 - 1]))
        files[name] = content[:place] + struct.pack(">I", number) + content[place + 4 :]
    elif odd == "cut":
        files[name] = content[: draw(st.integers(0, len(content)))]
    elif odd == "kind":
        files[name] = content[:2] + bytes([draw(st.sampled_from([9, 0x0B, 0x0C, 0x0D, 0x0E])), *content[3:]])
    packed = draw(st.booleans())
    return {
        "files": {f"{name}.gz": gzip.compress(content) for name, content in files.items()} if packed else files,
        "form": "idx", "right": not odd,
    }  # fmt: skip


def read_idx(place: Path, case: dict[str, Any]) -> Rows | None:
    """What their headers say is in them; None where one is missing, or no array of its size."""
    rows: Rows = {}
    for split, start in (("train", "train"), ("test", "t10k")):
        arrays = []
        for what in ("images-idx3", "labels-idx1"):
            content = next((data for name, data in case["files"].items() if name.startswith(f"{start}-{what}")), b"")
            content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
            axes = content[3] if len(content) > 3 else 0
            if len(content) < 4 + 4 * axes or axes == 0:
                return None
            shape = struct.unpack(f">{axes}I", content[4 : 4 + 4 * axes])
            kind = np.dtype({8: ">u1", 12: ">i4"}.get(content[2], "V1"))
            body = content[4 + 4 * axes :]
            if kind.kind == "V" or len(body) != kind.itemsize * int(np.prod([float(n) for n in shape])):
                return None
            arrays.append(np.frombuffer(body, kind).reshape(shape).astype(kind.newbyteorder("=")))
        known = _rows(arrays[0].astype(np.uint8), arrays[1]) if arrays[0].dtype.itemsize == 1 else None
        if known is None:
            return None
        rows[split] = known
    return rows


@st.composite
def shards(draw: st.DrawFn) -> dict[str, Any]:
    """Hugging Face's parquet, a shard or two a split."""
    splits = draw(st.sampled_from([["train", "test"], ["train"], ["train", "validation", "test"]]))
    names = draw(st.sampled_from([("cat", "dog"), ("dog", "cat"), ("cat", "cat"), None]))
    odd = draw(st.sampled_from(ODD_ROWS))
    files, gray = {}, 0
    for split in splits:
        for part in range(draw(st.integers(1, 2))):
            many = draw(st.integers(4, 5))
            images: list[Any] = [png(gray + number) for number in range(many)]
            labels: list[Any] = [number % 2 for number in range(many)]
            gray, at = gray + many, draw(st.integers(0, many - 1))
            if odd in ("null", "minus one", "beyond"):
                labels[at] = {"null": None, "minus one": -1, "beyond": 7}[odd]
            elif odd in ("no bytes", "path", "no image"):
                wrong = {"no bytes": None, "path": None, "no image": b"no image"}[odd]
                images[at] = {"bytes": wrong, "path": "/etc/passwd" if odd == "path" else None}
            elif odd in ("text", "fractions"):
                labels = [f"class {label}" if odd == "text" else float(label) for label in labels]
            content = shard(images, labels, None if odd in ("text", "fractions") else names)
            files[f"data/{split}-{part:05d}.parquet"] = _two(content) if odd == "two images" else content
    return {"files": files, "form": "parquet", "right": not odd and names != ("cat", "cat")}


def _two(content: bytes) -> bytes:
    """The same file with its column of images a second time."""
    found, file = parquet.read_table(io.BytesIO(content)), io.BytesIO()
    parquet.write_table(found.append_column("second", found.column("image")), file)
    return file.getvalue()


def read_shards(place: Path, case: dict[str, Any]) -> Rows | None:
    """What pyarrow reads in them; None where a row has no image or no label with a name."""
    rows: Rows = {}
    for path in sorted(place.rglob("*.parquet")):
        found = parquet.read_table(path)
        known = json.loads((found.schema.metadata or {}).get(b"huggingface", b"{}"))
        features = known.get("info", {}).get("features", {})
        names = features.get("label", {}).get("names")
        structs = [column.name for column in found.schema if pa.types.is_struct(column.type)]
        structs = [name for name in structs if features.get(name, {}).get("_type") == "Image"] or structs
        if len(structs) != 1 or (names and len(set(names)) < len(names)):
            return None
        split = {"validation": "val"}.get(path.stem.split("-")[0], path.stem.split("-")[0])
        for row in found.to_pylist():
            label, content = row["label"], row["image"]["bytes"]
            if (
                label is None
                or isinstance(label, float)
                or content in (None, b"no image")
                or (label in (-1, 7) and names)
            ):
                return None
            with Image.open(io.BytesIO(content)) as image:
                gray = int(np.asarray(image)[0, 0])
            if isinstance(label, int) and label < 0:
                return None
            rows.setdefault(split, []).append((names[label] if names else str(label), gray))
    return rows
