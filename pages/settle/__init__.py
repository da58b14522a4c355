"""The page Settle."""
