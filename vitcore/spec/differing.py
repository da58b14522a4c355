"""What several runs or settings are called among one another: the options in which they differ, and what they share."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vitcore.apart import apart
from vitcore.errors import UserError
from vitcore.models import architecture_of, without_effect
from vitcore.spec import fields

PLAIN = ("architecture", "kernel", "dataset")
"""Options whose value is understood without its label."""

SHARED = ("architecture", "kernel", "dataset", "samples", "epochs")
"""Options that are told of all where all have them alike."""

SHORT = {
    "learning_rate": "lr", "weight_decay": "wd", "batch_size": "batch", "samples": "samples", "embed_dim": "width",
    "num_heads": "heads", "drop_path": "drop path", "label_smoothing": "smoothing", "pos_embed": "positions",
}  # fmt: skip
"""What an option is called in a name, where its label is too long for a legend."""

MOST = 4
"""Options in a name; where more differ, those alone that tell the runs apart."""

LONGEST = 40  # letters of a value: a formula or a path may have hundreds
TAIL = 4  # letters of an id, where nothing else tells two runs apart

Options = Mapping[Any, Any]
"""A spec's options by name, as `RunSpec.flat` or a row of the runs' table has them."""


@dataclass(frozen=True)
class Called:
    """What runs are called among one another.

    Attributes:
        names: by id, in the order given; no two are alike.
        common: what the names do not say since all have it alike; empty of a single run, whose name says it.
        also: labels of options that differ too and that no name says.
    """

    names: dict[str, str]
    common: str
    also: tuple[str, ...]

    def above(self) -> str:
        """A line to stand above them: what they share, and what differs besides."""
        besides = f"{', '.join(self.also[:3])}{f' and {len(self.also) - 3} more' if len(self.also) > 3 else ''}"
        return " · ".join(filter(None, [self.common, f"also differ: {besides}" if self.also else ""]))


def called(runs: Iterable[Options]) -> Called:
    """What each of these runs is called: a name that a person gave it, else the options in which it differs.

    The order of the runs changes nothing. Where more than MOST options are needed to tell them apart, as in a long
    list of all there is, a run has its title, and before it what differs among the runs of that title. One that another
    program has trained (`origin`) has the name that it had there.

    Args:
        runs: rows of the runs' table: `id`, `title`, `origin`, and the options as far as they are known.
    """
    rows = [(str(run["id"]), str(run["title"]), run) for run in runs]
    if len(rows) < 2:
        return Called({id: title for id, title, _ in rows}, "", ())
    found = _called([row for row in rows if _known(row[2].get("origin")) is None])
    names = apart([found.names.get(id, title) for id, title, _ in rows], [id[-TAIL:] for id, _, _ in rows])
    return Called(dict(zip((id for id, _, _ in rows), names, strict=True)), found.common, found.also)


def _called(rows: Sequence[tuple[str, str, Options]]) -> Called:
    """The same of runs that were trained here; two may be called alike yet."""
    if len(rows) < 2:
        return Called({id: title for id, title, _ in rows}, "", ())
    options = [run for _, _, run in rows]
    labels = {each.name: each.label for each in fields() if each.name != "name" and not each.derived}
    differ = [key for key in labels if not _alike(key, options)]
    own = [run for run in options if automatic(run)]
    used = differ if len(differ) <= MOST else _needed(differ, own)
    if len(used) <= MOST:
        found = [_name(used, run) or title if automatic(run) else title for _, title, run in rows]
    else:
        found = _by_title(differ, rows)
    also = tuple(labels[key].lower() for key in differ if key not in used) if len(used) <= MOST and own else ()
    return Called(dict(zip((id for id, _, _ in rows), found, strict=True)), common(options) if own else "", also)


def option(key: str, value: Any) -> str:
    """An option and its value as they stand in a name, "lr 0.01"; a column that is no option as its value alone."""
    labels = _labels()
    return _option(key, labels[key], value) if key in labels else value_in_words(value)


def automatic(run: Options) -> bool:
    """Whether a run's title is the one made from its spec (`RunSpec.title`); a name that a person gave stays."""
    title = str(run["title"])
    known = run.get("architecture") is not None and run.get("seed") is not None
    return known and title.startswith(str(run["architecture"])) and title.endswith(f", seed {_known(run['seed'])}")


