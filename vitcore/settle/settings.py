"""A setting as a person names it: a stored run, options of `train`, or a cell of a published table."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from typing import Any

from vitcore.errors import UserError
from vitcore.runs import named_data
from vitcore.runs.folder import Results
from vitcore.settle.question import MARGIN
from vitcore.spec import RunSpec, fields
from vitcore.spec.options import nearest
from vitcore.spec.presets import preset


def setting(text: str, results: Results, *, begun: bool = False) -> RunSpec:
    """The spec that is meant, at seed 0.

    Args:
        text: a stored run's id; options as `train` has them ("architecture=performer kernel=relu", a preset
            among them); or TABLE:ROW:COLUMN, a cell of a published table in its scaled protocol.
        begun: options that are not given are what form and command line begin with, validation among them.

    Raises:
        UserError: it is none of these, in words that say what would do.
    """
    text = text.strip()
    if "=" in text:
        spec = (RunSpec.begun if begun else RunSpec.of)(**named_data.resolved(results, _options(text)))
    elif _names_cell(text):
        spec = _cell(*text.split(":"))
    elif not text:
        raise UserError('a setting is a stored run\'s id, options such as "kernel=relu epochs=2", or TABLE:ROW:COLUMN')
    else:
        spec = results.run(text).spec()
    return RunSpec.of(spec, seed=0, name="")


def usual_margin(settings: Sequence[str]) -> tuple[float, str]:
    """The difference that matters where nobody says which, in percentage points of error, and where it is from.

    Of cells of published tables it is the noise of a single run that their report itself shows, by its rows that are
    mathematically the same (`statistics.noise`): a smaller difference is none by the report's own numbers. Of several
    reports it is the largest. Else, and where no report shows any, MARGIN.

    Args:
        settings: as `setting` reads them.

    Raises:
        UserError: there is no table of a name.
    """
    from vitcore.published.tables import table
    from vitcore.reproduction.verdicts import published_floor

    keys = dict.fromkeys(text.strip().split(":")[0] for text in settings if _names_cell(text))
    floors = {key: published_floor(table(key).report).deviation for key in keys}
    known = {key: round(floor, 2) for key, floor in floors.items() if math.isfinite(floor)}
    if known:
        key = max(known, key=lambda each: known[each])
        return known[key], f"the noise floor of {key}: the standard deviation of a single run"
    unknown = f"; the noise floor of {', '.join(keys)} is not known" if keys else ""
    return MARGIN, f"the usual one{unknown}"


def _names_cell(text: str) -> bool:
    return "=" not in text and text.count(":") == 2


def _options(text: str) -> dict[str, Any]:
    known = {field.name for field in fields()}
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UserError(f"{text!r} cannot be read: {error}") from None
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        name = name.removeprefix("--").replace("-", "_")
        if not equals:
            raise UserError(f"{word!r} is no option with a value; write it as {name}=VALUE")
        if name == "preset":
            found |= preset(value).fields
        elif name in known:
            found[name] = value
        else:
            raise UserError(f"a run has no option {name[:80]!r}; {nearest(name[:80], known)}")
    return found


def _cell(key: str, row: str, column: str) -> RunSpec:
    from vitcore.published.tables import table

    item = table(key)
    for name, there, what in ((row, item.rows, "row"), (column, item.columns, "column")):
        if name not in [each.key for each in there]:
            raise UserError(f"{key} has no {what} {name!r}; it has {', '.join(each.key for each in there)}")
    return item.spec(row, column, "scaled" if "scaled" in item.protocols else next(iter(item.protocols)))
