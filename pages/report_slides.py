"""The compact transformers' slides: Tables 1 to 4 and Figure 2."""

from pages.parts import report

report.page("slides")
