"""Counts every network of the published tables from the model itself and writes vitcore/published/data/counts.json.

Run from the repository's root after a model or a table has changed: `python -m scripts.count_published`. A test
counts again.
"""

from __future__ import annotations

import json
import sys

import torch

from vitcore.models import ARCHITECTURES, build
from vitcore.models.count import macs, parameters
from vitcore.published.metrics import METRICS
from vitcore.published.tables import FOLDER, tables
from vitcore.reproduction.tables import size_key


def networks() -> list[str]:
    """Every network whose size a published table states, as size_key names it, once each."""
    found: dict[str, None] = {}
    for table in tables().values():
        for row in table.rows:
            for column in table.columns:
                if METRICS[column.metric].kind == "count" and (key := size_key(table, row, column, "report")):
                    found[key] = None
    return list(found)


def count(network: str) -> dict[str, int]:
    """Parameters and multiply-accumulates of one image, on the meta device: no memory, no arithmetic."""
    name, image, classes, pos_embed = network.split()
    channels, image_size, _ = map(int, image.split("x"))
    with torch.device("meta"):
        model = build(name, channels=channels, image_size=image_size, classes=int(classes), pos_embed=pos_embed)
    return {"parameters": parameters(model), "macs": macs(model, channels, image_size)}


def main() -> None:
    lines = []
    for network in networks():
        if network.split()[0] not in ARCHITECTURES:
            print(f"{network}: not among the architectures, left out", file=sys.stderr)
            continue
        sizes = count(network)
        print(f"{network:44} {sizes['parameters']:>12,} {sizes['macs'] / 1e9:>9.4f} G")
        lines.append("    " + json.dumps({"network": network, **sizes}))
    head = '{\n  "key": "counts",\n  "kind": "counts",\n  "networks": [\n'
    (FOLDER / "counts.json").write_text(head + ",\n".join(lines) + "\n  ]\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
