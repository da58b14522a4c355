"""tmp"""
from pages.parts import frame
frame.heading("live", "x")
