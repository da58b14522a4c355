"""The scale of an image is what its file says, never what its pixels happen to be."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.images import class_files, write_folder
from vitcore.data.image import prepare
from vitcore.data.load import load
from vitcore.data.storage.decode import decoded
from vitcore.errors import UserError


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def level(content: bytes, channels: int = 1) -> int:
    """The one gray of an image that has one."""
    pixels = decoded(content, "one.png", 8, channels)
    assert pixels.shape == (channels, 8, 8)
    assert len(np.unique(pixels)) == 1
    return int(pixels[0, 0, 0])


def flat(value: float, kind: np.typing.DTypeLike) -> Image.Image:
    return Image.fromarray(np.full((8, 8), value, dtype=kind))


def pgm(value: int, largest: int) -> bytes:
    return f"P5 8 8 {largest}\n".encode() + struct.pack(">H", value) * 64


def tiff_of_12_bits(value: int) -> bytes:
    """8x8 pixels, two of them in three bytes, as scientific cameras write them."""
    pair = bytes([value >> 4, (value & 15) << 4 | value >> 8, value & 255])
    tags = [(256, 3, 8), (257, 3, 8), (258, 3, 12), (259, 3, 1), (262, 3, 1), (273, 4, 0), (278, 3, 8), (279, 4, 96)]
    start = 8 + 2 + 12 * len(tags) + 4
    tags = [(tag, kind, start if tag == 273 else number) for tag, kind, number in tags]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, number) for tag, kind, number in tags)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + bytes(4) + pair * 32


# What holds whole numbers up to 65535 (or its own largest), written with one value everywhere.
SIXTEEN = {
    "PNG": lambda value: saved(flat(value, np.uint16), "PNG"),
    "TIFF": lambda value: saved(flat(value, np.uint16), "TIFF"),
    "TIFF, deflated": lambda value: saved(flat(value, np.uint16), "TIFF", compression="tiff_deflate"),
    "TIFF, big endian": lambda value: saved(flat(value, ">u2"), "TIFF"),
    "PGM": lambda value: pgm(value, 65535),
}


@pytest.mark.parametrize("value", [0, 1, 128, 254, 255, 256, 257, 4095, 40_000, 65_535])
@pytest.mark.parametrize("form", SIXTEEN)
def test_sixteen_bits_are_scaled_as_sixteen_bits_whatever_they_hold(form: str, value: int) -> None:
    assert level(SIXTEEN[form](value)) == round(value / 257)


def test_the_order_of_dark_images_is_kept() -> None:
    """255 of 65,535 is nearly black, and no brighter than 256."""
    for make in SIXTEEN.values():
        assert level(make(255)) <= level(make(256)) <= 1


@pytest.mark.parametrize(("value", "largest"), [(1023, 1023), (300, 1023), (4095, 4095), (255, 4095), (256, 4095)])
def test_a_pgm_of_fewer_bits_says_its_own_largest(value: int, largest: int) -> None:
    assert level(pgm(value, largest)) == pytest.approx(255 * value / largest, abs=1)


@pytest.mark.parametrize("value", [0, 255, 256, 2048, 4095])
def test_a_tiff_of_twelve_bits_is_scaled_by_twelve(value: int) -> None:
    assert level(tiff_of_12_bits(value)) == round(255 * value / 4095)


def test_a_tiff_whose_zero_is_white() -> None:
    for kind, black, white in ((np.uint16, 65_535, 0), (np.uint8, 255, 0), (np.float32, 1.0, 0.0)):
        for value, wanted in ((black, 0), (white, 255)):
            content = bytearray(saved(flat(value, kind), "TIFF"))
            at = content.index(struct.pack("<HHI", 262, 3, 1))
            content[at + 8 : at + 10] = struct.pack("<H", 0)
            assert level(bytes(content)) == wanted


@pytest.mark.parametrize("value", [0.0, 0.25, 0.5, 1.0])
def test_fractions_stretch(value: float) -> None:
    assert level(saved(flat(value, np.float32), "TIFF")) == round(255 * value)


OTHERS = {
    "fractions beyond 1": (saved(flat(1.5, np.float32), "TIFF"), "fractions from 1.5 to 1.5"),
    "fractions as bytes": (saved(flat(255.0, np.float32), "TIFF"), "fractions from 255 to 255"),
    "fractions below 0": (saved(flat(-0.1, np.float32), "TIFF"), "fractions from -0.1"),
    "not a number": (saved(flat(np.nan, np.float32), "TIFF"), "fractions from nan"),
    "infinity": (saved(flat(np.inf, np.float32), "TIFF"), "fractions from inf"),
    "32 bits": (saved(flat(7, np.int32), "TIFF"), "whole numbers of 32 bits"),
    "32 bits, large": (saved(flat(2**30, np.int32), "TIFF"), "whole numbers of 32 bits"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_any_other_scale_is_refused_by_name(own_places: Path, tmp_path: Path, other: str) -> None:
    content, says = OTHERS[other]
    with pytest.raises(UserError, match=f"odd.tif .*{says}.*save it with 8 or 16 bits"):
        decoded(content, "odd.tif", 8, 3)
    folder = write_folder(tmp_path / "mine", class_files() | {"train/dark/odd.tif": content})
    with pytest.raises(UserError, match=f"odd.tif .*{says}"):
        load("folder", 8, folder=str(folder))
    for name in ("mnist", "cifar-10"):
        with pytest.raises(UserError, match=f"the image .*{says}"):
            prepare(Image.open(io.BytesIO(content)), name)


def half() -> np.ndarray:
    """Gray 100 to the left; to the right what is given to be transparent."""
    return np.repeat(np.array([[100] * 4 + [50] * 4], np.uint8), 8, axis=0)


def with_alpha(mode: str) -> Image.Image:
    alpha = Image.fromarray(np.where(half() == 50, 0, 255).astype(np.uint8))
    image = Image.fromarray(half()).convert("LA" if mode in ("LA", "La", "PA") else "RGBA")
    image.putalpha(alpha)
    if mode == "PA":
        palette = Image.new("PA", (8, 8))
        palette.putpalette([channel for gray in range(256) for channel in (gray, gray, gray)])
        palette.putdata(
            [(int(gray), int(a)) for gray, a in zip(half().ravel(), np.asarray(alpha).ravel(), strict=True)]
        )
        return palette
    return image if image.mode == mode else image.convert(mode)


@pytest.mark.parametrize("mode", ["LA", "La", "PA", "RGBA", "RGBa"])
@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_transparent_is_white_in_every_mode_that_has_alpha(mode: str, channels: int) -> None:
    from vitcore.data.storage.decode import square, upright

    pixels = square(upright(with_alpha(mode)), 8, channels)
    assert np.abs(pixels[0, :, :4].astype(int) - 100).max() <= 1
    assert pixels[:, :, 4:].min() == 255


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_with_a_transparent_value(bits: int, value: int) -> bytes:
    """Grays of `bits`, the right half of the value that is transparent."""
    left = 2**bits - 2
    row = [left] * 4 + [value] * 4
    packed = struct.pack(">8H", *row) if bits == 16 else bytes(row)
    header = struct.pack(">IIBBBBB", 8, 8, bits, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"tRNS", struct.pack(">H", value))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IDAT", zlib.compress((b"\0" + packed) * 8)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("value", [0, 7, 200])
def test_a_transparent_value_is_white_at_every_depth(bits: int, value: int) -> None:
    pixels = decoded(png_with_a_transparent_value(bits, value), "glass.png", 8, 1)
    assert pixels[0, :, 4:].min() == 255
    assert pixels[0, :, :4].max() in (254, 255)


PLAIN = {
    "1": (Image.new("1", (8, 8), 1), "PNG", 255),
    "1, black": (Image.new("1", (8, 8), 0), "TIFF", 0),
    "L": (Image.new("L", (8, 8), 99), "PNG", 99),
    "P": (Image.new("L", (8, 8), 99).convert("P"), "GIF", 99),
    "P, transparent": (Image.new("L", (8, 8), 99).convert("P"), "PNG", 255),
    "RGB": (Image.new("RGB", (8, 8), (99, 99, 99)), "BMP", 99),
    "CMYK": (Image.new("CMYK", (8, 8), (0, 0, 0, 156)), "TIFF", 99),
    "CMYK, JPEG": (Image.new("CMYK", (8, 8), (0, 0, 0, 156)), "JPEG", 99),
    "YCbCr": (Image.new("YCbCr", (8, 8), (99, 128, 128)), "TIFF", 99),
    "LA": (Image.new("LA", (8, 8), (99, 255)), "PNG", 99),
    "RGBX": (Image.new("RGBX", (8, 8), (99, 99, 99, 0)), "TIFF", 99),
}


@pytest.mark.parametrize("mode", PLAIN)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_other_mode_keeps_its_gray(mode: str, channels: int) -> None:
    image, form, wanted = PLAIN[mode]
    options = {"transparency": image.getpixel((0, 0))} if "transparent" in mode else {}
    assert level(saved(image, form, **options), channels) == pytest.approx(wanted, abs=3)


@pytest.mark.parametrize(
    "mode",
    [
        "1",
        "L",
        "LA",
        "La",
        "P",
        "PA",
        "RGB",
        "RGBA",
        "RGBa",
        "RGBX",
        "CMYK",
        "YCbCr",
        "LAB",
        "HSV",
        "I",
        "F",
        "I;16",
        "I;16L",
        "I;16B",
        "I;16N",
    ],
)
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar-10"])
def test_every_mode_of_pillow_is_read_or_refused_in_a_sentence(mode: str, name: str) -> None:
    image = Image.new(mode, (30, 30))
    with suppress(ValueError):  # a mode that nothing is converted to
        image.paste(Image.new("L", (10, 10), 1).convert(mode), (10, 10))
    try:
        pixels = prepare(image, name)
    except UserError as error:
        text = str(error)
    else:
        text = "the image" if pixels.shape[1:] in ((28, 28), (32, 32)) else f"{pixels.shape}"
    assert text.startswith(("the image", "there is nothing"))


def test_turned_deep_images_keep_their_scale() -> None:
    """The turned copy no longer knows its file."""
    exif = Image.Exif()
    exif[0x0112] = 6
    values = np.zeros((8, 8), np.uint16)
    values[0] = 255
    turned = decoded(saved(Image.fromarray(values), "PNG", exif=exif), "turned.png", 8, 1)
    assert turned[0].max() == 1
    assert turned[0, :, 7].tolist() == [1] * 8
