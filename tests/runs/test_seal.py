"""What waits in a results folder from elsewhere starts nothing until a person says so."""

import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.runs.processes import tiny
from vitcore.cli import app
from vitcore.errors import UserError
from vitcore.front import waiting
from vitcore.runs import queue, seal
from vitcore.runs.folder import Results, RunFolder
from vitcore.store import queries
from vitcore.store.index import Index


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Makes this process another account's."""
    return lambda name: monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / name))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The device queues for which a dispatcher was to be started; none is."""
    found: list[str] = []
    monkeypatch.setattr(queue, "_start_dispatcher", lambda results, device_queue: found.append(device_queue))
    return found


def reason(results: Results) -> Any:
    index = Index(results, hydrate=False)
    index.poll()
    [found] = queries.runs(index)["reason"]
    index.close()
    return None if pd.isna(found) else found


def test_a_run_queued_elsewhere_waits_for_a_word(
    results: Results, elsewhere: Callable[[str], None], started: list[str]
) -> None:
    elsewhere("theirs")
    run = results.run(queue.enqueue(results, tiny()))
    assert queue.own(results) == [run.id]
    assert started == ["cpu"]

    elsewhere("mine")
    queue.ensure_dispatcher(results)
    assert started == ["cpu"], "nothing is started for it"
    assert (queue.queued(results), queue.own(results)) == ([run.id], [])
    assert reason(results) == seal.FOREIGN
    with pytest.raises(UserError, match="waits for a word of yours"):
        waiting.until_ended(results, run.id)

    queue.resume(results, run.id)
    assert started == ["cpu", "cpu"]
    assert queue.own(results) == [run.id]
    assert not queue.resuming(run), "it has not begun, so it begins"
    assert reason(results) is None
    with pytest.raises(UserError, match="is queued"):
        queue.resume(results, run.id)


def test_a_run_that_was_going_on_elsewhere_goes_on(
    results: Results, elsewhere: Callable[[str], None], started: list[str]
) -> None:
    elsewhere("theirs")
    run = results.run(queue.enqueue(results, tiny()))
    queue.cancel(results, run.id)
    queue.resume(results, run.id)
    elsewhere("mine")
    queue.resume(results, run.id)
    assert queue.resuming(run)


def test_the_row_forgets_the_reason_once_the_word_was_given(
    results: Results, elsewhere: Callable[[str], None], started: list[str]
) -> None:
    elsewhere("theirs")
    id = queue.enqueue(results, tiny())
    elsewhere("mine")
    index = Index(results, hydrate=False)
    index.poll()
    assert queries.runs(index)["reason"].item() == seal.FOREIGN
    queue.resume(results, id)
    index.poll()
    assert queries.runs(index)["reason"].isna().item()
    index.close()


def _other_spec(run: RunFolder) -> None:
    card = json.loads((run.path / "spec.json").read_text())
    card["spec"]["training"]["epochs"] = 10_000
    (run.path / "spec.json").write_text(json.dumps(card))


def _sealed(marker: object) -> Callable[[RunFolder], object]:
    def write(run: RunFolder) -> None:
        entry = {"at": 1.0, "lane": "cpu", "resume": False, seal.FIELD: marker}
        run.queue_entry.write_text(json.dumps({key: value for key, value in entry.items() if value != "absent"}))

    return write


MARKERS: tuple[object, ...] = ("absent", "", "0" * 64, "é", "\ud800", None, 1, [], {}, True)
FORGED: dict[str, Callable[[RunFolder], object]] = {
    "another spec": _other_spec,
    "no spec": lambda run: (run.path / "spec.json").unlink(),
    "a spec of surrogates": lambda run: (run.path / "spec.json").write_text('{"v": 1, "spec": {"name": "\\ud800"}}'),
    "nonsense": lambda run: run.queue_entry.write_text("[]"),
    **{f"a mark {marker!r}": _sealed(marker) for marker in MARKERS},
}


@pytest.mark.parametrize("how", FORGED.values(), ids=[name.encode("ascii", "replace").decode() for name in FORGED])
def test_no_mark_but_this_accounts_own_counts(
    results: Results, started: list[str], how: Callable[[RunFolder], object]
) -> None:
    run = results.run(queue.enqueue(results, tiny()))
    started.clear()
    how(run)
    queue.ensure_dispatcher(results)
    assert queue.queued(results) == [run.id]
    assert (queue.own(results), started) == ([], [])


def test_a_dispatcher_passes_over_what_others_have_queued(
    results: Results, elsewhere: Callable[[str], None], started: list[str]
) -> None:
    elsewhere("theirs")
    id = queue.enqueue(results, tiny())
    elsewhere("mine")
    command = [sys.executable, "-m", "vitcore.engines.dispatcher", "--results", str(results.root)]
    subprocess.run(command, check=True, timeout=60)
    assert queue.status(results, id) == "queued"


def test_the_command_line_takes_it_over(
    results: Results, elsewhere: Callable[[str], None], started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere("theirs")
    id = queue.enqueue(results, tiny())
    elsewhere("mine")
    monkeypatch.setenv("VITCORE_RESULTS", str(results.root))
    done = CliRunner().invoke(app, ["resume", id, "--detach"])
    assert done.exit_code == 0, done.output
    assert queue.own(results) == [id]


def test_the_key_is_this_accounts_alone(results: Results, elsewhere: Callable[[str], None], tmp_path: Path) -> None:
    elsewhere("mine")
    marker = seal.of({"epochs": 1})
    [key] = (tmp_path / "mine" / "vitcore").iterdir()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert seal.of({"epochs": 1}) == marker
    elsewhere("theirs")
    assert seal.of({"epochs": 1}) != marker


def test_where_no_key_can_be_kept_ones_own_runs_start_all_the_same(
    results: Results, elsewhere: Callable[[str], None], started: list[str], tmp_path: Path
) -> None:
    (tmp_path / "full").write_text("a file where the folder should be")
    elsewhere("full")
    id = queue.enqueue(results, tiny())
    assert (queue.own(results), started) == ([id], ["cpu"])
