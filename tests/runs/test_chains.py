"""Runs that wait for others and start from their weights: queued at once, taken up one after another, in words."""

import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from tests.runs.processes import end_all, endless, epochs_of, started_here, tiny, wait_for_status, wait_until, worker_of
from vitcore import events
from vitcore.cli import app, follow
from vitcore.errors import UserError
from vitcore.runs import dependencies, journal, locks, queue, seal, trash, watch
from vitcore.runs.folder import Results, read_json, write_json
from vitcore.runs.journal import Journal
from vitcore.spec import RunSpec

CCT: dict[str, Any] = {"architecture": "cct-mini/3x3", "samples": 48, "batch_size": 16, "epochs": 1}


def cct(**chosen: Any) -> RunSpec:
    return RunSpec.of(**{**CCT, **chosen})


def ended(results: Results, id: str, status: str, reason: str = "so it is") -> None:
    """Close a run's journal as its worker would."""
    lines = Journal(results.run(id).events)
    lines.append(events.Ended(status, reason))
    lines.close()


def stored(results: Results, status: str, **chosen: Any) -> str:
    id = results.create(tiny(**chosen)).id
    ended(results, id, status)
    return id


def test_a_run_starts_when_the_one_it_waits_for_has_finished_and_says_what_it_took_over(results: Results) -> None:
    first = queue.enqueue(results, cct())
    second = queue.enqueue(results, cct(init_from=first, image_size=36, freeze=True), after=[first])
    third = queue.enqueue(results, cct(teacher=first, init_from=first, samples=32), after=[first])
    for id in (first, second, third):
        wait_for_status(results, id, "finished", "failed")
        assert queue.status(results, id) == "finished", journal.read(results.run(id).events)[0][-1]
    began = {id: journal.read(results.run(id).events)[0][0]["at"] for id in (first, second)}
    assert began[second] >= journal.read(results.run(first).events)[0][-1]["at"]
    [loaded] = [line for line in journal.read(results.run(second).events)[0] if line["event"] == "loaded"]
    assert (loaded["run"], loaded["weights"], loaded["fresh"]) == (first, "last", [])
    assert loaded["resized"] == ["positions.table: 16 to 25 tokens"]
    before, after = (load_file(results.run(id).checkpoint) for id in (first, second))
    moved = {name for name in before if before[name].shape != after[name].shape or not before[name].equal(after[name])}
    assert moved == {"positions.table", "heads.0.weight", "heads.0.bias"}, "a linear probe moves its head alone"
    assert results.run(second).spec().init.init_fingerprint == results.run(first).spec().fingerprint()


def test_a_head_of_other_classes_is_fresh(results: Results, tmp_path: Path) -> None:
    first = queue.enqueue(results, cct())
    wait_for_status(results, first, "finished")
    from vitcore.models import build
    from vitcore.training.initial import load_initial, start_from

    initial = load_initial(results.run(first).path, "last")
    model = build("cct-mini/3x3", channels=1, image_size=28, classes=10)
    own = model.state_dict()["heads.0.weight"].clone()
    taken = start_from(model, initial, tuple("abcdefghij"))
    assert taken.fresh == ("heads.0.weight", "heads.0.bias")
    assert taken.head
    torch.testing.assert_close(model.state_dict()["heads.0.weight"], own)


