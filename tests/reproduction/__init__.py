"""Tests of the reports: statistics, figures, published numbers, tables."""
