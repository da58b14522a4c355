"""What a notebook calls: `vitcore/__init__.py` fetches each name from the file here that explains it."""
