"""The CIFAR-10 report: a post-norm vision transformer against a small CNN."""

from pages.parts import report

report.page("cifar10")
