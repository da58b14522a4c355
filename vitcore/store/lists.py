"""Several texts in one cell of a table, each to be found again whatever is in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SEVERAL = re.compile(r'[\s",]')


def listed(texts: Iterable[object]) -> str:
    """With spaces between, each that holds a space, a comma or a quotation mark in quotation marks."""
    return " ".join(_item(str(text)) for text in texts)


def _item(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _SEVERAL.search(text) else text
