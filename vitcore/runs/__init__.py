"""Runs as folders on disk: paths, journals, the queue, the dispatcher of a device and the worker of a run."""
