"""The index over all runs: journals are read into a DuckDB in memory, and come out as DataFrames."""
