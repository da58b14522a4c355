"""Diagnostics: what stored runs do under corruption, and how far their probabilities can be trusted."""
