"""What runs are called on a page: their titles, told apart where two share one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pages.shared.status import Run
from vitcore.apart import apart

TAIL = 4  # letters of an id that tell it from others of its title


def run_names(runs: Iterable[Run]) -> dict[str, str]:
    """Each run's id and what it is called among these; no two are called the same.

    What tells them apart stands first: on a phone the end of a long title is cut off.
    """
    titles = {str(run["id"]): str(run["title"]) for run in runs}
    known = Counter(titles.values())
    labels = [title if known[title] == 1 else f"{id[-TAIL:]} · {title}" for id, title in titles.items()]
    return dict(zip(titles, apart(labels, [id[-TAIL:] for id in titles]), strict=True))
