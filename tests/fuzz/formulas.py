"""Formulas: read or refused, never run as Python, and with a finite gradient wherever the page says nothing else."""

from __future__ import annotations

from pathlib import Path

import torch
from hypothesis import strategies as st

from tests.fuzz.promise import CANARY, Kind
from tests.fuzz.values import ODD_TEXT
from vitcore.lab.portrait import portrait
from vitcore.layers.formulas.language import FUNCTIONS
from vitcore.spec import RunSpec

_NUMBERS = st.one_of(
    st.integers(0, 9).map(str), st.floats(0.01, 9).map(lambda number: f"{number:.2f}"), st.sampled_from(["1e-3", "0.5"])
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    item = [name for name, count in FUNCTIONS.items() if count == 1]
    return st.one_of(
        st.builds("{}({})".format, st.sampled_from(item), inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner),
        st.builds(
            "where({} {} {}, {}, {})".format, inner, st.sampled_from(["<", "<=", ">", ">="]), inner, inner, inner
        ),
        st.builds("{} {} {}".format, inner, st.sampled_from(["+", "-", "*"]), inner),
        st.builds("({}){}({})".format, inner, st.sampled_from(["*", "-", "/"]), inner),
        st.builds("({})**{}".format, inner, st.sampled_from(["2", "3", "4", "0.5", "-1", "(1/3)"])),
        st.builds("-{}".format, inner),
    )


GOOD = st.recursive(st.just("x") | st.just("x") | _NUMBERS, _grown, max_leaves=6)
"""Formulas by the language's own grammar; many of them are no kernel all the same."""

_WORDS = st.lists(
    st.sampled_from([*FUNCTIONS, *"xy()+-*/,<>= 10_.[]{}'\"\\\n#@", "**", "2.5", "e9", "1e9", ":=", "lambda", "if",
                     "else", "for", "in"]),
    max_size=14,
).map("".join)  # fmt: skip
_ATTACKS = st.sampled_from(
    [f"__import__('pathlib').Path({CANARY!r}).touch()", f"open({CANARY!r}, 'w')", f"exec(\"open('{CANARY}','w')\")",
     "x.__class__.__mro__", "(lambda: x)()", "[x for x in x]", "f'{x}'", "x if x else x", "x := 1", "9**9**9**9",
     "(" * 199, "-" * 199 + "x", "x" + "**2" * 60, "x" + "+x" * 90, "sin(" * 49 + "x" + ")" * 49, "1" * 200, "\0",
     "x\n+1"]
)  # fmt: skip
CASES = st.one_of(GOOD, GOOD, _WORDS, _ATTACKS, ODD_TEXT)


def check(case: str, folder: Path) -> None:
    """All that the Kernels page and a spec do with a formula."""
    found = portrait(case)
    spec = RunSpec.of(kernel=found.name)
    assert spec.model.kernel == found.name, "the stored spelling is its own"
    assert portrait(found.name).name == found.name
    assert len(spec.fingerprint()) == 12
    assert found.sentences
    assert found.kernel.feature is not None
    if found.rough is None:
        draws = torch.Generator().manual_seed(0)
        x = (torch.rand(500, generator=draws) * 16 - 8).requires_grad_()
        y = found.kernel.feature(x)
        y.sum().backward()
        assert x.grad is not None
        assert y.isfinite().all()
        assert x.grad.isfinite().all(), x[~x.grad.isfinite()]


KINDS = [Kind("formulas", 500, CASES, check)]
