"""Formulas: what is read computes what was typed, equal ones are one, the rest is refused, nothing runs as Python."""

from __future__ import annotations

import math
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from tests.fuzz.formulas import GOOD
from tests.layers.black_patches import check_black_patches
from vitcore.layers.attention import Attention
from vitcore.layers.formulas import computing, domain, language, tree
from vitcore.layers.kernels import KERNELS, identity, kernel_of, spelled

RESTATED = {
    "abs": math.fabs, "exp": math.exp, "log1p": math.log1p, "sqrt": math.sqrt, "tanh": math.tanh, "sin": math.sin,
    "cos": math.cos, "min": min, "max": max, "relu": lambda y: max(y, 0.0),
    "gelu": lambda y: y * (1 + math.erf(y / math.sqrt(2))) / 2,
    "softplus": lambda y: y + math.log1p(math.exp(-y)) if y > 0 else math.log1p(math.exp(y)),
    "sigmoid": lambda y: 1 / (1 + math.exp(-y)),
    "where": lambda below, then, otherwise: then if below else otherwise,
}  # fmt: skip
"""What each function means, number by number, for Python's own reading of a formula: the oracle, here alone."""

PLACES = (-2.6, -1.0, -0.3, 0.0, 0.25, 1.0, 1.7)


def _as_python(formula: str, x: float) -> float | None:
    """A formula as Python itself reads it; None where it is no number there."""
    try:
        found = eval(formula, {"__builtins__": {}, **RESTATED}, {"x": x})
    except (ValueError, OverflowError, ZeroDivisionError, TypeError):  # a complex number is none
        return None
    return found if isinstance(found, float | int) and math.isfinite(found) and abs(found) < 1e9 else None


@pytest.mark.parametrize("exponent", ["0.5", "0.1", "1.5", "2", "7"])
def test_nothing_to_a_power_is_nothing(exponent: str) -> None:
    assert language.canonical(f"x + 0**{exponent}") == "x"
    assert language.canonical(f"min(x, 0**{exponent})") == language.canonical("min(x, 0)")


@settings(max_examples=400, derandomize=True, deadline=None, database=None)
@given(GOOD)
def test_what_is_read_computes_what_was_typed(formula: str) -> None:
    try:
        canonical = language.canonical(formula)
    except ValueError:
        return
    node = language.read(formula)
    assert language.canonical(canonical) == canonical
    assert language.read(canonical) == node
    for x in PLACES:
        wanted = _as_python(formula, x)
        if wanted is not None:
            found = computing.of_array(node, np.array([x]))
            assert found[0] == pytest.approx(wanted, rel=1e-6, abs=1e-6), (formula, canonical, x)
            tensor = computing.of_tensor(node, torch.tensor([x], dtype=torch.float64))
            assert tensor.item() == pytest.approx(wanted, rel=1e-6, abs=1e-6), (formula, canonical, x)


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(GOOD)
def test_multiplied_out_it_is_the_same_function(formula: str) -> None:
    try:
        node, other = language.read(formula), language.read(language.identity(formula))
    except ValueError:
        return
    first, second = (computing.of_array(each, np.array(PLACES)) for each in (node, other))
    finite = np.isfinite(first) & (np.abs(first) < 1e6) & np.isfinite(second)
    np.testing.assert_allclose(second[finite], first[finite], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "spellings",
    [
        ("relu(x)**3", "max(x, 0)**3", " max(0,x) ** 3", "where(x > 0, x, 0)**3", "relu(x)*relu(x)**2",
         "relu(relu(x))**3"),
        ("x**2 + x", "x*(x + 1)", "x + x*x", "(x + 1)*x", "x**2 - -x"),
        ("0.1 + abs(x)", "abs(-x) + 1/10", "sqrt(x**2) + 0.1", "where(x < 0, -x, x) + 0.3 - 0.2",
         "max(x, -x)*0 + abs(x) + 0.1"),
        ("exp(-x**2)", "1/exp(x*x)", "exp(-x*x/2)**2", "exp(-(x**2))"),
        ("(x - 1)**2", "(1 - x)**2", "x**2 - 2*x + 1", "abs(1 - x)**2"),
        ("2*relu(x)", "relu(2*x)", "relu(x) + relu(x)", "4*relu(x/2)"),
        ("tanh(x) + 2", "2 - tanh(-x)"),
        ("x/3 + 2", "x*(1/3) + 2", "(x + 6)/3"),
        ("min(x, 1, 0) + 9", "min(1, min(0, x)) + 9", "min(x, 0) + 9"),
    ],
    ids=lambda spellings: spellings[0],
)  # fmt: skip
def test_equal_formulas_spelled_differently_are_one(spellings: tuple[str, ...]) -> None:
    assert len({identity(f"f: {each}") for each in spellings}) == 1


