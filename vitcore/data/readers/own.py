"""What a person brings, in whatever form: what lies at the path is looked at, and the reader of its format reads it."""

from __future__ import annotations

from collections.abc import Set
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from vitcore.data.readers import folders, image_table, npz, own_idx, parquet, pixel_table
from vitcore.data.readers.chosen import chosen
from vitcore.data.readers.decoding import written
from vitcore.data.readers.found import Found
from vitcore.data.readers.layouts import Layout, arranged, validated
from vitcore.data.readers.lying import TABLES, Lying, lying
from vitcore.data.registry import Dataset
from vitcore.data.storage.decode import ENDINGS
from vitcore.data.storage.decode_all import Plan
from vitcore.data.storage.decoded import Arrays, Writer
from vitcore.data.storage.download import Progress
from vitcore.errors import UserError

DOWNLOADS = False
FORMATS: dict[str, ModuleType] = {
    "class folders": folders,
    "images and a table of their labels": image_table,
    "a table of pixels": pixel_table,
    "an .npz file of arrays": npz,
    "idx files": own_idx,
    "parquet files of Hugging Face": parquet,
}
WITHOUT_IMAGES = (parquet, own_idx, npz, pixel_table)
"""The formats of files that hold many images; where single images lie, a file of these beside them is passed over."""


def wanted(dataset: Dataset, place: Path) -> str:
    """What a person would bring, for a sentence that says so."""
    return f"at {place} {', '.join(list(FORMATS)[:-1])} or {list(FORMATS)[-1]}"


def find(dataset: Dataset, place: Path) -> list[Path]:
    """What stands for the images: a file, a folder and those in it, a table and the folder that it lies in."""
    with suppress(UserError):  # what cannot be read is refused by whoever reads it
        if place.is_file() and place.name.lower().endswith(TABLES) and format_of(place)[0] is image_table:
            return [place, *folders.find(dataset, place.parent)]
    return folders.find(dataset, place)


def described(dataset: Dataset, place: Path) -> Dataset:
    """The dataset with the classes and rows that are found there, without decoding an image."""
    return found(dataset, place).as_dataset(dataset)


def own_validation(dataset: Dataset, place: Path) -> bool:
    """Whether a validation split lies there besides what is tested on."""
    reader, there = format_of(place)
    return folders.own_validation(dataset, place) if reader is folders else validated(reader.arranged(there)[0]) != ""


def class_sizes(dataset: Dataset, place: Path) -> tuple[list[int], tuple[str, ...]]:
    """How many images of each class there are to train on, and the classes' names."""
    return found(dataset, place).class_sizes()


def notes(dataset: Dataset, found_in: list[Path]) -> tuple[str, ...]:
    """What a run's notes say of what was found: splits, classes, counts, what was passed over."""
    return found(dataset, found_in[0]).notes


def read(dataset: Dataset, found_in: list[Path], image_size: int, writer: Writer, progress: Progress | None) -> Arrays:
    """Decode the splits; images without splits are split 80 to 20, class by class, the same way each time.

    Raises:
        UserError: nothing that can be read, a layout that can be read in two ways, or an image that cannot be read.
    """
    place = found_in[0]
    reader, there = format_of(place)
    if reader is folders:
        return folders.read(dataset, found_in, image_size, writer, progress)
    known = found(dataset, place, writer.without, apart="val" in writer.splits)

    def decode(plan: Plan) -> None:
        reader.decode(
            there, plan, writer,
            image_size=image_size, channels=dataset.channels, label=dataset.label, progress=progress,
        )  # fmt: skip

    return written(known, writer, decode)


def found(dataset: Dataset, place: Path, without: Set[str] = frozenset(), *, apart: bool = False) -> Found:
    """What is at the path, no image decoded; `without` those that are known to be broken.

    With `apart` the validation split that lies there is found too.

    Raises:
        UserError: nothing that can be read, or what can be read in two ways.
    """
    reader, there = format_of(place)
    if reader is folders:
        return folders.found(dataset, place, without, apart=apart)
    layout, passed = reader.arranged(there)
    return chosen(dataset, there.place, layout, passed, without, apart=apart)


def format_of(place: Path) -> tuple[ModuleType, Lying]:
    """The reader of what lies at the path, and what lies there.

    Raises:
        UserError: class folders and a table beside them say different things; or a file that none of them reads.
    """
    there = lying(place)
    images = any(name.lower().endswith(ENDINGS) for name in there.names)
    if not there.given and images:
        return (folders if not image_table.recognizes(there) or _agree(place, there) else image_table), there
    found = next((reader for reader in WITHOUT_IMAGES if reader.recognizes(there)), None)
    if found is None and there.given and image_table.recognizes(there):
        return image_table, lying_beside(place)
    if found is None and there.given:
        raise UserError(
            f"{place} is neither a folder nor a zip or tar that can be read, nor {', '.join(list(FORMATS)[2:])}; give "
            "the path of one of these"
        )
    return found or folders, there


def lying_beside(table: Path) -> Lying:
    """A table that was itself given, with all that lies in its folder."""
    there = lying(table.parent)
    return replace(there, given=table.name, heads={table.name: lying(table).heads[table.name]})


def _agree(place: Path, there: Lying) -> bool:
    """Whether class folders that can be read as such part the images as the table beside them does, by whatever names.

    Raises:
        UserError: they part them in another way, so that nobody can say which is meant.
    """
    try:
        images, _ = folders.images_at(place)
        layout = arranged(str(place), images)
        by_folder = _classes(layout)
    except UserError:
        return False
    if len(set(by_folder.values())) < 2:
        return False
    try:
        by_table = _classes(image_table.arranged(there)[0])
    except UserError:
        if image_table.concerns(there):
            raise
        return True  # a table of something else
    pairs = {(by_folder[name], of) for name, of in by_table.items() if name in by_folder}
    if not len(pairs) == len({folder for folder, _ in pairs}) == len({of for _, of in pairs}):
        raise UserError(
            f"{place} holds class folders and, in {image_table.arranged(there)[0].table}, a table that sorts the same "
            "images otherwise; take the table away for the folders to count, or give the table's own path"
        )
    return True


def _classes(layout: Layout) -> dict[str, str]:
    """Each image's class."""
    return {name: of for classes in layout.splits.values() for of, names in classes.items() for name in names}
