"""Images with a CSV and CSV of pixels, right and odd, with pandas as the one who says what is in them."""

from __future__ import annotations

import io
import re
import unicodedata
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from PIL import Image

from tests.data.own_forms import table

SIDE = 8
OUTSIDE = "outside"  # a folder beside the given one, which no table may lead to
Rows = dict[str, list[tuple[str, int]]]  # of each split ("": not named) the class and the gray of every image
LABELS = ["cat", "dog", "0", "1", "1.0", " cow ", "caf\u00e9", "cafe\u0301", "a,b", "=1+1", "nan", "NA", "None"]
ODD_LINES = ["absent", "absolute", "above", "twice", "otherwise", "ragged", "no label", "no file", "blank", "spaces"]
ODD_PIXELS = ["256", "-1", "1.5", "", "x", "0x10", "007", " 7", "+5", "1e1", "nan", "\u0663"]
ODD_NUMBERS = ["", " ", "-1", "1.0", "1.5", "a", "99999999999", "1e3", "007", "nan"]


def png(gray: int) -> bytes:
    """A square image of one gray, by which it is known again."""
    file = io.BytesIO()
    Image.new("L", (SIDE, SIDE), gray).save(file, "PNG")
    return file.getvalue()


def _spelled(label: str) -> str:
    """A class's name in the one form of its spellings."""
    return unicodedata.normalize("NFC", label.strip())


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    """Images with one table, or one a split."""
    below = draw(st.sampled_from(["", "images/", "a/b/"]))
    labels = draw(st.lists(st.sampled_from(LABELS), min_size=2, max_size=3, unique_by=_spelled))
    splits = draw(st.sampled_from([[""], ["train", "test"], ["train", "val", "test"], ["train", "val"], ["test"]]))
    apart = splits != [""] and draw(st.booleans())
    odd = draw(st.lists(st.sampled_from(ODD_LINES), max_size=2))
    head = [draw(st.sampled_from(["file", "Filename", "image_id"])), draw(st.sampled_from(["label", "Class"]))]
    ending = draw(st.sampled_from([".png", ".png", ""]))
    files: dict[str, bytes] = {}
    lines: dict[str, list[list[str]]] = {}
    for split in splits:
        for number in range(draw(st.integers(2, 3)) * len(labels)):
            name = f"{below}{split or 'n'}-{number:02d}"
            files[f"{name}.png"] = png(len(files))
            named = name if draw(st.integers(0, 3)) else name.rpartition("/")[2]
            line = [named + ending, labels[number % len(labels)], *[split] * bool(split and not apart)]
            lines.setdefault(split if apart else "", []).append(line)
    for what in odd:
        rows = lines[draw(st.sampled_from(sorted(lines)))]
        _bend(rows, what, draw(st.integers(0, len(rows) - 1)), labels)
    sign = draw(st.sampled_from([",", ";", "\t"]))
    for split, rows in lines.items():
        whole = [[*head, *["split"] * (splits != [""] and not apart)], *rows]
        files[f"{split or 'labels'}.csv"] = table(whole, sign)
    return {"files": files, "form": "table", "sign": sign, "right": not odd and splits != ["test"]}


def _bend(rows: list[list[str]], what: str, at: int, labels: list[str]) -> None:
    """Make one line odd."""
    line = list(rows[at])
    if what in ("absent", "absolute", "above", "no file"):
        names = {"absent": "nowhere.png", "absolute": "/{root}/secret.png", "above": f"../{OUTSIDE}/secret.png"}
        rows.append([names.get(what, ""), *line[1:]])
    elif what in ("twice", "otherwise"):
        rows.append([line[0], line[1] if what == "twice" else labels[labels.index(line[1]) - 1], *line[2:]])
    elif what == "ragged":
        rows[at] = [*line, "more"] if at % 2 else line[:-1]
    elif what == "no label":
        rows[at] = [line[0], " ", *line[2:]]
    elif what == "blank":
        rows.insert(at, [])
    else:
        rows[at] = [f" ./{line[0]} ", *line[1:]]


