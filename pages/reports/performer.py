"""The Performer report: six attention kernels on MNIST, Tables 1 to 3 and Figures 1 to 6."""

from pages.reports import page

page.page("performer")
