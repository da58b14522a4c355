"""Runs of other programs from the files that those left, a form a file; bring.py finds them and stores them."""
