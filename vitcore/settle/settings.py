"""A setting as a person names it: a stored run, options of `train`, or a cell of a published table."""

from __future__ import annotations

import shlex
from typing import Any

from vitcore.errors import Refusal
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec, fields
from vitcore.spec.options import nearest
from vitcore.spec.presets import preset


def setting(text: str, results: Results) -> RunSpec:
    """The spec that is meant, at seed 0.

    Args:
        text: a stored run's id; options as `train` has them ("architecture=performer kernel=relu", a preset
            among them); or TABLE:ROW:COLUMN, a cell of a published table in its scaled protocol.

    Raises:
        Refusal: it is none of these, in words that say what would do.
    """
    text = text.strip()
    if "=" in text:
        spec = RunSpec.of(**_options(text))
    elif text.count(":") == 2:
        spec = _cell(*text.split(":"))
    elif not text:
        raise Refusal('a setting is a stored run\'s id, options such as "kernel=relu epochs=2", or TABLE:ROW:COLUMN')
    else:
        spec = results.run(text).spec()
    return RunSpec.of(spec, seed=0, name="")


def _options(text: str) -> dict[str, Any]:
    known = {field.name for field in fields()}
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise Refusal(f"{text!r} cannot be read: {error}") from None
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        name = name.removeprefix("--").replace("-", "_")
        if not equals:
            raise Refusal(f"{word!r} is no option with a value; write it as {name}=VALUE")
        if name == "preset":
            found |= preset(value).fields
        elif name in known:
            found[name] = value
        else:
            raise Refusal(f"a run has no option {name[:80]!r}; {nearest(name[:80], known)}")
    return found


def _cell(key: str, row: str, column: str) -> RunSpec:
    from vitcore.published.tables import table

    one = table(key)
    for name, there, what in ((row, one.rows, "row"), (column, one.columns, "column")):
        if name not in [each.key for each in there]:
            raise Refusal(f"{key} has no {what} {name!r}; it has {', '.join(each.key for each in there)}")
    return one.spec(row, column, "scaled" if "scaled" in one.protocols else next(iter(one.protocols)))
