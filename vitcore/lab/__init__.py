"""Measurements of kernels on this machine."""