def test_a_run_that_was_stopped_before_its_first_step_leaves_no_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A head that has learned nothing would answer like one that has."""
    from vitcore.training import stop_signal, train

    monkeypatch.setattr(stop_signal, "ASK_SECONDS", 0.0)
    begun: list[str] = []

    def report(line: events.Line) -> None:
        begun.extend(["stop"] * isinstance(line, events.Started))

    outcome = train(tiny(), report, folder=tmp_path, control=lambda: begun[0] if begun else None)
    assert outcome.epochs == 0
    assert not (tmp_path / "model.safetensors").exists()


def test_a_chain_survives_the_death_of_everyone(results: Results) -> None:
    """Everything is killed while the first trains; once that one is resumed, the second follows by itself."""
    first = queue.enqueue(results, tiny(epochs=40))
    second = queue.enqueue(results, tiny(init_from=first), after=[first])
    wait_until(lambda: len(epochs_of(results, first)) > 3, "a few epochs")
    end_all(results)
    assert queue.status(results, first) == "interrupted"
    queue.ensure_dispatcher(results)
    assert queue.status(results, second) == "queued"
    assert "which was interrupted" in dependencies.reason(results, second)
    queue.resume(results, first)
    wait_for_status(results, second, "finished", "failed")
    assert queue.status(results, second) == "finished", journal.read(results.run(second).events)[0][-1]
    assert epochs_of(results, first)[-1] == 40


def test_a_worker_killed_between_two_links_leaves_the_second_to_the_dispatcher(results: Results) -> None:
    first = queue.enqueue(results, endless())
    second = queue.enqueue(results, tiny(), after=[first])
    wait_for_status(results, first, "running")
    worker_of(results, first).send_signal(signal.SIGKILL)
    wait_for_status(results, first, "interrupted")
    wait_until(lambda: not list(started_here(results)), "the dispatcher has gone, since nothing can be taken up")
    assert queue.status(results, second) == "queued"
    queue.resume(results, first)
    wait_for_status(results, first, "running")
    assert "which is running" in dependencies.reason(results, second)


@pytest.mark.parametrize(
    ("status", "messages"),
    [
        ("failed", "which failed (so it is); resume that one, or cancel this one"),
        ("cancelled", "which was cancelled (so it is); resume"),
        ("diverged", "which has diverged (so it is); cancel this one"),
        ("stopped", "which was stopped before its end"),
    ],
)
def test_what_waits_for_a_failed_link_goes_on_waiting_and_says_why(asleep: Results, status: str, messages: str) -> None:
    first = queue.enqueue(asleep, tiny(name="the first"))
    second = queue.enqueue(asleep, tiny(init_from=first), after=[first])
    third = queue.enqueue(asleep, tiny(init_from=second), after=[second])
    assert dependencies.reason(asleep, second) == f"waits for the first ({first}), which is queued"
    assert not dependencies.stuck(asleep, third)
    asleep.run(first).queue_entry.unlink()
    ended(asleep, first, status)
    assert messages in dependencies.reason(asleep, second)
    assert f"({second}), which waits for run" not in dependencies.reason(asleep, third)
    assert messages in dependencies.reason(asleep, third), "the last of a chain says what holds the first back"
    queue.ensure_dispatcher(asleep)
    assert queue.queued(asleep) == [second, third]
    assert dependencies.reason(asleep, first) == ""
    assert dependencies.stuck(asleep, third)


def test_a_deleted_link_is_missed_until_it_is_restored(asleep: Results) -> None:
    first = queue.enqueue(asleep, tiny())
    second = queue.enqueue(asleep, tiny(), after=[first])
    trash.delete(asleep, first)
    assert dependencies.reason(asleep, second).startswith(f"waits for run {first}, which is not stored any more")
    trash.restore(asleep, first)
    assert "was cancelled" in dependencies.reason(asleep, second)


def test_a_cancelled_link_that_is_queued_again_still_waits(asleep: Results) -> None:
    first = queue.enqueue(asleep, tiny())
    second = queue.enqueue(asleep, tiny(init_from=first), after=[first])
    queue.cancel(asleep, second)
    queue.resume(asleep, second)
    assert dependencies.awaited(asleep, asleep.run(second)) == [first]


def refused(results: Results, spec: RunSpec, *words: str, after: tuple[str, ...] = ()) -> None:
    before = results.ids()
    with pytest.raises(UserError) as messages:
        queue.enqueue(results, spec, after=after)
    text = str(messages.value)
    assert all(word in text for word in words), text
    assert "\n" not in text
    assert results.ids() == before, "nothing was queued"


def test_a_run_that_is_missing_or_has_not_finished_is_refused(asleep: Results) -> None:
    waiting = queue.enqueue(asleep, tiny())
    refused(asleep, tiny(init_from="nobody"), "no run 'nobody'")
    refused(asleep, tiny(), "no run 'nobody'", after=("nobody",))
    refused(asleep, tiny(init_from=waiting), "is queued", "has finished", f"--after {waiting}")
    refused(asleep, tiny(teacher=waiting), "is queued", "has finished")
    for status in ("failed", "cancelled", "diverged", "stopped"):
        ending = stored(asleep, status)
        refused(asleep, tiny(init_from=ending), status, "name another")
        refused(asleep, tiny(), status, "name another", after=(ending,))


def test_weights_of_another_network_are_refused(asleep: Results) -> None:
    cnn, other = stored(asleep, "finished"), stored(asleep, "finished", architecture="cct-2/3x2", pos_embed="none")
    refused(asleep, tiny(architecture="cct-2/3x2", init_from=cnn), "the architecture cnn", "cct-2/3x2")
    refused(asleep, tiny(image_size=32, init_from=cnn), "image size of 28", "32")
    refused(asleep, tiny(dataset="cifar-10", image_size=28, init_from=cnn), "channels: 1", "channels: 3")
    refused(asleep, tiny(architecture="cct-2/3x2", init_from=other), "position embedding none", "learnable")


def test_weights_that_a_run_has_not_kept_are_refused(asleep: Results) -> None:
    origin = stored(asleep, "finished")
    refused(asleep, tiny(init_from=origin), f"run {origin} has kept no last weights", "name another run")
    asleep.run(origin).checkpoint.write_bytes(b"weights")
    refused(asleep, tiny(init_from=origin, init_weights="best"), "no best weights", "--init-weights last")


def test_a_teacher_of_other_classes_is_refused(asleep: Results) -> None:
    teacher = asleep.create(tiny()).id
    lines = Journal(asleep.run(teacher).events)
    lines.append({"event": "started", "classes": ["cat", "dog"]})
    lines.append(events.Ended("finished", "done"))
    lines.close()
    refused(asleep, tiny(teacher=teacher), "2 classes (cat, dog)", "10 classes")


def test_a_circle_is_refused_and_named(asleep: Results) -> None:
    """No command can make one; a folder that was written by hand can hold one."""
    first, second = queue.enqueue(asleep, tiny()), queue.enqueue(asleep, tiny())
    for left, right in ((first, second), (second, first)):
        entry = read_json(asleep.run(left).queue_entry) or {}
        write_json(asleep.run(left).queue_entry, {**entry, "after": [right]})
    refused(asleep, tiny(init_from=first), "circle", f"{first} → {second} → {first}", after=(first,))
    assert "in turn; cancel one of the two" in dependencies.reason(asleep, first)
    assert dependencies.stuck(asleep, first)
    with locks.lock(asleep.locks / "other.lock").acquire():
        queue.cancel(asleep, first)
        queue.cancel(asleep, second)


def test_only_a_program_fills_in_what_is_derived(asleep: Results) -> None:
    refused(asleep, tiny(init_fingerprint="0123456789ab"), "another recipe's run", "reports fill")
    refused(asleep, tiny(teacher_fingerprint="0123456789ab"), "another recipe's run")
    refused(asleep, tiny(checkpoint_digest="0" * 64), "imported checkpoint")


def test_a_chained_run_is_sealed_as_this_accounts_own(asleep: Results) -> None:
    """The seal is of the spec as it lies there, with the fingerprints of what the run takes."""
    first = queue.enqueue(asleep, tiny())
    second = queue.enqueue(asleep, tiny(init_from=first), after=[first])
    third = queue.enqueue(asleep, tiny(teacher=first), after=[first])
    assert queue.own(asleep) == [first, second, third]
    queue.cancel(asleep, second)
    queue.resume(asleep, second)
    assert queue.is_own(asleep.run(second))


def test_a_link_that_was_queued_elsewhere_holds_the_chain_back_until_somebody_starts_it(asleep: Results) -> None:
    first = queue.enqueue(asleep, tiny(name="the first"))
    second = queue.enqueue(asleep, tiny(init_from=first), after=[first])
    for id in (first, second):
        entry = read_json(asleep.run(id).queue_entry) or {}
        write_json(asleep.run(id).queue_entry, {**entry, seal.FIELD: "of another account"})
    assert "which was queued elsewhere; resume that one to train it here" in dependencies.reason(asleep, second)
    assert dependencies.stuck(asleep, second)
    queue.resume(asleep, second)
    assert queue.own(asleep) == [second]
    assert dependencies.awaited(asleep, asleep.run(second)) == [first], "it still waits for what it takes"
    queue.resume(asleep, first)
    assert not dependencies.stuck(asleep, second)


@pytest.mark.parametrize("after", ["nonsense", 3, [3, None], {"a": 1}, [["x"]]])
def test_a_broken_entry_waits_for_nothing(asleep: Results, after: Any) -> None:
    id = queue.enqueue(asleep, tiny())
    write_json(asleep.run(id).queue_entry, {"at": 1.0, "lane": "cpu", "resume": False, "after": after})
    assert dependencies.awaited(asleep, asleep.run(id)) == []
    assert dependencies.reason(asleep, id) == ""


def test_the_list_of_runs_says_what_each_waits_for(asleep: Results) -> None:
    first = queue.enqueue(asleep, tiny(name="the first"))
    queue.enqueue(asleep, tiny(init_from=first), after=[first])
    messages = CliRunner().invoke(app, ["--results", str(asleep.root), "runs"])
    assert f"waits for the first ({first}), which is queued" in messages.stdout


def test_following_a_run_ends_where_what_it_waits_for_has_failed(asleep: Results) -> None:
    first = queue.enqueue(asleep, tiny(name="the first"))
    second = queue.enqueue(asleep, tiny(init_from=first), after=[first])
    queue.cancel(asleep, first)
    run = watch.watched(asleep, second)
    assert follow.to_the_end(run)
    assert run.status == "queued"
    assert "which was cancelled" in run.reason
