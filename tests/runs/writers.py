"""One of two processes that write into the same results at once: `python -m tests.runs.writers RESULTS RUN SIDE`.

Each kind of file that is read, changed and written back is written TIMES times by either side, both beginning together.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PIL import Image

from pages.compare import saved_views
from pages.compare.view import View
from tests.data.images import class_files, write_folder
from vitcore.analysis import assessments
from vitcore.errors import UserError
from vitcore.runs import annotations, drawings, named_data, queue
from vitcore.runs.drawings import Score
from vitcore.runs.folder import Results, RunFolder

TIMES = 100  # as the notes of a run; the other files are written FEW times
FEW = 12
MOST = 10  # drawings that both sides together may keep
SIDES = ("a", "b")


def tags(run: RunFolder, image_size: str, number: int) -> None:
    """Both add tags to those that are there; one writes notes besides, the other names."""
    annotations.amend(
        run, lambda old: annotations.Annotations((*old.tags, f"{image_size}{number}"), old.note, old.name)
    )
    if image_size == "a":
        annotations.write(run, note=f"note {number}")
    else:
        annotations.write(run, name=f"name {number}")


def views(results: Results, image_size: str, number: int) -> None:
    """Keep, rename, delete: of each side's views every second stays, under its new name."""
    saved_views.save(results, f"{image_size} {number}", View())
    saved_views.rename(results, f"{image_size}-{number}", f"{image_size} renamed {number}")
    if number % 2:
        saved_views.delete(results, f"{image_size}-renamed-{number}")


def named(results: Results, image_size: str, number: int) -> None:
    """Name, rename, forget images: of each side's names every second stays, as it was renamed."""
    folder = write_folder(results.root / f"images-{image_size}" / "own", class_files(each=1))
    named_data.add(results, f"{image_size} {number}", str(folder))
    named_data.rename(results, f"{image_size} {number}", f"{image_size} renamed {number}")
    if number % 2:
        named_data.forget(results, f"{image_size} renamed {number}")


def one_name(results: Results, image_size: str, number: int) -> None:
    """Both want the same name: one of them gets it."""
    try:
        saved_views.save(results, f"wanted {number}", View())
    except UserError:
        return
    (results.root / f"got-{image_size}-{number}").touch()


def order(results: Results, image_size: str, number: int) -> None:
    """Each puts a run of its own first."""
    waiting = sorted(queue.queued(results))
    queue.reorder(results, [waiting[SIDES.index(image_size)]])


def images(results: Results, image_size: str, number: int) -> None:
    """More than there is room for: what is over is refused."""
    drawings.MOST = MOST  # a thousand images would take a minute to say the same
    try:
        drawings.save(results, "digits", Image.new("L", (8, 8)), str(number % 10))
    except UserError as error:
        if "delete some" not in str(error):
            raise


def gone(results: Results, image_size: str, number: int) -> None:
    """In a set of their own: each keeps an image and takes every second of its own out again."""
    drawings.MOST = 1_000
    item = drawings.save(results, "cifar-10", Image.new("L", (8, 8)), "cat" if image_size == "a" else "dog")
    if number % 2:
        drawings.delete(results, "cifar-10", item.id)


def verdict(run: RunFolder, image_size: str, number: int) -> None:
    """A verdict is whole at every moment: right and of are from the same side."""
    drawings.save_score(run, Score(number, 1000 + number, image_size))
    found = drawings.score(run)
    assert found is not None
    assert found.of == 1000 + found.right


def wish(run: RunFolder, image_size: str, number: int) -> None:
    """One side asks for an evaluation and takes it back, the other finds that it fails: it does not come back."""
    if image_size == "b":
        wish = assessments.wished(run, "calibration")
        if wish is not None:
            assessments.finish(run, "calibration", wish.asked, f"no {number}")
        return
    assessments.ask(Results(run.path.parents[1]), run, "calibration")
    assessments.cancel(run, "calibration")
    time.sleep(0.002)
    assert assessments.wished(run, "calibration") is None, number


def tour(results: Results, image_size: str, number: int) -> None:
    """Closed by either, it stays closed and whole."""
    import os

    os.environ["VITCORE_RESULTS"] = str(results.root)
    from pages.home import tour as shown
    from vitcore.runs.folder import read_json

    shown._close()
    assert (read_json(results.root / "tour.json") or {}).get("closed")


def kinds(results: Results, run: RunFolder) -> dict[str, tuple[Callable[[str, int], None], int]]:
    """What is written and how often."""
    return {
        "annotations": (partial(tags, run), TIMES),
        "views": (partial(views, results), FEW),
        "named data": (partial(named, results), FEW),
        "one name": (partial(one_name, results), FEW),
        "order": (partial(order, results), FEW),
        "drawings": (partial(images, results), FEW),
        "deleted drawings": (partial(gone, results), FEW),
        "verdict": (partial(verdict, run), FEW),
        "wish": (partial(wish, run), TIMES),
        "tour": (partial(tour, results), FEW),
    }


def together(results: Results, image_size: str, name: str) -> None:
    """Waits until the other side is as far."""
    (results.root / f"ready-{name}-{image_size}").touch()
    while not all((results.root / f"ready-{name}-{item}").exists() for item in SIDES):
        if (results.root / "failed").exists():
            sys.exit("the other side has failed")
        time.sleep(0.002)


def main() -> None:
    results, image_size = Results(Path(sys.argv[1])), sys.argv[3]
    for name, (write, times) in kinds(results, results.run(sys.argv[2])).items():
        together(results, image_size, name)
        try:
            for number in range(times):
                write(image_size, number)
        except BaseException:
            (results.root / "failed").touch()  # so that the other does not wait for us
            raise


if __name__ == "__main__":
    main()
