"""The hybrid sequential ViT's report: its epochs and confusion matrices on Tiny ImageNet."""

from pages.reports import page

page.page("hybrid")
