"""The CIFAR-10 report: a post-norm vision transformer against a small CNN."""

from pages.reports import page

page.page("cifar10")
