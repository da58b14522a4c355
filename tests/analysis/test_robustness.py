"""Counts under corruption: equal to a plain loop's, kept with the run, of these weights alone, with intervals."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tests.pages.texts import give_weights, tell
from vitcore.analysis import robustness
from vitcore.analysis.corruptions import CORRUPTIONS, SEVERITIES, corrupted
from vitcore.data.load import load as images_of
from vitcore.data.registry import DATASETS
from vitcore.errors import UserError
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.predict import load
from vitcore.spec import RunSpec

SPEC = RunSpec.of(architecture="cct-mini/3x3", dataset="digits", samples=200, epochs=1, batch_size=50)
FEW = {"corruptions": ["noise", "occlusion"]}


def never() -> bool:
    return False


@pytest.fixture
def run(results: Results) -> RunFolder:
    made = tell(results, SPEC)
    give_weights(made)
    return made


def restated(run: RunFolder, name: str, severity: int) -> int:
    """Wrong answers, by one plain pass through the model."""
    images, known = images_of("digits"), DATASETS["digits"]
    pixels = images.test.images
    if severity:
        pixels = torch.from_numpy(np.concatenate(list(corrupted(name, severity, pixels.numpy()))))
    inputs = (pixels.double() / 255 - known.mean[0]) / known.std[0]
    with torch.no_grad():
        answers = F.softmax(load(run).model(inputs.float()), dim=-1).argmax(-1)
    return int((answers != images.test.labels).sum())


def test_counts_equal_a_plain_loop_s(run: RunFolder) -> None:
    robustness.evaluate(run, FEW, never)
    found = robustness.read(run)
    assert list(found) == robustness.plan(FEW["corruptions"])
    for (name, severity), item in found.items():
        assert item.images == 360
        assert item.wrong == restated(run, name, severity), (name, severity)
    assert len({value.wrong for value in found.values()}) > 2, "an untrained network is spoiled too"


def test_what_was_counted_is_not_counted_again_and_a_stop_keeps_it(run: RunFolder) -> None:
    asked = 0

    def soon() -> bool:
        nonlocal asked
        asked += 1
        return asked > 8

    robustness.evaluate(run, FEW, soon)
    part = robustness.read(run)
    assert 0 < len(part) < 11
    before = (run.path / "robustness.jsonl").read_bytes()
    robustness.evaluate(run, FEW, never)
    lines = (run.path / "robustness.jsonl").read_bytes()
    assert lines.startswith(before)
    assert lines.count(b"\n") == 11
    robustness.evaluate(run, {"corruptions": ["noise"]}, never)
    assert (run.path / "robustness.jsonl").read_bytes() == lines


def test_counts_of_other_weights_data_or_definitions_count_no_more(run: RunFolder) -> None:
    robustness.evaluate(run, {"corruptions": ["noise"]}, never)
    path = run.path / "robustness.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(robustness.read(run)) == 6
    for key, other in (("epoch", 7), ("data_digest", "0" * 12), ("definition", "f" * 12), ("wrong", 361)):
        changed = [lines[0], {**lines[1], key: other}, *lines[2:]]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in changed))
        assert len(robustness.read(run)) == 5, key
    path.write_text('{"corruption": ["noise"], "severity": 1, "wrong": 0, "images": 0}\n[1]\n{"corruption": "noise"}\n')
    assert robustness.read(run) == {}
    table = robustness.table([run])
    assert table.empty
    assert list(table) == list(robustness.COLUMNS)


def test_the_table_has_wilson_s_interval_and_means_are_of_whole_runs(results: Results) -> None:
    runs = [tell(results, RunSpec.of(SPEC, seed=seed)) for seed in range(2)]
    for place, run in enumerate(runs):
        give_weights(run)
        robustness.evaluate(run, {} if place else FEW, never)
    table = robustness.table(runs)
    assert len(table) == 11 + 36
    item = table[(table["run"] == runs[1].id) & (table["corruption"] == "noise") & (table["severity"] == 3)].iloc[0]
    n, p, z = 360, item["wrong"] / 360, 1.959963984540054
    low, high = sorted(np.roots([1 + z**2 / n, -(2 * p + z**2 / n), p**2]))  # where |p - t| = z sqrt(t (1 - t) / n)
    assert item["error"] == pytest.approx(100 * p)
    assert (item["low"], item["high"]) == pytest.approx((100 * low, 100 * high))
    assert item["strength"] == 0.18
    means = robustness.means(table)
    assert set(means["run"]) == {runs[1].id}
    assert list(means["severity"]) == list(range(SEVERITIES + 1))
    own = table[(table["run"] == runs[1].id) & (table["severity"] == 2)]
    assert means["error"].iloc[2] == pytest.approx(own["error"].sum() / len(CORRUPTIONS))
    assert len(robustness.curves(table, "occlusion")) == 2 * (SEVERITIES + 1)


def test_other_data_are_refused_and_so_is_an_unknown_corruption(run: RunFolder) -> None:
    lines = [json.loads(line) for line in run.events.read_text().splitlines()]
    run.events.write_text("".join(json.dumps({**line, "data_digest": "0" * 12}) + "\n" for line in lines))
    with pytest.raises(UserError, match="are not those that run"):
        robustness.evaluate(run, FEW, never)
    with pytest.raises(UserError, match="no corruption 'fog'; there are noise, blur"):
        robustness.plan(["fog"])
