"""Formulas in one variable, as a person types them: a small language, read but never run as Python.

language.py reads a text, tree.py holds what was read in one form whatever its spelling, computing.py computes it on
arrays and tensors, domain.py finds where it is no number and how near to 0 it comes.
"""