def _needed(differ: Sequence[str], runs: Sequence[Options]) -> list[str]:
    """Of the options that differ the first few that tell apart as many of the runs as all of them do."""
    wanted = len({tuple(_words(key, run) for key in differ) for run in runs})
    used: list[str] = []
    parts = 1
    for key in differ:
        if parts >= wanted:
            break
        more = len({tuple(_words(name, run) for name in (*used, key)) for run in runs})
        if more > parts:
            used, parts = [*used, key], more
    return used


def _by_title(differ: Sequence[str], rows: Sequence[tuple[str, str, Options]]) -> list[str]:
    """Each one's title, and before it what differs among the runs of that title."""
    groups: dict[str, list[Options]] = {}
    for _, title, run in rows:
        groups.setdefault(title, []).append(run)
    among = {}
    for title, runs in groups.items():
        apart_here = [key for key in differ if not _alike(key, runs)]
        among[title] = apart_here if len(apart_here) <= MOST else _needed(apart_here, runs)[:MOST]
    return [" · ".join(filter(None, [_name(among[title], run), title])) for _, title, run in rows]


def _name(keys: Sequence[str], run: Options) -> str:
    labels = _labels()
    return " · ".join(_option(key, labels[key], run.get(key)) for key in keys if _applies(key, run))


def names(options: Sequence[Options], *, without: Collection[str] = ("name",)) -> list[str]:
    """What each is called: the options in which it differs from some other; empty where none does."""
    differ = [key for key in _labels() if key not in without and not _alike(key, options)]
    return [_name(differ, each) for each in options]


def common(options: Sequence[Options]) -> str:
    """What they share: network, kernel, data and length, as far as it is one for all."""
    labels = _labels()
    known = [key for key in SHARED if options and _known(options[0].get(key)) is not None]
    equal = [key for key in known if _alike(key, options) and all(_applies(key, each) for each in options)]
    return " · ".join(_option(key, labels[key], options[0].get(key)) for key in equal)


def _alike(key: str, options: Sequence[Options]) -> bool:
    """Whether all that have use for an option have it alike; asked of thousands: mostly the first few tell."""
    values = (value_in_words(each.get(key)) for each in options if _applies(key, each))
    first = next(values, "")
    return all(value == first for value in values)


def _words(key: str, run: Options) -> str:
    """An option's value in words; empty where it changes nothing."""
    return value_in_words(run.get(key)) if _applies(key, run) else ""


def _applies(key: str, run: Options) -> bool:
    """Whether an option changes anything in this run's network: a kernel says nothing of one without attention."""
    return key not in _idle(str(run.get("architecture")))


@functools.cache
def _idle(architecture: str) -> frozenset[str]:
    """Options of attention where a network has none; nothing of a network that is not known here."""
    try:
        if architecture_of(architecture).attention:
            return frozenset()
        return without_effect(architecture, "softmax", None) | {"kernel"}
    except UserError:
        return frozenset()


@functools.cache
def _labels() -> dict[str, str]:
    return {each.name: each.label for each in fields()}


def _known(value: Any) -> Any:
    """A value as a table may hold it: not a number stands for none, and a whole number may have become a fraction."""
    if type(value).__name__ in ("NAType", "NaTType"):  # of pandas, which a spec knows nothing of
        return None
    if isinstance(value, float):
        return None if value != value else int(value) if value.is_integer() else value
    return value


def value_in_words(value: Any) -> str:
    """An option's value in words, whole: two that read alike are alike; `default` of one that was left empty."""
    if type(value) is str:
        return value
    known = _known(value)
    return "default" if known is None else {"True": "on", "False": "off"}.get(str(known), str(known))


def _option(key: str, label: str, value: Any) -> str:
    text = " ".join(value_in_words(value).split())
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2 - 1]}…{text[-LONGEST // 2 :]}"
    return text if key in PLAIN else f"{SHORT.get(key, label.lower())} {text}"
