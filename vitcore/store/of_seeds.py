"""The stored runs of a setting, seed by seed: what a question or a search finds done, and by which run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from vitcore.spec import RunSpec
from vitcore.store import pooling

RESULTS = ("finished", "diverged")
COLUMNS = (
    *("id", "seed", "status", "reason", "data_digest", "epochs_done"),
    *("error_percent", "val_error", "test_samples", "val_samples"),
)
"""Those of a run's row that tell what became of it; all hundred would take ten times as long."""


class OfSeeds:
    """Runs by their setting and seed; made once of a table and asked for many settings.

    Args:
        runs: the stored runs, as `store.queries.runs` gives them.
    """

    def __init__(self, runs: pd.DataFrame) -> None:
        trained = runs if runs.empty else runs[pooling.kinds(runs).ne("imported")].sort_values("id")
        digests = trained["data_digest"] if "data_digest" in trained else pd.Series(None, index=trained.index)
        self._digests = [digest if isinstance(digest, str) else None for digest in digests]
        self._columns = {name: trained[name].tolist() for name in COLUMNS if name in trained}
        self._known = {*self._digests}
        self._places: dict[str, list[int]] = {}
        for place, fingerprint in enumerate(trained["fingerprint"] if len(trained) else ()):
            self._places.setdefault(str(fingerprint), []).append(place)

    def of(self, spec: RunSpec) -> dict[int, dict[str, Any]]:
        """The runs of a setting by their seed, each with COLUMNS: of several the first that ended with a result, else
        the latest.

        The first, not the best: a run again of the same seed changes nothing that was decided.
        """
        own = spec.data.folder is not None  # whose images are known by what was found there
        wanted = {digest: spec.fingerprint(digest if own else None) for digest in (self._known if own else {None})}
        places = [
            place
            for fingerprint in {*wanted.values()}
            for place in self._places.get(fingerprint, ())
            if not own or wanted[self._digests[place]] == fingerprint
        ]
        found: dict[int, dict[str, Any]] = {}
        for place in sorted(places):
            row = {name: values[place] for name, values in self._columns.items()}
            seed = int(row["seed"])
            if seed not in found or found[seed]["status"] not in RESULTS:
                found[seed] = row
        return found


def never_began(row: Mapping[str, Any]) -> bool:
    """Whether it was taken out of the queue before it could tell anything: the seed is then queued again."""
    epochs = row.get("epochs_done")
    return bool(row["status"] == "cancelled" and not (isinstance(epochs, int | float) and epochs > 0))
