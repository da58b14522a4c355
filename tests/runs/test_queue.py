"""The queue keeps its order, gives each run to one taker, and loses none."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.runs.processes import tiny
from vitcore.errors import UserError
from vitcore.runs import annotations, devices, journal, locks, queue, trash
from vitcore.runs.folder import Results
from vitcore.runs.status import RESUMABLE, STATUSES


def test_first_come_first_served_until_reordered(asleep: Results) -> None:
    ids = [queue.enqueue(asleep, tiny(seed=seed)) for seed in range(5)]
    assert queue.queued(asleep) == ids
    assert {queue.status(asleep, id) for id in ids} == {"queued"}
    queue.reorder(asleep, [ids[3], ids[1]])
    assert queue.queued(asleep) == [ids[3], ids[1], ids[0], ids[2], ids[4]]
    with pytest.raises(UserError, match="not queued"):
        queue.reorder(asleep, ["nobody"])


def test_each_device_has_a_lane_of_its_own(asleep: Results) -> None:
    assert devices.device_queue("cuda") == devices.device_queue("cuda:0") == "cuda-0"
    assert devices.device_queue("cuda:1") == "cuda-1"
    with locks.lock(asleep.locks / "dispatcher-mps.lock").acquire():
        other = queue.enqueue(asleep, tiny(device="mps"))
        own = queue.enqueue(asleep, tiny(device="cpu"))
        assert queue.queued(asleep, "mps") == [other]
        assert queue.queued(asleep, "cpu") == [own]


def test_a_run_is_claimed_once(asleep: Results) -> None:
    folder = asleep.run(queue.enqueue(asleep, tiny()))
    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(lambda _: queue.dequeue(folder), range(32))) == [False] * 31 + [True]


def test_a_cancelled_run_leaves_the_queue_and_can_come_back(asleep: Results) -> None:
    id = queue.enqueue(asleep, tiny())
    queue.cancel(asleep, id)
    assert queue.status(asleep, id) == "cancelled"
    assert queue.queued(asleep) == []
    with pytest.raises(UserError, match="cancelled, not queued"):
        queue.cancel(asleep, id)
    queue.resume(asleep, id)
    assert queue.status(asleep, id) == "queued"
    with pytest.raises(UserError, match="is queued"):
        queue.resume(asleep, id)


@pytest.mark.parametrize("take_out", [queue.cancel, queue.stop, queue.pause])
def test_a_cancelled_run_says_whether_it_had_begun(asleep: Results, take_out: Callable[[Results, str], None]) -> None:
    """A run that was cancelled before it began, queued again and cancelled again, has still not begun."""
    id = queue.enqueue(asleep, tiny())
    folder = asleep.run(id)
    messages: list[str] = []
    for learned in (False, False, True):
        if learned:
            folder.resume_point.write_bytes(b"what a worker leaves")
        if messages:
            queue.resume(asleep, id)
        take_out(asleep, id)
        messages.append(journal.read(folder.events)[0][-1]["reason"])
    assert messages[0] == messages[1] == "Cancelled before it began."
    assert messages[2] == "Cancelled before it went on; what it had learned is kept."


def test_an_earlier_wish_for_the_order_is_kept_behind_a_later_one(asleep: Results) -> None:
    ids = [queue.enqueue(asleep, tiny(seed=seed)) for seed in range(4)]
    queue.reorder(asleep, [ids[3]])
    queue.reorder(asleep, [ids[2]])
    assert queue.queued(asleep) == [ids[2], ids[3], ids[0], ids[1]]


def test_stopping_a_queued_run_cancels_it_and_an_ended_one_is_refused(asleep: Results) -> None:
    id = queue.enqueue(asleep, tiny())
    queue.stop(asleep, id)
    assert queue.status(asleep, id) == "cancelled"
    with pytest.raises(UserError, match="is cancelled"):
        queue.stop(asleep, id)


@pytest.mark.parametrize("ending", [status for status in STATUSES if status not in ("queued", "running")])
def test_what_has_ended_is_resumed_only_where_something_is_left(asleep: Results, ending: str) -> None:
    folder = asleep.create(tiny())
    events = journal.Journal(folder.events)
    events.append({"event": "ended", "status": ending, "reason": "so it is"})
    events.close()
    assert queue.status(asleep, folder.id) == ending
    if ending in RESUMABLE:
        queue.resume(asleep, folder.id)
        assert queue.queued(asleep) == [folder.id]
    else:
        with pytest.raises(UserError, match=ending):
            queue.resume(asleep, folder.id)


def test_running_with_the_lock_free_means_that_it_died(asleep: Results) -> None:
    folder = asleep.create(tiny())
    events = journal.Journal(folder.events)
    events.append({"event": "taken", "pid": 1})
    with locks.lock(folder.alive).acquire():
        assert queue.status(asleep, folder.id) == "running"
        with pytest.raises(UserError, match="stop it before"):
            trash.delete(asleep, folder.id)
    assert queue.status(asleep, folder.id) == "interrupted"
    events.close()


@pytest.mark.parametrize(
    "entry", ["", "[]", '{"at": "soon", "lane": 3}', '{"lane": "../../x"}', f'{{"at": {10**400}}}', '{"at": NaN}']
)
def test_a_broken_ticket_still_waits(asleep: Results, entry: str) -> None:
    folder = asleep.create(tiny())
    folder.queue_entry.write_text(entry)
    assert queue.queued(asleep, "cpu") == [folder.id]
    queue.ensure_dispatcher(asleep)


def test_a_deleted_run_can_be_restored(asleep: Results) -> None:
    id = queue.enqueue(asleep, tiny())
    trash.delete(asleep, id)
    assert asleep.ids() == []
    assert asleep.trashed() == [id]
    trash.restore(asleep, id)
    assert asleep.ids() == [id]
    assert queue.status(asleep, id) == "cancelled"
    with pytest.raises(UserError, match="no deleted run"):
        trash.restore(asleep, id)
    with pytest.raises(UserError, match="no run's id"):
        trash.restore(asleep, "../x")


def test_tags_and_notes_are_kept_and_checked(asleep: Results) -> None:
    folder = asleep.create(tiny())
    assert annotations.read(folder) == annotations.Annotations()
    annotations.write(folder, tags=["b", "a", "b"])
    assert annotations.write(folder, note="<img src=x> ![](http://example.org)").tags == ("a", "b")
    assert annotations.read(folder).note == "<img src=x> ![](http://example.org)"
    for tag in ("<img src=x>", "a b", "=1+1", "größer, 最初", "x" * 120, "👩‍🔬", ":material/home:"):
        assert annotations.write(folder, tags=[tag]).tags == (tag,)
        assert annotations.read(folder).tags == (tag,)
        assert annotations.write(folder, name=tag).name == tag
        assert annotations.title(folder) == tag
    assert folder.spec() == tiny(), "the spec is frozen"
    annotations.write(folder, name="")
    assert annotations.title(folder) == tiny().title()
    for text, messages in (
        ("x" * 121, "121"),
        (" ", "spaces"),
        ("a\nb", "U\\+000A"),
        ("a‮b", "U\\+202E"),
        ("\ud800", "D800"),
    ):
        with pytest.raises(UserError, match=messages):
            annotations.write(folder, tags=[text])
        with pytest.raises(UserError, match=messages):
            annotations.write(folder, name=text)
    with pytest.raises(UserError, match="no signs"):
        annotations.write(folder, tags=[""])
    folder.annotations.write_bytes(b"\xff\x00{")
    assert annotations.read(folder) == annotations.Annotations()


def test_a_teacher_must_be_stored(asleep: Results) -> None:
    with pytest.raises(UserError, match="no run 'nobody'"):
        queue.enqueue(asleep, tiny(teacher="nobody"))


def test_a_clock_set_back_does_not_lose_a_run(asleep: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    late = queue.enqueue(asleep, tiny())
    yesterday = time.time() - 86_400
    monkeypatch.setattr(time, "time", lambda: yesterday)
    early = queue.enqueue(asleep, tiny())
    assert queue.queued(asleep) == [early, late]
    assert Path(asleep.runs / early).is_dir()
