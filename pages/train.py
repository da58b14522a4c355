"""tmp"""
from pages.parts import frame
frame.heading("train", "x")
