"""Which split and class each image of a folder or archive belongs to, told from the folders' names alone.

A class is the topmost folder under its split, as torchvision's ImageFolder has it; everything below belongs to it. What
can be read in two ways is refused: images that are tested on must never be trained on because a name was guessed at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath

from vitcore.data.readers.folder_names import FILLING, WORDS, composed, kind, words
from vitcore.data.readers.repeated import split_like
from vitcore.errors import UserError

Classes = dict[str, list[str]]  # the names of each class's images
DECLARED = "classes"  # a folder of this name holds one folder for each class, whatever these are called
DEEPEST = 100  # folders above an image
HELD_OUT = ("test", "eval", "val")  # the first of these that is there is tested on
CASINGS = ("images", "imgs", "img", "pictures", "photos", "data", DECLARED)  # folders in a split that hold its classes
WAY_OUT = (
    f"name the folders train and test (or val) where they are splits; where they are classes, put them into a folder "
    f"called {DECLARED}"
)


@dataclass
class Node:
    """A folder with images somewhere below it."""

    path: str = ""
    name: str = ""
    images: list[str] = field(default_factory=list)  # those directly in it
    folders: dict[str, Node] = field(default_factory=dict)

    def all(self) -> Iterator[Node]:
        """This folder and every one below it."""
        yield self
        for folder in self.folders.values():
            yield from folder.all()

    def below(self) -> list[str]:
        """The names of all images in it and below it."""
        return [name for node in self.all() for name in node.images]


@dataclass(frozen=True)
class Layout:
    """The images of each split by class: "train" with "test", "eval" and "val" as they are there; "" where none is.

    `folders` says where each split was found, `aside` which images belong to none, by reason, `notes` what else there
    is to say of the reading. Where something else than class folders says which image is of which class, `table` names
    it, and `order` the classes as they are numbered.
    """

    splits: dict[str, Classes]
    folders: dict[str, str]
    aside: dict[str, list[str]]
    notes: tuple[str, ...] = ()
    table: str = ""
    order: tuple[str, ...] = ()


def validated(layout: Layout) -> str:
    """The split that a run with validation is validated on: "val", else "eval", where it is not what is tested on."""
    tested = next((split for split in HELD_OUT if split in layout.splits), "")
    return next((split for split in ("val", "eval") if split in layout.splits and split != tested), "")


def arranged(place: str, images: Iterable[tuple[tuple[str, ...], str]]) -> Layout:
    """The layout of `images`, each the folders above it and its name in the source.

    Raises:
        UserError: it can be read in two ways, or lacks a split; `place` is named, with the folders, and the way on.
    """
    aside: dict[str, list[str]] = {}
    root = _tree(place, images, aside)
    top, declared = _unwrapped(root)
    if declared:
        return _unsplit(top, aside)
    parents = _parents(root)
    if parents:
        return _split(place, root, _only(place, parents, aside), aside)
    declared = PurePath(place).name.casefold() == DECLARED  # the folder of classes was itself given
    try:
        parted = _parted_classes(place, root)
    except UserError:
        if not declared:
            raise
        parted = None
    if parted is not None:
        return _class_by_class(place, parted, aside)
    if declared:
        return _unsplit(root, aside)
    _refuse_half_a_split(place, root, top)
    return _unsplit(top, aside, _repeated(place, root, top))


def _tree(place: str, images: Iterable[tuple[tuple[str, ...], str]], aside: dict[str, list[str]]) -> Node:
    root = Node()
    for folders, name in images:
        if len(folders) > DEEPEST:
            _put(aside, f"more than {DEEPEST} folders deep", [name])
            continue
        node = root
        for folder in folders:
            if folder not in node.folders:
                node.folders[folder] = Node(f"{node.path}{folder}/", folder)
            node = node.folders[folder]
        node.images.append(name)
    return root


def _unwrapped(node: Node) -> tuple[Node, bool]:
    """The folder that holds the class folders, below those that hold one folder alone; whether its name says so."""
    while node.name.casefold() != DECLARED and len(node.folders) == 1 and not node.images:
        [only] = node.folders.values()
        if not only.folders or (only.images and only.name.casefold() != DECLARED):
            break
        node = only
    return node, node.name.casefold() == DECLARED


def _kinds(node: Node, *, classes: bool) -> dict[str, list[Node]]:
    """The folders in `node` that are splits by their names: those with class folders, or those with images alone."""
    found: dict[str, list[Node]] = {}
    for folder in node.folders.values():
        split, _ = kind(folder.name)
        if split and bool(folder.folders) == classes:
            found.setdefault(split, []).append(folder)
    return found


def _is_split(kinds: dict[str, list[Node]]) -> bool:
    return "train" in kinds and any(split in kinds for split in HELD_OUT)


def _parents(node: Node) -> list[Node]:
    """The topmost folders in which a training split and one to test on lie side by side."""
    kinds = _kinds(node, classes=True)
    here = _is_split(kinds)
    splits = {id(split) for value in kinds.values() for split in value} if here else set()
    rest = [folder for folder in node.folders.values() if id(folder) not in splits]
    return [node] * here + [parent for folder in rest for parent in _parents(folder)]


def _only(place: str, parents: list[Node], aside: dict[str, list[str]]) -> Node:
    """The one folder of the splits; a second that repeats it name by name, as Kaggle's do, is a copy."""
    first, *others = parents
    for other in others:
        if _contents(first) != _contents(other) or not other.path.startswith(first.path):
            raise UserError(
                f"{place} holds training and test images in {first.path or 'itself'} and in {other.path}; "
                "give the path of one of them, or take one away"
            )
        _put(aside, f"in {other.path}, a copy of {first.path or 'what lies above it'}", other.below())
    return first


