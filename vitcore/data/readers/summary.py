"""What is told of images once they are decoded: sizes, modes, and which of them lie in two splits."""

from __future__ import annotations

from collections.abc import Mapping

from vitcore.data.readers.found import alike
from vitcore.data.storage.decoded import Writer

SHOWN = 5  # sizes and modes in a sentence
MODES = {
    "1": "black and white",
    "L": "gray",
    "LA": "gray with transparency",
    "RGB": "color",
    "RGBA": "color with transparency",
    "P": "palette",
    "CMYK": "CMYK",
    "F": "fractions",
}


def summary_of(writer: Writer) -> tuple[str, ...]:
    """The sentences for the Datasets page and a run's notes."""
    found = [*_sizes(writer), *_modes(writer)]
    for split, verb, error in (("test", "test", "test"), ("val", "validate", "validation")):
        if split in writer.splits:
            found += alike(writer.alike(split), writer.rows(split), verb, error)
            found += _same_pixels(writer, split, verb, error)
    return tuple(found)


def _sizes(writer: Writer) -> list[str]:
    sizes = writer.sizes
    if not sizes:
        return []
    listed = _listed({f"{width}x{height}": many for (width, height), many in sizes.items()}, "of ")
    side, square = writer.image_size, sum(many for (width, height), many in sizes.items() if width == height)
    found = [f"image sizes, width x height in pixels: {listed}; all are read at {side}x{side}"]
    other = sum(sizes.values()) - square
    if other:
        how = (
            "are stretched to a square, so that their shapes change"
            if writer.resize == "stretch"
            else "lose what their centered square leaves out"
        )
        found.append(
            f"{other:,} of the {sum(sizes.values()):,} images are not square and {how} (resize: {writer.resize})"
        )
    return found


def _modes(writer: Writer) -> list[str]:
    if not writer.modes:
        return []
    deep = {mode: "gray of 16 bits or more" for mode in writer.modes if mode.startswith("I")}
    return ["image modes: " + _listed({(MODES | deep).get(mode, mode): many for mode, many in writer.modes.items()})]


def _same_pixels(writer: Writer, split: str, verb: str, error: str) -> list[str]:
    many = writer.alike_pixels(split)
    if not many:
        return []
    side = writer.image_size
    return [
        f"{many:,} more of the {writer.rows(split):,} images to {verb} on {'has' if many == 1 else 'have'}, at "
        f"{side}x{side}, the very pixels of one to train on, so the {error} error flatters"
    ]


def _listed(counts: Mapping[str, int], joined: str = "") -> str:
    in_order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{many:,} {joined}{name}" for name, many in in_order[:SHOWN])
    more = len(in_order) - SHOWN
    return shown + (f" and {sum(many for _, many in in_order[SHOWN:]):,} of {more:,} more" if more > 0 else "")
