"""Nodes in one form: formulas that differ by spelling alone become the same node.

Sums and products are flat, in order and with their like terms gathered; a difference is a sum, a quotient a product
with negative exponents; of max(a, 0), where(a < 0, 0, a) and relu(a) there is one. A rule stands here only where both
sides are equal wherever the first is a number, and is computed no worse. `expanded` goes on to multiply sums out, for
telling whether two formulas are one; nothing is computed in that form.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import reduce
from itertools import product as pairs

from vitcore.layers.formulas.tree import UNIT, ZERO, Call, Node, Number, Power, Product, Sum, Variable, Where, text

HIGHEST_POWER = 12
LARGEST, LEAST = Fraction(10**12), Fraction(1, 10**12)
_DIGITS = 10**40  # of a constant's numerator and denominator
_TERMS = 60  # of a product that is multiplied out
_EVEN, _ODD = ("abs", "cos"), ("tanh", "sin")


def number(value: Fraction) -> Number:
    """A constant.

    Raises:
        ValueError: it is larger, smaller or longer than a formula may hold.
    """
    if value and not LEAST <= abs(value) <= LARGEST:
        raise ValueError(f"the constant {float(value):.3g} is out of bounds; stay between 1e-12 and 1e12, or 0")
    if max(abs(value.numerator), value.denominator) > _DIGITS:
        raise ValueError(f"the constant {float(value):.6g} comes of too many digits; give fewer")
    return Number(value)


def add(terms: Iterable[Node]) -> Node:
    """The sum of any number of nodes, like terms gathered."""
    counted: dict[Node, Fraction] = {}
    for term in _flat(terms, Sum):
        times, rest = _coefficient(term)
        counted[rest] = counted.get(rest, Fraction(0)) + times
    found = [multiply([number(times), rest]) for rest, times in counted.items() if times]
    found.sort(key=_order)
    if not found:
        return ZERO
    return found[0] if len(found) == 1 else Sum(tuple(found))


def multiply(factors: Iterable[Node]) -> Node:
    """The product of any number of nodes, whole powers of one base and exponentials gathered."""
    times, exponent = Fraction(1), []
    powers: dict[tuple[Node, bool], Fraction] = {}
    for factor in _flat(factors, Product):
        base, raised = factor, Fraction(1)
        if isinstance(factor, Power) and factor.exponent.denominator == 1:
            base, raised = factor.base, factor.exponent
        if isinstance(factor, Number):
            times *= factor.value
        elif isinstance(base, Call) and base.name == "exp":
            exponent.append(multiply([number(raised), base.arguments[0]]))
        else:
            # x·x is x², but x/x is no number at 0, and √x·√x none below it: these stand as they are.
            powers[base, raised > 0] = powers.get((base, raised > 0), Fraction(0)) + raised
    number(times)
    if not times:
        return ZERO
    found = [power(base, raised) for (base, _), raised in powers.items()]
    if exponent:
        found.append(call("exp", [add(exponent)]))
    if any(isinstance(each, Number | Product) for each in found):  # a power came apart into factors
        return multiply([Number(times), *found])
    if len(found) == 1 and isinstance(found[0], Sum) and times != 1:
        return add(multiply([Number(times), term]) for term in found[0].terms)
    found.sort(key=_order)
    if times != 1 or not found:
        found.insert(0, Number(times))
    return found[0] if len(found) == 1 else Product(tuple(found))


def power(base: Node, exponent: Fraction) -> Node:
    """A base to a number.

    Raises:
        ValueError: the exponent is too large, or 0 is divided by.
    """
    if abs(exponent) > HIGHEST_POWER:
        raise ValueError(f"the exponent {float(exponent):g} is too large; {HIGHEST_POWER} is the most, either way")
    whole = exponent.denominator == 1
    if exponent == 0:
        return UNIT
    if exponent == 1:
        return base
    if isinstance(base, Number) and not base.value:
        if exponent < 0:
            raise ValueError("it divides by 0")
        return ZERO
    if isinstance(base, Number) and whole:
        return number(Fraction(base.value ** int(exponent)))
    if whole and isinstance(base, Product):
        return multiply(power(each, exponent) for each in base.factors)
    if isinstance(base, Call) and base.name == "exp" and whole:
        return call("exp", [multiply([number(exponent), base.arguments[0]])])
    if isinstance(base, Call) and base.name == "abs" and exponent % 2 == 0:
        return power(base.arguments[0], exponent)
    if isinstance(base, Power) and base.exponent.denominator == 1:
        if whole and (base.exponent > 0) == (exponent > 0):
            return power(base.base, base.exponent * exponent)
        if base.exponent % 2 == 0 and not whole:
            return power(call("abs", [base.base]), base.exponent * exponent)
    if whole and isinstance(base, Sum):
        sign, positive = _signed(base)
        if sign < 0:
            return multiply([number(Fraction(sign ** abs(int(exponent)))), power(positive, exponent)])
    return Power(base, exponent)


def call(name: str, arguments: Sequence[Node]) -> Node:
    """A function of the language; sqrt is a power, max and min take any number of arguments."""
    first = arguments[0]
    if name == "sqrt":
        return power(first, Fraction(1, 2))
    if name in ("max", "min"):
        return _extreme(name, arguments)
    if name in ("abs", "relu"):
        if isinstance(first, Number):
            return Number(abs(first.value) if name == "abs" else max(first.value, Fraction(0)))
        if isinstance(first, Call) and first.name in (("abs", "relu") if name == "abs" else ("relu", "abs")):
            return first
        if isinstance(first, Power) and first.exponent % 2 == 0:
            return first
        times, rest = _coefficient(first)
        if abs(times) != 1:
            inner = multiply([Number(Fraction(1 if times > 0 else -1)), rest])
            return multiply([number(abs(times)), call(name, [inner])])
    if name == "exp" and first == ZERO:
        return UNIT
    if name in _EVEN or name in _ODD:
        sign, positive = _signed(first)
        if sign < 0:
            inside = call(name, [positive])
            return inside if name in _EVEN else multiply([number(Fraction(-1)), inside])
    return Call(name, tuple(arguments))


def where(sign: str, left: Node, right: Node, then: Node, otherwise: Node) -> Node:
    """`then` where `left sign right`, `otherwise` elsewhere; the sign is one of < > <= >=."""
    if sign in (">", ">="):
        left, right, sign = right, left, "<" if sign == ">" else "<="
    if sign == "<=":
        left, right, then, otherwise = right, left, otherwise, then
    if then == otherwise:
        return then
    if isinstance(left, Number) and isinstance(right, Number):
        return then if left.value < right.value else otherwise
    difference = add([right, multiply([number(Fraction(-1)), left])])  # then where this is above 0
    sides = (then, otherwise)
    if sides == (difference, ZERO):
        return call("relu", [difference])
    negative = multiply([number(Fraction(-1)), difference])
    if sides == (ZERO, negative):
        return call("relu", [negative])
    if sides in ((difference, negative), (negative, difference)):
        absolute = call("abs", [difference])
        return absolute if then == difference else multiply([number(Fraction(-1)), absolute])
    return Where(left, right, then, otherwise)


def expanded(node: Node) -> Node:
    """The node with sums multiplied out: x*(x + 1) and x**2 + x become one.

    Raises:
        ValueError: it would have too many terms, or an exponent or a constant that no formula may have.
    """
    match node:
        case Sum(terms):
            return add(map(expanded, terms))
        case Product(factors):
            return _multiplied_out([expanded(each) for each in factors])
        case Power(base, exponent) if exponent.denominator == 1 and exponent > 0:
            return _multiplied_out([expanded(base)] * int(exponent))
        case Power(base, exponent):
            return power(expanded(base), exponent)
        case Call(name, arguments):
            return call(name, [expanded(each) for each in arguments])
        case Where(left, right, then, otherwise):
            return where("<", expanded(left), expanded(right), expanded(then), expanded(otherwise))
    return node


def _multiplied_out(factors: Sequence[Node]) -> Node:
    def times(item: Node, other: Node) -> Node:
        several = [each.terms if isinstance(each, Sum) else (each,) for each in (item, other)]
        if len(several[0]) * len(several[1]) > _TERMS:
            raise ValueError(f"multiplied out it has more than {_TERMS} terms")
        return add(multiply(pair) for pair in pairs(*several))

    return reduce(times, factors)


def _extreme(name: str, arguments: Sequence[Node]) -> Node:
    """max or min: flat, each argument once, in order."""
    inner: list[Node] = []
    for each in arguments:
        inner += each.arguments if isinstance(each, Call) and each.name == name else [each]
    numbers = [each.value for each in inner if isinstance(each, Number)]
    found: list[Node] = sorted({each for each in inner if not isinstance(each, Number)}, key=_order)
    if numbers:
        found.append(Number(max(numbers) if name == "max" else min(numbers)))
    if len(found) == 1:
        return found[0]
    if name == "max" and len(found) == 2 and found[1] == ZERO:
        return call("relu", found[:1])
    return Call(name, tuple(found))


def _flat(nodes: Iterable[Node], kind: type[Sum] | type[Product]) -> Iterable[Node]:
    for node in nodes:
        if isinstance(node, kind):
            yield from node.terms if isinstance(node, Sum) else node.factors
        else:
            yield node


def _coefficient(node: Node) -> tuple[Fraction, Node]:
    """A term as a number times the rest."""
    if isinstance(node, Number):
        return node.value, UNIT
    if isinstance(node, Product) and isinstance(node.factors[0], Number):
        rest = node.factors[1:]
        return node.factors[0].value, rest[0] if len(rest) == 1 else Product(rest)
    return Fraction(1), node


def _signed(node: Node) -> tuple[int, Node]:
    """-1 and the negative where the node's first number is negative, else 1 and itself."""
    first = node.terms[0] if isinstance(node, Sum) else node
    if _coefficient(first)[0] >= 0:
        return 1, node
    return -1, multiply([Number(Fraction(-1)), node])


def _order(node: Node) -> tuple[bool, int, str]:
    """Numbers last, longer powers first, then by text; a number before a term makes no difference."""
    rest = _coefficient(node)[1]
    exponent = rest.exponent if isinstance(rest, Power) else Fraction(1)
    return isinstance(node, Number), -int(exponent), text(rest)


X = Variable()
