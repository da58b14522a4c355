"""The compact transformers' slides: Tables 1 to 4 and Figure 2."""

from pages.reports import page

page.page("slides")
