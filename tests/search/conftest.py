"""A results folder in which processes may be at work, frames of stored runs."""

from tests.runs.fixtures import asleep, results

__all__ = ["asleep", "results"]
