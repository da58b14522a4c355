"""What a run was expected to cost is kept with it."""

from __future__ import annotations

import pytest

from tests.runs.processes import tiny
from vitcore.cost.estimate import CostEstimate
from vitcore.runs import cost_estimate, queue
from vitcore.runs.folder import Results


@pytest.mark.parametrize("messages", [CostEstimate(12.5), CostEstimate(0.25, guessed=True)])
def test_it_is_read_as_it_was_told(results: Results, messages: CostEstimate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "ensure_dispatcher", lambda results, ids=None: None)
    assert cost_estimate.read(results.run(queue.enqueue(results, tiny(), messages))) == messages


def test_a_run_of_which_nothing_was_expected_has_none(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "ensure_dispatcher", lambda results, ids=None: None)
    run = results.run(queue.enqueue(results, tiny()))
    assert not run.expected.exists()
    assert cost_estimate.read(run) is None


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"training_seconds": "3"}', '{"training_seconds": NaN}', '{"training_seconds": -1}',
                '{"training_seconds": true}']
)  # fmt: skip
def test_a_broken_file_is_none(results: Results, content: str) -> None:
    run = results.create(tiny())
    run.expected.write_text(content, encoding="utf-8")
    assert cost_estimate.read(run) is None
