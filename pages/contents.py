"""The pages by the headings that they stand under; a new page is a folder beside this file and one line here."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A page: its file below pages/, its title, and its address below the app's; Home's is the app's own.

    `computes`: what is done there first needs torch.
    """

    file: str
    title: str
    address: str = ""
    computes: bool = False


CONTENTS = {
    "": [Entry("home/page.py", "Home")],
    "Work": [
        Entry("train/page.py", "Train", "train"),
        Entry("live/page.py", "Live", "live"),
        Entry("compare/page.py", "Compare", "compare"),
        Entry("search/page.py", "Search", "search"),
        Entry("settle/page.py", "Settle", "settle"),
        Entry("draw/page.py", "Draw", "draw", computes=True),
        Entry("studies/page.py", "Studies", "studies"),
    ],
    "Understand": [
        Entry("diagnostics/page.py", "Diagnostics", "diagnostics"),
        Entry("architectures/page.py", "Architectures", "architectures", computes=True),
        Entry("kernels/page.py", "Kernels", "kernels", computes=True),
        Entry("datasets/page.py", "Datasets", "datasets"),
    ],
    "Reports": [
        Entry("reports/performer.py", "Performer kernels", "report_performer"),
        Entry("reports/cifar10.py", "ViT on CIFAR-10", "report_cifar10"),
        Entry("reports/slides.py", "Compact transformers", "report_slides"),
        Entry("reports/hybrid.py", "Hybrid sequential ViT", "report_hybrid"),
    ],
}

ADDRESSES = [entry.address for entries in CONTENTS.values() for entry in entries if entry.address]
"""Every page's address but Home's."""

COMPUTING = {entry.address for entries in CONTENTS.values() for entry in entries if entry.computes}
