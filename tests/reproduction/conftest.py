"""A results folder in which processes may be at work."""

from tests.runs.fixtures import named_results, results

__all__ = ["named_results", "results"]
