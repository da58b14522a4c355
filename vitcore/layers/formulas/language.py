"""Reads a formula that a person typed: Python's own parser makes a tree, of which an allow-list is taken over.

Nothing is evaluated as Python: what stands in no list below is refused in a sentence.
"""

from __future__ import annotations

import ast
import difflib
import math
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from vitcore.layers.formulas import simple
from vitcore.layers.formulas.tree import Node, Number, Variable, Where, depth, parts, text, walk

LONGEST, DEEPEST, MOST = 200, 12, 80
"""Signs that a formula may have, operations within one another, and nodes in all."""

FUNCTIONS: Mapping[str, int] = {
    "abs": 1, "exp": 1, "log1p": 1, "sqrt": 1, "relu": 1, "gelu": 1, "softplus": 1, "sigmoid": 1, "tanh": 1,
    "sin": 1, "cos": 1, "min": 2, "max": 2, "where": 3,
}  # fmt: skip
"""Every function and how many arguments it takes; max and min take more too."""

_WORDS = re.compile(r"(?P<number>[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)"
                    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<sign>\*\*|<=|>=|[-+*/(),<>])|(?P<space> +)")  # fmt: skip
_COMPARED: Mapping[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}


@lru_cache(maxsize=4096)
def read(formula: str) -> Node:
    """The formula's tree in its one form.

    Raises:
        ValueError: one sentence naming what is not of the language, and what would be.
    """
    stripped = formula.strip()
    if not stripped:
        raise ValueError("a formula needs something to compute; write one in x, such as relu(x)**3")
    if len(stripped) > LONGEST:
        raise ValueError(f"a formula of {len(stripped):,} signs is too long; {LONGEST} is the most")
    _spelled(stripped)
    try:
        parsed = ast.parse(stripped, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ValueError(
            f"the formula {stripped!r} cannot be read: brackets, commas and operations must fit together, as in "
            "relu(x)**3 + 0.1"
        ) from None
    found = _taken(parsed, 0)
    if not any(isinstance(each, Variable) for each in walk(found)):
        raise ValueError(
            f"the formula {stripped!r} comes to {text(found)} whatever x is, so that every token would weigh alike; "
            "write one in which x matters"
        )
    if not _slopes(found):
        raise ValueError(
            f"in the formula {stripped!r} x stands in conditions alone, so that queries and keys could learn nothing; "
            "let what where(…) chooses between depend on x"
        )
    _bounded(found)
    return found


def canonical(formula: str) -> str:
    """The one spelling of a formula, in which it is stored and computed.

    Raises:
        ValueError: as `read`.
    """
    return text(read(formula))


@lru_cache(maxsize=4096)
def identity(formula: str) -> str:
    """What two formulas share that are one function by algebra, whatever their form: sums are multiplied out.

    Raises:
        ValueError: as `read`.
    """
    try:
        return text(simple.expanded(read(formula)))
    except ValueError:  # multiplied out, a number or a power would be too large
        return canonical(formula)


def _spelled(formula: str) -> None:
    """Refuses signs and words that the language does not have, before Python's parser sees them."""
    place, before = 0, ""
    while place < len(formula):
        found = _WORDS.match(formula, place)
        if found is None:
            raise ValueError(_strange(formula[place]))
        kind, word = found.lastgroup or "", found[0]
        if kind == "name" and word not in FUNCTIONS and word != "x":
            raise ValueError(_unknown(word))
        if (kind in ("name", "number") or word == "(") and (before in (")", "x") or before[:1].isdigit()):
            raise ValueError(f"nothing stands between {before!r} and {word!r}; write * between them for a product")
        if kind != "space":
            before = word
        place = found.end()


def _strange(sign: str) -> str:
    wished = {"^": "write ** for a power", "²": "write x**2", "³": "write x**3", "·": "write * for a product",
              "×": "write * for a product", "−": "write - for minus", "[": "use round brackets",
              "=": "compare with <, <=, > or >="}.get(sign, "it has numbers, x, + - * / **, brackets, < and >, "
              "and functions")  # fmt: skip
    return f"the sign {sign!r} is not of the formula language; {wished}"


def _unknown(word: str) -> str:
    near = difflib.get_close_matches(word.lower(), [*FUNCTIONS, "x"], n=2, cutoff=0.5)
    known = ", ".join(FUNCTIONS)
    return f"{word[:40]!r} is not of the formula language; " + (
        f"write {' or '.join(near)}" if near else f"the variable is x, and the functions are {known}"
    )


def _slopes(node: Node) -> bool:
    """Whether x stands anywhere but in a condition, so that there is a gradient."""
    inner = (node.then, node.otherwise) if isinstance(node, Where) else parts(node)
    return isinstance(node, Variable) or any(map(_slopes, inner))


def _bounded(node: Node) -> None:
    deep, many = depth(node), sum(1 for _ in walk(node))
    if deep > DEEPEST:
        raise ValueError(f"{deep} operations within one another are too many for a formula; {DEEPEST} is the most")
    if many > MOST:
        raise ValueError(f"a formula of {many} numbers and operations is too long; {MOST} is the most")


def _taken(node: ast.expr, level: int) -> Node:
    """The part of Python's tree that is of the language, as ours."""
    if level > 60:
        raise ValueError(f"{level} operations within one another are too many for a formula; {DEEPEST} is the most")
    level += 1
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _constant(value)
        case ast.Name(id="x"):
            return simple.X
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return simple.multiply([Number(Fraction(-1)), _taken(inner, level)])
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _taken(inner, level)
        case ast.BinOp(left=left, op=operation, right=right):
            return _operation(operation, _taken(left, level), _taken(right, level))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            return _called(name, arguments, level)
    raise ValueError(f"{ast.unparse(node)[:60]!r} does not belong into a formula; {_place(node)}")


def _place(node: ast.expr) -> str:
    if isinstance(node, ast.Compare):
        return "a comparison stands first within where(…), as in where(x < 0, 0, x), and compares two things"
    if isinstance(node, ast.Name):
        return f"{node.id} is a function, as in {node.id}(x)"
    return "it has numbers, x, + - * / **, and functions of them"


def _constant(value: int | float) -> Number:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a constant is too large for a formula; stay below 1e12")
    return simple.number(Fraction(repr(value)) if isinstance(value, float) else Fraction(value))


def _operation(operation: ast.operator, left: Node, right: Node) -> Node:
    minus = Number(Fraction(-1))
    match operation:
        case ast.Add():
            return simple.add([left, right])
        case ast.Sub():
            return simple.add([left, simple.multiply([minus, right])])
        case ast.Mult():
            return simple.multiply([left, right])
        case ast.Div():
            return simple.multiply([left, simple.power(right, Fraction(-1))])
        case ast.Pow() if isinstance(right, Number):
            return simple.power(left, right.value)
        case ast.Pow():
            raise ValueError(f"the exponent {text(right)[:60]!r} is no number; for a power of e write exp(…)")
    raise ValueError("a formula has no such operation; it has + - * / and **")


def _called(name: str, arguments: list[ast.expr], level: int) -> Node:
    wanted, given = FUNCTIONS[name], len(arguments)
    if given < wanted or (given > wanted and name not in ("min", "max")):
        raise ValueError(f"{name} takes {wanted} argument{'s' * (wanted > 1)}, and {given} stand in its brackets")
    if name != "where":
        return simple.call(name, [_taken(each, level) for each in arguments])
    condition, then, otherwise = arguments
    match condition:
        case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in _COMPARED:
            sides = (_taken(each, level) for each in (left, right, then, otherwise))
            return simple.where(_COMPARED[type(sign)], *sides)
    raise ValueError("where begins with one comparison by <, <=, > or >=, as in where(x < 0, 0, x)")