def test_different_formulas_stay_apart() -> None:
    many = ["x", "x + 1", "2*x", "-x", "x**2", "x**3", "abs(x)", "abs(x)**3", "relu(x)", "relu(-x)", "relu(x + 1)",
            "x**0.5", "x/x**2", "x/x + x", "exp(x)", "exp(2*x)", "max(x, 1)", "min(x, 1)", "where(x < 1, x, 0)",
            "where(x < 1, 0, x)", "sqrt(x)*sqrt(x)", "1/x", "1/x**2"]  # fmt: skip
    assert len({language.identity(each) for each in many}) == len(many)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("", "needs something to compute"),
        ("x" * 201, "201 signs is too long; 200 is the most"),
        ("__import__('os').system('x')", "'__import__' is not of the formula language"),
        ("x.real", "'.' is not of the formula language"),
        ("x^2", "write ** for a power"),
        ("x²", "write x**2"),
        ("lambda x: x", "'lambda' is not of the formula language"),
        ("expp(x)", "write exp"),
        ("2x", "write * between them"),
        ("x(x)", "write * between them"),
        ("x**x", "the exponent 'x' is no number"),
        ("x**13", "the exponent 13 is too large; 12 is the most"),
        ("1e13*x", "the constant 1e+13 is out of bounds"),
        ("1e999*x", "too large for a formula"),
        ("(((0.123456789012**12)**12)**12)*x", "comes of too many digits"),
        ("where(x, 1, 2)", "where begins with one comparison"),
        ("where(0 < x < 1, 1, x)", "where begins with one comparison"),
        ("x < 1", "a comparison stands first within where"),
        ("max(x)", "max takes 2 arguments, and 1 stand"),
        ("relu(x, 1)", "relu takes 1 argument, and 2 stand"),
        ("relu", "relu is a function, as in relu"),
        ("((x)", "brackets, commas and operations must fit together"),
        ("x - x", "comes to 0 whatever x is"),
        ("x/0", "divides by 0"),
        ("where(x < 2, 0, 2)**2", "x stands in conditions alone"),
        ("x // 2", "no such operation"),
        ("sin(" * 13 + "x" + ")" * 13, "operations within one another are too many"),
        ("+".join(f"sin({n}*x)" for n in range(2, 22)), "numbers and operations is too long"),
        ("1/x", "divides by x, which is 0 at x = 0"),
        ("x/(x - 0.12345)", "divides by x - 0.12345, which is 0 at x = 0.12"),
        ("sqrt(x)", "no number at x = -0.005"),
        ("log1p(x)", "at x = -1"),
        ("exp(x**4)", "too large at x ="),
        ("(exp(12*x) + 1)/(exp(12*x) + 2)", "no number at x ="),
    ],
)
def test_what_is_no_kernel_is_refused_in_a_sentence(formula: str, words: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        spelled(f"f: {formula}")
    assert words in str(refused.value), str(refused.value)
    assert "\n" not in str(refused.value)


def test_nothing_is_evaluated_as_python() -> None:
    """What could evaluate is taken away while formulas are read and computed."""
    with (
        mock.patch("builtins.eval", side_effect=AssertionError),
        mock.patch("builtins.exec", side_effect=AssertionError),
    ):
        for formula in ("relu(x)**3 + where(x < 1, gelu(x), 2)", "min(x, tanh(x)/2, 5)"):
            node = language.read(formula + " ")
            computing.of_tensor(node, torch.randn(4))
            domain.lowest(formula)


@pytest.mark.parametrize(
    ("formula", "positive", "cure"),
    [("exp(x)", True, 0.0), ("x**2 + 0.1", True, 0.0), ("relu(x)", False, 1e-3), ("x**4", False, 1e-6),
     ("(x - 0.123456)**2", False, 1e-6), ("gelu(x)", False, 0.171), ("x", False, None), ("tanh(x)", False, None),
     ("exp(-x**2)", False, 1e-3), ("tanh(x) + 1.001", True, 0.0)],
)  # fmt: skip
def test_the_page_knows_where_a_denominator_can_vanish(formula: str, positive: bool, cure: float | None) -> None:
    found = domain.lowest(formula)
    assert (found.positive, found.cure) == (positive, cure)
    if cure is not None:
        everywhere = computing.of_array(language.read(formula), np.linspace(-8, 8, 100_001)) + cure
        assert everywhere.min() > 0


@pytest.mark.parametrize(
    ("formula", "name"),
    [("max(0, x)", "relu"), ("x*x", "x^2"), ("(x**2)**2", "x^4"), ("relu(x)**4", "max(x,0)^4"),
     ("relu(x) + exp(min(x, 0))", "elu+1")],
)  # fmt: skip
def test_a_formula_attends_as_the_tables_kernel_that_it_writes_out(formula: str, name: str) -> None:
    torch.manual_seed(0)
    table, own = KERNELS[name], kernel_of(f"f: {formula}")
    for options in ({}, {"window": 3}, {"features": 5}):
        item = Attention(16, 2, tokens=9, kernel=table, **options)  # type: ignore[arg-type]
        two = Attention(16, 2, tokens=9, kernel=own, epsilon=table.epsilon, **options)  # type: ignore[arg-type]
        two.load_state_dict(item.state_dict())
        x = torch.randn(2, 9, 16)
        torch.testing.assert_close(two(x), item(x), atol=1e-5, rtol=0)


@pytest.mark.parametrize("formula", ["relu(x)**3", "exp(-x**2)", "gelu(x)", "(x - 1)**2"])
def test_black_patches_give_no_nan_at_a_formulas_own_epsilon(formula: str) -> None:
    check_black_patches(kernel_of(f"f: {formula}"))


def test_half_precision_is_computed_in_whole() -> None:
    y = torch.linspace(-3, 3, 50, dtype=torch.bfloat16)
    feature = kernel_of("f: 1 - cos(x)/1.001").feature
    assert feature is not None
    torch.testing.assert_close(feature(y), feature(y.float()).bfloat16(), atol=0, rtol=0)


def test_a_formula_is_printed_without_signs_that_a_page_would_read() -> None:
    node = language.read("0.5*x**2 - relu(x)**3*x + x**0.5")
    assert tree.printed(node) == "0.5·x² − relu(x)³·x + x⁰·⁵"
