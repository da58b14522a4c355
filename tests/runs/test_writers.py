"""Two real processes that change the same files at once: neither undoes what the other has just done."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pages.compare import saved_views
from tests.runs import writers
from tests.runs.processes import PATIENCE, tiny
from tests.runs.writers import FEW, MOST, SIDES, TIMES
from vitcore.runs import annotations, drawings, locks, named_data, queue
from vitcore.runs.folder import Results, RunFolder

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Results, RunFolder]]:
    """The results after both have written all that they had to."""
    results = Results(tmp_path_factory.mktemp("two") / "results")
    with locks.lock(results.locks / "dispatcher-cpu.lock").acquire(timeout=5):
        run = results.create(tiny())
        run.checkpoint.write_bytes(b"")  # what can be evaluated has weights
        for seed in range(4):
            queue.enqueue(results, tiny(seed=seed))
        command = [sys.executable, "-m", "tests.runs.writers", str(results.root), run.id]
        log_path = results.root / "said"
        with log_path.open("wb") as log:
            both = [subprocess.Popen([*command, image_size], cwd=ROOT, stdout=log, stderr=log) for image_size in SIDES]
            try:
                codes = [process.wait(PATIENCE) for process in both]
            finally:
                for process in both:
                    process.kill()
                    process.wait()
        assert codes == [0, 0], log_path.read_text(encoding="utf-8")
        yield results, run


def test_tags_notes_and_names_lose_nothing(written: tuple[Results, RunFolder]) -> None:
    found = annotations.read(written[1])
    assert sorted(found.tags) == sorted(f"{image_size}{number}" for image_size in SIDES for number in range(TIMES))
    assert (found.note, found.name) == (f"note {TIMES - 1}", f"name {TIMES - 1}")


def test_every_view_is_where_its_last_writer_left_it(written: tuple[Results, RunFolder]) -> None:
    views, broken = saved_views.listed(written[0])
    assert not broken
    stored = {f"{image_size} renamed {number}" for image_size in SIDES for number in range(0, FEW, 2)}
    assert {view.name for view in views if not view.name.startswith("wanted")} == stored


def test_named_images_are_where_their_last_writer_left_them(written: tuple[Results, RunFolder]) -> None:
    found, broken = named_data.listed(written[0])
    assert not broken
    stored = {f"{image_size} renamed {number}" for image_size in SIDES for number in range(0, FEW, 2)}
    assert {item.name for item in found} == stored


def test_of_two_who_want_one_name_one_gets_it(written: tuple[Results, RunFolder]) -> None:
    got = sorted(int(item.name.rsplit("-", 1)[1]) for item in written[0].root.glob("got-*"))
    assert got == list(range(FEW))


def test_both_wishes_for_the_queue_are_kept(written: tuple[Results, RunFolder]) -> None:
    """Each has put its own run first, so both stand before the two that nobody asked for."""
    waiting = queue.queued(written[0])
    assert set(waiting[:2]) == set(sorted(waiting)[:2])
    assert waiting[2:] == sorted(waiting[2:], key=lambda id: (queue.since(written[0], id), id))


def test_the_last_place_for_a_drawing_is_given_once(written: tuple[Results, RunFolder]) -> None:
    found = drawings.stored(written[0], "digits")
    assert len(found) == MOST
    assert len(list(found[0].path.parent.glob("*.png"))) == MOST, "no image is left without its label"


def test_a_deleted_drawing_stays_deleted_and_no_other_goes(written: tuple[Results, RunFolder]) -> None:
    labels = [item.label for item in drawings.stored(written[0], "cifar-10")]
    stay = len(range(0, FEW, 2))
    assert (labels.count("cat"), labels.count("dog")) == (stay, stay)


def test_small_files_are_whole(written: tuple[Results, RunFolder]) -> None:
    results, run = written
    assert drawings.score(run) is not None
    left = [item.name for item in [*run.path.iterdir(), *results.root.iterdir()] if item.name.startswith(".")]
    assert sorted(left) == [".annotations.lock", ".assess.lock"], "no draft stays behind"


REPLACED_WHOLE = {  # written without a look at what was there, so that no lock is needed
    "vitcore/runs/folder.py": "a new run's own, in a folder that nobody knows yet",
    "vitcore/runs/background.py:keep": "a question or a search, by whoever has its turn (`deciding`)",
    "vitcore/runs/queue.py:resume": "the ticket",
    "vitcore/runs/drawings.py:save_score": "the verdict",
    "pages/home/tour.py:_close": "the moment",
    "pages/home/visits.py:_now": "the moment",
    "vitcore/runs/notify.py:_remember": "the last trouble",
    "vitcore/analysis/assessments.py:ask": "the whole wish",
    "vitcore/runs/placed.py:write": "the dispatcher's own mark",
    "vitcore/runs/queue.py:again": "the ticket",
    "vitcore/runs/engine_settings.py:store": "the whole choice",
    "vitcore/runs/engine_report.py:write": "a dispatcher's last word",
}
READ_AND_WRITTEN = {  # file and function: the kind above that proves it
    "vitcore/runs/annotations.py:amend": "annotations",
    "pages/compare/saved_views.py:_save": "views",
    "vitcore/runs/queue.py:reorder": "order",
    "vitcore/analysis/assessments.py:finish": "wish",
    "vitcore/runs/named_data.py:_write": "named data",
}


def test_every_small_file_of_the_project_is_among_these(tmp_path: Path) -> None:
    found = set()
    for path in [*ROOT.glob("vitcore/**/*.py"), *ROOT.glob("pages/**/*.py")]:
        name = path.relative_to(ROOT).as_posix()
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
            if any(isinstance(call, ast.Name) and call.id == "write_json" for call in calls):
                found.add(name if name == "vitcore/runs/folder.py" else f"{name}:{function.name}")
    assert found == REPLACED_WHOLE.keys() | READ_AND_WRITTEN.keys()
    results = Results(tmp_path)
    assert set(READ_AND_WRITTEN.values()) <= writers.kinds(results, RunFolder(tmp_path)).keys()