def _contents(parent: Node) -> list[tuple[str, str]]:
    """Each image of its splits by its folder and name, as they are called within `parent`."""
    splits = [node for found in _kinds(parent, classes=True).values() for node in found]
    return sorted(
        (node.path[len(parent.path) :], name.rpartition("/")[2])
        for split in splits
        for node in split.all()
        for name in node.images
    )


def _split(place: str, root: Node, parent: Node, aside: dict[str, list[str]]) -> Layout:
    kinds = _kinds(parent, classes=True)
    _refuse_two_of_a_kind(place, kinds)
    chosen = {split: found[0] for split, found in kinds.items()}
    inside = {id(node) for node in chosen.values()}
    guessed = [node for node in chosen.values() if not kind(node.name)[1]]
    others = [folder for folder in parent.folders.values() if id(folder) not in inside]
    if guessed and any(folder.folders or not kind(folder.name)[0] for folder in others):
        raise UserError(
            f"in {place}, {guessed[0].path} may be a split or a class beside {others[0].path}; {WAY_OUT}",
        )
    notes = {name for names in aside.values() for name in names}
    outside = [name for name in root.below() if name not in notes]
    splits, folders = {}, {}
    trained: set[str] = set()
    for split in ("train", *HELD_OUT):
        if split in chosen:
            node = _uncased(chosen[split], split, trained)
            folders[split], splits[split] = node.path, _classes(node)
            trained |= set(splits[split]) if split == "train" else set()
            of_split = _all(splits[split])
            loose = [name for name in chosen[split].below() if name not in of_split]
            _put(aside, f"in no class folder of {node.path}", loose)
    within = {name for node in chosen.values() for name in node.below()}
    _put(aside, f"outside {' and '.join(folders.values())}", [name for name in outside if name not in within])
    return Layout(splits, folders, aside)


def _uncased(node: Node, split: str, trained: set[str]) -> Node:
    """The folder of the classes in a split: Kaggle doubles the split's own, others put them into one of images."""
    while len(node.folders) == 1 and not node.images:
        [only] = node.folders.values()
        doubled = kind(only.name)[0] == split or only.name.casefold() in CASINGS
        if not (doubled and only.folders) or only.images or composed(only.name) in trained:
            break
        node = only
    return node


def _parted_classes(place: str, root: Node) -> Node | None:
    """The folder of class folders that each hold train/ and test/ with images; None where there are none such."""
    parted = [node for node in root.all() if _is_split(_kinds(node, classes=False))]
    if not parted:
        return None
    above = {node.path[: -len(node.name) - 1]: node for node in parted}
    parent = next(node for node in root.all() if node.path == next(iter(above)))
    whole = all("train" in _kinds(folder, classes=False) for folder in parent.folders.values())
    if parent is parted[0] or len(parted) < 2 or len(above) > 1 or not whole:
        item = parted[0]
        raise UserError(
            f"{place} holds images directly in {' and '.join(_paths(_kinds(item, classes=False)))}; put a folder for "
            f"each class into each of them, or, if they are classes, put them into a folder called {DECLARED}"
        )
    return parent


