"""The dashboard: navigation.py is its entry, contents.py lists the pages, a folder each; shared/, server/ serve all."""
