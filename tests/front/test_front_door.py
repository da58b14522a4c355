"""`import vitcore as vc`: every name is there, nothing heavy comes with it, and rooms of the same name stay modules."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import vitcore as vc

ROOT = Path(__file__).parents[2]
ROOMS = sorted(path.stem for path in (ROOT / "vitcore").iterdir() if path.suffix == ".py" or path.is_dir())
CLASHES = sorted(set(vc.__all__) & set(ROOMS))
HEAVY = {"torch", "pandas", "numpy", "duckdb", "plotly", "pydantic", "scipy", "streamlit"}


def in_a_fresh_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_brings_nothing_but_the_door() -> None:
    loaded = set(in_a_fresh_python("import sys, vitcore, vitcore as vc; dir(vc); print(*sys.modules)").split())
    assert not HEAVY & loaded
    assert {name for name in loaded if name.startswith("vitcore")} == {"vitcore"}


@pytest.mark.parametrize("name", ["RunSpec", "published", "run", "runs", "submit", "train", "Run", "predict", "plot"])
def test_naming_it_brings_no_torch(name: str) -> None:
    assert in_a_fresh_python(f"import sys, vitcore as vc; vc.{name}; print('torch' in sys.modules)") == "False"


@pytest.mark.parametrize("name", vc.__all__)
def test_every_name_is_there_and_explained(name: str) -> None:
    assert name in dir(vc)
    found = getattr(vc, name)
    assert found is getattr(vc, name)
    assert (found.__doc__ or "").strip()
    assert name == "plot" or callable(found)


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'settle_down'"):
        _ = vc.settle_down


def test_rooms_share_names_with_the_door() -> None:
    assert CLASHES == ["published", "runs", "search", "settle"]  # else the tests below try nothing


ORDERS = {
    "door first": "import vitcore as vc; room = vc.{name}; import importlib; importlib.import_module('vitcore.{name}')",
    "room first": "import vitcore.{name} as room; import vitcore as vc",
    "from import": "from vitcore import {name} as room; import vitcore as vc",
    "within a room": "import vitcore.store.queries, vitcore as vc; room = vc.{name}",
    "loaded anew": "import sys, vitcore.{name}; del sys.modules['vitcore.{name}']; import vitcore.{name} as room; "
    "import vitcore as vc",
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=list(ORDERS))
@pytest.mark.parametrize("name", CLASHES)
def test_a_room_is_a_module_and_is_called_as_the_door(name: str, order: str) -> None:
    asked = (
        "import inspect, types, vitcore; assert room is vc.{name} is sys.modules['vitcore.{name}'];"
        "assert isinstance(room, types.ModuleType) and room.__file__ and callable(room);"
        "home = __import__('importlib').import_module(vitcore._PLACES['{name}']);"
        "assert inspect.signature(room) == inspect.signature(home.{name});"
        "home.{name} = lambda *given, **named: (given, named); print(vc.{name}(1, a=2))"
    )
    assert in_a_fresh_python(f"import sys; {order}; {asked}".format(name=name)) == "((1,), {'a': 2})"


@pytest.mark.parametrize("name", ["train", "submit"])
def test_an_editor_sees_every_option(name: str) -> None:
    from vitcore.spec import fields

    assert {field.name for field in fields() if not field.derived} <= set(
        inspect.signature(getattr(vc, name)).parameters
    )
