"""A results folder in which processes may be at work."""

from tests.runs.fixtures import results

__all__ = ["results"]
