"""Per-run files made unreadable, or replaced by folders, links, pipes and sparse files: all readers go on."""

from pathlib import Path

from hypothesis import strategies as st

from tests.fuzz.promise import Kind
from tests.runs.damages import DAMAGES, FILES, SECRET, damage, message
from tests.store.writing import write_run
from vitcore.errors import UserError
from vitcore.runs import annotations, cost_estimate, drawings, predictions, queue, status, trash
from vitcore.runs.folder import Results
from vitcore.store import exports, queries
from vitcore.store.index import Index

CASES = st.dictionaries(st.sampled_from(FILES), st.sampled_from(sorted(DAMAGES)), min_size=1, max_size=4)


def check(case: dict[str, str], place: Path) -> None:
    """One run of two is damaged: it has its row with a reason, the other is whole, and both can be deleted."""
    results = Results(place / "within" / "results")
    good, run = (write_run(results, epochs=1, seed=seed) for seed in (0, 1))
    for name, how in case.items():
        damage(run.path / name, how)
    index = Index(results)
    index.poll()
    rows = queries.runs(index).set_index("id", drop=False)
    assert sorted(rows["id"]) == results.ids()
    assert rows.loc[good.id, "reason"] == "it has finished"
    wrong = [name for name, how in case.items() if message(name, how)]
    reason = str(rows.loc[run.id, "reason"])
    assert not wrong or any(name in reason for name in wrong), reason
    assert SECRET not in exports.csv(rows)
    status.now(run), queue.queued(results), annotations.read(run), drawings.score(run), cost_estimate.read(run)
    queries.steps(results, run.id), queries.confusion_epochs(index, run.id)
    try:
        predictions.read(run)
    except UserError as error:
        assert run.id in str(error)  # noqa: PT017
    changes = index.changes
    index.poll()
    assert index.changes == changes
    index.close()
    state = status.now(run)
    try:
        trash.delete(results, run.id)
    except UserError as error:  # a queued one whose journal cannot say that it was cancelled
        assert state == "queued", error  # noqa: PT017
        return
    trash.restore(results, run.id)
    assert results.ids() == sorted([good.id, run.id])


KINDS = [Kind("run files replaced", 800, CASES, check)]