def read_tables(place: Path, case: dict[str, Any]) -> Rows | None:
    """What pandas reads in them; None where a line means nothing, or two things."""
    there = [path for path in place.rglob("*.png")]
    by_file: dict[Path, tuple[str, str]] = {}
    for path in sorted(place.glob("*.csv")):
        try:
            frame = pd.read_csv(path, sep=case["sign"], dtype=str, keep_default_na=False, skip_blank_lines=True)
        except ValueError:
            return None
        if frame.isna().to_numpy().any() or not isinstance(frame.index, pd.RangeIndex):
            return None
        split = "" if path.stem == "labels" else path.stem
        for cells in frame.itertuples(index=False):
            text = cells[0].strip().removeprefix("./")
            found = [file for file in there if text and file.relative_to(place).as_posix() == text]
            last = PurePosixPath(text).name
            found = found or [file for file in there if last and last in (file.name, file.stem)]
            label = _spelled(cells[1])
            of = (cells[2] if len(cells) > 2 else split, label)
            if len(found) != 1 or not label or by_file.setdefault(found[0], of) != of:
                return None
    rows: Rows = {}
    for file, (split, label) in by_file.items():
        with Image.open(file) as image:
            rows.setdefault(split, []).append((label, int(np.asarray(image)[0, 0])))
    return rows


def _whole(cell: object) -> int:
    """The whole number in a cell, blanks around it and hexadecimal as they are spelled; more than any pixel if none."""
    found = re.fullmatch(r"\s*(?:0[xX]([0-9a-fA-F]+)|([0-9]+))\s*", cell) if isinstance(cell, str) else None
    return 256 if found is None else int(found[1], 16) if found[1] else int(found[2])


@st.composite
def pixels(draw: st.DrawFn) -> dict[str, Any]:
    """A CSV of pixels, or one a split."""
    splits = draw(st.sampled_from([[""], ["train"], ["train", "test"], ["train", "test", "val"]]))
    side = draw(st.sampled_from([SIDE, SIDE, SIDE, 4, 7]))
    many = side * side + draw(st.sampled_from([0, 0, 0, 0, 1]))
    header = draw(st.integers(0, 4)) > 0
    odd = draw(st.sampled_from(["", "", "pixel", "label", "ragged", "empty", "blank", "no labels"]))
    files, gray = {}, 0
    for split in splits:
        head = ["label", *(f"pixel{number}" for number in range(many))]
        rows: list[list[Any]] = []
        for number in range(draw(st.integers(4, 6))):
            rows.append([number % 2, *[gray] * many])
            gray += 1
        at = draw(st.integers(0, len(rows) - 1))
        if odd == "pixel":
            rows[at][draw(st.integers(1, many))] = draw(st.sampled_from(ODD_PIXELS))
        elif odd == "label":
            rows[at][0] = draw(st.sampled_from(ODD_NUMBERS))
        elif odd == "ragged":
            rows[at] = rows[at][:-1] if draw(st.booleans()) else [*rows[at], 1]
        elif odd == "empty":
            rows = []
        elif odd == "blank":
            rows.insert(at, [])
        elif odd == "no labels":
            head, rows = head[1:], [row[1:] for row in rows]
        files[f"{split or 'digits'}.csv"] = table([head] * header + rows)
    right = not odd and many == side * side and side > 4 - header
    return {"files": files, "form": "pixels", "header": header, "right": right}


def read_pixels(place: Path, case: dict[str, Any]) -> Rows | None:
    """What pandas reads in it; None where a line holds no square of whole numbers of 0 to 255 and a label."""
    rows: Rows = {}
    for path in sorted(place.glob("*.csv")):
        try:
            head = 0 if case["header"] else None
            frame = pd.read_csv(path, header=head, dtype=str, keep_default_na=False, index_col=False)
        except ValueError:
            return None
        texts = [cells[0].strip() for cells in frame.itertuples(index=False)]
        if all(re.fullmatch(r"-?\d{1,18}(\.\d*)?", text) for text in texts):
            if any(float(text) < 0 or float(text) % 1 for text in texts):
                return None
            texts = [str(int(float(text))) for text in texts]
        split = path.stem if path.stem != "digits" and len(list(place.glob("*.csv"))) > 1 else ""
        for label, cells in zip(texts, frame.itertuples(index=False), strict=True):
            values = [_whole(cell) for cell in cells[1:]]
            if not label or max(values) > 255:
                return None
            side = round(len(values) ** 0.5)
            middle = side // 2 * side + side // 2
            rows.setdefault(split, []).append((label, values[middle]))
    return rows
