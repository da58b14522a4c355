"""What torch ties to its compiler, without that tie: a third of the time from a worker's start to its first step.

torch 2.13 imports its compiler, with sympy and its distributed tensors, where it only tells it to keep away: at an
optimizer's first step, in what keeps an optimizer's states, and where operations are counted. Nothing of that is
compiled here: what is, where a spec wants it, is the network alone (training/compiled.py). torchvision imports it too.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import torch
from torch.backends import mkldnn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.optim import Optimizer
from torch.utils.flop_counter import FlopCounterMode, _FlopCounterMode

_Kind = TypeVar("_Kind", bound=type[Optimizer])

_ASKING = torch._disable_dynamo(lambda: None).__code__  # type: ignore[attr-defined]  # of whatever it has wrapped
_COUNTING = threading.Lock()
_ASKS = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")


def plain(kind: _Kind) -> _Kind:
    """The same optimizer with its step as torch wrote it before it wrapped it for its compiler.

    `differentiable=True` means nothing to it: no step has a gradient.
    """
    for name in _ASKS:
        _spare(getattr(kind, name))
    step = torch.no_grad()(inspect.unwrap(kind.step))
    return cast(_Kind, type(kind.__name__, (kind,), {"step": step}))


@contextmanager
def operation_counter(*, computing: bool) -> Iterator[FlopCounterMode]:
    """Counts the operations that run within it; attention and recurrence by their products, as torch first wrote them.

    Tensors without content (torch's meta device) load the compiler nevertheless: their operations are written in it.

    Args:
        computing: whether tensors have content, so that torch would take ways whose products it does not count. Those
            are closed to the whole process meanwhile, one count after another: two at once would leave them closed.
    """
    _spare(_FlopCounterMode.__torch_dispatch__)
    counter = FlopCounterMode(display=False)
    if not computing:
        with counter:
            yield counter
        return
    with _COUNTING:
        was, *_ = mkldnn.set_flags(_enabled=False, _fp32_precision=None)  # it counts a recurrence as no product
        try:
            with counter, sdpa_kernel(SDPBackend.MATH):
                yield counter
        finally:
            mkldnn.set_flags(_enabled=was, _fp32_precision=None)


def _spare(function: Callable[..., Any]) -> None:
    """Leave the mark of a call that has asked the compiler already on all that torch wrapped to ask it."""
    at: Any = function
    while (within := getattr(at, "__wrapped__", None)) is not None:
        if getattr(at, "__code__", None) is _ASKING:
            within.__dynamo_disable = within
        at = within
