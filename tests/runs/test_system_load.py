"""The machine's load is told as people say it."""

import re

import psutil

from vitcore.runs.system_load import busy


def test_the_sentence_holds_the_machines_own_figures() -> None:
    found = re.fullmatch(r"load (\d+\.\d) on (\d+) cores?, (\d+\.\d) of (\d+\.\d) GB of memory in use", busy())
    assert found
    assert int(found[2]) == psutil.cpu_count()
    assert 0 < float(found[3]) < float(found[4])
    assert abs(float(found[4]) - psutil.virtual_memory().total / 2**30) < 0.1
