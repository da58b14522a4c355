"""Training loads nothing of torch's compiler unless a run compiles, and optimizers step as torch's own do."""

from __future__ import annotations

import copy
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW

from vitcore.uncompiled import plain

FAMILIES = ("cct-2/3x2", "cvt-2/4", "cnn", "hybrid", "performer", "resnet56", "vit-lite-2/4", "vit-12/16")
"""Of each family that is not torchvision's, which imports the compiler itself."""
COUNTED = """
from vitcore.models import build, count
for name in {names}:
    count.macs(build(name), 3, 32)
"""
TRAINED = """
import tempfile
from pathlib import Path
from vitcore.spec import RunSpec
from vitcore.training import train
for name in ("adamw", "adam", "sgd", "lamb", "muon"):
    options = dict(architecture="cct-mini/3x3", kernel="favor+", redraw_every=1, ema_decay=0.9, clip_norm=1.0,
                   dataset="digits", samples=20, batch_size=10, optimizer=name)
    folder = Path(tempfile.mkdtemp())
    for resume in (False, True):  # the second takes the first's states up
        train(RunSpec.of(epochs=2, **options), lambda message: None, folder=folder, resume=resume)
"""
NOTHING = """
import sys
loaded = [name for name in sys.modules if name.startswith("torch._dynamo") or name == "sympy"]
assert not loaded, loaded[:3]
"""


@pytest.mark.parametrize("text", [COUNTED.format(names=FAMILIES), TRAINED], ids=["counted", "trained"])
def test_nothing_of_the_compiler_is_loaded(text: str) -> None:
    ended = subprocess.run([sys.executable, "-c", text + NOTHING], capture_output=True, text=True, timeout=280)
    assert ended.returncode == 0, ended.stderr[-2000:]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (SGD, {"momentum": 0.9, "nesterov": True}),
        (SGD, {}),
        (Adam, {"betas": (0.8, 0.99)}),
        (AdamW, {"weight_decay": 0.1}),
    ],
)
def test_it_steps_as_torchs_own_does_and_takes_its_states(kind: Any, options: dict[str, Any]) -> None:
    images = torch.randn(4, 7, 5)
    linear = nn.Linear(5, 3)
    first, then = (kind, plain(kind)), (plain(kind), kind)  # each goes on from the other's states
    moved = []
    for before, after in (first, then):
        model, state = copy.deepcopy(linear), None
        for made, batches in ((before, images[:2]), (after, images[2:])):
            optimizer = made(model.parameters(), lr=0.1, fused=True, **options)
            if state:
                optimizer.load_state_dict(state)
            for batch in batches:
                optimizer.zero_grad(set_to_none=True)
                model(batch).square().sum().backward()
                optimizer.step()
            state = optimizer.state_dict()
        moved.append(list(model.parameters()))
    for one_way, other_way in zip(*moved, strict=True):
        assert torch.equal(one_way, other_way)
