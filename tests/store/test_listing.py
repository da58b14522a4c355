"""The runs' folder is listed where a run may have come or gone, and not at every poll."""

import os
import time
from pathlib import Path

import pytest

from tests.store.writing import add, epoch_line, write_run
from vitcore.runs import trash
from vitcore.runs.folder import Results
from vitcore.store import listing, queries
from vitcore.store.index import Index


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each time that the folder is listed; by the clock alone it is not."""
    times: list[int] = []
    ids = Results.ids

    def counted(results: Results) -> list[str]:
        times.append(1)
        return ids(results)

    monkeypatch.setattr(Results, "ids", counted)
    monkeypatch.setattr(listing, "ANEW_SECONDS", 1e9)
    return times


def settled(index: Index) -> None:
    """Once the folder's times can be relied on."""
    time.sleep(1.1)
    index.poll()


def test_a_folder_that_stays_as_it_is_is_not_listed_again(results: Results, listed: list[int]) -> None:
    folder = write_run(results, epochs=1)
    index = Index(results)
    settled(index)
    listed.clear()
    for epoch in range(2, 5):
        add(folder, epoch_line(epoch))
        assert index.poll(), "and what its runs tell is seen all the same"
    assert len(queries.epochs(index, [folder.id])) == 4
    assert not listed


def test_whoever_comes_and_goes_is_seen_at_the_next_poll(results: Results, listed: list[int]) -> None:
    first = write_run(results)
    index = Index(results)
    settled(index)
    second = write_run(results, seed=1)
    index.poll()
    assert set(queries.runs(index)["id"]) == {first.id, second.id}
    settled(index)
    trash.delete(results, first.id)
    index.poll()
    assert list(queries.runs(index)["id"]) == [second.id]
    settled(index)
    trash.restore(results, first.id)
    index.poll()
    assert set(queries.runs(index)["id"]) == {first.id, second.id}


def test_another_folder_in_its_place_is_seen_though_it_is_as_old(results: Results, listed: list[int]) -> None:
    write_run(results)
    other = Results(results.root.with_name("other"))
    there = write_run(other, seed=1)
    past = 1_700_000_000
    for each in (results, other):
        os.utime(each.runs, (past, past))
    index = Index(results)
    settled(index)
    results.runs.rename(results.root / "before")
    other.runs.rename(results.runs)
    index.poll()
    assert list(queries.runs(index)["id"]) == [there.id]


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_what_leaves_no_trace_in_the_times_is_seen_after_a_while(
    results: Results, tmp_path: Path, listed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(results)
    linked = write_run(Results(tmp_path / "elsewhere"), seed=1)
    away = tmp_path / "away"
    (results.runs / linked.id).symlink_to(away)
    index = Index(results)
    settled(index)
    assert len(queries.runs(index)) == 1
    linked.path.rename(away)
    index.poll()
    assert len(queries.runs(index)) == 1, "else this test shows nothing"
    away.rename(linked.path)
    monkeypatch.setattr(listing, "ANEW_SECONDS", 0.0)
    write_run(results, seed=2)
    settled(index)
    assert len(queries.runs(index)) == 2
    linked.path.rename(away)
    index.poll()
    assert len(queries.runs(index)) == 3
