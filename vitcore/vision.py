"""The one door through which torchvision is imported.

A torchvision wheel beside a torch of another build (a CUDA wheel beside a CPU torch) cannot load its compiled
operators, and its import then fails on two of them being unknown. Declaring those two, without an implementation,
lets datasets, transforms and models work; only the detection operators, which nothing here uses, stay out of reach.
"""

from __future__ import annotations

import torch

_DECLARED: list[torch.library.Library] = []  # a library's declarations live as long as the object does


def _declare_operators() -> None:
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _DECLARED.append(library)


try:
    import torchvision
except RuntimeError as error:
    if "torchvision::nms" not in str(error):
        raise
    import sys

    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    _declare_operators()
    import torchvision

__all__ = ["torchvision"]
