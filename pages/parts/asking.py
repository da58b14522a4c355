"""Asking stored models about a picture; a model is loaded once and kept while its checkpoint does not change."""

from __future__ import annotations
