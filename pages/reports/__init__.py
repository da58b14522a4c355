"""The pages of the four reports."""
