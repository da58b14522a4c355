"""What is public says what it does: shapes where it takes or gives tensors, and what it raises."""

import ast
import builtins
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py")), *sorted((ROOT / "vitcore").rglob("*.py"))]
LEGEND = {
    "b": "batch",
    "n": "tokens",
    "d": "width",
    "h": "heads",
    "g": "key heads",
    "k": "head width",
    "m": "random features",
    "c": "channels",
    "y": "rows",
    "x": "columns",
}
BESIDE_LETTERS = {"...", "…", "classes"}
SHAPED = ("layers", "models", "training")
ON_THE_COMMAND_LINE = "cli"  # a command's docstring is its --help, and what it raises is printed as one sentence
Function = ast.FunctionDef | ast.AsyncFunctionDef
Public = tuple[str, Path, ast.ClassDef | Function]


def _public(nodes: list[ast.stmt], path: Path, before: str) -> Iterator[Public]:
    for node in nodes:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            yield f"{before}{node.name}", path, node
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body, path, f"{before}{node.name}.")


@functools.cache
def public() -> tuple[Public, ...]:
    """What is public in every file."""
    return tuple(
        found
        for path in SOURCES
        for found in _public(
            ast.parse(path.read_text(encoding="utf-8")).body, path, f"{path.relative_to(ROOT).as_posix()}:"
        )
    )


def functions() -> list[tuple[str, Path, Function]]:
    return [(name, path, node) for name, path, node in public() if isinstance(node, Function)]


def _takes_or_gives_tensors(node: Function) -> bool:
    given = node.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    notes = [node.returns, *(item.annotation for item in every if item is not None)]
    return any(re.search(r"\bTensor\b", ast.unparse(note)) for note in notes if note is not None)


def _is_shape(text: str) -> bool:
    axes = text.replace(",", " ").split()
    letters = LEGEND.keys() | BESIDE_LETTERS
    return not text or (any(axis in letters for axis in axes) and all(a in letters or a.isdigit() for a in axes))


def _has_shape(text: str) -> bool:
    return any(_is_shape(inside) for inside in re.findall(r"(?<!\w)\(([^()]*)\)", text))


def _raised(node: Function) -> set[str]:
    """The exceptions that a function raises in its own words and does not catch itself."""
    found: set[str] = set()

    def view(inner: ast.AST, caught: frozenset[str]) -> None:
        child: ast.AST
        if isinstance(inner, ast.Raise) and inner.exc is not None:
            error = inner.exc.func if isinstance(inner.exc, ast.Call) else inner.exc
            name = ast.unparse(error).rpartition(".")[2]
            if name[0].isupper() and name not in caught:
                found.add(name)
        if isinstance(inner, ast.Try):
            handled = {
                name
                for handler in inner.handlers
                if handler.type
                for name in re.findall(r"\w+", ast.unparse(handler.type))
            }
            for statement in inner.body:
                view(statement, caught | handled)
            for child in (*inner.handlers, *inner.orelse, *inner.finalbody):
                view(child, caught)
            return
        for child in ast.iter_child_nodes(inner):
            view(child, caught)

    for statement in node.body:
        view(statement, frozenset())
    return found


def _names_of(error: str) -> set[str]:
    """What an exception may be called: its own name, or a builtin's that it is one of."""
    kind = getattr(builtins, error, None)
    return {error} | {item.__name__ for item in (kind.__mro__ if isinstance(kind, type) else ()) if item is not object}


def test_what_is_public_says_what_it_is_for() -> None:
    assert len(public()) > 1000
    assert [f"{name}, line {node.lineno}" for name, _, node in public() if not ast.get_docstring(node)] == []


def test_a_function_of_tensors_says_their_shapes_in_the_one_legend() -> None:
    """A shape such as (b n d), of the legend's letters."""
    rooms = {ROOT / "vitcore" / name for name in SHAPED}
    of_tensors = [
        (name, node) for name, path, node in functions() if rooms & {*path.parents} and _takes_or_gives_tensors(node)
    ]
    assert len(of_tensors) > 40
    without = [name for name, node in of_tensors if not _has_shape(ast.get_docstring(node) or "")]
    assert without == [], LEGEND


def test_a_docstring_names_what_is_raised() -> None:
    silent = []
    for name, path, node in functions():
        if ON_THE_COMMAND_LINE not in path.parts:
            text = set(re.findall(r"\w+", ast.get_docstring(node) or ""))
            silent += [f"{name}: {error}" for error in _raised(node) if not text & _names_of(error)]
    assert silent == []


def test_the_legend_stands_where_layers_begin() -> None:
    text = ast.get_docstring(ast.parse((ROOT / "vitcore/layers/__init__.py").read_text(encoding="utf-8"))) or ""
    joined = " ".join(text.split())
    assert [meaning for meaning in LEGEND.values() if meaning not in joined] == []
    assert [letter for letter in LEGEND if not re.search(rf"\b{letter}\b", joined)] == []


@pytest.mark.parametrize(
    ("text", "shaped"),
    [("(b n d) -> (b d)", True), ("weights (...), any", True), ("a scalar ()", True), ("state()", False),
     ("(Vaswani et al. 2017)", False), ("(rows, width)", False), ("(3, 3)", False)],
)  # fmt: skip
def test_what_counts_as_a_shape(text: str, shaped: bool) -> None:
    assert _has_shape(text) is shaped


def test_what_is_raised_is_seen_where_it_is_not_caught() -> None:
    source = """
def f():
    try:
        raise ValueError("a")
    except ValueError as error:
        raise errors.UserError(str(error)) from None
    if f:
        raise FileExistsError
"""
    (node,) = ast.parse(source).body
    assert isinstance(node, ast.FunctionDef)
    assert _raised(node) == {"UserError", "FileExistsError"}
    assert "OSError" in _names_of("FileExistsError")
