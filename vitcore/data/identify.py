"""Which images a dataset's files hold, asked of a process of its own: `python -m vitcore.data.identify OPTIONS`.

OPTIONS is a JSON object: `dataset`, and how it is read. Whoever asks needs no torch and keeps its memory.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from vitcore import processes
from vitcore.errors import UserError

LONGEST = 24 * 3600.0  # seconds that decoding may take


def asked(dataset: str, reading: Mapping[str, Any]) -> dict[str, Any]:
    """What `identity` tells of the images of a dataset here, which are decoded, and so kept for runs, if need be.

    Args:
        reading: how they are read, as `load` takes it.

    Raises:
        UserError: they cannot be read here.
    """
    options = json.dumps({"dataset": dataset, **reading})
    found: dict[str, Any] = json.loads(processes.answer("vitcore.data.identify", [options], LONGEST)[0])
    return found


def main() -> None:
    """Reads the images and prints what is told of them."""
    from vitcore.data.identity import identity
    from vitcore.data.load import load

    processes.lower_priority()
    options = json.loads(sys.argv[1])
    try:
        images = load(options.pop("dataset"), **options)
    except UserError as error:
        sys.exit(str(error))
    print(json.dumps(identity(images)))


if __name__ == "__main__":
    main()
