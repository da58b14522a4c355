"""tmp"""
from pages.parts import frame
frame.heading("draw", "x")
