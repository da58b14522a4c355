"""Intervals and tests: numpy and scipy, no I/O."""
