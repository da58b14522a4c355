"""Readers of datasets, one format a file."""
