"""The app's own process: the store as it sees it, what browsers poll, and who may ask."""
