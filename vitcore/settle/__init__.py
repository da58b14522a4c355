"""Settle a question: paired seeds of some settings, run until an anytime-valid test decides, and not one more."""
