"""The dashboard: navigation.py is its entry, every other file is one page, parts/ is what pages share."""
