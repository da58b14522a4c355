"""A worker that takes its run's CPU for the device of its lane, so that several train at once on one machine.

Started by parties.py beside this in the place of `vitcore.runs.worker`; only the lock of the true device is left out.
"""

from __future__ import annotations

from contextlib import nullcontext
from unittest import mock

from vitcore.runs import worker

if __name__ == "__main__":
    with mock.patch.object(worker, "_true_device", return_value=nullcontext()):
        worker.main()
