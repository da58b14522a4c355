"""Every network of the published tables, counted from the models themselves (scripts/count_published.py)."""

from __future__ import annotations

import json
from functools import lru_cache

from vitcore.published.tables import FOLDER


@lru_cache(maxsize=1)
def counts() -> dict[str, dict[str, int]]:
    """Every network's exact size, counted from the models themselves (a test counts them again)."""
    raw = json.loads((FOLDER / "counts.json").read_text(encoding="utf-8"))
    return {item["network"]: {"parameters": item["parameters"], "macs": item["macs"]} for item in raw["networks"]}
