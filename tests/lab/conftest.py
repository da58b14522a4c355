"""A measurement needs a results folder, as a run does."""

from tests.runs.conftest import results

__all__ = ["results"]
