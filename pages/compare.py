"""tmp"""
from pages.parts import frame
frame.heading("compare", "x")
