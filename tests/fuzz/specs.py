"""Specs: flat options, nested parts, and the text of spec.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.promise import Kind
from tests.fuzz.values import ANYTHING, SCALARS, damaged
from vitcore.runs.folder import RunFolder
from vitcore.spec import RunSpec, SpecField, command_line, fields

FIELDS = {field.name: field for field in fields()}


def _good(field: SpecField) -> st.SearchStrategy[Any]:
    """What the option may well be."""
    if field.choices:
        return st.sampled_from(field.choices)
    if field.kind is bool:
        return st.booleans()
    low = field.bounds.get("ge", field.bounds.get("gt", 0))
    if field.kind is int:
        return st.integers(int(low), int(min(field.bounds.get("le", field.bounds.get("lt", 1000)), low + 1000)))
    if field.kind is float:
        return st.floats(low, min(field.bounds.get("le", field.bounds.get("lt", 10.0)), low + 10))
    return st.text("abc-09.", max_size=8)


_VALUES = {name: _good(field) | st.just(field.default) | SCALARS for name, field in FIELDS.items()}


@st.composite
def flat(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=8, unique=True))
    chosen = {name: draw(_VALUES[name]) for name in names}
    if draw(st.integers(0, 19)) == 0:
        chosen[draw(st.text(max_size=10))] = draw(ANYTHING)
    return chosen


@st.composite
def nested(draw: st.DrawFn) -> Any:
    raw = json.loads(json.dumps(RunSpec().to_dict()))
    for name in draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=6, unique=True)):
        *parents, leaf = FIELDS[name].path
        part = raw
        for parent in parents:
            part = part[parent] if isinstance(part, dict) else part
        if isinstance(part, dict):
            part[leaf] = draw(_VALUES[name] | ANYTHING)
    for _ in range(draw(st.integers(0, 2))):
        raw[draw(st.sampled_from([*raw, "rest", ""]))] = draw(ANYTHING)
    return raw


def _use(spec: RunSpec) -> None:
    """All that is ever done with a spec without training it."""
    assert RunSpec.parse(json.loads(json.dumps(spec.to_dict()))) == spec
    assert len(spec.fingerprint()) == 12
    assert spec.title()
    assert command_line(spec).startswith("python -m vitcore train")
    assert RunSpec.of(spec, seed=1).seed == 1


def check_flat(case: dict[str, Any], folder: Path) -> None:
    _use(RunSpec.of(**case))


def check_nested(case: Any, folder: Path) -> None:
    _use(RunSpec.parse(case))


def _whole() -> bytes:
    return json.dumps({"v": 1, "created": 1.5, "spec": RunSpec().to_dict()}).encode()


FILES = st.one_of(
    damaged(_whole()),
    st.builds(lambda spec, v: json.dumps({"v": v, "spec": spec}).encode("utf-8", "replace"), nested(), SCALARS),
    st.builds(lambda found: json.dumps(found).encode("utf-8", "replace"), ANYTHING),
    st.sampled_from([b"[" * 100_000, b'{"a":' * 20_000, b"", b"\xef\xbb\xbf{}", b'{"spec":{}}', b"9" * 10_000]),
)


def check_file(case: bytes, folder: Path) -> None:
    (folder / "spec.json").write_bytes(case)
    _use(RunFolder(folder).spec())


KINDS = [
    Kind("flat specs", 2600, flat(), check_flat),
    Kind("nested specs", 2000, nested(), check_nested),
    Kind("spec.json", 1300, FILES, check_file),
]
