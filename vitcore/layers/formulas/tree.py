"""What a formula is once it is read: numbers, x, sums, products, powers, functions and choices, and their text.

Numbers are exact fractions, so that 0.1 + 0.2 is 0.3. Nodes are made through `vitcore.layers.formulas.simple`, which
brings equal ones into one form; `text` writes a node so that it is read again as the same node.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Number:
    """A constant."""

    value: Fraction


@dataclass(frozen=True)
class Variable:
    """x."""


@dataclass(frozen=True)
class Sum:
    """Two terms or more, in order of their text."""

    terms: tuple[Node, ...]


@dataclass(frozen=True)
class Product:
    """Two factors or more, a number first, then in order of their text."""

    factors: tuple[Node, ...]


@dataclass(frozen=True)
class Power:
    """A base to a number that is not 0 or 1."""

    base: Node
    exponent: Fraction


@dataclass(frozen=True)
class Call:
    """A function of the language."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Where:
    """`then` where left < right, `otherwise` elsewhere."""

    left: Node
    right: Node
    then: Node
    otherwise: Node


Node = Number | Variable | Sum | Product | Power | Call | Where

ZERO, UNIT = Number(Fraction(0)), Number(Fraction(1))


def parts(node: Node) -> tuple[Node, ...]:
    """The nodes that a node is made of."""
    match node:
        case Sum(terms):
            return terms
        case Product(factors):
            return factors
        case Power(base, _):
            return (base,)
        case Call(_, arguments):
            return arguments
        case Where(left, right, then, otherwise):
            return (left, right, then, otherwise)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and all that it is made of."""
    yield node
    for part in parts(node):
        yield from walk(part)


def depth(node: Node) -> int:
    """How many nodes stand within one another."""
    return 1 + max(map(depth, parts(node)), default=0)


def text(node: Node) -> str:
    """The formula as it is typed; read again it is the same node."""
    match node:
        case Number(value):
            return _number(value)
        case Sum(terms):
            first, *rest = map(text, terms)
            return first + "".join(f" - {term[1:]}" if term[0] == "-" else f" + {term}" for term in rest)
        case Product(factors):
            return _product(factors)
        case Power(base, exponent) if exponent < 0:
            return _product((UNIT, node))
        case Power(base, exponent):
            written = _number(exponent)
            return f"{_base(base)}**({written})" if "/" in written else f"{_base(base)}**{written}"
        case Call(name, arguments):
            return f"{name}({', '.join(map(text, arguments))})"
        case Where(left, right, then, otherwise):
            return f"where({text(left)} < {text(right)}, {text(then)}, {text(otherwise)})"
    return "x"


def _number(value: Fraction) -> str:
    """A decimal where one is exact and short, else a fraction."""
    short = f"{float(value):.12g}"
    if Fraction(short) == value:
        return short
    return f"{value.numerator}/{value.denominator}"


def _product(factors: tuple[Node, ...]) -> str:
    """Factors, then a division for each that has a negative exponent; a sign where the number is -1."""
    above = [factor for factor in factors if not (isinstance(factor, Power) and factor.exponent < 0)]
    below = [
        Power(factor.base, -factor.exponent) for factor in factors if isinstance(factor, Power) and factor.exponent < 0
    ]
    sign, divisor = "", ""
    if above and isinstance(above[0], Number):
        value = above[0].value
        if value < 0:
            sign, value = "-", -value
        written = _number(value)
        if "/" in written:
            divisor, value = f"/{value.denominator}", Fraction(value.numerator)
        above = above[1:] if value == 1 and len(above) > 1 else [Number(value), *above[1:]]
    head = "*".join(map(_factor, above))
    tail = "".join(f"/{_factor(item.base if item.exponent == 1 else item)}" for item in below)
    return f"{sign}{head}{divisor}{tail}"


def _factor(node: Node) -> str:
    """A node's text within a product: in brackets where it would be read apart."""
    return f"({text(node)})" if isinstance(node, Sum | Product) else text(node)


def _base(node: Node) -> str:
    """A node's text below an exponent: in brackets unless it is one word."""
    written = text(node)
    return written if isinstance(node, Variable | Call | Where) or written.isdecimal() else f"({written})"


_RAISED = str.maketrans("0123456789.", "⁰¹²³⁴⁵⁶⁷⁸⁹·")


def printed(node: Node) -> str:
    """The formula as it is printed, for people: exponents raised, products without stars."""
    raised = re.sub(r"\*\*([0-9.]+)", lambda found: found[1].translate(_RAISED), text(node))
    return raised.replace("*", "·").replace("-", "−").replace("e−", "e-")