def _class_by_class(place: str, parent: Node, aside: dict[str, list[str]]) -> Layout:
    """The layout with the splits in the class folders."""
    splits: dict[str, Classes] = {}
    for folder in parent.folders.values():
        kinds = _kinds(folder, classes=False)
        _refuse_two_of_a_kind(place, kinds)
        for split, [node] in kinds.items():
            splits.setdefault(split, {}).setdefault(composed(folder.name), []).extend(node.images)
        within = {name for [node] in kinds.values() for name in node.images}
        _put(aside, "beside the splits of its class", [name for name in folder.below() if name not in within])
    _put(aside, f"in no class folder of {parent.path}", parent.images)
    return Layout(splits, {split: f"{parent.path}<class>/{split}/" for split in splits}, aside)


def _refuse_two_of_a_kind(place: str, kinds: dict[str, list[Node]]) -> None:
    for split, found in kinds.items():
        if len(found) > 1:
            raise UserError(
                f"{place} has {found[0].path} and {found[1].path}, which "
                f"both read as the {split} split; keep one, or rename the other"
            )


def _refuse_half_a_split(place: str, root: Node, top: Node) -> None:
    """Refuse where a name says "split" and its counterpart is not there."""
    for node in sorted(root.all(), key=lambda node: kind(node.name)[0] != "train"):  # what lacks most often is a test
        split, sure = kind(node.name)
        # What all images lie in may be called "test images of mine"; called plainly so, it is half of something.
        if not sure or (top.path.startswith(node.path) and not _plain(node.name)):
            continue
        if split == "train" and node.folders:
            raise UserError(
                f"{place} has {node.path} but neither test/ nor val/ with class folders beside it; add one, or, for a "
                f"fifth of each class to be tested on, rename it {DECLARED}"
            )
        if split != "train":
            raise UserError(f"{place} has {node.path} but no train/ with class folders beside it; add it, or {WAY_OUT}")


def _plain(name: str) -> bool:
    """Whether a name says that its folder is a split, and nothing else."""
    text = [word for word in words(name) if word not in FILLING]
    return len(text) == 1 and text[0] in WORDS


def _repeated(place: str, root: Node, top: Node) -> tuple[str, ...]:
    """What is told where folders of the same names lie in several classes; refused where they may be splits."""
    folders = {node.path: {composed(name).casefold() for name in node.folders} for node in root.all()}
    splits, kinds = split_like(folders, top.path, words)
    if splits:
        left, right = (path or "the folder itself" for path in splits.paths)
        names = " and ".join(map(repr, splits.names))
        raise UserError(
            f"{place} holds the folders {names} both in {left} and in {right}, which can be read in two ways: if "
            f"{names} are the classes, and {left} and {right} are splits, name the folders train and test (or val); if "
            f"the outer folders are the classes, put them into a folder called {DECLARED}, and give that"
        )
    if not kinds:
        return ()
    first, second = kinds.names
    return (
        f"{kinds.paths[0]} and {kinds.paths[1]} hold folders of the same names ({first}, {second}), which are read as "
        "kinds within each class; if the outer folders are splits, name them train and test",
    )


def _unsplit(top: Node, aside: dict[str, list[str]], notes: tuple[str, ...] = ()) -> Layout:
    _put(aside, "in no class folder", top.images)
    return Layout({"": _classes(top)}, {"": top.path}, aside, notes)


def _classes(node: Node) -> Classes:
    """The images by class; two spellings of one name in Unicode are one class."""
    found: Classes = {}
    for folder in node.folders.values():
        found.setdefault(composed(folder.name), []).extend(folder.below())
    return found


def _all(classes: Classes) -> set[str]:
    return {name for names in classes.values() for name in names}


def _paths(kinds: dict[str, list[Node]]) -> list[str]:
    return [node.path for nodes in kinds.values() for node in nodes]


def _put(aside: dict[str, list[str]], reason: str, names: list[str]) -> None:
    if names:
        aside.setdefault(reason, []).extend(names)
