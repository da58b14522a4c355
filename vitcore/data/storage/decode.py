"""An image's bytes made into pixels, whoever they come from: nothing is trusted, every failure is a sentence."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np
from PIL import Image, ImageOps

from vitcore.data.storage.depth import OtherScale, deep, eight_bits, inverted, white
from vitcore.errors import UserError

# Every format that Pillow decodes by itself, and its endings. Not among them: EPS, for which it starts another program;
# IPTC, which hands what lies in it on to whichever decoder fits; and those for which it has no decoder of its own.
DISTINGUISHED: dict[str, tuple[str, ...]] = {
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
ENDINGS = tuple(ending for endings in (DISTINGUISHED | BY_ENDING).values() for ending in endings)
LARGEST_PIXELS = 100_000_000  # an image of 10,000 x 10,000
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)
LARGEST_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Decoded:
    """An image as (c y x) uint8, and what its file had: width and height in pixels, and Pillow's mode."""

    pixels: np.ndarray
    width: int
    height: int
    mode: str


def decoded(content: bytes, name: str | Path, image_size: int, channels: int, resize: str = "crop") -> np.ndarray:
    """The image in `content` as (c y x) uint8 at `image_size`: its centered square, or all of it, stretched.

    Raises:
        UserError: it is no image, a damaged one, or absurdly large; `name` is named.
    """
    return whole(content, name, image_size, channels, resize).pixels


def whole(
    content: bytes,
    name: str | Path,
    image_size: int,
    channels: int,
    resize: str = "crop",
    made: Callable[[Image.Image], np.ndarray] | None = None,
) -> Decoded:
    """As `decoded`, with what the file had.

    Args:
        made: what makes pixels (c y x) uint8 of the image instead of a square.

    Raises:
        UserError: as `decoded`; whatever `made` refuses.
    """
    if not content:
        raise UserError(f"{name} is empty (0 bytes); remove it or put the image back")
    try:
        with Image.open(io.BytesIO(content), formats=formats(name)) as image:
            if image.width * image.height > LARGEST_PIXELS:
                raise UserError(
                    f"{name} is {image.width:,}x{image.height:,} pixels; the largest that is read has "
                    f"{LARGEST_PIXELS:,} pixels"
                )
            width, height, mode = *image.size, image.mode
            if image.format == "JPEG" and made is None:  # need not be decoded much larger than it is wanted
                image.draft("RGB" if channels == 3 else "L", (2 * image_size, 2 * image_size))
            pixels = square(upright(image), image_size, channels, resize) if made is None else _of(image, name, made)
            return Decoded(pixels, width, height, mode)
    except OtherScale as error:
        raise UserError(f"{name} {error}") from None
    except Exception as error:  # whatever one of thirty decoders makes of damaged bytes
        if isinstance(error, UserError):
            raise
        reason = str(error).split("<")[0].strip() or type(error).__name__
        raise UserError(
            f"{name} is not an image that can be read ({reason}); remove it or put a whole one in"
        ) from None


def _of(image: Image.Image, name: str | Path, made: Callable[[Image.Image], np.ndarray]) -> np.ndarray:
    """What `made` makes of the image; what it refuses names the file."""
    try:
        return made(image)
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


def formats(name: str | Path) -> list[str]:
    """The formats that a file of this name may have, as far as this Pillow was built with them."""
    Image.init()
    ending = PurePath(name).suffix.lower()
    possible = [*DISTINGUISHED, *(item for item, endings in BY_ENDING.items() if ending in endings)]
    return [item for item in possible if item in Image.OPEN]


def upright(image: Image.Image) -> Image.Image:
    """The first frame, turned as the camera was held, with 8 bits a channel.

    Raises:
        OtherScale: its pixels are on a scale that is not known.
    """
    image.seek(0)
    if not deep(image):
        return ImageOps.exif_transpose(image)
    scale, negative = white(image), inverted(image)  # the turned copy no longer knows its file
    return eight_bits(ImageOps.exif_transpose(image), scale, negative)


def opaque(image: Image.Image) -> Image.Image:
    """What is transparent shows white."""
    if not image.has_transparency_data:
        return image
    if image.mode in ("La", "RGBa"):  # colors multiplied by their alpha: Pillow undoes that in one step only
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    layers = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layers.size, "white"), layers)


def square(image: Image.Image, image_size: int, channels: int, resize: str = "crop") -> np.ndarray:
    """The centered square, or all of the image stretched to one, at `image_size` pixels: (c y x) uint8.

    What is transparent shows white.
    """
    image = opaque(image).convert("RGB" if channels == 3 else "L")
    if image.size != (image_size, image_size):
        size = (image_size, image_size)
        way = Image.Resampling.BILINEAR
        image = image.resize(size, way) if resize == "stretch" else ImageOps.fit(image, size, way)
    pixels = np.asarray(image)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)
