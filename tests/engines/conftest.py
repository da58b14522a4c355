"""A results folder in which processes may be at work."""

from tests.runs.fixtures import asleep, results

__all__ = ["asleep", "results"]
