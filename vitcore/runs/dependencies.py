"""Which runs a run waits for: those whose weights it takes, named by its spec, and what its queue entry says of them.

A queued run with `after` in its entry is taken up once all of those have finished. One that failed, was cancelled or
has diverged never will by itself, so what waits for it goes on waiting, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vitcore.errors import UserError
from vitcore.runs import journal, seal
from vitcore.runs import status as states
from vitcore.runs.annotations import title
from vitcore.runs.folder import Results, RunFolder, read_json
from vitcore.spec import RunSpec

UNDER_WAY = ("queued", "running", "paused", "interrupted")
"""Statuses from which a run may still come to its end, so that another can be queued to wait for it."""

_DEEPEST = 20  # runs that a sentence names one after another


def named(spec: RunSpec) -> tuple[str, ...]:
    """The runs whose weights a spec takes: that which it starts from, and its teacher."""
    found = (spec.init.init_from, spec.training.teacher)
    return tuple(dict.fromkeys(id for id in found if id))


def check(results: Results, spec: RunSpec, after: Sequence[str] = ()) -> None:
    """Hold that a run can be queued: what it takes has finished, or it is to wait for it.

    Raises:
        UserError: a run that is not stored, has not finished or never will, or one that would wait for itself.
    """
    _refuse_unknown(spec)
    for id in dict.fromkeys((*named(spec), *after)):
        if (found := results.run(id).elsewhere()) is not None:
            raise UserError(
                f"run {id} was trained by another program ({found.origin}), so there are no weights of it to start "
                "from or to learn from, and nothing here waits for it; name a run that was trained here"
            )
        state = states.now(results.run(id))
        if state == "finished" or (id in after and state in UNDER_WAY):
            continue
        if state in UNDER_WAY:
            raise UserError(
                f"run {id} is {state}, and a run can start from, or learn from, one that has finished; queue this one "
                f"to wait for it (--after {id}), or name another"
            )
        way = ", or resume that one first" if state in states.RESUMABLE else ""
        raise UserError(
            f"run {id} is {state}, and a run can start from, learn from or wait for one that finishes; name "
            f"another{way}"
        )
    refuse_circle(results, (*named(spec), *after))


def refuse_circle(results: Results, ids: Iterable[str]) -> None:
    """Raises UserError where one of these runs, or one that they wait for, waits for itself."""
    clear: set[str] = set()

    def follow(id: str, trail: tuple[str, ...]) -> None:
        if id in trail:
            circle = " → ".join([*trail[trail.index(id) :], id])
            raise UserError(f"these runs wait for one another in a circle, so none could begin: {circle}")
        if id not in clear:
            for other in _links(results, id):
                follow(other, (*trail, id))
            clear.add(id)

    for id in ids:
        follow(id, ())


def with_fingerprints(results: Results, spec: RunSpec) -> RunSpec:
    """The spec with the fingerprints of the runs that it names, by which its own tells what it is made of."""
    init, teacher = spec.init.init_from, spec.training.teacher
    fingerprints = {
        "init_fingerprint": fingerprint(results.run(init)) if init else None,
        "teacher_fingerprint": fingerprint(results.run(teacher)) if teacher else None,
    }
    known = {name: fingerprint for name, fingerprint in fingerprints.items() if fingerprint}
    return RunSpec.of(spec, **known) if known else spec


def fingerprint(folder: RunFolder) -> str:
    """A stored run's fingerprint, as its row in the index has it."""
    spec = folder.spec()
    if not spec.data.folder:
        return spec.fingerprint()
    lines, _ = journal.read(folder.events)
    digests = [line.get("data_digest") for line in lines if line.get("event") == "started"]
    last = digests[-1] if digests else None
    return spec.fingerprint(last if isinstance(last, str) else None)


def entry(results: Results, ids: Iterable[str]) -> list[str]:
    """Of these runs those that have not finished: what a queue entry names as `after`."""
    return [id for id in dict.fromkeys(ids) if _state(results, id) != "finished"]


def awaited(results: Results, folder: RunFolder) -> list[str]:
    """The runs that a queued one still waits for; none: it can be taken up."""
    return [id for id in _after(folder) if _state(results, id) != "finished"]


