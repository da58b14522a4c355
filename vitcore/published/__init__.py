"""The four reports' tables as data."""
