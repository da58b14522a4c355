"""A results folder of each test's own."""

from tests.store.conftest import results

__all__ = ["results"]
