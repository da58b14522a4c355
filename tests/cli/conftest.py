"""A results folder in which processes may be at work, named by the environment."""

from tests.runs.fixtures import named_results, results

__all__ = ["named_results", "results"]
