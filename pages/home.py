"""tmp"""
from pages.parts import frame
frame.heading("home", "x")
