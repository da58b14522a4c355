"""The hybrid sequential ViT's report: its epochs and confusion matrices on Tiny ImageNet."""

from pages.parts import report

report.page("hybrid")
