"""The settings of stored runs, to choose among: options that some runs share but for their seed."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from pages.shared import format
from vitcore.errors import UserError
from vitcore.runs.folder import Results
from vitcore.settle.sentences import names
from vitcore.spec import RunSpec


@dataclass(frozen=True)
class Setting:
    """Options that some stored runs share but for their seed."""

    spec: RunSpec
    ids: list[str]


def settings_of(runs: pd.DataFrame) -> dict[str, Setting]:
    """Settings of stored runs, newest first, by their fingerprint."""
    found = {}
    for fingerprint, subset in runs.groupby("fingerprint", sort=False) if len(runs) else ():
        ids = [str(id) for id in subset["id"]]
        try:
            found[str(fingerprint)] = Setting(RunSpec.of(Results().run(ids[0]).spec(), seed=0, name=""), ids)
        except UserError:  # deleted meanwhile, or no longer valid
            continue
    return found


def labels_of(settings: dict[str, Setting]) -> dict[str, str]:
    """Each setting by network, kernel and data, and by what tells it from others that are alike in these."""
    titles = {fingerprint: item.spec.title().rpartition(", seed")[0] for fingerprint, item in settings.items()}
    found = {}
    for fingerprint, title in titles.items():
        alike = [other for other in titles if titles[other] == title]
        apart = names([settings[other].spec for other in alike])[alike.index(fingerprint)] if len(alike) > 1 else ""
        found[fingerprint] = (
            f"{' · '.join(filter(None, (title, apart)))} ({format.number(len(settings[fingerprint].ids), 'run')})"
        )
    return found
