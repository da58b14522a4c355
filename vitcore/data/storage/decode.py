"""A picture's bytes made into pixels, whoever they come from: nothing is trusted, every failure is a sentence."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path, PurePath

import numpy as np
from PIL import Image, ImageOps

from vitcore.data.storage.depth import OtherScale, deep, eight_bits, inverted, white
from vitcore.errors import Refusal

# Every format that Pillow decodes by itself, and its endings. Not among them: EPS, for which it starts another program;
# IPTC, which hands what lies in it on to whichever decoder fits; and those for which it has no decoder of its own.
TOLD_APART: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
    "AVIF": (".avif", ".avifs"),
    "JPEG2000": (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    "QOI": (".qoi",),
    "ICO": (".ico",),
    "ICNS": (".icns",),
    "DDS": (".dds",),
    "PSD": (".psd",),
    "SGI": (".sgi", ".rgb", ".rgba", ".bw"),
    "SUN": (".ras",),
    "PCX": (".pcx",),
    "DCX": (".dcx",),
    "DIB": (".dib",),
    "FITS": (".fit", ".fits"),
    "BLP": (".blp",),
    "FTEX": (".ftc", ".ftu"),
    "XPM": (".xpm",),
    "XBM": (".xbm",),
    "IM": (".im",),
}
# These are hardly told by their first bytes: tried only where the ending says so.
BY_ENDING: dict[str, tuple[str, ...]] = {
    "TGA": (".tga", ".icb", ".vda", ".vst"),
    "CUR": (".cur",),
    "FLI": (".fli", ".flc"),
    "GBR": (".gbr",),
    "MSP": (".msp",),
    "PCD": (".pcd",),
    "PIXAR": (".pxr",),
}
ENDINGS = tuple(ending for endings in (TOLD_APART | BY_ENDING).values() for ending in endings)
LARGEST_PIXELS = 100_000_000  # a picture of 10,000 x 10,000
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)
LARGEST_BYTES = 256 * 2**20


def decoded(content: bytes, name: str | Path, side: int, channels: int) -> np.ndarray:
    """The picture in `content` as (c y x) uint8, its centred square scaled to `side`.

    Raises:
        Refusal: it is no picture, a damaged one, or absurdly large; `name` is named.
    """
    if not content:
        raise Refusal(f"{name} is empty (0 bytes); remove it or put the picture back")
    try:
        with Image.open(io.BytesIO(content), formats=formats(name)) as picture:
            if picture.width * picture.height > LARGEST_PIXELS:
                raise Refusal(
                    f"{name} is {picture.width:,}x{picture.height:,} pixels; the largest that is read has "
                    f"{LARGEST_PIXELS:,} pixels"
                )
            if picture.format == "JPEG":  # need not be decoded much larger than it is wanted
                picture.draft("RGB" if channels == 3 else "L", (2 * side, 2 * side))
            return square(upright(picture), side, channels)
    except OtherScale as error:
        raise Refusal(f"{name} {error}") from None
    except Exception as error:  # whatever one of thirty decoders makes of damaged bytes
        if isinstance(error, Refusal):
            raise
        reason = str(error).split("<")[0].strip() or type(error).__name__
        raise Refusal(f"{name} is not a picture that can be read ({reason}); remove it or put a whole one in") from None


def formats(name: str | Path) -> list[str]:
    """The formats that a file of this name may have, as far as this Pillow was built with them."""
    Image.init()
    ending = PurePath(name).suffix.lower()
    possible = [*TOLD_APART, *(one for one, endings in BY_ENDING.items() if ending in endings)]
    return [one for one in possible if one in Image.OPEN]


def upright(picture: Image.Image) -> Image.Image:
    """The first frame, turned as the camera was held, with 8 bits a channel.

    Raises:
        OtherScale: its pixels are on a scale that is not known.
    """
    picture.seek(0)
    if not deep(picture):
        return ImageOps.exif_transpose(picture)
    scale, negative = white(picture), inverted(picture)  # the turned copy no longer knows its file
    return eight_bits(ImageOps.exif_transpose(picture), scale, negative)


def opaque(picture: Image.Image) -> Image.Image:
    """What is transparent shows white."""
    if not picture.has_transparency_data:
        return picture
    if picture.mode in ("La", "RGBa"):  # colours multiplied by their alpha: Pillow undoes that in one step only
        picture = picture.convert("LA" if picture.mode == "La" else "RGBA")
    layers = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layers.size, "white"), layers)


def square(picture: Image.Image, side: int, channels: int) -> np.ndarray:
    """The centred square at `side` pixels: (c y x) uint8. What is transparent shows white."""
    picture = opaque(picture).convert("RGB" if channels == 3 else "L")
    if picture.size != (side, side):
        picture = ImageOps.fit(picture, (side, side), Image.Resampling.BILINEAR)
    pixels = np.asarray(picture)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)