def reason(results: Results, id: str) -> str:
    """Why a queued run is not taken up yet, as a sentence without its end; empty where nothing holds it back."""
    try:
        folder = results.run(id)
    except UserError:
        return ""
    reasons = [_reason(results, item, (id,)) for item in awaited(results, folder)]
    return f"waits for {', and for '.join(reasons)}" if reasons else ""


def stuck(results: Results, id: str) -> bool:
    """Whether a queued run waits for one that neither waits nor trains, so that somebody has to do something."""
    return _stuck(results, id, ())


def _stuck(results: Results, id: str, trail: tuple[str, ...]) -> bool:
    if id in trail:
        return True
    for item in awaited(results, RunFolder(results.runs / id)):
        state = _state(results, item)
        if state not in ("queued", "running", "finished"):
            return True
        if state == "queued" and (not _is_own(RunFolder(results.runs / item)) or _stuck(results, item, (*trail, id))):
            return True
    return False


def _reason(results: Results, id: str, trail: tuple[str, ...]) -> str:
    """One run that is waited for, and how it is."""
    state = _state(results, id)
    if state is None:
        return f"run {id}, which is not stored any more; restore it, or cancel this one"
    folder = results.run(id)
    called = f"{title(folder)} ({id})"
    if state == "queued":
        waits = awaited(results, folder)
        further = [wait for wait in waits if wait not in trail]
        if further and len(trail) < _DEEPEST:
            return f"{called}, which waits for {_reason(results, further[0], (*trail, id))}"
        if waits:
            return f"{called}, which waits for it in turn; cancel one of the two"
        if not _is_own(folder):
            return f"{called}, which was queued elsewhere; resume that one to train it here, or cancel this one"
        return f"{called}, which is queued"
    if state == "running":
        return f"{called}, which is running"
    why = _why(folder)
    way = "resume that one, or cancel this one" if state in states.RESUMABLE else "cancel this one"
    return f"{called}, which {_ENDED.get(state, state)}{f' ({why})' if why else ''}; {way}"


_ENDED = {
    "failed": "failed",
    "cancelled": "was cancelled",
    "diverged": "has diverged",
    "stopped": "was stopped before its end",
    "paused": "is paused",
    "interrupted": "was interrupted",
}


def _why(folder: RunFolder) -> str:
    try:
        lines, _ = journal.read(folder.events)
    except (OSError, UserError):
        return ""
    reasons = [line.get("reason") for line in lines if line.get("event") == "ended"]
    return reasons[-1].rstrip(".") if reasons and isinstance(reasons[-1], str) else ""


def _refuse_unknown(spec: RunSpec) -> None:
    """What only the program fills in must be of a run that is named."""
    if spec.init.checkpoint_digest:
        raise UserError(
            "this is the spec of an imported checkpoint, which nothing here can train again; start from that run "
            "(init_from) instead"
        )
    parts = {
        "starts from": (spec.init.init_fingerprint, spec.init.init_from),
        "learns from": (spec.init.teacher_fingerprint, spec.training.teacher),
    }
    for what, (fingerprint, id) in parts.items():
        if fingerprint and not id:
            raise UserError(
                f"this run {what} another recipe's run ({fingerprint}), which is to be queued with it; "
                "`python -m vitcore reports fill` queues both"
            )


def _state(results: Results, id: str) -> str | None:
    """The status of a run; None where it is not stored."""
    try:
        return states.now(results.run(id))
    except UserError:
        return None


def _is_own(folder: RunFolder) -> bool:
    return seal.is_own(folder, read_json(folder.queue_entry) or {})


def _after(folder: RunFolder) -> list[str]:
    after = (read_json(folder.queue_entry) or {}).get("after")
    return [id for id in after if isinstance(id, str)] if isinstance(after, list) else []


def _links(results: Results, id: str) -> list[str]:
    """The runs that a stored one names, and waits for; none where that cannot be read."""
    try:
        folder = results.run(id)
        raw = folder.raw_spec()
    except UserError:
        return []
    sections = [(raw.get("init"), "init_from"), (raw.get("training"), "teacher")]
    reasons = [section.get(name) for section, name in sections if isinstance(section, dict)]
    return list(dict.fromkeys([*(item for item in reasons if isinstance(item, str)), *_after(folder)]))
